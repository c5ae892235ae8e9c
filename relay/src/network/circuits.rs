//! How many circuits stand at once: for each peer, each network, and all. When there are as many as the relay carries,
//! the oldest of the network that has the most makes room.
//!
//! libp2p's relay counts circuits for everyone together and cannot end one. So the counting is done here, where it asks
//! before each circuit, and to end one its source's connection is closed.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use abraham_limiter::KeyedBuckets;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    relay::{self, RateLimiter},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{client::Proxies, limits};

/// Whose circuits count together: those of a network, or of a peer where no limit for addresses applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Group {
    Network(IpAddr),
    Peer(PeerId),
}

/// One circuit, from when it was asked for.
struct Circuit {
    peer: PeerId,
    remote: Multiaddr,
    group: Group,
    began: Instant,
    /// The peer that it leads to took it.
    stands: bool,
}

/// All circuits. A peer's are told apart only by their age: libp2p names none of them.
struct Table {
    proxies: Proxies,
    peers: KeyedBuckets<PeerId, Instant>,
    addresses: KeyedBuckets<IpAddr, Instant>,
    most: usize,
    /// By the order in which they were asked for.
    circuits: BTreeMap<u64, Circuit>,
    next: u64,
    /// Refusals of which libp2p has not told yet: they took no place, so they give none back.
    refused: HashMap<PeerId, u32>,
    /// Where the sources of circuits that are to end are connected from.
    ending: VecDeque<(PeerId, Multiaddr)>,
}

impl Table {
    fn new(proxies: Proxies, most: usize) -> Self {
        Self {
            proxies,
            peers: KeyedBuckets::new(limits::CIRCUIT_RATE_PER_PEER, limits::MAX_REMEMBERED),
            addresses: KeyedBuckets::new(limits::CIRCUIT_RATE_PER_ADDRESS, limits::MAX_REMEMBERED),
            most,
            circuits: BTreeMap::new(),
            next: 0,
            refused: HashMap::new(),
            ending: VecDeque::new(),
        }
    }

    /// Whether `peer`, connected from `remote`, may have one more.
    fn ask(&mut self, peer: PeerId, remote: &Multiaddr, now: Instant) -> bool {
        let may = self.may(peer, remote, now);
        if !may {
            *self.refused.entry(peer).or_default() += 1;
        }
        may
    }

    fn may(&mut self, peer: PeerId, remote: &Multiaddr, now: Instant) -> bool {
        let source = self.proxies.source(remote);
        if !self.peers.take(peer, 1, now)
            || source.is_some_and(|source| !self.addresses.take(source.address, 1, now))
        {
            return false;
        }
        // The end of a circuit that never stood may go untold.
        let longest = limits::MAX_CIRCUIT_DURATION + limits::CIRCUIT_ANSWER_TIMEOUT;
        self.circuits.retain(|_, circuit| now.saturating_duration_since(circuit.began) < longest);
        let group = source.map_or(Group::Peer(peer), |source| Group::Network(source.network));
        if self.circuits.values().filter(|circuit| circuit.peer == peer).count()
            >= limits::MAX_CIRCUITS_PER_PEER
        {
            return false;
        }
        let own = self.of(group);
        if own >= limits::MAX_CIRCUITS_PER_NETWORK
            || (self.circuits.len() >= self.most && !self.make_room(own))
        {
            return false;
        }
        let circuit = Circuit { peer, remote: remote.clone(), group, began: now, stands: false };
        self.circuits.insert(self.next, circuit);
        self.next += 1;
        true
    }

    fn of(&self, group: Group) -> usize {
        self.circuits.values().filter(|circuit| circuit.group == group).count()
    }

    /// Ends the oldest circuit of whoever has the most, where that is more than a newcomer with `own` would have.
    fn make_room(&mut self, own: usize) -> bool {
        let mut counts: BTreeMap<Group, usize> = BTreeMap::new();
        for circuit in self.circuits.values() {
            *counts.entry(circuit.group).or_default() += 1;
        }
        let biggest = counts.into_iter().max_by_key(|&(group, count)| (count, group));
        let Some((group, _)) = biggest.filter(|&(_, count)| count > own + 1) else { return false };
        let Some(oldest) = self.circuits.values().find(|circuit| circuit.group == group) else {
            return false;
        };
        let (peer, remote) = (oldest.peer, oldest.remote.clone());
        // All that came over its connection end with it.
        self.circuits.retain(|_, circuit| circuit.peer != peer || circuit.remote != remote);
        self.ending.push_back((peer, remote));
        true
    }

