//! Making a piece, and checking one.

use abraham_messages::{
    ArtistName, Commitment, ContentId, CreditsId, Latent, Piece, RecipeId, RecordId, SealId, SignedPiece,
    limits::PAINTERS,
};
use sha2::{Digest, Sha256};

use crate::{Error, state_hash, verify};

/// What a piece is of, before anyone signed it.
#[derive(Clone, Copy)]
pub struct Unsigned<'a> {
    /// The artist.
    pub artist: ArtistName,
    /// Hash of its recipe.
    pub recipe: RecipeId,
    /// Learning rounds behind the state that painted.
    pub round: u64,
    /// How often the artist's shares were made anew.
    pub generation: u64,
    /// The commitments to the state's four components.
    pub commitments: &'a [Commitment; 4],
    /// Seed of the public latent.
    pub latent: Latent,
    /// What was opened, as canonical bytes.
    pub content: &'a [u8],
}

impl Unsigned<'_> {
    /// What its painters sign.
    pub fn piece(&self) -> Piece {
        let Self { artist, recipe, round, generation, commitments, latent, content } = *self;
        let state = state_hash(commitments, round, generation);
        let content = content_hash(content);
        let (seal, record, credits) = (SealId::default(), RecordId::default(), CreditsId::default());
        Piece { artist, recipe, round, latent, state, content, seal, record, credits }
    }
}

/// The hash by which a piece names its content: SHA-256, which browsers and contracts have.
pub fn content_hash(content: &[u8]) -> ContentId {
    ContentId(Sha256::digest(content).into())
}

/// Checks a piece: its counts, the hash of its content, and each signature. It does not say that the painters were ever
/// elected; anyone with four keys can sign a picture.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(signed: &SignedPiece) -> Result<(), Error> {
    signed.check().map_err(|_| Error::Record)?;
    let SignedPiece { piece, content, signatures } = signed;
    if signatures.len() != 1 && signatures.len() != PAINTERS {
        return Err(Error::SignatureCount { found: signatures.len() });
    }
    if content_hash(content) != piece.content {
        return Err(Error::Content);
    }
    for (place, by) in signatures.iter().enumerate() {
        if signatures[..place].iter().any(|other| other.painter == by.painter) {
            return Err(Error::PainterTwice);
        }
        if !verify(&by.painter, piece, &by.signature) {
            return Err(Error::Signature);
        }
    }
    Ok(())
}
