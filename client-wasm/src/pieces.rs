//! The pieces that the visitor sees, keeps and checks, whoever painted them: the solo studio, or a committee.

use abraham_messages::{SignedPiece, codec::hex, limits::PAINTERS};
use abraham_page::{Checked, PainterSignature, Painting, Piece, PieceRecord, Verdict, sizes::SIDE};
use abraham_provenance::{Error as Refusal, content_hash, file, from_text};
use abraham_visitor::{KeptPiece, PieceId, Storage};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{error::Error, object::to_object, opfs::Opfs};

/// A record for people.
fn record(signed: &SignedPiece) -> PieceRecord {
    let SignedPiece { piece, signatures, .. } = signed;
    PieceRecord {
        artist: hex(&piece.artist.0),
        recipe: hex(&piece.recipe.0),
        round: piece.round,
        latent: hex(&piece.latent.0),
        state: hex(&piece.state.0),
        content: hex(&piece.content.0),
        signatures: signatures
            .iter()
            .map(|by| PainterSignature { painter: hex(&by.painter.0), signature: hex(&by.signature.0) })
            .collect(),
    }
}

fn verdict(error: Refusal) -> Verdict {
    match error {
        Refusal::TooLong { .. } => Verdict::TooLong,
        Refusal::NoRecord => Verdict::NoRecord,
        Refusal::Older => Verdict::Older,
        Refusal::Record => Verdict::Record,
        Refusal::Picture => Verdict::Picture,
        Refusal::Content => Verdict::Content,
        Refusal::SignatureCount { .. } => Verdict::SignatureCount,
        Refusal::Signature => Verdict::Signature,
        Refusal::PainterTwice => Verdict::PainterTwice,
        // The others are of whoever signs or writes.
        _ => Verdict::Damaged,
    }
}

/// Checks a piece's picture file, wherever it comes from.
///
/// # Errors
/// None that the page can cause.
#[wasm_bindgen(js_name = checkPiece, unchecked_return_type = "Checked")]
pub fn check_piece(png: &[u8]) -> Result<JsValue, Error> {
    let text = file::record(png).ok();
    let said = text.as_ref().and_then(|text| from_text(text).ok());
    let verdict = file::open(png).map_or_else(verdict, |_| Verdict::Intact);
    to_object(&Checked { verdict, record: said.as_ref().map(record), text })
}

/// The kept pieces, the latest first; none where the browser lets the page keep nothing. What their files say is not
/// checked here: that takes some milliseconds a signature.
///
/// # Errors
/// Where storage cannot be read.
#[wasm_bindgen(js_name = keptPieces, unchecked_return_type = "Piece[]")]
pub async fn kept_pieces() -> Result<JsValue, Error> {
    let kept = match Opfs::open().await {
        Ok(store) => Storage::new(store).pieces().await?,
        Err(_) => Vec::new(),
    };
    let pieces = kept.into_iter().map(|KeptPiece { id, png }| {
        let said = file::record(&png).ok().and_then(|text| from_text(&text).ok());
        Piece {
            id: id.to_string(),
            png,
            round: said.as_ref().map(|said| said.piece.round),
            together: said.is_some_and(|said| said.signatures.len() == PAINTERS),
        }
    });
    to_object(&pieces.collect::<Vec<_>>())
}

/// Keeps a piece; returns its name.
///
/// # Errors
/// Where the file has no record, or storage is full or denied.
#[wasm_bindgen(js_name = keepPiece)]
pub async fn keep_piece(png: Vec<u8>) -> Result<String, Error> {
    file::record(&png)?;
    // Names sort by time, and the file's hash keeps them apart.
    let hash = hex(&content_hash(&png).0[..6]);
    let id = PieceId::new(&format!("{:013.0}-{hash}", js_sys::Date::now()))?;
    Storage::new(Opfs::open().await?).keep_piece(id.clone(), &png).await?;
    Ok(id.to_string())
}

/// Deletes a kept piece.
///
/// # Errors
/// Where no piece can be called so, or storage is denied.
#[wasm_bindgen(js_name = deletePiece)]
pub async fn delete_piece(id: String) -> Result<(), Error> {
    let id = PieceId::new(&id)?;
    Ok(Storage::new(Opfs::open().await?).delete_piece(id).await?)
}

/// A piece's picture file, as the page takes it.
pub(crate) fn painting(signed: &SignedPiece) -> Result<Painting, Error> {
    Ok(Painting { png: file::write(signed, SIDE as u32)? })
}
