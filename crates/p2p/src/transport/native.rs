//! TCP and websockets on tokio.

use std::future::Future;

use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{muxing::StreamMuxerBox, transport::MemoryTransport, upgrade},
    dns,
    identity::Keypair,
    multiaddr::Protocol,
    noise,
    swarm::{self, dummy},
    tcp, websocket, yamux,
};

use super::Built;
use crate::{Error, IceServer, relays::Relays};

/// Native nodes are reached at their own addresses.
pub(crate) type Reach = dummy::Behaviour;

/// Natively, connections end with their node.
#[derive(Clone)]
pub(crate) struct Closer;

/// Makes the transports: TCP, websockets over it, and, for tests, memory.
pub(crate) fn build(identity: &Keypair, _: &[IceServer]) -> Result<Built, Error> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let encryption = noise::Config::new(identity).map_err(|e| Error::Encryption(e.to_string()))?;
    // A machine that names no resolver still reaches numeric addresses.
    let names =
        dns::tokio::Transport::system(tcp()).and_then(|a| Ok((a, dns::tokio::Transport::system(tcp())?)));
    let streams = match names {
        Ok((direct, below)) => websocket::Config::new(below).or_transport(direct).boxed(),
        Err(error) => {
            tracing::warn!(%error, "this machine resolves no names; only numeric addresses can be dialled");
            websocket::Config::new(tcp()).or_transport(tcp()).boxed()
        }
    };
    // Memory goes first: the websocket transport gives a final error for addresses that have no host.
    let transport = MemoryTransport::default()
        .or_transport(streams)
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(encryption)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed();
    Ok(Built { transport, reach: dummy::Behaviour, closer: Closer })
}

pub(crate) fn swarm_config() -> Result<swarm::Config, Error> {
    tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
    Ok(swarm::Config::with_tokio_executor())
}

pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(future);
}

/// What of a member's addresses can be dialled: the direct ones.
pub(crate) fn routes(addresses: Vec<Multiaddr>, _: PeerId, _: &Relays) -> Vec<Multiaddr> {
    let direct = |address: &Multiaddr| !address.iter().any(|part| part == Protocol::P2pCircuit);
    addresses.into_iter().filter(direct).collect()
}

pub(crate) fn unsupported() -> Option<String> {
    None
}
