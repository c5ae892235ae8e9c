//! What the relay does with its peers, and within which limits.

use std::{net::IpAddr, time::Instant};

use abraham_limiter::{KeyedBuckets, Rate};
use abraham_messages::{
    PRESENCE_TOPIC,
    limits::{GOSSIP_OVERHEAD_BYTES, MAX_GOSSIP_BYTES, MAX_GOSSIP_PACKET_BYTES},
};
use libp2p::{
    Multiaddr, PeerId,
    connection_limits::{self, ConnectionLimits},
    gossipsub::{
        self, IdentTopic, IdentityTransform, MessageAuthenticity, MetricsConfig, PeerScoreParams,
        PeerScoreThresholds, TopicScoreParams, WhitelistSubscriptionFilter,
    },
    identify,
    identity::Keypair,
    memory_connection_limits,
    metrics::Registry,
    ping,
    relay::{self, RateLimiter},
    swarm::NetworkBehaviour,
};

use super::{circuits::Circuits, gate::Gate, mesh::Mesh};
use crate::{
    Config, Error,
    client::{Proxies, ip_of},
    limits,
};

/// Gossipsub of the presence topic alone: other subscriptions are not even remembered.
pub(super) type Gossip = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// A relay of the mesh is always among the best peers, so that it is never let go for a tab.
const RELAY_SCORE: f64 = 1000.0;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    // Those that refuse come first, so that the others never see what is refused.
    pub(super) limits: connection_limits::Behaviour,
    pub(super) memory: memory_connection_limits::Behaviour,
    pub(super) gate: Gate,
    pub(super) circuits: Circuits,
    pub(super) relay: relay::Behaviour,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) gossip: Gossip,
}

impl Behaviour {
    pub(super) fn new(
        keypair: &Keypair,
        config: &Config,
        mesh: &Mesh,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        let proxies = Proxies::new(config.trusted_proxies.clone());
        let peers = u32::try_from(mesh.len()).unwrap_or(u32::MAX);
        // A visitor that comes back can be counted twice until its old connection is seen to be dead.
        let most = config.max_visitors.saturating_add(peers);
        let connections = ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits::MAX_PENDING))
            .with_max_established_incoming(Some(most.saturating_add(limits::MAX_MAKING_ROOM)))
            .with_max_established_per_peer(Some(limits::MAX_CONNECTIONS_PER_PEER));
        let identify = identify::Config::new("/abraham/relay/1.0.0".to_owned(), keypair.public())
            .with_agent_version(concat!("abraham-relay/", env!("CARGO_PKG_VERSION")).to_owned())
            .with_cache_size(0);
        let ping =
            ping::Config::new().with_interval(limits::PING_INTERVAL).with_timeout(limits::PING_TIMEOUT);
        let circuits = Circuits::new(proxies.clone());
        Ok(Self {
            limits: connection_limits::Behaviour::new(connections),
            memory: memory_connection_limits::Behaviour::with_max_bytes(config.max_memory),
            gate: Gate::new(proxies.clone(), mesh.named().collect(), most, config.max_per_address),
            relay: relay::Behaviour::new(keypair.public().to_peer_id(), relaying(&proxies, most, &circuits)),
            circuits,
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping),
            gossip: gossip(keypair, mesh.len(), registry).map_err(Error::P2p)?,
        })
    }

    /// Keeps a relay that the operator named among those that get every message at once.
    pub(super) fn keep_relay(&mut self, peer: &PeerId) {
        self.gossip.set_application_score(peer, RELAY_SCORE);
    }
}

