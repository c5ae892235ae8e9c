//! Which members are being dialled, and at which of their addresses.

use std::collections::HashMap;

use abraham_messages::{limits as protocol, node::PeerKey};
use libp2p::Multiaddr;
use web_time::Instant;

use crate::limits;

/// The members that this node was asked to link to and has not.
#[derive(Default)]
pub(crate) struct Dials(HashMap<PeerKey, Dial>);

struct Dial {
    deadline: Instant,
    failure: Option<String>,
}

impl Dials {
    /// Notes a new dial; `false` where there is one or there are too many.
    pub(crate) fn begin(&mut self, peer: PeerKey, now: Instant) -> bool {
        if self.0.len() >= protocol::MAX_LINKS || self.0.contains_key(&peer) {
            return false;
        }
        self.0.insert(peer, Dial { deadline: now + limits::DIAL_TIMEOUT, failure: None });
        true
    }

    pub(crate) fn contains(&self, peer: PeerKey) -> bool {
        self.0.contains_key(&peer)
    }

    /// Ends a dial, if there is one.
    pub(crate) fn end(&mut self, peer: PeerKey) {
        self.0.remove(&peer);
    }

    /// This side's attempt failed: the dial ends soon, unless the other side's succeeds.
    pub(crate) fn fail(&mut self, peer: PeerKey, reason: String, now: Instant) {
        if let Some(dial) = self.0.get_mut(&peer) {
            dial.deadline = dial.deadline.min(now + limits::DIAL_GRACE);
            dial.failure.get_or_insert(reason);
        }
    }

    /// Ends the dials whose time is over; says why.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(PeerKey, String)> {
        let late = self.0.extract_if(|_, dial| dial.deadline <= now);
        late.map(|(peer, dial)| (peer, dial.failure.unwrap_or_else(|| "it was not reached in time".into())))
            .collect()
    }
}

/// The addresses that a member gave, as far as they are any.
pub(crate) fn parse(addresses: &[String]) -> Vec<Multiaddr> {
    let short = addresses
        .iter()
        .take(limits::MAX_DIAL_ADDRESSES)
        .filter(|address| address.len() <= protocol::MAX_ADDRESS_BYTES);
    short.filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: PeerKey = PeerKey([2; 33]);

    #[test]
    fn a_dial_begins_once_and_ends_once() {
        let now = Instant::now();
        let mut dials = Dials::default();
        assert!(dials.begin(ANN, now));
        assert!(!dials.begin(ANN, now));
        assert!(dials.expire(now).is_empty());
        assert_eq!(dials.expire(now + limits::DIAL_TIMEOUT), [(ANN, "it was not reached in time".into())]);
        assert!(!dials.contains(ANN));
    }

    #[test]
    fn a_failed_attempt_leaves_the_other_side_a_moment() {
        let now = Instant::now();
        let mut dials = Dials::default();
        dials.begin(ANN, now);
        dials.fail(ANN, "refused".into(), now);
        dials.fail(ANN, "refused again".into(), now + limits::DIAL_GRACE / 2);
        assert!(dials.expire(now + limits::DIAL_GRACE / 2).is_empty());
        assert_eq!(dials.expire(now + limits::DIAL_GRACE), [(ANN, "refused".into())]);
    }

    #[test]
    fn addresses_are_few_short_and_well_formed() {
        assert!(parse(&["/ip4/no".into(), format!("/dns/{}/tcp/1", "a".repeat(300))]).is_empty());
        assert_eq!(parse(&vec!["/ip4/127.0.0.1/tcp/1".into(); 100]).len(), limits::MAX_DIAL_ADDRESSES);
    }
}
