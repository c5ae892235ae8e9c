//! A signed piece as text: JSON with hashes, keys, signatures and content in lower-case hex.

use abraham_messages::{
    ArtistName, ContentId, CreditsId, Latent, PainterSignature, PeerKey, Piece, RecipeId, RecordId, SealId,
    SignedPiece, StateId, collective::Signature, limits::MAX_PIECE_TEXT_BYTES,
};
use base16ct::lower::{decode_vec, encode_string};
use serde::{Deserialize, Serialize};

use crate::Error;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    piece: PieceText,
    content: String,
    signatures: Vec<SignatureText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PieceText {
    artist: String,
    recipe: String,
    round: u64,
    latent: String,
    state: String,
    content: String,
    seal: String,
    record: String,
    credits: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureText {
    painter: String,
    signature: String,
}

/// By what records of earlier versions are known.
#[derive(Deserialize)]
struct Older {
    #[expect(dead_code, reason = "that it is there is all that matters")]
    genesis: String,
}

/// A signed piece as text.
pub fn to_text(signed: &SignedPiece) -> String {
    let SignedPiece { piece, content, signatures } = signed;
    let text = Text {
        piece: PieceText {
            artist: encode_string(&piece.artist.0),
            recipe: encode_string(&piece.recipe.0),
            round: piece.round,
            latent: encode_string(&piece.latent.0),
            state: encode_string(&piece.state.0),
            content: encode_string(&piece.content.0),
            seal: encode_string(&piece.seal.0),
            record: encode_string(&piece.record.0),
            credits: encode_string(&piece.credits.0),
        },
        content: encode_string(content),
        signatures: signatures
            .iter()
            .map(|by| SignatureText {
                painter: encode_string(&by.painter.0),
                signature: encode_string(&by.signature.0),
            })
            .collect(),
    };
    // Strings and numbers can always be written.
    serde_json::to_string(&text).unwrap_or_default()
}

/// Reads a signed piece. Whether it is genuine only [`crate::check`] says.
///
/// # Errors
/// [`Error::TooLong`], [`Error::Older`], [`Error::Record`].
pub fn from_text(text: &str) -> Result<SignedPiece, Error> {
    if text.len() > MAX_PIECE_TEXT_BYTES {
        return Err(Error::TooLong { bytes: text.len(), limit: MAX_PIECE_TEXT_BYTES });
    }
    let read: Text = serde_json::from_str(text).map_err(|_| match serde_json::from_str::<Older>(text) {
        Ok(_) => Error::Older,
        Err(_) => Error::Record,
    })?;
    let piece = Piece {
        artist: ArtistName(array(&read.piece.artist)?),
        recipe: RecipeId(array(&read.piece.recipe)?),
        round: read.piece.round,
        latent: Latent(array(&read.piece.latent)?),
        state: StateId(array(&read.piece.state)?),
        content: ContentId(array(&read.piece.content)?),
        seal: SealId(array(&read.piece.seal)?),
        record: RecordId(array(&read.piece.record)?),
        credits: CreditsId(array(&read.piece.credits)?),
    };
    let signatures = read.signatures.iter().map(|by| {
        let (painter, signature) = (PeerKey(array(&by.painter)?), Signature(array(&by.signature)?));
        Ok(PainterSignature { painter, signature })
    });
    let signatures = signatures.collect::<Result<_, Error>>()?;
    let content = decode_vec(&read.content).map_err(|_| Error::Record)?;
    let signed = SignedPiece { piece, content, signatures };
    signed.check().map_err(|_| Error::Record)?;
    Ok(signed)
}

fn array<const N: usize>(hex: &str) -> Result<[u8; N], Error> {
    let bytes = decode_vec(hex).map_err(|_| Error::Record)?;
    bytes.try_into().map_err(|_| Error::Record)
}