fn relaying(proxies: &Proxies, connections: u32, circuits: &Circuits) -> relay::Config {
    relay::Config {
        // Renewals count against it too, so it must never be what runs out first.
        max_reservations: 2 * usize::try_from(connections).unwrap_or(usize::MAX / 2),
        max_reservations_per_peer: limits::MAX_RESERVATIONS_PER_PEER,
        reservation_duration: limits::RESERVATION_DURATION,
        reservation_rate_limiters: vec![
            per_peer(limits::RESERVATION_RATE_PER_PEER),
            per_address(limits::RESERVATION_RATE_PER_ADDRESS, proxies.clone()),
        ],
        // `Circuits` counts them, by whom they come from.
        max_circuits: usize::MAX,
        max_circuits_per_peer: usize::MAX,
        max_circuit_duration: limits::MAX_CIRCUIT_DURATION,
        max_circuit_bytes: limits::MAX_CIRCUIT_BYTES,
        circuit_src_rate_limiters: vec![circuits.limiter()],
    }
}

fn per_peer(rate: Rate) -> Box<dyn RateLimiter> {
    let mut buckets = KeyedBuckets::new(rate, limits::MAX_REMEMBERED);
    Box::new(move |peer: PeerId, _: &Multiaddr, now: Instant| buckets.take(peer, 1, now))
}

fn per_address(rate: Rate, proxies: Proxies) -> Box<dyn RateLimiter> {
    let mut buckets = KeyedBuckets::<IpAddr, Instant>::new(rate, limits::MAX_REMEMBERED);
    Box::new(move |_: PeerId, address: &Multiaddr, now: Instant| {
        ip_of(address).and_then(|ip| proxies.limited(ip)).is_none_or(|ip| buckets.take(ip, 1, now))
    })
}

fn gossip(keypair: &Keypair, mesh: usize, registry: &mut Registry) -> Result<Gossip, String> {
    let topic = IdentTopic::new(PRESENCE_TOPIC);
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Strict)
        // Messages wait for the verdict of `Guard` before they are passed on.
        .validate_messages()
        .max_transmit_size(MAX_GOSSIP_PACKET_BYTES)
        .max_transmit_size_for_topic(MAX_GOSSIP_BYTES + GOSSIP_OVERHEAD_BYTES, topic.hash())
        .max_control_messages_sent(limits::MAX_GOSSIP_ANNOUNCED)
        // Everybody would be told at once of each larger message that came, before it is judged: a flood in many copies.
        .idontwant_message_size_threshold(MAX_GOSSIP_PACKET_BYTES)
        .connection_handler_queue_len(limits::MAX_GOSSIP_QUEUE)
        .mesh_outbound_min(mesh.min(limits::MESH_SIZE / 2))
        .mesh_n_low(limits::MIN_MESH_SIZE)
        .mesh_n(limits::MESH_SIZE)
        .mesh_n_high(limits::MAX_MESH_SIZE)
        .retain_scores(mesh.max(4))
        .gossip_factor(limits::GOSSIP_FACTOR)
        .build()
        .map_err(|error| error.to_string())?;
    let filter = WhitelistSubscriptionFilter([topic.hash()].into());
    let authenticity = MessageAuthenticity::Signed(keypair.clone());
    let mut gossip = Gossip::new_with_subscription_filter(authenticity, config, filter)?
        .with_metrics(registry.sub_registry_with_prefix("libp2p_gossipsub"), MetricsConfig::default());
    let (parameters, thresholds) = scores(&topic);
    gossip.with_peer_score(parameters, thresholds)?;
    gossip.subscribe(&topic).map_err(|error| error.to_string())?;
    Ok(gossip)
}

/// Only malformed messages cost score. Not the number of peers behind one address (offices, proxies), not slowness, not
/// promises that a peer with other message ids cannot keep, and nothing for being silent, as most tabs are.
fn scores(topic: &IdentTopic) -> (PeerScoreParams, PeerScoreThresholds) {
    let presence = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -1.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    };
    let parameters = PeerScoreParams {
        topics: [(topic.hash(), presence)].into(),
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: 0.0,
        slow_peer_weight: 0.0,
        ..PeerScoreParams::default()
    };
    let thresholds = PeerScoreThresholds {
        gossip_threshold: limits::MIN_SCORE / 2.0,
        publish_threshold: limits::MIN_SCORE / 2.0,
        graylist_threshold: limits::MIN_SCORE,
        ..PeerScoreThresholds::default()
    };
    (parameters, thresholds)
}
