//! Who may connect: limits for one address and one network, room for newcomers when the relay is full, and peers that
//! were put out for a while.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    net::IpAddr,
    task::{Context, Poll},
    time::Instant,
};

use abraham_limiter::KeyedBuckets;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{
    client::{Proxies, Source},
    limits,
};

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many new connections from this address at the moment.
    AddressRate,
    /// As many connections from this address or network as one may have.
    AddressFull,
    /// As many connections from this address or network that are still being set up as one may have.
    HalfOpen,
    /// As many connections as the relay may have, and no network has more of them than this one.
    Full,
    /// The peer was put out and may not come back yet.
    Blocked,
}

impl Refused {
    /// How it is counted.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AddressRate => "address_rate",
            Self::AddressFull => "address_full",
            Self::HalfOpen => "half_open",
            Self::Full => "full",
            Self::Blocked => "blocked",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressRate => "too many new connections from this address",
            Self::AddressFull => "too many connections from this address",
            Self::HalfOpen => "too many connections from this address are still being set up",
            Self::Full => "the relay has as many visitors as it may have",
            Self::Blocked => "put out for a while",
        })
    }
}

impl std::error::Error for Refused {}

/// A connection was closed so that somebody of a smaller network could come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MadeRoom;

/// How many there are of each address and each network.
#[derive(Default)]
struct Counts {
    addresses: HashMap<IpAddr, u32>,
    networks: HashMap<IpAddr, u32>,
}

impl Counts {
    fn address(&self, source: Source) -> u32 {
        self.addresses.get(&source.address).copied().unwrap_or_default()
    }

    fn network(&self, source: Source) -> u32 {
        self.networks.get(&source.network).copied().unwrap_or_default()
    }

    fn add(&mut self, source: Source) {
        *self.addresses.entry(source.address).or_default() += 1;
        *self.networks.entry(source.network).or_default() += 1;
    }

    fn remove(&mut self, source: Source) {
        for (counts, key) in [(&mut self.addresses, source.address), (&mut self.networks, source.network)] {
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&key);
                }
            }
        }
    }
}

/// A connection that a peer made.
struct Connection {
    peer: PeerId,
    source: Option<Source>,
}

/// A peer with connections.
struct Visitor {
    connections: u32,
    source: Option<Source>,
    heard: Option<Instant>,
}

/// The behaviour that refuses connections.
pub(super) struct Gate {
    proxies: Proxies,
    /// Relays that the operator named: they never make room.
    named: HashSet<PeerId>,
    most: usize,
    per_address: u32,
    rates: KeyedBuckets<IpAddr, Instant>,
    pending: HashMap<ConnectionId, Source>,
    half_open: Counts,
    connections: HashMap<ConnectionId, Connection>,
    connected: Counts,
    visitors: HashMap<PeerId, Visitor>,
    blocked: HashMap<PeerId, Instant>,
    actions: VecDeque<ToSwarm<MadeRoom, std::convert::Infallible>>,
}

impl Gate {
    /// A gate for `most` connections, `per_address` of them from one address.
    pub(super) fn new(proxies: Proxies, named: HashSet<PeerId>, most: u32, per_address: u32) -> Self {
        Self {
            proxies,
            named,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            per_address,
            rates: KeyedBuckets::new(limits::CONNECTION_RATE, limits::MAX_REMEMBERED),
            pending: HashMap::new(),
            half_open: Counts::default(),
            connections: HashMap::new(),
            connected: Counts::default(),
            visitors: HashMap::new(),
            blocked: HashMap::new(),
            actions: VecDeque::new(),
        }
    }

    /// Lets `peer` connect no more until `until`.
    pub(super) fn block(&mut self, peer: PeerId, until: Instant, now: Instant) {
        self.blocked.retain(|_, end| *end > now);
        // A new id costs nothing, so remembering more of them would only cost memory.
        if self.blocked.len() < limits::MAX_REMEMBERED {
            self.blocked.insert(peer, until);
        }
    }

    /// Notes that a connected peer said that it is there.
    pub(super) fn handle_presence(&mut self, peer: &PeerId, now: Instant) {
        if let Some(visitor) = self.visitors.get_mut(peer) {
            visitor.heard = Some(now);
        }
    }

