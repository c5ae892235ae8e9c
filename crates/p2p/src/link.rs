//! The lanes of one connection: a stream for each lane in each direction.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use abraham_messages::{Payload, limits as protocol, node::Lane};
use futures::{AsyncRead, AsyncWrite, future};
use libp2p::{
    Stream, StreamProtocol,
    core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use crate::{
    lane::{Incoming, Outgoing},
    limits,
};

/// Bytes read from a stream of credit in one go.
const CREDIT_BYTES: usize = 64;

/// What all links together hold.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<AtomicU64>);

/// Bytes that went over a link's lanes, with what frames them.
#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// From the behaviour.
#[derive(Debug)]
pub(crate) enum ToLink {
    /// Open the lanes: this connection is the link.
    Open,
    Send(Lane, Payload),
    Acknowledge(Lane, usize),
}

/// To the behaviour.
#[derive(Debug)]
pub(crate) enum FromLink {
    /// The other side opened a lane on this connection.
    Asked,
    /// Every lane stands in both directions.
    Up,
    Message(Lane, Payload),
    Sent(Lane, usize),
    /// The link is over, and the other side is to blame or not.
    Broken {
        reason: String,
        misbehaved: bool,
    },
}

fn protocol(lane: Lane) -> StreamProtocol {
    StreamProtocol::new(match lane {
        Lane::Control => "/abraham/control/1.0.0",
        Lane::Bulk => "/abraham/bulk/1.0.0",
        Lane::Frames => "/abraham/frames/1.0.0",
    })
}

/// Negotiates one of some lanes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Negotiate(&'static [Lane]);

impl Negotiate {
    fn one(lane: Lane) -> Self {
        Self(match lane {
            Lane::Control => &[Lane::Control],
            Lane::Bulk => &[Lane::Bulk],
            Lane::Frames => &[Lane::Frames],
        })
    }
}

impl UpgradeInfo for Negotiate {
    type Info = StreamProtocol;
    type InfoIter = Vec<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.iter().copied().map(protocol).collect()
    }
}

impl InboundUpgrade<Stream> for Negotiate {
    type Output = (Option<Lane>, Stream);
    type Error = std::convert::Infallible;
    type Future = future::Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, info: Self::Info) -> Self::Future {
        future::ready(Ok((self.0.iter().copied().find(|&lane| protocol(lane) == info), stream)))
    }
}

impl OutboundUpgrade<Stream> for Negotiate {
    type Output = Stream;
    type Error = std::convert::Infallible;
    type Future = future::Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: Stream, _: Self::Info) -> Self::Future {
        future::ready(Ok(stream))
    }
}

/// One lane in both directions.
struct Both {
    lane: Lane,
    outgoing: Outgoing,
    sending: Option<Stream>,
    incoming: Incoming,
    receiving: Option<Stream>,
}

/// What keeps a connection open and what may run on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To a relay: kept, without lanes.
    Relay,
    /// Through a relay, or to one that is no member: neither kept nor with lanes.
    Passing,
    /// Directly to a member: lanes may run on it.
    Member,
}

/// The lanes of one connection.
pub(crate) struct Link {
    purpose: Purpose,
    lanes: [Both; 3],
    /// Lanes whose outbound stream is still to be asked for.
    to_open: Vec<Lane>,
    up: bool,
    broken: bool,
    events: VecDeque<FromLink>,
    meter: Arc<Meter>,
    held: Held,
    /// What this link holds, as last added to `held`.
    holds: u64,
}

impl Link {
    pub(crate) fn new(purpose: Purpose, held: Held, meter: Arc<Meter>) -> Self {
        let lanes = Lane::ALL.map(|lane| Both {
            lane,
            outgoing: Outgoing::new(lane),
            sending: None,
            incoming: Incoming::new(lane),
            receiving: None,
        });
        let events = VecDeque::new();
        Self { purpose, lanes, to_open: Vec::new(), up: false, broken: false, events, meter, held, holds: 0 }
    }

    fn lane(&mut self, lane: Lane) -> &mut Both {
        match lane {
            Lane::Control => &mut self.lanes[0],
            Lane::Bulk => &mut self.lanes[1],
            Lane::Frames => &mut self.lanes[2],
        }
    }

    fn end(&mut self, reason: String, misbehaved: bool) {
        if self.broken {
            return;
        }
        self.broken = true;
        self.to_open.clear();
        for both in &mut self.lanes {
            (both.sending, both.receiving) = (None, None);
        }
        self.events.push_back(FromLink::Broken { reason, misbehaved });
    }

    fn accepted(&mut self, lane: Lane, stream: Stream) {
        if self.broken {
            return;
        }
        if self.lane(lane).receiving.is_some() {
            return self.end(format!("it opened the {lane:?} lane twice"), true);
        }
        if self.lanes.iter().all(|both| both.receiving.is_none()) {
            self.events.push_back(FromLink::Asked);
        }
        self.lane(lane).receiving = Some(stream);
    }

