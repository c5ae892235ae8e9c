//! How peers reach the relay: websocket for tabs, plain TCP for native peers and other relays.

use std::time::Duration;

use libp2p::{
    PeerId, Transport as _,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    dns,
    identity::Keypair,
    noise, tcp, websocket, yamux,
};

use crate::Error;

/// How long a new connection may take until it is encrypted and multiplexed.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(15);
/// Streams of one connection: the circuits of [`super::behaviour`], gossip both ways, ping, identify.
const STREAMS: usize = 64;
/// Bytes of one websocket frame. A frame carries at most a few Noise messages of 64 KiB.
const WEBSOCKET_FRAME: usize = 1 << 20;

/// Every way to dial and be dialled.
pub(super) fn build(keypair: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error> {
    let noise = noise::Config::new(keypair).map_err(|error| Error::P2p(error.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(STREAMS);

    let named = || {
        let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
        dns::tokio::Transport::system(tcp).map_err(|error| Error::P2p(error.to_string()))
    };
    let mut websocket = websocket::Config::new(named()?);
    websocket.set_max_data_size(WEBSOCKET_FRAME);
    let websocket = websocket
        .upgrade(Version::V1Lazy)
        .authenticate(noise.clone())
        .multiplex(yamux.clone())
        .timeout(UPGRADE_TIMEOUT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let tcp = named()?
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux)
        .timeout(UPGRADE_TIMEOUT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    // Websocket first: a TCP transport would take `/tcp/…/ws` for its own.
    Ok(websocket.or_transport(tcp).map(|either, _| either.into_inner()).boxed())
}
