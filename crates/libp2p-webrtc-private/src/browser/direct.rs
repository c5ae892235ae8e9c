//! Dials servers by `/webrtc-direct`.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, Either, select},
};
use futures_timer::Delay;
use libp2p::{
    Multiaddr, PeerId,
    core::{
        transport::{DialOpts, ListenerId, TransportError, TransportEvent},
        upgrade::{InboundConnectionUpgrade, UpgradeInfo},
    },
    identity::Keypair,
    noise,
};
use send_wrapper::SendWrapper;
use web_sys::RtcSdpType;

use super::{
    Closer, Connection,
    peer_connection::{Parts, PeerConnection},
};
use crate::{
    Config, Error,
    direct::{Server, answer, fingerprint, munge, prologue, ufrag},
    signaling::{Input, NegotiationError, Role},
};

/// The client side of `/webrtc-direct`: dials `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…[/p2p/…]`, listens nowhere.
/// Authenticated by noise inside; nothing is to be put above it.
///
/// Closing a stream does not wait until the server has acknowledged its end: those of rust-libp2p (`libp2p-webrtc`
/// 0.10.0-alpha) never do.
#[derive(Clone)]
pub struct DirectTransport {
    key: Keypair,
    timeout: Duration,
    closer: Closer,
}

impl DirectTransport {
    /// A transport for the owner of `key`. `closer` closes its connections with others.
    #[must_use]
    pub fn new(key: &Keypair, config: &Config, closer: Closer) -> Self {
        Self { key: key.clone(), timeout: config.negotiation_timeout, closer }
    }

    async fn connect(self, server: Server) -> Result<(PeerId, Connection), Error> {
        let Parts { mut connection, mut inputs, orphans } = PeerConnection::new(&[], false)?;
        self.closer.add(connection.downgrade());
        let handshake = connection.open_handshake()?;
        let mut random = [0; 24];
        getrandom::fill(&mut random).map_err(|error| Error::Handshake(error.to_string()))?;
        let ufrag = ufrag(random);
        let offer = connection.describe(Role::Offerer).await?;
        let own = fingerprint(&offer);
        connection.set_local(RtcSdpType::Offer, &munge(&offer, &ufrag)).await?;
        connection.set_remote(RtcSdpType::Answer, &answer(&server, &ufrag)).await?;
        loop {
            connection.check()?;
            match inputs.next().await {
                Some(Input::Connected) => break,
                Some(Input::Failed) | None => return Err(NegotiationError::NoPath.into()),
                Some(_) => {}
            }
        }
        let failed = |reason: String| Error::Handshake(reason);
        let own =
            own.ok_or_else(|| failed("the browser's own certificate has no SHA-256 fingerprint".into()))?;
        let noise = noise::Config::new(&self.key).map_err(|error| failed(error.to_string()))?;
        let noise = noise.with_prologue(prologue(own, server.certificate));
        let info = noise.protocol_info().next().ok_or_else(|| failed("noise has no protocol".into()))?;
        // The server begins: it then may send half a round trip earlier.
        let (peer, handshake) =
            noise.upgrade_inbound(handshake, info).await.map_err(|error| failed(error.to_string()))?;
        if let Some(expected) = server.peer.filter(|expected| *expected != peer) {
            return Err(failed(format!("the server is {peer}, not {expected}")));
        }
        connection.watch_transports();
        Ok((peer, Connection::new(SendWrapper::new(connection), orphans).with_handshake(handshake)))
    }
}

type Upgrade = BoxFuture<'static, Result<(PeerId, Connection), Error>>;

impl libp2p::Transport for DirectTransport {
    type Output = (PeerId, Connection);
    type Error = Error;
    type ListenerUpgrade = Upgrade;
    type Dial = Upgrade;

    fn listen_on(&mut self, _: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        Err(TransportError::MultiaddrNotSupported(addr))
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(&mut self, addr: Multiaddr, _: DialOpts) -> Result<Upgrade, TransportError<Error>> {
        let Some(server) = Server::parse(&addr) else {
            return Err(TransportError::MultiaddrNotSupported(addr));
        };
        let (timeout, dial) = (self.timeout, self.clone().connect(server));
        let dial = async move {
            match select(std::pin::pin!(dial), Delay::new(timeout)).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(_) => Err(Error::TimedOut("the direct connection to the server")),
            }
        };
        Ok(SendWrapper::new(dial).boxed())
    }

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<TransportEvent<Upgrade, Error>> {
        Poll::Pending
    }
}
