//! What can be wrong with what was signed.

/// Why a piece, a record, a signature or a key was refused.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It is no secret key.
    #[error("the secret is no scalar of secp256k1; take 32 fresh random bytes")]
    Secret,
    /// The file is larger than any piece.
    #[error("the file has {bytes} bytes; no piece has more than {limit}")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// There is no record in the file: it is a picture like any other, or none.
    #[error("the file has no record of a piece")]
    NoRecord,
    /// The file is damaged.
    #[error("the file is damaged; get it again from where it came")]
    Damaged,
    /// The record is one of an earlier version, which hashed and signed otherwise.
    #[error(
        "the record is of an earlier version, which signed in another way or not at all; this one cannot check it"
    )]
    Older,
    /// The record is no record.
    #[error("the record in the file cannot be read; it was changed, or a later version wrote it")]
    Record,
    /// The picture is not what the record's content shows.
    #[error("the picture is not the one that the record says; it was changed")]
    Picture,
    /// The content does not have the hash that was signed.
    #[error("the content does not have the hash that the painters signed; it was changed")]
    Content,
    /// The number of signatures is neither one nor four.
    #[error("{found} painters signed; one does where one tab holds the artist, else four")]
    SignatureCount {
        /// Signatures found.
        found: usize,
    },
    /// A signature is not that painter's under this.
    #[error("a signature is not its painter's under this record; one of them was changed")]
    Signature,
    /// One painter signed twice.
    #[error("one painter signed for two seats")]
    PainterTwice,
    /// The content has no such size as a picture has.
    #[error("{bytes} bytes of content are no picture of {side} by {side} pixels")]
    Size {
        /// Bytes of the content.
        bytes: usize,
        /// Width and height.
        side: u32,
    },
}

impl Error {
    /// A code for a page, which has the words.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::TooLong { .. } => "too-long",
            Self::NoRecord => "no-record",
            Self::Damaged => "damaged",
            Self::Older => "older",
            Self::Record => "record",
            Self::Picture => "picture",
            Self::Content => "content",
            Self::SignatureCount { .. } => "signature-count",
            Self::Signature => "signature",
            Self::PainterTwice => "painter-twice",
            Self::Size { .. } => "size",
        }
    }
}
