//! What the relay does with its peers, and within which limits.

use std::time::Duration;

use abraham_messages::{PRESENCE_TOPIC, limits};
use libp2p::{
    connection_limits::{self, ConnectionLimits},
    gossipsub, identify,
    identity::Keypair,
    ping, relay,
    swarm::NetworkBehaviour,
};

use crate::Error;

/// Bytes that gossipsub adds to a message: author, sequence number, topic, signature, key, and protobuf.
const GOSSIP_OVERHEAD: usize = 1 << 10;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) relay: relay::Behaviour,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) gossip: gossipsub::Behaviour,
}

impl Behaviour {
    pub(super) fn new(keypair: &Keypair) -> Result<Self, Error> {
        let peer = keypair.public().to_peer_id();
        let relay = relay::Config {
            max_reservations: 8192,
            max_circuits: 1024,
            max_circuits_per_peer: 32,
            reservation_rate_limiters: Vec::new(),
            circuit_src_rate_limiters: Vec::new(),
            ..relay::Config::default()
        };
        let gossip = gossipsub::ConfigBuilder::default()
            .validation_mode(gossipsub::ValidationMode::Strict)
            .max_transmit_size(limits::GOSSIP_BYTES + GOSSIP_OVERHEAD)
            .build()
            .map_err(|error| Error::P2p(error.to_string()))?;
        let mut gossip =
            gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Signed(keypair.clone()), gossip)
                .map_err(|error| Error::P2p(error.to_owned()))?;
        gossip
            .subscribe(&gossipsub::IdentTopic::new(PRESENCE_TOPIC))
            .map_err(|error| Error::P2p(error.to_string()))?;
        let identify = identify::Config::new("/abraham/relay/1.0.0".to_owned(), keypair.public())
            .with_agent_version(concat!("abraham-relay/", env!("CARGO_PKG_VERSION")).to_owned());
        Ok(Self {
            limits: connection_limits::Behaviour::new(
                ConnectionLimits::default().with_max_established_per_peer(Some(4)),
            ),
            relay: relay::Behaviour::new(peer, relay),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(30))),
            gossip,
        })
    }
}
