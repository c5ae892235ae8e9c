//! The other relays that the operator named: dialled at the start, and again with growing waits when they are lost.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

use crate::limits::REDIAL_BACKOFF;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be dialled then.
    Waiting(Instant),
    Dialling,
    Connected,
}

struct Relay {
    addresses: Vec<Multiaddr>,
    state: State,
    failures: u32,
}

/// The named relays and how each is connected.
pub(super) struct Mesh(HashMap<PeerId, Relay>);

impl Mesh {
    /// `bootstrap` addresses end in the relays' ids; `me` is left out, so that all relays of a mesh can be given one list.
    pub(super) fn new(bootstrap: &[Multiaddr], me: PeerId, now: Instant) -> Self {
        let mut relays: HashMap<PeerId, Relay> = HashMap::new();
        for address in bootstrap {
            let Some(Protocol::P2p(peer)) = address.iter().last() else { continue };
            if peer != me {
                let relay = relays.entry(peer).or_insert_with(|| Relay {
                    addresses: Vec::new(),
                    state: State::Waiting(now),
                    failures: 0,
                });
                relay.addresses.push(address.clone());
            }
        }
        Self(relays)
    }

    /// Whether the operator named this peer.
    pub(super) fn names(&self, peer: &PeerId) -> bool {
        self.0.contains_key(peer)
    }

    /// The relays that the operator named.
    pub(super) fn named(&self) -> impl Iterator<Item = PeerId> {
        self.0.keys().copied()
    }

    /// How many relays were named.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them are connected.
    pub(super) fn connected(&self) -> usize {
        self.0.values().filter(|relay| relay.state == State::Connected).count()
    }

    /// When there is next something to dial.
    pub(super) fn next(&self) -> Option<Instant> {
        let waiting = |relay: &Relay| match relay.state {
            State::Waiting(until) => Some(until),
            State::Dialling | State::Connected => None,
        };
        self.0.values().filter_map(waiting).min()
    }

    /// The relays to dial now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let due = |relay: &Relay| matches!(relay.state, State::Waiting(until) if until <= now);
        let found = self.0.iter_mut().filter(|(_, relay)| due(relay));
        found
            .map(|(peer, relay)| {
                relay.state = State::Dialling;
                (*peer, relay.addresses.clone())
            })
            .collect()
    }

    /// Notes a connection to or from `peer`.
    pub(super) fn up(&mut self, peer: &PeerId) {
        if let Some(relay) = self.0.get_mut(peer) {
            relay.state = State::Connected;
            relay.failures = 0;
        }
    }

    /// Notes that `peer` has no connection any more or could not be dialled. Waits are stretched by up to a half
    /// (`jitter` from 0 to 1), so that relays that lost each other do not dial in step. Returns the wait.
    pub(super) fn down(&mut self, peer: &PeerId, jitter: f64, now: Instant) -> Option<Duration> {
        let relay = self.0.get_mut(peer)?;
        relay.failures = relay.failures.saturating_add(1);
        let wait = REDIAL_BACKOFF.delay(relay.failures).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 2.0);
        relay.state = State::Waiting(now + wait);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_relays_are_dialled_again_ever_more_slowly_until_they_are_back() {
        let now = tokio::time::Instant::now().into_std();
        let (me, other) = (PeerId::random(), PeerId::random());
        let list: Vec<Multiaddr> = [
            format!("/ip4/192.0.2.1/tcp/4001/ws/p2p/{me}"),
            format!("/ip4/192.0.2.2/tcp/4001/ws/p2p/{other}"),
            format!("/ip4/192.0.2.2/tcp/4003/p2p/{other}"),
        ]
        .map(|text| text.parse().unwrap())
        .into();
        let mut mesh = Mesh::new(&list, me, now);
        assert!(mesh.names(&other) && !mesh.names(&me));
        let due = mesh.due(now);
        assert_eq!((due.len(), due[0].0, due[0].1.len()), (1, other, 2));
        assert!(mesh.due(now).is_empty(), "it is being dialled");
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(mesh.down(&other, 0.0, now).unwrap().as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(mesh.next(), Some(now + Duration::from_secs(60)));
        assert!(mesh.due(now + Duration::from_secs(59)).is_empty());
        assert_eq!(mesh.due(now + Duration::from_secs(60)).len(), 1);
        mesh.up(&other);
        assert_eq!((mesh.next(), mesh.connected()), (None, 1));
        assert_eq!(mesh.down(&other, 1.0, now), Some(Duration::from_millis(1500)));
        assert_eq!(mesh.down(&me, 1.0, now), None);
    }
}