    /// Whom limits count this peer for, or `None` where none for addresses applies.
    pub(super) fn source(&self, peer: &PeerId) -> Option<Source> {
        self.visitors.get(peer)?.source
    }

    fn admit(&mut self, id: ConnectionId, remote: &Multiaddr, now: Instant) -> Result<(), Refused> {
        let Some(source) = self.proxies.source(remote) else { return Ok(()) };
        self.check_address(source)?;
        if self.half_open.address(source) >= limits::MAX_PENDING_PER_ADDRESS
            || self.half_open.network(source) >= limits::MAX_PENDING_PER_NETWORK
        {
            return Err(Refused::HalfOpen);
        }
        if !self.rates.take(source.address, 1, now) {
            return Err(Refused::AddressRate);
        }
        self.pending.insert(id, source);
        self.half_open.add(source);
        Ok(())
    }

    fn check_address(&self, source: Source) -> Result<(), Refused> {
        let per_network = self.per_address.saturating_mul(limits::MAX_ADDRESSES_PER_NETWORK);
        if self.connected.address(source) >= self.per_address || self.connected.network(source) >= per_network
        {
            return Err(Refused::AddressFull);
        }
        Ok(())
    }

    fn established(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        now: Instant,
    ) -> Result<(), Refused> {
        self.settled(id);
        if self.blocked.get(&peer).is_some_and(|until| *until > now) {
            return Err(Refused::Blocked);
        }
        let source = self.proxies.source(remote);
        if let Some(source) = source {
            self.check_address(source)?;
        }
        if self.connections.len() >= self.most && !self.named.contains(&peer) {
            self.make_room(source, now)?;
        }
        if let Some(source) = source {
            self.connected.add(source);
        }
        self.connections.insert(id, Connection { peer, source });
        let new = Visitor { connections: 0, source, heard: None };
        let visitor = self.visitors.entry(peer).or_insert(new);
        visitor.connections += 1;
        visitor.source = source;
        Ok(())
    }

