//! The pieces that the visitor sees, keeps and checks, whoever painted them: the solo studio, or a committee.

use abraham_messages::{SignedPiece, codec::hex, limits::PAINTERS};
use abraham_provenance::{content_hash, file, from_text};
use abraham_visitor::{PieceId, Storage};
use js_sys::{Array, Uint8Array};
use serde::Serialize;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    error::Error,
    object::{set, to_object},
    opfs::Opfs,
    recipe::SIDE,
};

/// What is found of a piece that is whole, and that its painters signed.
const INTACT: &str = "intact";

/// What a picture file says of itself, and whether that is so.
#[derive(Serialize)]
struct Checked {
    /// [`INTACT`], or the code of what is wrong ([`abraham_provenance::Error::code`]).
    verdict: &'static str,
    /// What the record says, where it can be read. It is true only where the file is intact.
    record: Option<Record>,
    /// The record as it lies in the file.
    text: Option<String>,
}

/// A record for people: hashes, keys and signatures in hex.
#[derive(Serialize)]
struct Record {
    artist: String,
    recipe: String,
    round: f64,
    latent: String,
    state: String,
    content: String,
    signatures: Vec<PainterSignature>,
}

#[derive(Serialize)]
struct PainterSignature {
    painter: String,
    signature: String,
}

impl From<&SignedPiece> for Record {
    fn from(signed: &SignedPiece) -> Self {
        let SignedPiece { piece, signatures, .. } = signed;
        Self {
            artist: hex(&piece.artist),
            recipe: hex(&piece.recipe),
            round: piece.round as f64,
            latent: hex(&piece.latent),
            state: hex(&piece.state),
            content: hex(&piece.content),
            signatures: signatures
                .iter()
                .map(|by| PainterSignature { painter: hex(&by.painter.0), signature: hex(&by.signature.0) })
                .collect(),
        }
    }
}

/// Checks a piece's picture file, wherever it comes from.
///
/// # Errors
/// None that the page can cause.
#[wasm_bindgen(js_name = checkPiece)]
pub fn check_piece(png: &[u8]) -> Result<JsValue, Error> {
    let text = file::record(png).ok();
    let record = text.as_ref().and_then(|text| from_text(text).ok());
    let verdict = match file::open(png) {
        Ok(_) => INTACT,
        Err(error) => error.code(),
    };
    to_object(&Checked { verdict, record: record.as_ref().map(Record::from), text })
}

/// The kept pieces, the latest first; none where the browser lets the page keep nothing. What their files say is not
/// checked here: that takes some milliseconds a signature.
///
/// # Errors
/// Where storage cannot be read.
#[wasm_bindgen(js_name = keptPieces)]
pub async fn kept_pieces() -> Result<Array, Error> {
    let Ok(store) = Opfs::open().await else { return Ok(Array::new()) };
    let pieces = Storage::new(store).pieces().await?;
    let objects = pieces.into_iter().map(|piece| {
        let said = file::record(&piece.png).ok().and_then(|text| from_text(&text).ok());
        let round = said.as_ref().map_or(JsValue::NULL, |said| (said.piece.round as f64).into());
        let together = said.is_some_and(|said| said.signatures.len() == PAINTERS);
        let object = js_sys::Object::new().into();
        set(&object, "id", &piece.id.to_string().into());
        set(&object, "png", &Uint8Array::from(piece.png.as_slice()));
        set(&object, "round", &round);
        set(&object, "together", &together.into());
        object
    });
    Ok(objects.collect())
}

/// Keeps a piece; returns its name.
///
/// # Errors
/// Where the file has no record, or storage is full or denied.
#[wasm_bindgen(js_name = keepPiece)]
pub async fn keep_piece(png: Vec<u8>) -> Result<String, Error> {
    file::record(&png)?;
    // Names sort by time, and the file's hash keeps them apart.
    let hash = hex(&content_hash(&png)[..6]);
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
pub(crate) fn painting(signed: &SignedPiece) -> Result<JsValue, Error> {
    let png = file::write(signed, SIDE as u32)?;
    let object = js_sys::Object::new().into();
    set(&object, "png", &Uint8Array::from(png.as_slice()));
    Ok(object)
}
