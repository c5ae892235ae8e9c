//! Pieces, as the page keeps, shows and checks them.

use serde::Serialize;

/// A piece's picture file, with its record inside.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Painting {
    /// The file.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub png: Vec<u8>,
}

/// A kept piece, and what its record says: nothing of it is checked.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Piece {
    /// Its name on this device.
    pub id: String,
    /// The picture file.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub png: Vec<u8>,
    /// Learning rounds behind the artist that painted it; none where the record cannot be read.
    pub round: Option<u64>,
    /// Whether it bears the signatures of four painters.
    pub together: bool,
}

/// A piece that four tabs painted and signed; its signatures were checked by this tab.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CollectivePiece {
    /// The picture file, with its record inside.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub png: Vec<u8>,
    /// Learning rounds behind the artist.
    pub round: u64,
    /// Whether this tab was one of the painters.
    pub helped: bool,
}

/// What the check of a picture file found.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Checked {
    /// Whether it is a whole piece.
    pub verdict: Verdict,
    /// What the record says, where it can be read; true only where the file is intact.
    pub record: Option<PieceRecord>,
    /// The record as it lies in the file.
    pub text: Option<String>,
}

/// What a picture file is.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Verdict {
    /// A whole piece, which its painters signed.
    Intact,
    /// A piece of an earlier version, which this one cannot check.
    Older,
    /// No piece: it has no record.
    NoRecord,
    /// Its record cannot be read.
    Record,
    /// The picture is not the one in the record.
    Picture,
    /// The content is not what was signed.
    Content,
    /// A signature does not fit.
    Signature,
    /// Neither one nor four signed it.
    SignatureCount,
    /// One painter signed for two.
    PainterTwice,
    /// The file is damaged.
    Damaged,
    /// It is longer than any piece.
    TooLong,
}

/// A record for people: hashes, keys and signatures in hex.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PieceRecord {
    /// Who painted it.
    pub artist: String,
    /// What the artist is made by.
    pub recipe: String,
    /// Learning rounds behind the artist.
    pub round: u64,
    /// What it was drawn from.
    pub latent: String,
    /// The artist's state.
    pub state: String,
    /// The picture.
    pub content: String,
    /// By seat, where four painted.
    pub signatures: Vec<PainterSignature>,
}

/// Who signed, and how.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PainterSignature {
    /// Its key.
    pub painter: String,
    /// Its signature.
    pub signature: String,
}
