//! The `NetworkBehaviour` beside the transport: relayed connections for signalling, and what becomes of them and of
//! duplicates once a direct connection stands.

use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::Ordering,
    task::{Context, Poll, Waker},
};

use either::Either;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use futures_timer::Delay;
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, DialFailure, FromSwarm,
        NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        behaviour::ConnectionEstablished,
        dial_opts::{DialOpts, PeerCondition},
        dummy,
    },
};

use crate::{
    Config, Error,
    address::{is_circuit, is_circuit_address, is_webrtc},
    duplicates::{Direct, surplus},
    handler::{Handler, Inbound, Open},
    pending::Denied,
    transport::{Link, Offered, Request},
};

/// What the behaviour did, for whoever drives the swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A direct connection stands.
    Connected {
        /// To whom.
        peer: PeerId,
        /// The direct connection.
        connection: ConnectionId,
        /// Whether this side dialled it.
        dialled: bool,
    },
    /// Of two direct connections one is being closed.
    DuplicateClosing {
        /// To whom.
        peer: PeerId,
        /// The connection that goes.
        connection: ConnectionId,
    },
    /// A relayed connection is being closed: the direct one took its place.
    CircuitClosing {
        /// To whom.
        peer: PeerId,
        /// The relayed connection.
        connection: ConnectionId,
    },
    /// A peer's wish to connect was refused.
    InboundRefused {
        /// Whose.
        peer: PeerId,
        /// Why.
        reason: Refusal,
    },
}

/// Why a peer's wish to connect was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The transport does not listen on `/webrtc`.
    NotListening,
    /// As many negotiations as configured are under way.
    TooMany,
    /// A negotiation that this peer began is under way.
    Duplicate,
}

/// Serves the transport that was made with it; see [`pair`](crate::pair).
pub struct Behaviour {
    local: PeerId,
    config: Config,
    link: Link,
    peers: HashMap<PeerId, Connections>,
    /// Relayed connections that are being dialled for someone who waits for a signalling stream.
    dialling: HashMap<ConnectionId, Request>,
    actions: VecDeque<ToSwarm<Event, Either<Open, std::convert::Infallible>>>,
    timers: FuturesUnordered<BoxFuture<'static, Timer>>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Connections {
    circuits: Vec<ConnectionId>,
    direct: Vec<Direct>,
}

enum Timer {
    /// A relayed connection has lingered long enough.
    Circuit(PeerId, ConnectionId),
    /// A direct connection is settled.
    Settled(PeerId, ConnectionId),
}

impl Behaviour {
    pub(crate) fn new(local: PeerId, config: Config, link: Link) -> Self {
        Self {
            local,
            config,
            link,
            peers: HashMap::new(),
            dialling: HashMap::new(),
            actions: VecDeque::new(),
            timers: FuturesUnordered::new(),
            waker: None,
        }
    }

