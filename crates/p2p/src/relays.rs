//! Which relays a node is at, and when it tries others.

use std::hash::Hasher;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use web_time::Instant;

use crate::limits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle { until: Instant },
    Asked { at: Instant },
    Joined,
}

struct Relay {
    peer: PeerId,
    /// At least one. After each failure the next has its turn: a website's proxy may let one kind through and not
    /// another.
    addresses: Vec<Multiaddr>,
    /// Counts on; the address is its remainder.
    turn: usize,
    state: State,
    failures: u32,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Connect to it, and make a reservation where this node needs one.
    Join(PeerId),
    /// Stop waiting for it; it has been counted as failed.
    GiveUp(PeerId),
}

/// The relays that a node was given.
pub(crate) struct Relays {
    relays: Vec<Relay>,
    /// Makes nodes that lost the same relay come back at different times.
    seed: u64,
}

/// The relay that an address leads to.
pub(crate) fn named(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

impl Relays {
    /// Takes addresses that end in `/p2p/<relay>`; others are left out.
    pub(crate) fn new(addresses: &[Multiaddr], me: PeerId, now: Instant) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&me.to_bytes());
        let mut relays = Self { relays: Vec::new(), seed: hasher.finish() };
        relays.replace(addresses, now);
        relays
    }

    /// Takes these instead. What is joined or asked stays so, the others are due at once. Returns the relays that are
    /// none any more.
    pub(crate) fn replace(&mut self, addresses: &[Multiaddr], now: Instant) -> Vec<PeerId> {
        let mut before = std::mem::take(&mut self.relays);
        for address in addresses {
            let Some(peer) = named(address) else { continue };
            if let Some(relay) = self.relays.iter_mut().find(|relay| relay.peer == peer) {
                if !relay.addresses.contains(address) {
                    relay.addresses.push(address.clone());
                }
                continue;
            }
            let mut relay = match before.iter().position(|relay| relay.peer == peer) {
                Some(index) => before.remove(index),
                None => Relay {
                    peer,
                    addresses: Vec::new(),
                    turn: 0,
                    state: State::Idle { until: now },
                    failures: 0,
                },
            };
            relay.addresses = vec![address.clone()];
            if let State::Idle { until } = &mut relay.state {
                *until = now;
            }
            self.relays.push(relay);
        }
        // Nodes spread over the relays.
        if !self.relays.is_empty() {
            let first = (self.seed % self.relays.len() as u64) as usize;
            self.relays.rotate_left(first);
        }
        before.into_iter().map(|relay| relay.peer).collect()
    }

    fn find(&self, peer: &PeerId) -> Option<&Relay> {
        self.relays.iter().find(|relay| relay.peer == *peer)
    }

    pub(crate) fn peers(&self) -> Vec<PeerId> {
        self.relays.iter().map(|relay| relay.peer).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.relays.is_empty()
    }

    /// Where this relay is joined, or will be next.
    pub(crate) fn address(&self, peer: &PeerId) -> Option<&Multiaddr> {
        self.find(peer).and_then(|relay| relay.addresses.get(relay.turn % relay.addresses.len()))
    }

    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.find(peer).is_some()
    }

    pub(crate) fn is_joined(&self, peer: &PeerId) -> bool {
        self.find(peer).is_some_and(|relay| relay.state == State::Joined)
    }

    pub(crate) fn is_any_joined(&self) -> bool {
        self.relays.iter().any(|relay| relay.state == State::Joined)
    }

    /// Whether one is joined or may still answer.
    pub(crate) fn is_any_active(&self) -> bool {
        self.relays.iter().any(|relay| !matches!(relay.state, State::Idle { .. }))
    }

    pub(crate) fn joined(&mut self, peer: &PeerId) {
        if let Some(relay) = self.relays.iter_mut().find(|relay| relay.peer == *peer) {
            (relay.state, relay.failures) = (State::Joined, 0);
        }
    }

    /// A relay could not be joined, or was lost. Returns whether this changed anything.
    pub(crate) fn failed(&mut self, peer: &PeerId, now: Instant) -> bool {
        let seed = self.seed;
        let Some(relay) = self.relays.iter_mut().find(|relay| relay.peer == *peer) else { return false };
        match relay.state {
            State::Idle { .. } => return false,
            // What has carried it once is tried first.
            State::Joined => {}
            State::Asked { .. } => relay.turn = relay.turn.wrapping_add(1),
        }
        relay.failures = relay.failures.saturating_add(1);
        let wait = limits::RELAY_BACKOFF.delay(relay.failures);
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write_u64(seed);
        hasher.write_u32(relay.failures);
        // Between half of the wait and the whole of it.
        let wait = wait.mul_f64(0.5 + 0.5 * (hasher.finish() as f64 / u64::MAX as f64));
        relay.state = State::Idle { until: now + wait };
        true
    }

    /// What is due, if anything.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Step> {
        let late = |relay: &&Relay| matches!(relay.state, State::Asked { at } if now.saturating_duration_since(at) > limits::RELAY_TIMEOUT);
        if let Some(peer) = self.relays.iter().find(late).map(|relay| relay.peer) {
            self.failed(&peer, now);
            return Some(Step::GiveUp(peer));
        }
        let active = self.relays.iter().filter(|relay| !matches!(relay.state, State::Idle { .. })).count();
        if active >= limits::WANTED_RELAYS {
            return None;
        }
        let due = |relay: &Relay| match relay.state {
            State::Idle { until } if until <= now => Some(until),
            _ => None,
        };
        let (_, index) =
            self.relays.iter().enumerate().filter_map(|(index, relay)| Some((due(relay)?, index))).min()?;
        let relay = &mut self.relays[index];
        relay.state = State::Asked { at: now };
        Some(Step::Join(relay.peer))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(host: u8, peer: PeerId) -> Multiaddr {
        format!("/ip4/127.0.0.{host}/tcp/1/ws/p2p/{peer}").parse().unwrap()
    }

    fn relays(count: u8, now: Instant) -> Relays {
        let addresses: Vec<_> = (0..count).map(|host| address(host, PeerId::random())).collect();
        Relays::new(&addresses, PeerId::random(), now)
    }

    /// The relay that is to be joined now.
    fn asked(relays: &mut Relays, now: Instant) -> PeerId {
        match relays.poll(now) {
            Some(Step::Join(peer)) => peer,
            other => panic!("{other:?} is no joining"),
        }
    }

    #[test]
    fn two_relays_are_joined_and_a_third_takes_the_place_of_one_that_fails() {
        let now = Instant::now();
        let mut relays = relays(3, now);
        let peers = relays.peers();
        assert_eq!([asked(&mut relays, now), asked(&mut relays, now)], peers[..2]);
        assert_eq!(relays.poll(now), None);
        relays.joined(&peers[0]);
        assert!(relays.failed(&peers[1], now));
        assert!(!relays.failed(&peers[1], now), "one failure may be reported twice");
        assert_eq!(asked(&mut relays, now), peers[2]);
        assert!(relays.is_any_joined());
    }

    #[test]
    fn waits_grow_to_half_a_minute_and_start_again_after_success() {
        let start = Instant::now();
        let (mut relays, mut now, mut waits) = (relays(1, start), start, Vec::new());
        let relay = relays.peers()[0];
        for _ in 0..10 {
            assert_eq!(asked(&mut relays, now), relay);
            relays.failed(&relay, now);
            let failed = now;
            while relays.poll(now).is_none() {
                now += Duration::from_millis(100);
            }
            relays.failed(&relay, now);
            waits.push(now - failed);
            now += limits::RELAY_BACKOFF.max;
        }
        assert!(waits[0] >= limits::RELAY_BACKOFF.min / 2 && waits[0] <= limits::RELAY_BACKOFF.min);
        assert!(waits[9] >= limits::RELAY_BACKOFF.max / 2 && waits[9] <= limits::RELAY_BACKOFF.max);
        assert_eq!(asked(&mut relays, now), relay);
        relays.joined(&relay);
        relays.failed(&relay, now);
        assert!(relays.poll(now + limits::RELAY_BACKOFF.min).is_some());
    }

    #[test]
    fn a_relay_that_does_not_answer_is_given_up() {
        let now = Instant::now();
        let mut relays = relays(1, now);
        let relay = asked(&mut relays, now);
        assert_eq!(relays.poll(now + limits::RELAY_TIMEOUT), None);
        let late = now + limits::RELAY_TIMEOUT + Duration::from_millis(1);
        assert_eq!(relays.poll(late), Some(Step::GiveUp(relay)));
        assert_eq!(relays.poll(late), None);
        assert_eq!(asked(&mut relays, late + limits::RELAY_BACKOFF.min), relay);
    }

    #[test]
    fn a_relay_of_several_addresses_is_one_and_each_address_has_its_turn() {
        let (now, peer) = (Instant::now(), PeerId::random());
        let [first, second] = [1, 2].map(|host| address(host, peer));
        let mut relays = Relays::new(&[first.clone(), second.clone(), first.clone()], PeerId::random(), now);
        assert_eq!((asked(&mut relays, now), relays.address(&peer)), (peer, Some(&first)));
        assert_eq!(relays.poll(now), None, "one relay has one connection");
        relays.failed(&peer, now);
        let later = now + limits::RELAY_BACKOFF.min;
        assert_eq!((asked(&mut relays, later), relays.address(&peer)), (peer, Some(&second)));
        relays.joined(&peer);
        relays.failed(&peer, later);
        assert_eq!(relays.address(&peer), Some(&second), "it was joined there");
        asked(&mut relays, later + limits::RELAY_BACKOFF.min);
        relays.failed(&peer, later + limits::RELAY_BACKOFF.min);
        assert_eq!(relays.address(&peer), Some(&first));
    }

    #[test]
    fn new_relays_take_the_places_of_those_that_are_not_named_any_more() {
        let now = Instant::now();
        let mut relays = relays(2, now);
        let [gone, kept] = [asked(&mut relays, now), asked(&mut relays, now)];
        relays.joined(&kept);
        relays.failed(&gone, now);
        let addresses = [address(9, kept), address(8, PeerId::random())];
        assert_eq!(relays.replace(&addresses, now), [gone]);
        assert!(relays.is_joined(&kept) && !relays.contains(&gone));
        assert_eq!(Some(asked(&mut relays, now)), named(&addresses[1]));
        // The one that failed is due at once when it is told again.
        relays.failed(&kept, now);
        assert_eq!(relays.poll(now), None);
        assert!(relays.replace(&addresses, now).is_empty());
        assert_eq!(asked(&mut relays, now), kept);
    }

    #[test]
    fn addresses_without_a_peer_are_left_out() {
        let address = "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap();
        assert!(Relays::new(&[address], PeerId::random(), Instant::now()).is_empty());
    }
}
