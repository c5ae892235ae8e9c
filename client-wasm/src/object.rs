//! Values as plain JavaScript objects.

use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::error::Error;

/// Sets a property of a plain object.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // Setting a property of a plain object cannot fail.
    let _ = js_sys::Reflect::set(object, &name.into(), value);
}

/// A serialisable value as a plain object.
pub(crate) fn to_object(value: &impl Serialize) -> Result<JsValue, Error> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| Error::Option(error.to_string()))
}