    fn act(&mut self, action: ToSwarm<Event, Either<Open, std::convert::Infallible>>) {
        self.actions.push_back(action);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn start_timer(&mut self, timer: Timer) {
        let after = match timer {
            Timer::Circuit(..) => self.config.relayed_linger,
            Timer::Settled(..) => self.config.simultaneous,
        };
        self.timers.push(Delay::new(after).map(|()| timer).boxed());
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn handler(&self, circuit: bool) -> Either<Handler, dummy::ConnectionHandler> {
        if circuit {
            Either::Left(Handler::new(self.config.relayed_timeout))
        } else {
            Either::Right(dummy::ConnectionHandler)
        }
    }

    fn close(&mut self, peer: PeerId, connection: ConnectionId, event: Event) {
        self.act(ToSwarm::CloseConnection { peer_id: peer, connection: CloseConnection::One(connection) });
        self.act(ToSwarm::GenerateEvent(event));
    }

    fn request(&mut self, request: Request) {
        if request.reply.is_canceled() {
            return;
        }
        let peer = request.target.peer;
        let circuit = self.peers.get(&peer).and_then(|connections| connections.circuits.last().copied());
        match (circuit, &request.target.circuit) {
            (Some(circuit), _) => self.open(peer, circuit, request),
            (None, Some(address)) => {
                let opts = DialOpts::peer_id(peer)
                    .addresses(vec![address.clone()])
                    .condition(PeerCondition::Always)
                    .build();
                self.dialling.insert(opts.connection_id(), request);
                self.act(ToSwarm::Dial { opts });
            }
            (None, None) => {
                // A dial that gave up in the meantime needs no answer.
                let _ = request.reply.send(Err(Error::NotRelayed(peer)));
            }
        }
    }

    fn open(&mut self, peer: PeerId, circuit: ConnectionId, request: Request) {
        self.act(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(circuit),
            event: Either::Left(Open(request.reply)),
        });
    }

    fn established(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        if is_circuit(endpoint) {
            let connections = self.peers.entry(peer).or_default();
            connections.circuits.push(id);
            if !connections.direct.is_empty() {
                self.start_timer(Timer::Circuit(peer, id));
            }
            if let Some(request) = self.dialling.remove(&id) {
                self.open(peer, id, request);
            }
        } else if is_webrtc(endpoint) {
            let dialled = endpoint.is_dialer();
            self.act(ToSwarm::GenerateEvent(Event::Connected { peer, connection: id, dialled }));
            let connections = self.peers.entry(peer).or_default();
            connections.direct.push(Direct { id, dialled, settled: false });
            let circuits = connections.circuits.clone();
            if self.config.close_duplicates {
                for connection in surplus(self.local, peer, &connections.direct) {
                    self.close(peer, connection, Event::DuplicateClosing { peer, connection });
                }
                self.start_timer(Timer::Settled(peer, id));
            }
            for circuit in circuits {
                self.start_timer(Timer::Circuit(peer, circuit));
            }
        }
    }

    fn closed(&mut self, peer: PeerId, id: ConnectionId) {
        let Some(connections) = self.peers.get_mut(&peer) else { return };
        connections.circuits.retain(|circuit| *circuit != id);
        connections.direct.retain(|direct| direct.id != id);
        if connections.circuits.is_empty() && connections.direct.is_empty() {
            self.peers.remove(&peer);
        }
    }

    fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Settled(peer, id) => {
                if let Some(connections) = self.peers.get_mut(&peer) {
                    connections.direct.iter_mut().filter(|direct| direct.id == id).for_each(|direct| {
                        direct.settled = true;
                    });
                }
            }
            Timer::Circuit(peer, connection) => {
                let Some(connections) = self.peers.get(&peer) else { return };
                if !connections.circuits.contains(&connection) || connections.direct.is_empty() {
                    return;
                }
                if self.link.inbound.contains(&peer) || self.link.outbound.contains(&peer) {
                    self.start_timer(Timer::Circuit(peer, connection));
                } else {
                    self.close(peer, connection, Event::CircuitClosing { peer, connection });
                }
            }
        }
    }

    fn offer(&mut self, peer: PeerId, Inbound(stream): Inbound) {
        let refusal = if !self.link.listening.load(Ordering::Relaxed) {
            Refusal::NotListening
        } else {
            match self.link.inbound.admit(peer) {
                Ok(permit) => match self.link.offered.try_send(Offered { peer, stream, permit }) {
                    Ok(()) => return,
                    Err(_) => Refusal::TooMany,
                },
                Err(Denied::Duplicate) => Refusal::Duplicate,
                Err(Denied::Full) => Refusal::TooMany,
            }
        };
        self.act(ToSwarm::GenerateEvent(Event::InboundRefused { peer, reason: refusal }));
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Either<Handler, dummy::ConnectionHandler>;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        local_addr: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(is_circuit_address(local_addr)))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        addr: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(is_circuit_address(addr)))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => {
                self.established(peer_id, connection_id, endpoint);
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                self.closed(peer_id, connection_id);
            }
            FromSwarm::DialFailure(DialFailure { connection_id, error, .. }) => {
                if let Some(request) = self.dialling.remove(&connection_id) {
                    // A dial that gave up in the meantime needs no answer.
                    let _ = request.reply.send(Err(Error::Relayed(error.to_string())));
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Either::Left(inbound) => self.offer(peer, inbound),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Poll::Ready(action);
            }
            if let Poll::Ready(Some(request)) = self.link.requests.poll_next_unpin(cx) {
                self.request(request);
                continue;
            }
            if let Poll::Ready(Some(timer)) = self.timers.poll_next_unpin(cx) {
                self.timer(timer);
                continue;
            }
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
    }
}
