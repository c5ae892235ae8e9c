//! `/webrtc-direct` from a browser to a server (libp2p specification, webrtc/webrtc-direct.md): no signalling, for the
//! server's address names its certificate, and both sides write the other's description themselves.
//!
//! What needs no browser is here; `browser::direct` dials.

mod address;
mod description;

pub use address::{Fingerprint, Server};
pub use description::{answer, fingerprint, munge, prologue, ufrag};