    /// Takes the oldest circuit of `peer` that stands, or that does not yet.
    fn ended(&mut self, peer: PeerId, stood: bool) {
        let mut theirs = self.circuits.iter().filter(|(_, circuit)| circuit.peer == peer);
        if let Some(id) = theirs.find(|(_, circuit)| circuit.stands == stood).map(|(&id, _)| id) {
            self.circuits.remove(&id);
        }
    }

    /// A request came to nothing.
    fn denied(&mut self, peer: PeerId) {
        match self.refused.get_mut(&peer) {
            Some(count) => {
                *count -= 1;
                if *count == 0 {
                    self.refused.remove(&peer);
                }
            }
            None => self.ended(peer, false),
        }
    }

    #[expect(deprecated, reason = "no other event says that a refusal was not told")]
    fn told(&mut self, event: &relay::Event) {
        match event {
            relay::Event::CircuitReqAccepted { src_peer_id, .. } => {
                let mut theirs = self.circuits.values_mut().filter(|circuit| circuit.peer == *src_peer_id);
                if let Some(circuit) = theirs.find(|circuit| !circuit.stands) {
                    circuit.stands = true;
                }
            }
            relay::Event::CircuitClosed { src_peer_id, .. } => self.ended(*src_peer_id, true),
            relay::Event::CircuitReqDenied { src_peer_id, .. }
            | relay::Event::CircuitReqDenyFailed { src_peer_id, .. } => self.denied(*src_peer_id),
            relay::Event::CircuitReqAcceptFailed { src_peer_id, .. } => self.ended(*src_peer_id, false),
            _ => {}
        }
    }

    /// A connection of `peer`, its last one or not, is gone.
    fn closed(&mut self, peer: PeerId, remote: &Multiaddr, last: bool) {
        self.circuits.retain(|_, circuit| circuit.peer != peer || circuit.remote != *remote);
        if last {
            self.refused.remove(&peer);
        }
    }
}

/// The behaviour that closes the connections of those whose circuits are to end.
pub(super) struct Circuits {
    table: Arc<Mutex<Table>>,
    connections: HashMap<(PeerId, Multiaddr), ConnectionId>,
}

impl Circuits {
    pub(super) fn new(proxies: Proxies) -> Self {
        let table = Table::new(proxies, limits::MAX_CIRCUITS);
        Self { table: Arc::new(Mutex::new(table)), connections: HashMap::new() }
    }

    /// What libp2p's relay is to ask before each circuit.
    pub(super) fn limiter(&self) -> Box<dyn RateLimiter> {
        let table = self.table.clone();
        Box::new(move |peer: PeerId, remote: &Multiaddr, now: Instant| locked(&table).ask(peer, remote, now))
    }

    /// How many stand.
    pub(super) fn standing(&self) -> usize {
        locked(&self.table).circuits.values().filter(|circuit| circuit.stands).count()
    }

