//! What can go wrong while the artist paints or learns.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The protocol stopped.
    #[error(transparent)]
    Protocol(#[from] abraham_mpc::Error),
    /// Ring arithmetic failed.
    #[error(transparent)]
    Ring(#[from] abraham_ring::Error),
    /// The network's sizes are not ones that it can have.
    #[error(
        "a generator of {latents} latents, hidden layers {hidden:?} and {side}×{side} pixels cannot be built: every size must be between 1 and {limit}"
    )]
    Architecture {
        /// Latents.
        latents: usize,
        /// Units of each hidden layer.
        hidden: Vec<usize>,
        /// Width and height of a picture.
        side: usize,
        /// The largest size allowed.
        limit: usize,
    },
}
