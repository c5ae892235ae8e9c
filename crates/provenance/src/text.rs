//! A signed piece as text: JSON with hashes, keys, signatures and content in lower-case hex.

use abraham_messages::{
    PainterSignature, PeerKey, Piece, SignedPiece,
    collective::{Digest, Signature},
    limits::MAX_PIECE_TEXT_BYTES,
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
    let hex = |digest: &Digest| encode_string(digest);
    let SignedPiece { piece, content, signatures } = signed;
    let text = Text {
        piece: PieceText {
            artist: hex(&piece.artist),
            recipe: hex(&piece.recipe),
            round: piece.round,
            latent: hex(&piece.latent),
            state: hex(&piece.state),
            content: hex(&piece.content),
            seal: hex(&piece.seal),
            record: hex(&piece.record),
            credits: hex(&piece.credits),
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
        artist: array(&read.piece.artist)?,
        recipe: array(&read.piece.recipe)?,
        round: read.piece.round,
        latent: array(&read.piece.latent)?,
        state: array(&read.piece.state)?,
        content: array(&read.piece.content)?,
        seal: array(&read.piece.seal)?,
        record: array(&read.piece.record)?,
        credits: array(&read.piece.credits)?,
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
