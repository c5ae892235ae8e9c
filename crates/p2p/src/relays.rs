//! Which relays a node is at, and when it tries others.

use std::{hash::Hasher, time::Duration};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use web_time::Instant;

/// Relays that a node stays with at the same time: when one goes, the other still carries its presence.
const WANTED: usize = 2;

/// Relays that a node may be given.
pub(crate) const MOST: usize = 16;

/// How long to wait after the first failure; doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A relay that has not answered by then counts as failed.
const ANSWER: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle { until: Instant },
    Asked { at: Instant },
    Joined,
}

struct Relay {
    peer: PeerId,
    address: Multiaddr,
    state: State,
    failures: u32,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Connect, and make a reservation where this node needs one.
    Join(usize),
    /// Stop waiting for it; it has been counted as failed.
    GiveUp(usize),
}

/// The relays that a node was given.
pub(crate) struct Relays {
    relays: Vec<Relay>,
    /// Makes nodes that lost the same relay come back at different times.
    seed: u64,
}

impl Relays {
    /// Takes addresses that end in `/p2p/<relay>`; the others' positions come back as errors.
    pub(crate) fn new(addresses: &[Multiaddr], me: PeerId, now: Instant) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&me.to_bytes());
        let idle = State::Idle { until: now };
        let mut relays: Vec<_> = addresses
            .iter()
            .filter_map(|address| {
                let Some(Protocol::P2p(peer)) = address.iter().last() else { return None };
                Some(Relay { peer, address: address.clone(), state: idle, failures: 0 })
            })
            .collect();
        let seed = hasher.finish();
        // Nodes spread over the relays.
        if !relays.is_empty() {
            let first = (seed % relays.len() as u64) as usize;
            relays.rotate_left(first);
        }
        Self { relays, seed }
    }

    pub(crate) fn peers(&self) -> Vec<PeerId> {
        self.relays.iter().map(|relay| relay.peer).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.relays.is_empty()
    }

    pub(crate) fn address(&self, index: usize) -> Option<&Multiaddr> {
        self.relays.get(index).map(|relay| &relay.address)
    }

    pub(crate) fn position(&self, peer: &PeerId) -> Option<usize> {
        self.relays.iter().position(|relay| relay.peer == *peer)
    }

    pub(crate) fn is_joined(&self, index: usize) -> bool {
        self.relays.get(index).is_some_and(|relay| relay.state == State::Joined)
    }

    pub(crate) fn is_any_joined(&self) -> bool {
        self.relays.iter().any(|relay| relay.state == State::Joined)
    }

    /// Whether one is joined or may still answer.
    pub(crate) fn is_any_active(&self) -> bool {
        self.relays.iter().any(|relay| !matches!(relay.state, State::Idle { .. }))
    }

    pub(crate) fn joined(&mut self, index: usize) {
        if let Some(relay) = self.relays.get_mut(index) {
            (relay.state, relay.failures) = (State::Joined, 0);
        }
    }

    /// A relay could not be joined, or was lost. Returns whether this changed anything.
    pub(crate) fn failed(&mut self, index: usize, now: Instant) -> bool {
        let seed = self.seed;
        let Some(relay) = self.relays.get_mut(index) else { return false };
        if matches!(relay.state, State::Idle { .. }) {
            return false;
        }
        let wait = (FIRST_WAIT * 2_u32.saturating_pow(relay.failures.min(16))).min(LONGEST_WAIT);
        relay.failures += 1;
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
        let late = |relay: &Relay| matches!(relay.state, State::Asked { at } if now.saturating_duration_since(at) > ANSWER);
        if let Some(index) = self.relays.iter().position(late) {
            self.failed(index, now);
            return Some(Step::GiveUp(index));
        }
        let active = self.relays.iter().filter(|relay| !matches!(relay.state, State::Idle { .. })).count();
        if active >= WANTED {
            return None;
        }
        let due = |relay: &Relay| match relay.state {
            State::Idle { until } if until <= now => Some(until),
            _ => None,
        };
        let (_, index) =
            self.relays.iter().enumerate().filter_map(|(index, relay)| Some((due(relay)?, index))).min()?;
        self.relays[index].state = State::Asked { at: now };
        Some(Step::Join(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relays(count: u8, now: Instant) -> Relays {
        let addresses: Vec<Multiaddr> = (0..count)
            .map(|i| format!("/ip4/127.0.0.{i}/tcp/1/ws/p2p/{}", PeerId::random()).parse().unwrap())
            .collect();
        Relays::new(&addresses, PeerId::random(), now)
    }

    #[test]
    fn two_relays_are_joined_and_a_third_takes_the_place_of_one_that_fails() {
        let now = Instant::now();
        let mut relays = relays(3, now);
        assert_eq!(relays.poll(now), Some(Step::Join(0)));
        assert_eq!(relays.poll(now), Some(Step::Join(1)));
        assert_eq!(relays.poll(now), None);
        relays.joined(0);
        assert!(relays.failed(1, now));
        assert!(!relays.failed(1, now), "one failure may be reported twice");
        assert_eq!(relays.poll(now), Some(Step::Join(2)));
        assert!(relays.is_any_joined());
    }

    #[test]
    fn waits_grow_to_half_a_minute_and_start_again_after_success() {
        let start = Instant::now();
        let (mut relays, mut now, mut waits) = (relays(1, start), start, Vec::new());
        for _ in 0..10 {
            assert_eq!(relays.poll(now), Some(Step::Join(0)));
            relays.failed(0, now);
            let failed = now;
            while relays.poll(now).is_none() {
                now += Duration::from_millis(100);
            }
            relays.failed(0, now);
            waits.push(now - failed);
            now += LONGEST_WAIT;
        }
        assert!(waits[0] >= FIRST_WAIT / 2 && waits[0] <= FIRST_WAIT);
        assert!(waits[9] >= LONGEST_WAIT / 2 && waits[9] <= LONGEST_WAIT);
        assert_eq!(relays.poll(now), Some(Step::Join(0)));
        relays.joined(0);
        relays.failed(0, now);
        assert!(relays.poll(now + FIRST_WAIT).is_some());
    }

    #[test]
    fn a_relay_that_does_not_answer_is_given_up() {
        let now = Instant::now();
        let mut relays = relays(1, now);
        assert_eq!(relays.poll(now), Some(Step::Join(0)));
        assert_eq!(relays.poll(now + ANSWER), None);
        let late = now + ANSWER + Duration::from_millis(1);
        assert_eq!(relays.poll(late), Some(Step::GiveUp(0)));
        assert_eq!(relays.poll(late), None);
        assert_eq!(relays.poll(late + FIRST_WAIT), Some(Step::Join(0)));
    }

    #[test]
    fn addresses_without_a_peer_are_left_out() {
        let address = "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap();
        assert!(Relays::new(&[address], PeerId::random(), Instant::now()).is_empty());
    }
}
