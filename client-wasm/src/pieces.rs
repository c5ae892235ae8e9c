//! The pieces that the visitor keeps, whoever painted them: the solo studio, or a committee.

use abraham_messages::{PieceRecord, limits::MAX_PIECE_RECORD_BYTES};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    error::Error,
    object::set,
    storage::{Storage, array},
};

/// The member of a record's JSON that holds a committee's signatures, beside those of [`PieceRecord`].
const SIGNATURES: &str = "signatures";

/// The kept pieces, the latest first; none where the browser lets the page keep nothing.
///
/// # Errors
/// Where storage cannot be read.
#[wasm_bindgen(js_name = keptPieces)]
pub async fn kept_pieces() -> Result<Array, Error> {
    let Ok(storage) = Storage::open().await else { return Ok(Array::new()) };
    let pieces = storage.pieces().await?;
    Ok(array(pieces.into_iter().map(|piece| {
        let object = painting(&piece.png, &piece.record);
        set(&object, "id", &piece.id.into());
        object
    })))
}

/// Keeps a piece with its record; returns its name.
///
/// # Errors
/// Where the record is not valid, or storage is full or denied.
#[wasm_bindgen(js_name = keepPiece)]
pub async fn keep_piece(png: Vec<u8>, record: String) -> Result<String, Error> {
    if record.len() > MAX_PIECE_RECORD_BYTES {
        return Err(Error::Option("a record of that length".into()));
    }
    let mut json: serde_json::Value = serde_json::from_str(&record)?;
    if let Some(members) = json.as_object_mut() {
        members.remove(SIGNATURES);
    }
    let piece: PieceRecord = serde_json::from_value(json)?;
    // Names sort by time, and the picture's hash keeps them apart.
    let hash = piece.picture.get(..12).unwrap_or_default();
    let id = format!("{:013.0}-{hash}", js_sys::Date::now());
    Storage::open().await?.keep(&id, &png, &record).await?;
    Ok(id)
}

/// Deletes a kept piece.
///
/// # Errors
/// Where storage is denied.
#[wasm_bindgen(js_name = deletePiece)]
pub async fn delete_piece(id: String) -> Result<(), Error> {
    Storage::open().await?.delete(&id).await
}

/// A picture and its record, as the page takes them.
pub(crate) fn painting(png: &[u8], record: &str) -> JsValue {
    let object = js_sys::Object::new().into();
    set(&object, "png", &Uint8Array::from(png));
    set(&object, "record", &record.into());
    object
}
