//! Browser-to-browser WebRTC for rust-libp2p: the `/webrtc` transport of the libp2p specification (webrtc/webrtc.md).
//!
//! Two browsers that hold reservations at a relay dial each other as
//! `<relay>/p2p-circuit/webrtc/p2p/<peer>`. Over the relayed connection they exchange descriptions and candidates. Then
//! they communicate directly over data channels. This works together with js-libp2p (`@libp2p/webrtc` 6).
//!
//! - [`signaling`] and [`framing`] are only the protocol, without a browser, a clock or a socket.
//! - [`stream`] is a libp2p stream over anything that is a [`channel::DataChannel`].
//! - [`Transport`] and [`Behaviour`] belong together and go into one swarm; [`pair`] makes both over any
//!   [`Connector`].
//! - `browser` (on wasm32 only) is the [`Connector`] over the browser's own WebRTC. It also has a client of
//!   `/webrtc-direct` servers.

mod address;
mod behaviour;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod channel;
mod config;
pub mod direct;
mod duplicates;
mod error;
pub mod framing;
mod handler;
mod pending;
pub mod signaling;
pub mod stream;
mod transport;
mod wire;

pub use address::{is_circuit, is_circuit_address, is_webrtc};
pub use behaviour::{Behaviour, Event, Refusal};
pub use config::{Config, IceServer};
pub use error::Error;
pub use handler::SIGNALING_PROTOCOL;
pub use transport::{Connector, Transport};
pub use wire::WireError;

/// A transport and the behaviour that serves it, for one swarm of the peer `local`.
pub fn pair<C: Connector>(local: libp2p::PeerId, connector: C, config: Config) -> (Transport<C>, Behaviour) {
    let (transport, link) = Transport::new(connector, &config);
    (transport, Behaviour::new(local, config, link))
}