    /// Lets the oldest connection of the network go that has the most, those without presence first, where that
    /// network has more than the newcomer's would.
    fn make_room(&mut self, newcomer: Option<Source>, now: Instant) -> Result<(), Refused> {
        let own = newcomer.map_or(0, |source| self.connected.network(source));
        // Of two with as many, the same one each time.
        let biggest = self.connected.networks.iter().max_by_key(|&(network, count)| (count, network));
        let Some((&network, _)) = biggest.filter(|&(_, &count)| count > own + 1) else {
            return Err(Refused::Full);
        };
        let is_present = |peer: &PeerId| {
            let heard = self.visitors.get(peer).and_then(|visitor| visitor.heard);
            heard.is_some_and(|at| now.saturating_duration_since(at) < limits::PRESENCE_TIMEOUT)
        };
        let theirs = self.connections.iter().filter(|(_, connection)| {
            connection.source.is_some_and(|source| source.network == network)
                && !self.named.contains(&connection.peer)
        });
        // Ids count up, so the smallest is the oldest.
        let oldest =
            theirs.map(|(&id, connection)| (is_present(&connection.peer), id, connection.peer)).min();
        let Some((_, id, peer_id)) = oldest else { return Err(Refused::Full) };
        self.closed(id);
        self.actions.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) });
        self.actions.push_back(ToSwarm::GenerateEvent(MadeRoom));
        Ok(())
    }

    /// A connection is no longer being set up.
    fn settled(&mut self, id: ConnectionId) {
        if let Some(source) = self.pending.remove(&id) {
            self.half_open.remove(source);
        }
    }

    fn closed(&mut self, id: ConnectionId) {
        self.settled(id);
        let Some(Connection { peer, source }) = self.connections.remove(&id) else { return };
        if let Some(source) = source {
            self.connected.remove(source);
        }
        if let Some(visitor) = self.visitors.get_mut(&peer) {
            visitor.connections -= 1;
            if visitor.connections == 0 {
                self.visitors.remove(&peer);
            }
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = MadeRoom;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.admit(id, remote, now()).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.established(id, peer, remote, now()).map_err(ConnectionDenied::new)?;
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
        match event {
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) => self.closed(connection_id),
            // It was never set up, or another behaviour refused what this one had counted.
            FromSwarm::ListenFailure(failure) => self.closed(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // Filled only while the swarm has its turn, after which it asks again.
        self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate(most: u32) -> Gate {
        Gate::new(Proxies::new(vec!["10.0.0.1/32".parse().unwrap()]), HashSet::new(), most, 3)
    }

    fn v4(host: u8) -> Multiaddr {
        format!("/ip4/198.51.100.{host}/tcp/5000/ws").parse().unwrap()
    }

    fn v6(subnet: u16) -> Multiaddr {
        format!("/ip6/2001:db8:7:{subnet:x}::1/tcp/5000/ws").parse().unwrap()
    }

    fn id(id: usize) -> ConnectionId {
        ConnectionId::new_unchecked(id)
    }

    fn connect(gate: &mut Gate, number: usize, remote: &Multiaddr, now: Instant) -> Result<PeerId, Refused> {
        let peer = PeerId::random();
        gate.admit(id(number), remote, now)?;
        gate.established(id(number), peer, remote, now)?;
        Ok(peer)
    }

    /// The connections that were closed to make room since the last time.
    fn let_go(gate: &mut Gate) -> Vec<ConnectionId> {
        let actions = gate.actions.drain(..);
        actions
            .filter_map(|action| match action {
                ToSwarm::CloseConnection { connection: CloseConnection::One(id), .. } => Some(id),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn one_address_may_hold_so_many_and_a_proxy_any_number() {
        let (now, mut gate) = (now(), gate(1000));
        for number in 0..3 {
            connect(&mut gate, number, &v4(7), now).unwrap();
        }
        assert_eq!(connect(&mut gate, 3, &v4(7), now), Err(Refused::AddressFull));
        connect(&mut gate, 4, &v4(8), now).unwrap();
        gate.closed(id(1));
        connect(&mut gate, 5, &v4(7), now).unwrap();
        for (index, remote) in
            ["/ip4/10.0.0.1/tcp/1/ws", "/ip4/127.0.0.1/tcp/1/ws", "/ip6/::1/tcp/1/ws"].iter().enumerate()
        {
            for number in 10..100 {
                connect(&mut gate, 100 * index + number, &remote.parse().unwrap(), now).unwrap();
            }
        }
        for number in 0..300 {
            gate.closed(id(number));
        }
        assert!(gate.connections.is_empty() && gate.visitors.is_empty() && gate.pending.is_empty());
        assert!(gate.connected.addresses.is_empty() && gate.connected.networks.is_empty());
        assert!(gate.half_open.addresses.is_empty() && gate.half_open.networks.is_empty());
    }

    #[test]
    fn connections_that_are_set_up_at_the_same_time_count_when_they_stand() {
        let (now, mut gate) = (now(), gate(1000));
        for number in 0..10 {
            gate.admit(id(number), &v4(7), now).unwrap();
        }
        let stand: Vec<_> =
            (0..10).map(|number| gate.established(id(number), PeerId::random(), &v4(7), now)).collect();
        assert_eq!(stand[..3], [Ok(()); 3]);
        assert_eq!(stand[3..], [Err(Refused::AddressFull); 7]);
    }

    #[test]
    fn the_64s_of_one_48_count_together() {
        let (now, mut gate) = (now(), gate(1000));
        let stand: Vec<_> = (0..10).map(|n| connect(&mut gate, n, &v6(n as u16), now).map(|_| ())).collect();
        assert_eq!(stand[..6], [Ok(()); 6]);
        assert_eq!(stand[6..], [Err(Refused::AddressFull); 4]);
        connect(&mut gate, 20, &"/ip6/2001:db8:8::1/tcp/1/ws".parse().unwrap(), now).unwrap();
    }

    #[test]
    fn one_address_may_connect_so_often() {
        let (now, mut gate) = (now(), gate(1000));
        for number in 0..limits::CONNECTION_RATE.burst as usize {
            gate.admit(id(number), &v4(7), now).unwrap();
            gate.settled(id(number));
        }
        assert_eq!(gate.admit(id(9999), &v4(7), now), Err(Refused::AddressRate));
        gate.admit(id(9999), &v4(7), now + Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn connections_that_stop_half_way_keep_only_their_own_address_waiting() {
        let (now, mut gate) = (now(), gate(10_000));
        let most = limits::MAX_PENDING_PER_ADDRESS as usize;
        for number in 0..most {
            gate.admit(id(number), &v4(7), now).unwrap();
        }
        assert_eq!(gate.admit(id(5000), &v4(7), now), Err(Refused::HalfOpen));
        connect(&mut gate, 5001, &v4(8), now).unwrap();
        gate.closed(id(0));
        gate.admit(id(5002), &v4(7), now).unwrap();
        let admitted = (0..1000).filter(|&n| gate.admit(id(6000 + n), &v6(n as u16), now).is_ok()).count();
        assert_eq!(admitted, limits::MAX_PENDING_PER_NETWORK as usize, "whoever has a /48");
    }

    #[test]
    fn a_full_relay_lets_the_oldest_of_the_biggest_network_go_and_nobody_else() {
        let (now, mut gate) = (now(), gate(6));
        let mut peers: Vec<_> = (0..3).map(|n| connect(&mut gate, n, &v4(7), now).unwrap()).collect();
        peers.extend((3..6).map(|n| connect(&mut gate, n, &v4(n as u8 + 10), now).unwrap()));
        // The oldest one is a member.
        gate.handle_presence(&peers[0], now);
        connect(&mut gate, 6, &v4(20), now).unwrap();
        assert_eq!(let_go(&mut gate), [id(1)]);
        assert_eq!(connect(&mut gate, 7, &v4(20), now), Err(Refused::Full), "it would have as many then");
        assert_eq!(connect(&mut gate, 8, &v4(7), now), Err(Refused::Full));
        // Nor does a stranger get in for more than one of another stranger's.
        connect(&mut gate, 9, &v4(21), now).unwrap();
        assert_eq!(let_go(&mut gate), [id(2)]);
        assert_eq!(connect(&mut gate, 10, &v4(22), now), Err(Refused::Full), "everybody has one");
        assert_eq!((gate.connections.len(), let_go(&mut gate)), (6, vec![]));
        // Those that closed are not counted twice.
        gate.closed(id(1));
        gate.closed(id(2));
        assert_eq!(gate.connected.network(gate.proxies.source(&v4(7)).unwrap()), 1);
    }

    #[test]
    fn a_member_that_fell_silent_is_no_member_any_more() {
        let (now, mut gate) = (now(), gate(3));
        let peers: Vec<_> = (0..3).map(|n| connect(&mut gate, n, &v4(7), now).unwrap()).collect();
        let later = now + limits::PRESENCE_TIMEOUT;
        gate.handle_presence(&peers[0], now);
        gate.handle_presence(&peers[1], later);
        gate.handle_presence(&peers[2], later);
        connect(&mut gate, 6, &v4(20), later).unwrap();
        assert_eq!(let_go(&mut gate), [id(0)]);
    }

    #[test]
    fn named_relays_never_make_room() {
        let now = now();
        let relay = PeerId::random();
        let mut gate = Gate::new(Proxies::default(), [relay].into(), 2, 3);
        for number in 0..2 {
            gate.established(id(number), relay, &v4(7), now).unwrap();
        }
        gate.established(id(2), relay, &v4(7), now).unwrap();
        assert_eq!(connect(&mut gate, 3, &v4(8), now), Err(Refused::Full));
    }

    #[test]
    fn a_peer_that_was_put_out_comes_back_later() {
        let (now, mut gate) = (now(), gate(1000));
        let (peer, remote) = (PeerId::random(), "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap());
        gate.block(peer, now + limits::BLOCK_DURATION, now);
        assert_eq!(gate.established(id(1), peer, &remote, now), Err(Refused::Blocked));
        let later = now + limits::BLOCK_DURATION + Duration::from_secs(1);
        gate.established(id(1), peer, &remote, later).unwrap();
        gate.block(PeerId::random(), later, later);
        assert!(!gate.blocked.contains_key(&peer), "what is over is forgotten");
    }
}
