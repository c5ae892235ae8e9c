//! What can go wrong in learning.

/// Errors of this crate: each names its cause and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A picture does not have as many values as its set's pictures.
    #[error("a picture of {found} values does not fit a set whose pictures have {expected}; scale it first")]
    PictureSize {
        /// Values that a picture of the set has.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A set of pictures was asked for with a size that is not supported.
    #[error("pictures of {side}×{side} are not supported; use a side of 1 to {}", crate::limits::MAX_SIDE)]
    Side {
        /// The side asked for.
        side: usize,
    },
    /// The set is full.
    #[error("a teacher holds at most {} pictures; the rest are not used", crate::limits::MAX_PICTURES)]
    TooManyPictures,
    /// There are too few pictures to learn from without learning them by heart.
    #[error("learning needs at least {least} pictures and there are {found}; add more")]
    TooFewPictures {
        /// Fewest pictures.
        least: usize,
        /// Pictures there are.
        found: usize,
    },
    /// There are too few teachers.
    #[error("learning needs at least {least} teachers and {found} are present; wait for more")]
    TooFewTeachers {
        /// Fewest teachers.
        least: usize,
        /// Teachers present.
        found: usize,
    },
    /// A number that the rule is computed with is outside what it allows: a mistake in the program or its options.
    #[error("{what} must be {allowed}")]
    Parameter {
        /// Which number.
        what: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// Kernel sums that no set of pictures gives: a device that computes wrongly.
    #[error("the kernel sums are not valid: {0}; compute them on the CPU instead")]
    Sums(&'static str),
    /// The device or library that computes kernel sums failed.
    #[error("computing the kernel sums failed: {0}; compute them on the CPU instead")]
    Kernel(String),
    /// Curation that the painters do not accept.
    #[error("the curation is refused: {0}")]
    Curation(&'static str),
    /// The protocol stopped.
    #[error(transparent)]
    Protocol(#[from] abraham_mpc::Error),
    /// The artist could not paint or learn.
    #[error(transparent)]
    Artist(#[from] abraham_artist::Error),
    /// A checkpoint was refused.
    #[error(transparent)]
    Checkpoint(#[from] abraham_artist::CheckpointError),
    /// The four checkpoints do not belong together.
    #[error("the four painters' checkpoints are not of the same artist and round; they were refused")]
    MixedCheckpoints,
    /// A painter's steps were called in another order than a round has: a mistake in the program.
    #[error("a painter cannot do this yet: {0}")]
    OutOfOrder(&'static str),
    /// The painters opened different values: a mistake in the program, for the protocol rules it out.
    #[error("the painters opened different pictures; the round does not count")]
    Disagreement,
    /// Ring arithmetic failed.
    #[error(transparent)]
    Ring(#[from] abraham_ring::Error),
}
