//! Who may connect: limits for one address, and peers that were put out for a while.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
    time::Instant,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{
    client::{Proxies, ip_of},
    limits,
    rate::Buckets,
};

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many new connections from this address at the moment.
    AddressRate,
    /// As many connections from this address as one may have.
    AddressFull,
    /// The peer was put out and may not come back yet.
    Blocked,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressRate => "too many new connections from this address",
            Self::AddressFull => "too many connections from this address",
            Self::Blocked => "put out for a while",
        })
    }
}

impl std::error::Error for Refused {}

/// The behaviour that refuses connections.
pub(super) struct Gate {
    proxies: Proxies,
    per_address: u32,
    rates: Buckets<IpAddr>,
    connected: HashMap<IpAddr, u32>,
    addresses: HashMap<ConnectionId, IpAddr>,
    blocked: HashMap<PeerId, Instant>,
}

impl Gate {
    pub(super) fn new(proxies: Proxies, per_address: u32) -> Self {
        Self {
            proxies,
            per_address,
            rates: Buckets::new(limits::CONNECTIONS, limits::REMEMBERED),
            connected: HashMap::new(),
            addresses: HashMap::new(),
            blocked: HashMap::new(),
        }
    }

    /// Lets `peer` connect no more until `until`.
    pub(super) fn block(&mut self, peer: PeerId, until: Instant, now: Instant) {
        self.blocked.retain(|_, end| *end > now);
        // A new id costs nothing, so remembering more of them would only cost memory.
        if self.blocked.len() < limits::REMEMBERED {
            self.blocked.insert(peer, until);
        }
    }

    fn address(&self, remote: &Multiaddr) -> Option<IpAddr> {
        self.proxies.limited(ip_of(remote)?)
    }

    fn admit(&mut self, remote: &Multiaddr, now: Instant) -> Result<(), Refused> {
        let Some(address) = self.address(remote) else { return Ok(()) };
        if self.connected.get(&address).is_some_and(|connected| *connected >= self.per_address) {
            return Err(Refused::AddressFull);
        }
        if !self.rates.take(address, 1.0, now) {
            return Err(Refused::AddressRate);
        }
        Ok(())
    }

    fn established(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        now: Instant,
    ) -> Result<(), Refused> {
        if self.blocked.get(&peer).is_some_and(|until| *until > now) {
            return Err(Refused::Blocked);
        }
        let Some(address) = self.address(remote) else { return Ok(()) };
        let connected = self.connected.entry(address).or_default();
        if *connected >= self.per_address {
            return Err(Refused::AddressFull);
        }
        *connected += 1;
        self.addresses.insert(connection, address);
        Ok(())
    }

    fn closed(&mut self, connection: ConnectionId) {
        let Some(address) = self.addresses.remove(&connection) else { return };
        if let Some(connected) = self.connected.get_mut(&address) {
            *connected -= 1;
            if *connected == 0 {
                self.connected.remove(&address);
            }
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.admit(remote, now()).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.established(connection, peer, remote, now()).map_err(ConnectionDenied::new)?;
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
            // Another behaviour refused what this one had counted.
            FromSwarm::ListenFailure(failure) => self.closed(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate() -> Gate {
        Gate::new(Proxies::new(vec!["10.0.0.1/32".parse().unwrap()]), 3)
    }

    #[test]
    fn one_address_may_hold_so_many_and_a_proxy_any_number() {
        let now = now();
        let mut gate = gate();
        let office: Multiaddr = "/ip4/198.51.100.7/tcp/5000/ws".parse().unwrap();
        let home: Multiaddr = "/ip4/198.51.100.8/tcp/5000/ws".parse().unwrap();
        let connect = |gate: &mut Gate, id, remote: &Multiaddr| {
            gate.admit(remote, now)?;
            gate.established(ConnectionId::new_unchecked(id), PeerId::random(), remote, now)
        };
        for id in 0..3 {
            connect(&mut gate, id, &office).unwrap();
        }
        assert_eq!(connect(&mut gate, 3, &office), Err(Refused::AddressFull));
        connect(&mut gate, 4, &home).unwrap();
        gate.closed(ConnectionId::new_unchecked(1));
        connect(&mut gate, 5, &office).unwrap();
        for remote in ["/ip4/10.0.0.1/tcp/1/ws", "/ip4/127.0.0.1/tcp/1/ws", "/ip6/::1/tcp/1/ws"] {
            for id in 10..100 {
                connect(&mut gate, id, &remote.parse().unwrap()).unwrap();
            }
        }
        for id in 0..100 {
            gate.closed(ConnectionId::new_unchecked(id));
        }
        assert!(gate.connected.is_empty() && gate.addresses.is_empty());
    }

    #[test]
    fn one_address_may_connect_so_often() {
        let now = now();
        let mut gate = gate();
        let remote: Multiaddr = "/ip4/198.51.100.7/tcp/5000/ws".parse().unwrap();
        for _ in 0..limits::CONNECTIONS.burst {
            gate.admit(&remote, now).unwrap();
        }
        assert_eq!(gate.admit(&remote, now), Err(Refused::AddressRate));
        gate.admit(&remote, now + Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn a_peer_that_was_put_out_comes_back_later() {
        let now = now();
        let mut gate = gate();
        let (peer, remote) = (PeerId::random(), "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap());
        gate.block(peer, now + limits::BLOCKED, now);
        let connection = ConnectionId::new_unchecked(1);
        assert_eq!(gate.established(connection, peer, &remote, now), Err(Refused::Blocked));
        let later = now + limits::BLOCKED + Duration::from_secs(1);
        gate.established(connection, peer, &remote, later).unwrap();
        gate.block(PeerId::random(), later, later);
        assert!(!gate.blocked.contains_key(&peer), "what is over is forgotten");
    }
}
