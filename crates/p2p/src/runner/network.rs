//! What the network says to a node.

use std::time::Duration;

use abraham_messages::node::{Event, PeerKey};
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, transport::ListenerId},
    gossipsub, ping,
    swarm::{ConnectionId, DialError, SwarmEvent},
};
use web_time::Instant;

use super::{BehaviourEvent, Runner, words};
use crate::{identity::peer_key, links::LinkEvent, presence::Verdict, transport::IS_BEHIND_RELAYS};

impl Runner {
    pub(super) fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Links(event)) => self.on_link(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                self.on_ping(event.connection, event.result)
            }
            SwarmEvent::NewListenAddr { listener_id, address } => self.on_address(listener_id, address),
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                self.addresses.retain(|known| *known != (listener_id, address.clone()));
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                self.addresses.retain(|(listener, _)| *listener != listener_id);
                if let Some(relay) = self.reservations.remove(&listener_id) {
                    let reason = match reason {
                        Ok(()) => "the connection to it was lost".to_owned(),
                        Err(error) => error.to_string(),
                    };
                    self.lost_relay(relay, &reason);
                }
            }
            SwarmEvent::ConnectionEstablished {
                peer_id, endpoint: ConnectedPoint::Dialer { .. }, ..
            } if !IS_BEHIND_RELAYS && self.relays.contains(&peer_id) => {
                self.relays.joined(&peer_id);
                self.announce_status();
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. }
                if self.relays.contains(&peer_id) =>
            {
                self.lost_relay(peer_id, "the connection to it was lost");
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.on_undialled(peer, &error)
            }
            _ => {}
        }
    }

    fn on_address(&mut self, listener: ListenerId, address: Multiaddr) {
        match self.reservations.get(&listener) {
            Some(relay) => self.relays.joined(relay),
            // The listener for WebRTC has no address that says where it is.
            None if IS_BEHIND_RELAYS => return,
            None => {}
        }
        if !self.addresses.contains(&(listener, address.clone())) {
            self.addresses.push((listener, address));
        }
        self.announce_status();
    }

    fn on_undialled(&mut self, peer: PeerId, error: &DialError) {
        tracing::debug!(%peer, %error, "a dial failed");
        if self.relays.contains(&peer) {
            if !self.relays.is_joined(&peer) {
                self.lost_relay(peer, &words(error));
            }
        } else if let Some(key) = peer_key(&peer)
            && !self.links().is_forming(key)
        {
            self.dials.fail(key, words(error), Instant::now());
        }
    }

    fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up(peer) => {
                self.dials.end(peer);
                self.out.push_back(Event::LinkUp { peer });
            }
            LinkEvent::Down(peer, reason) => self.out.push_back(Event::LinkDown { peer, reason }),
            LinkEvent::Failed(peer, reason) => self.dials.fail(peer, reason, Instant::now()),
            LinkEvent::Message(peer, lane, message) => {
                self.out.push_back(Event::Message { peer, lane, message })
            }
            LinkEvent::Sent(peer, lane, bytes) => self.out.push_back(Event::Sent { peer, lane, bytes }),
            LinkEvent::Misbehaved(peer, what) => self.misbehaved(peer, what),
        }
    }

    fn misbehaved(&mut self, peer: PeerKey, what: String) {
        tracing::info!(%peer, what, "a member misbehaved");
        self.out.push_back(Event::Misbehaved { peer, what });
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Subscribed { .. } => self.publish(),
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                let verdict = match message.source.as_ref().and_then(peer_key) {
                    Some(author) if message.topic == self.topic.hash() => {
                        let now = Instant::now();
                        let forwarder = peer_key(&propagation_source).filter(|&key| self.links().is_up(key));
                        (self.hearing.judge(author, forwarder, message.data.len(), now), Some(author))
                    }
                    _ => (Verdict::Drop, None),
                };
                let acceptance = match verdict.0 {
                    Verdict::Pass => gossipsub::MessageAcceptance::Accept,
                    _ => gossipsub::MessageAcceptance::Ignore,
                };
                let gossip = &mut self.swarm.behaviour_mut().gossip;
                gossip.report_message_validation_result(&message_id, &propagation_source, acceptance);
                match verdict {
                    (Verdict::Pass, Some(from)) => {
                        self.out.push_back(Event::Gossip { from, message: message.data });
                    }
                    (Verdict::Name(peer), _) => {
                        let what = "it floods the presence topic";
                        self.links().close(peer, what);
                        self.misbehaved(peer, what.into());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn on_ping(&mut self, connection: ConnectionId, result: Result<Duration, ping::Failure>) {
        match result {
            Ok(round_trip) => {
                if let Some((peer, sent, received)) = self.links().answered(connection, Instant::now()) {
                    let round_trip_ms = u32::try_from(round_trip.as_millis()).unwrap_or(u32::MAX);
                    self.out.push_back(Event::Measured { peer, sent, received, round_trip_ms });
                }
            }
            Err(ping::Failure::Unsupported) => {}
            Err(_) => self.links().close_connection(connection, "it does not answer any more"),
        }
    }
}
