//! What can go wrong where a caller is to know.

/// Why the collective refuses something of its caller.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The identity's secret is no scalar of secp256k1; draw another.
    #[error("the identity's secret is no scalar of secp256k1; draw another")]
    Secret,
    /// A piece does not fit its own record.
    #[error("the piece is refused: {0}")]
    Piece(&'static str),
}