    /// Moves bytes on every lane; `Err` ends the link.
    fn turn(&mut self, cx: &mut Context<'_>) -> Result<(), (String, bool)> {
        let (mut sent, mut received, mut holds) = (0, 0, 0);
        for both in &mut self.lanes {
            both.send(cx, &mut self.events)?;
            both.receive(cx, &mut self.events)?;
            sent += both.outgoing.moved();
            received += both.incoming.moved();
            holds += both.incoming.held();
        }
        let before = self.held.0.fetch_add(holds.wrapping_sub(self.holds), Ordering::Relaxed);
        let all = before.wrapping_add(holds).wrapping_sub(self.holds);
        self.holds = holds;
        if all > limits::MAX_HELD_BYTES && holds > limits::MAX_HELD_BYTES / protocol::MAX_LINKS as u64 {
            return Err(("this device holds too much that was received and not taken".into(), false));
        }
        self.meter.sent.store(sent, Ordering::Relaxed);
        self.meter.received.store(received, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.holds, Ordering::Relaxed);
    }
}

fn lost(error: std::io::Error) -> (String, bool) {
    (format!("the connection was lost ({error})"), false)
}

impl Both {
    fn send(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<FromLink>) -> Result<(), (String, bool)> {
        let Some(stream) = &mut self.sending else { return Ok(()) };
        let mut credit = [0; CREDIT_BYTES];
        while let Poll::Ready(read) = Pin::new(&mut *stream).poll_read(cx, &mut credit) {
            match read.map_err(lost)? {
                0 => return Err(("it closed a lane".into(), false)),
                n => self.outgoing.credited(&credit[..n]).map_err(|v| (v.to_string(), true))?,
            }
        }
        let mut moved = 0;
        while let Some(chunk) = self.outgoing.chunk() {
            if moved > limits::MAX_TURN_BYTES {
                cx.waker().wake_by_ref();
                break;
            }
            let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(cx, chunk) else { break };
            let written = written.map_err(lost)?;
            if written == 0 {
                return Err(("it closed a lane".into(), false));
            }
            moved += written;
            if let Some(length) = self.outgoing.wrote(written) {
                events.push_back(FromLink::Sent(self.lane, length));
            }
        }
        match Pin::new(stream).poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(lost(error)),
            _ => Ok(()),
        }
    }

    fn receive(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut VecDeque<FromLink>,
    ) -> Result<(), (String, bool)> {
        let Some(stream) = &mut self.receiving else { return Ok(()) };
        let mut moved = 0;
        while let Poll::Ready(read) = Pin::new(&mut *stream).poll_read(cx, self.incoming.space()) {
            let read = read.map_err(lost)?;
            if read == 0 {
                return Err(("it closed a lane".into(), false));
            }
            moved += read;
            if let Some(message) = self.incoming.filled(read).map_err(|v| (v.to_string(), true))? {
                events.push_back(FromLink::Message(self.lane, message));
            }
            if moved > limits::MAX_TURN_BYTES {
                cx.waker().wake_by_ref();
                break;
            }
        }
        while let Some(chunk) = self.incoming.chunk() {
            let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(cx, chunk) else { break };
            self.incoming.wrote(written.map_err(lost)?);
        }
        match Pin::new(stream).poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(lost(error)),
            _ => Ok(()),
        }
    }
}

impl ConnectionHandler for Link {
    type FromBehaviour = ToLink;
    type ToBehaviour = FromLink;
    type InboundProtocol = Negotiate;
    type OutboundProtocol = Negotiate;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Lane;

    fn listen_protocol(&self) -> SubstreamProtocol<Negotiate> {
        const NONE: &[Lane] = &[];
        const ALL: &[Lane] = &Lane::ALL;
        SubstreamProtocol::new(Negotiate(if self.purpose == Purpose::Member { ALL } else { NONE }), ())
    }

    fn connection_keep_alive(&self) -> bool {
        self.purpose == Purpose::Relay
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Negotiate, Lane, FromLink>> {
        if let Some(lane) = self.to_open.pop() {
            let protocol = SubstreamProtocol::new(Negotiate::one(lane), lane);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        // Events of earlier turns go first: what a connection holds in events is bounded by one turn.
        if self.events.is_empty() && !self.broken {
            if !self.up && self.lanes.iter().all(|both| both.sending.is_some() && both.receiving.is_some()) {
                self.up = true;
                self.events.push_back(FromLink::Up);
            }
            if let Err((reason, misbehaved)) = self.turn(cx) {
                self.end(reason, misbehaved);
            }
        }
        match self.events.pop_front() {
            Some(event) => Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(event)),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: ToLink) {
        if self.broken {
            return;
        }
        match event {
            ToLink::Open => {
                // The last is asked for first.
                self.to_open = Lane::ALL.into_iter().rev().collect();
            }
            ToLink::Send(lane, message) => {
                if let Err(refused) = self.lane(lane).outgoing.push(message) {
                    self.end(refused.to_string(), false);
                }
            }
            ToLink::Acknowledge(lane, bytes) => self.lane(lane).incoming.acknowledge(bytes),
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Negotiate, Negotiate, (), Lane>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (Some(lane), stream),
                ..
            }) => self.accepted(lane, stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info })
                if !self.broken =>
            {
                self.lane(info).sending = Some(protocol);
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, info }) => {
                let reason = match error {
                    StreamUpgradeError::NegotiationFailed => {
                        "it speaks another version of the protocol".to_owned()
                    }
                    StreamUpgradeError::Timeout => format!("it did not answer on the {info:?} lane"),
                    StreamUpgradeError::Io(error) => format!("the connection was lost ({error})"),
                    StreamUpgradeError::Apply(never) => match never {},
                };
                self.end(reason, false);
            }
            _ => {}
        }
    }
}
