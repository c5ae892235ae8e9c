//! Why a file is left out.

use crate::Foreign;

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are no bytes.
    #[error("the file is empty; choose it again, or another")]
    Empty,
    /// It is longer than [`crate::MAX_FILE_BYTES`].
    #[error("the file is too long; make it smaller")]
    FileTooLarge,
    /// Its bytes are no picture, and nothing else that is known.
    #[error("this is not a picture")]
    NoPicture,
    /// It is something that is known and not decoded.
    #[error("this is {0:?}, which is not decoded; save it as JPEG or PNG")]
    Foreign(Foreign),
    /// It has more than [`crate::MAX_PIXELS`] pixels.
    #[error("the picture has {megapixels} megapixels; make it smaller")]
    TooLarge {
        /// Millions of pixels, rounded up.
        megapixels: u64,
    },
    /// It takes too many passes over its pixels.
    #[error("the picture is written in too many scans; save it anew")]
    TooManyScans,
    /// It begins like a picture and is none, or it is written in a way that no decoder here knows.
    #[error("the picture is damaged, or written in a way that cannot be read here; save it anew")]
    Damaged,
    /// A part of it is missing.
    #[error("the file ends too soon; fetch it again")]
    EndsTooSoon,
    /// It is wholly transparent.
    #[error("the picture is clear everywhere; it would teach white")]
    Clear,
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        // Everything is in memory, so this is all that can go wrong with reading.
        if error.kind() == std::io::ErrorKind::UnexpectedEof { Self::EndsTooSoon } else { Self::Damaged }
    }
}
