//! Opens and takes `/webrtc-signaling/0.0.1` streams on one relayed connection.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
    time::Duration,
};

use futures::channel::oneshot;
use libp2p::{
    StreamProtocol,
    core::upgrade::ReadyUpgrade,
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, Stream, StreamUpgradeError, SubstreamProtocol,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use crate::Error;

/// The protocol that exchanges descriptions and candidates (libp2p specification, webrtc.md, "Signaling protocol").
pub const SIGNALING_PROTOCOL: StreamProtocol = StreamProtocol::new("/webrtc-signaling/0.0.1");

/// Where an opened signalling stream goes.
pub(crate) type Reply = oneshot::Sender<Result<Stream, Error>>;

/// What the behaviour asks of a handler: open a signalling stream.
#[derive(Debug)]
pub struct Open(pub(crate) Reply);

/// What a handler reports: the peer opened a signalling stream.
#[derive(Debug)]
pub struct Inbound(pub(crate) Stream);

/// The handler of one relayed connection.
pub struct Handler {
    open: VecDeque<Reply>,
    inbound: VecDeque<Stream>,
    timeout: Duration,
}

/// Streams that a peer may have opened on one connection before the behaviour took the first.
const MAX_WAITING: usize = 2;

impl Handler {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { open: VecDeque::new(), inbound: VecDeque::new(), timeout }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Inbound;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Reply;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(SIGNALING_PROTOCOL), ()).with_timeout(self.timeout)
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        if let Some(stream) = self.inbound.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Inbound(stream)));
        }
        while let Some(reply) = self.open.pop_front() {
            if reply.is_canceled() {
                continue;
            }
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(SIGNALING_PROTOCOL), reply)
                .with_timeout(self.timeout);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, Open(reply): Open) {
        self.open.push_back(reply);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Reply>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                if self.inbound.len() < MAX_WAITING {
                    self.inbound.push_back(protocol);
                } else {
                    tracing::debug!(
                        "dropped a signalling stream: the peer opens them faster than they are taken"
                    );
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                // A dial that gave up in the meantime drops the stream here.
                let _ = info.send(Ok(protocol));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let reason = match error {
                    StreamUpgradeError::Timeout => "no answer in time".to_owned(),
                    StreamUpgradeError::NegotiationFailed => {
                        "it does not speak /webrtc-signaling/0.0.1".to_owned()
                    }
                    StreamUpgradeError::Io(error) => error.to_string(),
                    StreamUpgradeError::Apply(never) => match never {},
                };
                let _ = info.send(Err(Error::Refused(reason)));
            }
            _ => {}
        }
    }
}
