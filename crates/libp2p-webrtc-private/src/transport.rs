//! The libp2p `Transport`: addresses, listeners and the hand-over of signalling streams between the swarm and a
//! [`Connector`].

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures::{
    FutureExt, StreamExt,
    channel::{mpsc, oneshot},
    future::{BoxFuture, Either, select},
};
use futures_timer::Delay;
use libp2p::{
    Multiaddr, PeerId,
    core::{
        multiaddr::Protocol,
        muxing::StreamMuxer,
        transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    },
    swarm::Stream,
};

use crate::{
    Config, Error,
    address::Target,
    pending::{Pending, Permit},
    signaling::Role,
};

/// What turns an open signalling stream into a connection: the browser's WebRTC, or a stand-in for tests.
pub trait Connector: Clone + Send + Unpin + 'static {
    /// The connection that it makes.
    type Connection: StreamMuxer;

    /// Negotiates over `stream`. Ends within the configured negotiation time.
    ///
    /// # Errors
    /// Whatever kept the two from connecting.
    fn connect(&self, stream: Stream, role: Role) -> BoxFuture<'static, Result<Self::Connection, Error>>;
}

/// A dial's wish for a signalling stream, from the transport to the behaviour.
pub(crate) struct Request {
    pub(crate) target: Target,
    pub(crate) reply: crate::handler::Reply,
}

/// A signalling stream that a peer opened, from the behaviour to the transport.
pub(crate) struct Offered {
    pub(crate) peer: PeerId,
    pub(crate) stream: Stream,
    pub(crate) permit: Permit,
}

/// The two ends of what transport and behaviour tell each other.
pub(crate) struct Link {
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) offered: mpsc::Sender<Offered>,
    pub(crate) listening: Arc<AtomicBool>,
    pub(crate) inbound: Pending,
    pub(crate) outbound: Pending,
}

/// Dials that may wait for the behaviour at once.
const MAX_REQUESTS: usize = 64;

/// The `/webrtc` transport. Its output is the authenticated peer and the connection; there is neither noise nor yamux
/// above it: DTLS encrypts, its fingerprints come over the authenticated relayed connection, and data channels are
/// the streams.
///
/// It must come **before** the relay's transport in an `or_transport` chain: the relay client also accepts
/// `/p2p-circuit/webrtc` addresses, ignores `/webrtc`, and would silently yield a relayed connection.
pub struct Transport<C: Connector> {
    connector: C,
    requests: mpsc::Sender<Request>,
    offered: mpsc::Receiver<Offered>,
    listening: Arc<AtomicBool>,
    outbound: Pending,
    listener: Option<ListenerId>,
    events: VecDeque<Event<C>>,
    relayed_timeout: Duration,
    waker: Option<Waker>,
}

type Upgrade<C> = BoxFuture<'static, Result<(PeerId, <C as Connector>::Connection), Error>>;
type Event<C> = TransportEvent<Upgrade<C>, Error>;

impl<C: Connector> Transport<C> {
    pub(crate) fn new(connector: C, config: &Config) -> (Self, Link) {
        let (requests, receive_requests) = mpsc::channel(MAX_REQUESTS);
        let (offer, offered) = mpsc::channel(config.max_pending_inbound);
        let listening = Arc::new(AtomicBool::new(false));
        let outbound = Pending::new(MAX_REQUESTS);
        let link = Link {
            requests: receive_requests,
            offered: offer,
            listening: listening.clone(),
            inbound: Pending::new(config.max_pending_inbound),
            outbound: outbound.clone(),
        };
        let transport = Self {
            connector,
            requests,
            offered,
            listening,
            outbound,
            listener: None,
            events: VecDeque::new(),
            relayed_timeout: config.relayed_timeout,
            waker: None,
        };
        (transport, link)
    }

    fn report(&mut self, event: Event<C>) {
        self.events.push_back(event);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The one address to listen on: reachable through any relay that holds a reservation of ours.
fn listen_address() -> Multiaddr {
    Multiaddr::empty().with(Protocol::WebRTC)
}

impl<C: Connector> libp2p::Transport for Transport<C> {
    type Output = (PeerId, C::Connection);
    type Error = Error;
    type ListenerUpgrade = Upgrade<C>;
    type Dial = Upgrade<C>;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        if addr != listen_address() {
            return Err(TransportError::MultiaddrNotSupported(addr));
        }
        if self.listener.is_some() {
            let reason = "the /webrtc transport already listens; one listener takes the peers of all relays";
            return Err(TransportError::Other(Error::Address(reason.to_owned())));
        }
        self.listener = Some(id);
        self.listening.store(true, Ordering::Relaxed);
        self.report(TransportEvent::NewAddress { listener_id: id, listen_addr: addr });
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        if self.listener != Some(id) {
            return false;
        }
        self.listener = None;
        self.listening.store(false, Ordering::Relaxed);
        self.report(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
        true
    }

    fn dial(&mut self, addr: Multiaddr, _: DialOpts) -> Result<Self::Dial, TransportError<Error>> {
        let Some(target) = Target::parse(&addr) else {
            return Err(TransportError::MultiaddrNotSupported(addr));
        };
        let (connector, mut requests) = (self.connector.clone(), self.requests.clone());
        let (outbound, timeout) = (self.outbound.clone(), self.relayed_timeout);
        Ok(async move {
            let peer = target.peer;
            let _permit = outbound.admit(peer).map_err(|_| Error::Busy(peer))?;
            let (reply, answer) = oneshot::channel();
            requests.try_send(Request { target, reply }).map_err(|_| Error::BehaviourGone)?;
            let stream = match select(answer, Delay::new(timeout)).await {
                Either::Left((Ok(stream), _)) => stream?,
                Either::Left((Err(oneshot::Canceled), _)) => {
                    return Err(Error::Relayed("it closed before signalling began".to_owned()));
                }
                Either::Right(_) => return Err(Error::TimedOut("the relayed connection")),
            };
            Ok((peer, connector.connect(stream, Role::Offerer).await?))
        }
        .boxed())
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event<C>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        while let Poll::Ready(Some(Offered { peer, stream, permit })) = self.offered.poll_next_unpin(cx) {
            // Without a listener the stream is dropped, which the peer sees.
            let Some(listener_id) = self.listener else { continue };
            let connector = self.connector.clone();
            let upgrade = async move {
                let _permit = permit;
                Ok((peer, connector.connect(stream, Role::Answerer).await?))
            };
            return Poll::Ready(TransportEvent::Incoming {
                listener_id,
                upgrade: upgrade.boxed(),
                local_addr: listen_address(),
                send_back_addr: listen_address().with(Protocol::P2p(peer)),
            });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
