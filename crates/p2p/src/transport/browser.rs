//! Websockets or WebRTC-direct to relays, circuits through them, and WebRTC to other tabs.

use std::future::Future;

use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{muxing::StreamMuxerBox, upgrade},
    identity::Keypair,
    multiaddr::Protocol,
    noise, relay,
    swarm::{self, NetworkBehaviour},
    websocket_websys, yamux,
};
use libp2p_webrtc_private as webrtc;

use super::Built;
use crate::{Error, IceServer, relays::Relays};

pub(crate) use webrtc::browser::Closer;

/// What signals and carries connections through relays.
#[derive(NetworkBehaviour)]
pub(crate) struct Reach {
    webrtc: webrtc::Behaviour,
    relay: relay::client::Behaviour,
}

/// Makes the transports. Their order matters: the relay's takes addresses that end in `/webrtc` too, and would
/// give a relayed connection for them.
pub(crate) fn build(identity: &Keypair, ice_servers: &[IceServer]) -> Result<Built, Error> {
    let me = identity.public().to_peer_id();
    let encryption = noise::Config::new(identity).map_err(|e| Error::Encryption(e.to_string()))?;
    let servers = ice_servers
        .iter()
        .cloned()
        .map(|IceServer { urls, username, credential }| webrtc::IceServer { urls, username, credential });
    // Which connection carries a link is decided above, where a link that is in use can be seen.
    let config =
        webrtc::Config { ice_servers: servers.collect(), close_duplicates: false, ..Default::default() };
    let (tabs, webrtc, closer) = webrtc::browser::pair(me, config.clone());
    let servers = webrtc::browser::DirectTransport::new(identity, &config, closer.clone());
    let (circuits, relay) = relay::client::new(me);
    let through_relays = circuits
        .or_transport(websocket_websys::Transport::default())
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(encryption)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let transport = tabs
        .or_transport(servers)
        .map(|either, _| {
            let (peer, connection) = either.into_inner();
            (peer, StreamMuxerBox::new(connection))
        })
        .or_transport(through_relays)
        .map(|either, _| either.into_inner())
        .boxed();
    Ok(Built { transport, reach: Reach { webrtc, relay }, closer })
}

pub(crate) fn swarm_config() -> Result<swarm::Config, Error> {
    Ok(swarm::Config::with_wasm_executor())
}

pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}

/// What of a member's addresses can be dialled: WebRTC, signalled through a relay that this node knows itself. A
/// member cannot make a tab dial where it likes.
pub(crate) fn routes(addresses: Vec<Multiaddr>, peer: PeerId, relays: &Relays, _: bool) -> Vec<Multiaddr> {
    let through = |address: Multiaddr| {
        let relay = address.iter().take_while(|part| *part != Protocol::P2pCircuit).last();
        let Some(Protocol::P2p(relay)) = relay else { return None };
        let circuit = relays.address(&relay)?.clone().with(Protocol::P2pCircuit);
        Some(circuit.with(Protocol::WebRTC).with(Protocol::P2p(peer)))
    };
    addresses.into_iter().filter_map(through).collect()
}

/// What this browser lacks, in words.
pub(crate) fn unsupported() -> Option<String> {
    if !webrtc::browser::is_supported() {
        return Some(
            "This browser has no WebRTC, or its settings block it, so it cannot reach other tabs.".into(),
        );
    }
    None
}
