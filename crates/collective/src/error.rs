//! What can go wrong where a caller is to know.

/// Why the collective refuses something of its caller.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The identity's secret is no key.
    #[error("the identity is refused: {0}")]
    Identity(#[from] abraham_provenance::Error),
}
