//! The loop around the swarm: counts, verdicts on gossip, the mesh of relays, and the end.

use std::{collections::HashSet, future::pending, sync::Arc, time::Duration};

use abraham_limiter::{KeyedBuckets, Rate};
use futures::StreamExt as _;
use libp2p::{
    PeerId, Swarm, connection_limits,
    gossipsub::{self, MessageAcceptance},
    memory_connection_limits,
    metrics::Recorder as _,
    ping, relay,
    swarm::{
        ConnectionDenied, ListenError, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{
    sync::oneshot,
    time::{Instant, interval, sleep_until, timeout},
};

use super::{
    behaviour::{Behaviour, BehaviourEvent},
    gate::{MadeRoom, Refused},
    gossip::{Dropped, Guard, Verdict},
    mesh::Mesh,
    topic::{Due, Sender, Topic, Turn},
};
use crate::{limits, metrics::Metrics};

/// How often gossipsub's scores are looked at.
const SCORES_EVERY: Duration = Duration::from_secs(5);
/// How long connections may take to close at the end.
const GOODBYE: Duration = Duration::from_secs(1);
/// A peer or cause is named in the log once a minute: a flood must not flood the log.
const NAMED: Rate = Rate::one_every(1, Duration::from_secs(60));
/// Peers whose naming is remembered; beyond it, nobody new is named until a minute passed.
const NAMED_PEERS: usize = 256;

/// A message that waits for its turn: its id, the peer that brought it, and its author.
type Presence = (gossipsub::MessageId, PeerId, PeerId);

/// Owns the swarm while the relay runs.
pub(super) struct Task {
    pub(super) swarm: Swarm<Behaviour>,
    mesh: Mesh,
    guard: Guard,
    topic: Topic<Presence>,
    reserved: HashSet<PeerId>,
    named: KeyedBuckets<PeerId, std::time::Instant>,
    named_causes: KeyedBuckets<&'static str, std::time::Instant>,
    metrics: Arc<Metrics>,
    libp2p: libp2p::metrics::Metrics,
}

impl Task {
    pub(super) fn new(
        swarm: Swarm<Behaviour>,
        mesh: Mesh,
        metrics: Arc<Metrics>,
        libp2p: libp2p::metrics::Metrics,
    ) -> Self {
        Self {
            swarm,
            mesh,
            guard: Guard::new(),
            topic: Topic::new(limits::TOPIC_BYTE_RATE, now()),
            reserved: HashSet::new(),
            named: KeyedBuckets::new(NAMED, NAMED_PEERS),
            named_causes: KeyedBuckets::new(NAMED, NAMED_PEERS),
            metrics,
            libp2p,
        }
    }

    /// Runs until `stopped`, then says goodbye.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut scores = interval(SCORES_EVERY);
        loop {
            let redial = async {
                match self.mesh.next() {
                    Some(at) => sleep_until(at.into()).await,
                    None => pending().await,
                }
            };
            let turn = async {
                match self.topic.next() {
                    Some(at) => sleep_until(at.into()).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                event = self.swarm.select_next_some() => self.handle(event),
                () = redial => self.dial(),
                () = turn => self.take_turns(),
                _ = scores.tick() => self.put_out_malformed(),
                _ = &mut stopped => break,
            }
        }
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // It may have gone meanwhile.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        if timeout(GOODBYE, closed).await.is_err() {
            tracing::debug!("some peers did not close in time");
        }
    }

    pub(super) fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.libp2p.record(&event);
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. }
                if num_established.get() == 1 =>
            {
                if self.mesh.names(&peer_id) {
                    tracing::info!(peer = %peer_id, "connected to a relay of the mesh");
                    self.mesh.up(&peer_id);
                    self.swarm.behaviour_mut().keep_relay(&peer_id);
                }
                self.count();
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                self.lost(&peer_id, "the connection ended");
                self.count();
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. }
                if !self.swarm.is_connected(&peer) =>
            {
                self.lost(&peer, &error.to_string());
            }
            SwarmEvent::IncomingConnectionError { error: ListenError::Denied { cause }, .. } => {
                let cause = refusal(cause);
                self.metrics.connection_refused(cause);
                if self.named_causes.take(cause, 1, now()) {
                    tracing::warn!(cause, "refusing connections");
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Relay(event)) => {
                self.libp2p.record(&event);
                self.swarm.behaviour_mut().circuits.told(&event);
                self.relayed(event);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gate(MadeRoom)) => {
                self.metrics.visitors_displaced.inc();
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => {
                self.libp2p.record(&event);
                if let gossipsub::Event::Message { propagation_source, message_id, message } = event {
                    self.handle_gossip(propagation_source, message_id, message.source, message.data.len());
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                self.libp2p.record(&event);
                // A laptop that was closed never says goodbye; its reservation would keep the connection for hours.
                if matches!(event.result, Err(ping::Failure::Timeout | ping::Failure::Other { .. })) {
                    self.swarm.close_connection(event.connection);
                }
            }
            SwarmEvent::ListenerClosed { addresses, reason: Err(error), .. } => {
                tracing::error!(?addresses, %error, "no longer listening");
            }
            _ => {}
        }
    }

    fn count(&self) {
        let relays = self.mesh.connected();
        let visitors = self.swarm.network_info().num_peers().saturating_sub(relays);
        self.metrics.visitors.set(i64::try_from(visitors).unwrap_or(i64::MAX));
        self.metrics.mesh.set(i64::try_from(relays).unwrap_or(i64::MAX));
        self.count_circuits();
    }

    /// libp2p tells the end of some circuits twice, and of some never.
    fn count_circuits(&self) {
        let standing = self.swarm.behaviour().circuits.standing();
        self.metrics.circuits.set(i64::try_from(standing).unwrap_or(i64::MAX));
    }

    fn dial(&mut self) {
        for (peer, addresses) in self.mesh.due(now()) {
            let options = DialOpts::peer_id(peer)
                .addresses(addresses)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .build();
            if let Err(error) = self.swarm.dial(options) {
                if self.swarm.is_connected(&peer) {
                    self.mesh.up(&peer);
                } else {
                    self.lost(&peer, &error.to_string());
                }
            }
        }
    }

    fn lost(&mut self, peer: &PeerId, reason: &str) {
        if let Some(wait) = self.mesh.down(peer, rand::random(), now()) {
            tracing::warn!(%peer, reason, again_in = ?wait, "a relay of the mesh is not connected");
        }
    }

    fn relayed(&mut self, event: relay::Event) {
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => {
                self.reserved.insert(src_peer_id);
            }
            relay::Event::ReservationClosed { src_peer_id }
            | relay::Event::ReservationTimedOut { src_peer_id } => {
                self.reserved.remove(&src_peer_id);
            }
            relay::Event::ReservationReqDenied { src_peer_id, status } => {
                self.metrics.reservations_denied.inc();
                if self.named.take(src_peer_id, 1, now()) {
                    tracing::warn!(peer = %src_peer_id, ?status, "refusing a reservation");
                }
            }
            relay::Event::CircuitReqDenied { src_peer_id, status, .. } => {
                self.metrics.circuits_denied.inc();
                if self.named.take(src_peer_id, 1, now()) {
                    tracing::info!(peer = %src_peer_id, ?status, "refusing a circuit");
                }
            }
            _ => {}
        }
        self.count_circuits();
        self.metrics.reservations.set(i64::try_from(self.reserved.len()).unwrap_or(i64::MAX));
    }

    fn handle_gossip(
        &mut self,
        peer: PeerId,
        id: gossipsub::MessageId,
        author: Option<PeerId>,
        bytes: usize,
    ) {
        let now = now();
        let is_relay = self.mesh.names(&peer);
        let author = author.unwrap_or(peer);
        if let Verdict::Drop(cause) = self.guard.judge(author, peer, bytes, is_relay, now) {
            return self.drop_presence((id, peer, author), cause);
        }
        // Another relay has a budget of its own for what it passes on.
        if is_relay {
            return self.pass((id, peer, author));
        }
        let source = self.swarm.behaviour().gate.source(&peer);
        let sender = source.map_or(Sender::Peer(peer), |source| Sender::Network(source.network));
        let message = (id, peer, author);
        match self.topic.offer(sender, bytes, message.clone(), now) {
            Turn::Now => self.pass(message),
            Turn::Later => {}
            Turn::Never => self.drop_presence(message, Dropped::TopicRate),
        }
    }

    fn take_turns(&mut self) {
        for due in self.topic.due(now()) {
            match due {
                Due::Pass(message) => self.pass(message),
                Due::Drop(message) => self.drop_presence(message, Dropped::TopicRate),
            }
        }
    }

    fn pass(&mut self, (id, peer, author): Presence) {
        let behaviour = self.swarm.behaviour_mut();
        // Messages that gossipsub forgot meanwhile are not passed on, which is as well.
        behaviour.gossip.report_message_validation_result(&id, &peer, MessageAcceptance::Accept);
        if author == peer {
            behaviour.gate.handle_presence(&peer, now());
        }
        self.metrics.gossip_passed.inc();
    }

    fn drop_presence(&mut self, (id, peer, author): Presence, cause: Dropped) {
        let acceptance = match cause {
            Dropped::Oversized => MessageAcceptance::Reject,
            Dropped::AuthorRate | Dropped::PeerRate | Dropped::TopicRate => MessageAcceptance::Ignore,
        };
        self.swarm.behaviour_mut().gossip.report_message_validation_result(&id, &peer, acceptance);
        self.metrics.gossip_dropped(cause.name());
        if self.named.take(author, 1, now()) {
            tracing::warn!(%author, %peer, cause = cause.name(), "dropping presence messages");
        }
        if !self.mesh.names(&peer) && self.guard.is_too_much(cause, author, peer, now()) {
            self.put_out(peer, cause.name());
        }
    }

    /// Puts out peers whose messages were malformed too often: wrong signatures, missing fields, wrong sizes.
    fn put_out_malformed(&mut self) {
        let gossip = &self.swarm.behaviour().gossip;
        let bad = |peer: &&PeerId| gossip.peer_score(peer).is_some_and(|score| score < limits::MIN_SCORE);
        let bad: Vec<PeerId> = self.swarm.connected_peers().filter(bad).copied().collect();
        for peer in bad {
            self.put_out(peer, "malformed");
        }
    }

    fn put_out(&mut self, peer: PeerId, cause: &'static str) {
        tracing::warn!(%peer, cause, "put out for a while");
        self.metrics.peer_blocked(cause);
        let now = now();
        self.swarm.behaviour_mut().gate.block(peer, now + limits::BLOCK_DURATION, now);
        // It may have gone by itself.
        let _ = self.swarm.disconnect_peer_id(peer);
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// The name of a reason to refuse a connection.
fn refusal(cause: ConnectionDenied) -> &'static str {
    let cause = match cause.downcast::<Refused>() {
        Ok(refused) => return refused.name(),
        Err(cause) => cause,
    };
    let cause = match cause.downcast::<connection_limits::Exceeded>() {
        Ok(_) => return "full",
        Err(cause) => cause,
    };
    match cause.downcast::<memory_connection_limits::MemoryUsageLimitExceeded>() {
        Ok(_) => "memory",
        Err(_) => "other",
    }
}
