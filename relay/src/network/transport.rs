//! How peers reach the relay: websocket and WebRTC-direct for tabs, plain TCP for native peers and other relays.

use libp2p::{
    PeerId, Transport as _,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, OptionalTransport},
        upgrade::Version,
    },
    dns,
    identity::Keypair,
    metrics::{BandwidthTransport, Registry},
    noise, tcp, websocket, yamux,
};

#[cfg(feature = "webrtc-direct")]
use super::webrtc_direct;
use super::{proxied::Proxied, throttle::Throttled};
use crate::{Config, Error, client::Proxies, limits};

/// Every way to dial and be dialled. Bytes are counted in `registry`.
pub(super) fn build(
    keypair: &Keypair,
    config: &Config,
    registry: &mut Registry,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error> {
    let noise = noise::Config::new(keypair).map_err(|error| Error::P2p(error.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(limits::MAX_STREAMS);

    let proxies = config.proxy_protocol.then(|| Proxies::new(config.trusted_proxies.clone()));
    let streams = || Proxied::new(named(), proxies.clone());
    let mut websocket = websocket::Config::new(streams());
    websocket.set_max_data_size(limits::MAX_WEBSOCKET_FRAME_BYTES);
    let websocket = websocket
        .map(|stream, end| Throttled::new(stream, end.is_listener().then_some(limits::READ_RATE)))
        .upgrade(Version::V1Lazy)
        .authenticate(noise.clone())
        .multiplex(yamux.clone())
        .timeout(limits::UPGRADE_TIMEOUT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let tcp = streams()
        .map(|stream, end| Throttled::new(stream, end.is_listener().then_some(limits::READ_RATE)))
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux)
        .timeout(limits::UPGRADE_TIMEOUT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    #[cfg(feature = "webrtc-direct")]
    let direct = match config.webrtc_direct_listen.is_empty() {
        true => OptionalTransport::none(),
        false => OptionalTransport::some(webrtc_direct::transport(keypair, config)?),
    };
    #[cfg(not(feature = "webrtc-direct"))]
    let direct = OptionalTransport::<Boxed<(PeerId, StreamMuxerBox)>>::none();
    // Websocket before TCP, which would take `/tcp/…/ws` for its own.
    let all = websocket
        .or_transport(tcp)
        .map(|either, _| either.into_inner())
        .or_transport(direct)
        .map(|either, _| either.into_inner());
    let counted = BandwidthTransport::new(all, registry);
    Ok(counted.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer))).boxed())
}

/// TCP by address or name. Where the system names no name servers, only addresses can be dialled.
fn named() -> dns::tokio::Transport<tcp::tokio::Transport> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    dns::tokio::Transport::system(tcp()).unwrap_or_else(|error| {
        tracing::warn!(%error, "no name servers: --bootstrap can use addresses only, not names");
        let nobody = dns::ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        dns::tokio::Transport::custom(tcp(), nobody, dns::ResolverOpts::default())
    })
}
