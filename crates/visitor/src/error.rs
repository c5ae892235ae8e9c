//! What can go wrong before a visitor takes part, and with what it keeps; later failures are told as events.

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
    /// The device has no room left.
    #[error("there is no room left on this device; the artist lives on in memory until this tab is closed")]
    StorageFull,
    /// The browser does not let the page store anything.
    #[error("this browser does not let the page keep anything ({0}); the artist lives on in memory")]
    StorageDenied(String),
    /// There is no such piece.
    #[error("there is no kept piece of that name")]
    NoSuchPiece,
    /// A place to keep things does not do what every such place must.
    #[error("this browser's storage does not do what it must: {0}; what it keeps may be lost")]
    Nonconforming(&'static str),
}
