//! What the relay counts, for `/metrics` and for the page. No address and no peer's id is in it.

use std::sync::{Mutex, PoisonError};

use libp2p::metrics::Registry;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};

/// Why, or how, for metrics that have a reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Cause {
    cause: &'static str,
}

/// Counts by cause.
pub(crate) type ByCause = Family<Cause, Counter>;

/// Every count of the relay's own, beside libp2p's.
#[derive(Default)]
pub(crate) struct Metrics {
    /// Connected peers that are no relays named by the operator.
    pub(crate) visitors: Gauge,
    pub(crate) reservations: Gauge,
    pub(crate) circuits: Gauge,
    pub(crate) mesh: Gauge,
    pub(crate) reservations_denied: Counter,
    pub(crate) circuits_denied: Counter,
    pub(crate) gossip_passed: Counter,
    pub(crate) visitors_displaced: Counter,
    pub(crate) http_connections_displaced: Counter,
    gossip_dropped: ByCause,
    connections_refused: ByCause,
    peers_blocked: ByCause,
    http_requests: ByCause,
    registry: Mutex<Registry>,
}

impl Metrics {
    /// Registers every count of the relay's own in `registry`, which libp2p's are in already.
    pub(crate) fn new(mut registry: Registry) -> Self {
        let metrics = Self::default();
        let ours = registry.sub_registry_with_prefix("abraham");
        ours.register("visitors", "Peers connected now, other relays not counted", metrics.visitors.clone());
        ours.register(
            "reservations",
            "Peers that others can reach through here",
            metrics.reservations.clone(),
        );
        ours.register("circuits", "Relayed connections open now", metrics.circuits.clone());
        ours.register("mesh_relays", "Relays of --bootstrap connected now", metrics.mesh.clone());
        ours.register("reservations_denied", "Reservations refused", metrics.reservations_denied.clone());
        ours.register("circuits_denied", "Relayed connections refused", metrics.circuits_denied.clone());
        ours.register(
            "visitors_displaced",
            "Peers of crowded networks let go for others while the relay was full",
            metrics.visitors_displaced.clone(),
        );
        ours.register(
            "http_connections_displaced",
            "HTTP connections closed for others of the same address",
            metrics.http_connections_displaced.clone(),
        );
        ours.register("gossip_passed", "Presence messages passed on", metrics.gossip_passed.clone());
        ours.register("gossip_dropped", "Presence messages dropped", metrics.gossip_dropped.clone());
        ours.register("connections_refused", "Connections refused", metrics.connections_refused.clone());
        ours.register("peers_blocked", "Peers put out for a while", metrics.peers_blocked.clone());
        ours.register("http_requests", "Requests answered, by kind of answer", metrics.http_requests.clone());
        Self { registry: Mutex::new(registry), ..metrics }
    }

    pub(crate) fn gossip_dropped(&self, cause: &'static str) {
        self.gossip_dropped.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn connection_refused(&self, cause: &'static str) {
        self.connections_refused.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn peer_blocked(&self, cause: &'static str) {
        self.peers_blocked.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn http_request(&self, cause: &'static str) {
        self.http_requests.get_or_create(&Cause { cause }).inc();
    }

    /// All of them in the OpenMetrics text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}
