//! How a node reaches others: natively, and in a browser's window.

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod native;

use libp2p::{
    PeerId,
    core::{muxing::StreamMuxerBox, transport::Boxed},
};

#[cfg(target_arch = "wasm32")]
pub(crate) use browser::{Closer, Reach, build, routes, spawn, swarm_config, unsupported};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{Closer, Reach, build, routes, spawn, swarm_config, unsupported};

/// Whether others reach this node through relays only, so that it makes a reservation at each it is at.
pub(crate) const IS_BEHIND_RELAYS: bool = cfg!(target_arch = "wasm32");

/// What a node reaches others with.
pub(crate) struct Built {
    pub(crate) transport: Boxed<(PeerId, StreamMuxerBox)>,
    pub(crate) reach: Reach,
    pub(crate) closer: Closer,
}
