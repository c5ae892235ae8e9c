//! The port between a tab's worker and its window: a message is an array of two `Uint8Array`s, a small head and a
//! payload, whose buffers change hands, so that no byte is copied on the way.
//!
//! What crosses may be a share or a key. It is copied once out of one program's memory and once into the other's; the
//! buffer between them is wiped then, and the vectors wipe themselves.

use abraham_messages::Payload;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, MessagePort};
use zeroize::Zeroizing;

/// Sends a message through the port.
pub fn post(port: &MessagePort, head: &[u8], payload: &Payload) {
    let parts = [Uint8Array::from(head), Uint8Array::from(&payload[..])];
    let message: Array = parts.iter().collect();
    let buffers: Array = parts.iter().map(Uint8Array::buffer).collect();
    // Fails only where a buffer cannot change hands, and these are new. A port whose other end is gone swallows messages.
    let _ = port.post_message_with_transferable(&message, &buffers);
}

/// The parts of a message that came through the port; none where it is of another shape.
#[must_use]
pub fn parts(event: &MessageEvent) -> Option<(Zeroizing<Vec<u8>>, Payload)> {
    let message = event.data().dyn_into::<Array>().ok()?;
    let [head, payload] = [0, 1].map(|part| take(&message.get(part)));
    Some((head?, Payload::from(std::mem::take(&mut *payload?))))
}

/// Copies the bytes, and wipes them where they were.
fn take(part: &JsValue) -> Option<Zeroizing<Vec<u8>>> {
    let part = part.dyn_ref::<Uint8Array>()?;
    let bytes = Zeroizing::new(part.to_vec());
    part.fill(0, 0, part.length());
    Some(bytes)
}
