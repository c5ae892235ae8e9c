//! The browser's own WebRTC under the transport. In windows only: workers have no `RTCPeerConnection`.

mod connection;
mod connector;
mod data_channel;
mod direct;
mod peer_connection;

use libp2p::PeerId;
use wasm_bindgen::JsCast;

pub use connection::Connection;
pub use connector::{BrowserConnector, Closer};
pub use data_channel::BrowserChannel;
pub use direct::DirectTransport;

use crate::{Behaviour, Config, Error, Transport};

/// A transport over the browser's WebRTC, the behaviour that serves it, and the way to close all connections at once.
pub fn pair(local: PeerId, config: Config) -> (Transport<BrowserConnector>, Behaviour, Closer) {
    let closer = Closer::default();
    let connector = BrowserConnector::new(&config, closer.clone());
    let (transport, behaviour) = crate::pair(local, connector, config);
    (transport, behaviour, closer)
}

/// Whether this page can make connections at all.
#[must_use]
pub fn is_supported() -> bool {
    js_sys::Reflect::get(&js_sys::global(), &"RTCPeerConnection".into())
        .is_ok_and(|class| class.is_function())
}

/// An error for what the browser threw.
pub(crate) fn thrown(call: &'static str) -> impl Fn(wasm_bindgen::JsValue) -> Error {
    move |value| {
        let reason = value.dyn_ref::<js_sys::Error>().map_or_else(
            || value.as_string().unwrap_or_else(|| "no reason given".to_owned()),
            |error| format!("{}: {}", error.name(), error.message()),
        );
        Error::Browser { call, reason }
    }
}
