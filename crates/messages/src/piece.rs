//! A finished painting: what is said of it, what was opened, and who signed.

use serde::{Deserialize, Serialize};

use crate::{
    ArtistName, ContentId, CreditsId, Latent, PeerKey, RecipeId, RecordId, SealId, StateId,
    codec::DecodeError,
    collective::{Signature, at_most, round},
    limits,
};

/// What is said of a painting: whatever its painters sign (`abraham-provenance` has the digest). Who they are is in the
/// signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The artist.
    pub artist: ArtistName,
    /// Hash of the artist's recipe: sizes, batch and schedule.
    pub recipe: RecipeId,
    /// Learning rounds behind the weights that painted.
    pub round: u64,
    /// Seed of the public latent.
    pub latent: Latent,
    /// The state that painted: a hash over its four commitments, round and generation.
    pub state: StateId,
    /// SHA-256 of the content.
    pub content: ContentId,
    /// What the artist was last taught by curators; zero while there is no chain.
    pub seal: SealId,
    /// The record of the painters' term; zero while terms have none.
    pub record: RecordId,
    /// Who is paid; zero while nobody is.
    pub credits: CreditsId,
}

/// A piece with its content and its painters' signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPiece {
    /// What is signed.
    pub piece: Piece,
    /// What the painters opened, as canonical bytes: today 8-bit samples, rows first, channels interleaved.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// By seat, where four painted; one where one tab held all four seats.
    pub signatures: Vec<PainterSignature>,
}

/// A painter's signature under a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PainterSignature {
    /// Who.
    pub painter: PeerKey,
    /// Its signature.
    pub signature: Signature,
}

impl SignedPiece {
    /// Checks every count, and nothing else.
    ///
    /// # Errors
    /// [`DecodeError::UnknownValue`].
    pub fn check(&self) -> Result<(), DecodeError> {
        round(self.piece.round)?;
        at_most("signatures", self.signatures.len(), limits::PAINTERS)?;
        at_most("content length", self.content.len(), limits::MAX_CONTENT_BYTES)
    }
}