    /// Notes what libp2p's relay says of circuits.
    pub(super) fn told(&mut self, event: &relay::Event) {
        locked(&self.table).told(event);
    }
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NetworkBehaviour for Circuits {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.connections.insert((peer, remote.clone()), id);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        let (peer, remote, id, last) = match event {
            FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id,
                connection_id,
                endpoint,
                remaining_established,
                ..
            }) => (peer_id, endpoint.get_remote_address().clone(), connection_id, remaining_established == 0),
            // Another behaviour refused it after it was noted here.
            FromSwarm::ListenFailure(failure) => {
                self.connections.retain(|_, id| *id != failure.connection_id);
                return;
            }
            _ => return,
        };
        self.connections.retain(|(of, _), known| *of != peer || *known != id);
        locked(&self.table).closed(peer, &remote, last);
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // Filled only while the swarm has its turn, after which it asks again.
        while let Some(source) = locked(&self.table).ending.pop_front() {
            // It may have gone by itself.
            if let Some(&id) = self.connections.get(&source) {
                let (peer_id, connection) = (source.0, CloseConnection::One(id));
                return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection });
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn table() -> Table {
        Table::new(Proxies::default(), limits::MAX_CIRCUITS)
    }

    fn v4(host: u32) -> Multiaddr {
        let ip = std::net::Ipv4Addr::from(0xc633_0000 + host);
        format!("/ip4/{ip}/tcp/5000/ws").parse().unwrap()
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn accepted(src_peer_id: PeerId) -> relay::Event {
        relay::Event::CircuitReqAccepted { src_peer_id, dst_peer_id: PeerId::random() }
    }

    fn closed(src_peer_id: PeerId) -> relay::Event {
        relay::Event::CircuitClosed { src_peer_id, dst_peer_id: PeerId::random(), error: None }
    }

    fn denied(src_peer_id: PeerId, status: relay::StatusCode) -> relay::Event {
        relay::Event::CircuitReqDenied { src_peer_id, dst_peer_id: PeerId::random(), status }
    }

    /// So many peers at `remote` ask for so many circuits each; how many they get.
    fn ask(table: &mut Table, remote: &Multiaddr, peers: usize, each: usize, now: Instant) -> usize {
        let peers: Vec<_> = (0..peers).map(|_| PeerId::random()).collect();
        peers.iter().map(|&peer| (0..each).filter(|_| table.ask(peer, remote, now)).count()).sum()
    }

    #[test]
    fn one_address_has_64_and_others_are_not_kept_waiting() {
        let (mut table, now) = (table(), now());
        assert_eq!(ask(&mut table, &v4(7), 64, 40, now), limits::MAX_CIRCUITS_PER_NETWORK);
        assert_eq!(ask(&mut table, &v4(8), 1, 40, now), limits::MAX_CIRCUITS_PER_PEER);
        let v6 = |subnet: usize| -> Multiaddr {
            format!("/ip6/2001:db8:1:{subnet:x}::1/tcp/1/ws").parse().unwrap()
        };
        let of_one_48: usize = (0..64).map(|n| ask(&mut table, &v6(n), 1, 40, now)).sum();
        assert_eq!(of_one_48, limits::MAX_CIRCUITS_PER_NETWORK);
    }

    #[test]
    fn a_circuit_that_ended_gives_its_place_back_and_one_that_was_refused_gives_none() {
        let (mut table, now) = (table(), now());
        let (peer, at) = (PeerId::random(), v4(7));
        let most = limits::MAX_CIRCUITS_PER_PEER;
        assert_eq!((0..most).filter(|_| table.ask(peer, &at, now)).count(), most);
        // However often it asks and is refused, it gets no more.
        for _ in 0..10 {
            assert!(!table.ask(peer, &at, now));
            table.told(&denied(peer, relay::StatusCode::ResourceLimitExceeded));
            assert!(!table.ask(peer, &at, now));
            table.told(&denied(peer, relay::StatusCode::ResourceLimitExceeded));
        }
        table.told(&accepted(peer));
        assert!(!table.ask(peer, &at, now));
        table.told(&denied(peer, relay::StatusCode::ResourceLimitExceeded));
        table.told(&closed(peer));
        assert!(table.ask(peer, &at, now), "the one that stood is over");
        table.told(&denied(peer, relay::StatusCode::NoReservation));
        assert!(table.ask(peer, &at, now), "and so is the one that led nowhere");
        assert!(!table.ask(peer, &at, now));
        table.closed(peer, &at, true);
        assert!(table.circuits.is_empty() && table.refused.is_empty());
    }

    #[test]
    fn what_never_stood_is_forgotten_in_the_end() {
        let (mut table, now) = (table(), now());
        assert_eq!(ask(&mut table, &v4(7), 2, 32, now), 64);
        let later = now + limits::MAX_CIRCUIT_DURATION + limits::CIRCUIT_ANSWER_TIMEOUT;
        assert_eq!(ask(&mut table, &v4(7), 1, 1, later - Duration::from_secs(1)), 0);
        assert_eq!(ask(&mut table, &v4(7), 1, 1, later), 1);
    }

    #[test]
    fn when_there_are_too_many_the_oldest_of_whoever_has_most_makes_room() {
        let (mut table, now) = (table(), now());
        for host in 0..16 {
            assert_eq!(ask(&mut table, &v4(host), 32, 2, now), 64);
        }
        assert_eq!(table.circuits.len(), limits::MAX_CIRCUITS);
        for host in 100..116 {
            assert_eq!(ask(&mut table, &v4(host), 1, 1, now), 1, "host {host}");
        }
        // Each gave one peer up, which had two: every second newcomer found room.
        assert_eq!(table.ending.len(), 8);
        assert!(table.ending.iter().all(|(_, at)| (0..16).any(|host| *at == v4(host))));
        let (mut table, at) = (Table::new(Proxies::default(), 2), now);
        assert_eq!((1..=3).map(|host| ask(&mut table, &v4(host), 1, 1, at)).sum::<usize>(), 2, "one each");
        assert!(table.ending.is_empty());
    }
}
