//! What can go wrong before a visitor takes part; later failures are told as events.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The collective cannot begin.
    #[error(transparent)]
    Collective(#[from] abraham_collective::Error),
    /// The recipe makes messages that the network does not carry.
    #[error(
        "a batch or update of {bytes} bytes does not fit into a message of {most}; paint fewer pictures a round"
    )]
    TooLarge {
        /// Bytes that it has.
        bytes: usize,
        /// Bytes that there is room for.
        most: usize,
    },
}
