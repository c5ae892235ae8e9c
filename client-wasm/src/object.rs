//! Values as plain JavaScript objects, and back.

use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::error::Error;

/// A serialisable value as a plain object: what is missing is `null`, and bytes are a `Uint8Array`.
pub(crate) fn to_object(value: &impl Serialize) -> Result<JsValue, Error> {
    let serializer = Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(|error| Error::Option(error.to_string()))
}

/// What the page chose.
///
/// # Errors
/// [`Error::Option`] where it is no such thing.
pub(crate) fn from_object<T: DeserializeOwned>(object: JsValue) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(object).map_err(|error| Error::Option(error.to_string()))
}
