//! The browser's clock and randomness.

use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

use crate::error::Error;

/// Milliseconds since the worker began.
pub(crate) fn now_ms() -> f64 {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// 32 fresh bytes.
///
/// # Errors
/// Where the browser has no randomness.
pub(crate) fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
