//! Which presence messages are passed on: rates for each author and each peer, sizes, and who is put out for flooding.

use std::time::Instant;

use abraham_limiter::KeyedBuckets;
use abraham_messages::limits::MAX_GOSSIP_BYTES;
use libp2p::PeerId;

use crate::limits;

/// What is done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Drop(Dropped),
}

/// Why a message is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dropped {
    /// Longer than any message of the topic.
    Oversized,
    /// Its author sends too many.
    AuthorRate,
    /// The peer that brought it brings too many.
    PeerRate,
    /// Its sender's network used up its part of what the relay passes on.
    TopicRate,
}

impl Dropped {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Oversized => "oversized",
            Self::AuthorRate => "author_rate",
            Self::PeerRate => "peer_rate",
            Self::TopicRate => "topic_rate",
        }
    }
}

/// The rates of everyone whose messages arrive.
pub(super) struct Guard {
    authors: KeyedBuckets<PeerId, Instant>,
    author_bytes: KeyedBuckets<PeerId, Instant>,
    peers: KeyedBuckets<PeerId, Instant>,
    faults: KeyedBuckets<PeerId, Instant>,
}

impl Guard {
    pub(super) fn new() -> Self {
        let buckets = |rate| KeyedBuckets::new(rate, limits::MAX_REMEMBERED);
        Self {
            authors: buckets(limits::AUTHOR_MESSAGE_RATE),
            author_bytes: buckets(limits::AUTHOR_BYTE_RATE),
            peers: buckets(limits::PEER_MESSAGE_RATE),
            faults: buckets(limits::FAULT_RATE),
        }
    }

    /// Judges a message of `author` that `peer` brought. A relay of the mesh (`is_relay`) brings the messages of many.
    pub(super) fn judge(
        &mut self,
        author: PeerId,
        peer: PeerId,
        bytes: usize,
        is_relay: bool,
        now: Instant,
    ) -> Verdict {
        if bytes > MAX_GOSSIP_BYTES {
            return Verdict::Drop(Dropped::Oversized);
        }
        if !is_relay && !self.peers.take(peer, 1, now) {
            return Verdict::Drop(Dropped::PeerRate);
        }
        // Signatures are checked before, so the author is who wrote it.
        if !self.authors.take(author, 1, now) || !self.author_bytes.take(author, bytes as u64, now) {
            return Verdict::Drop(Dropped::AuthorRate);
        }
        Verdict::Pass
    }

    /// Notes a fault of a connected peer; `true` when it had too many. A message over its author's rate is a fault of the
    /// peer that brought it only where that is the author: others pass on what they get. One over the budget of the
    /// topic is nobody's: many may share a network.
    pub(super) fn is_too_much(
        &mut self,
        dropped: Dropped,
        author: PeerId,
        peer: PeerId,
        now: Instant,
    ) -> bool {
        let is_fault = match dropped {
            Dropped::AuthorRate => author == peer,
            Dropped::Oversized | Dropped::PeerRate => true,
            Dropped::TopicRate => false,
        };
        is_fault && !self.faults.take(peer, 1, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_dropped_and_its_author_put_out_while_others_go_on() {
        let now = tokio::time::Instant::now().into_std();
        let mut guard = Guard::new();
        let (flooder, honest) = (PeerId::random(), PeerId::random());
        let (mut passed, mut out) = (0, None);
        for sent in 0..10_000 {
            match guard.judge(flooder, flooder, 300, false, now) {
                Verdict::Pass => passed += 1,
                Verdict::Drop(dropped) if guard.is_too_much(dropped, flooder, flooder, now) => {
                    out = Some(sent);
                    break;
                }
                Verdict::Drop(_) => {}
            }
        }
        assert_eq!(passed, limits::AUTHOR_MESSAGE_RATE.burst);
        assert_eq!(out, Some(limits::AUTHOR_MESSAGE_RATE.burst + limits::FAULT_RATE.burst));
        assert_eq!(guard.judge(honest, honest, 300, false, now), Verdict::Pass);
    }

    #[test]
    fn who_passes_on_anothers_flood_is_not_put_out() {
        let now = tokio::time::Instant::now().into_std();
        let mut guard = Guard::new();
        let (flooder, link) = (PeerId::random(), PeerId::random());
        for _ in 0..900 {
            if let Verdict::Drop(dropped) = guard.judge(flooder, link, 300, false, now) {
                assert_eq!(dropped, Dropped::AuthorRate);
                assert!(!guard.is_too_much(dropped, flooder, link, now));
            }
        }
        assert_eq!(guard.judge(link, link, 300, false, now), Verdict::Pass);
    }

    #[test]
    fn nobody_is_put_out_for_the_budget_of_the_topic() {
        let now = tokio::time::Instant::now().into_std();
        let mut guard = Guard::new();
        let peer = PeerId::random();
        assert!((0..10_000).all(|_| !guard.is_too_much(Dropped::TopicRate, peer, peer, now)));
    }

    #[test]
    fn many_made_up_authors_through_one_peer_are_limited_and_a_relay_is_not() {
        let now = tokio::time::Instant::now().into_std();
        let mut guard = Guard::new();
        let passed = |guard: &mut Guard, peer, is_relay| {
            let authors = (0..4000).map(|_| PeerId::random());
            authors.filter(|author| guard.judge(*author, peer, 300, is_relay, now) == Verdict::Pass).count()
        };
        assert_eq!(passed(&mut guard, PeerId::random(), false), limits::PEER_MESSAGE_RATE.burst as usize);
        assert_eq!(passed(&mut guard, PeerId::random(), true), 4000);
    }

    #[test]
    fn sizes_and_bytes_are_limited() {
        let now = tokio::time::Instant::now().into_std();
        let mut guard = Guard::new();
        let author = PeerId::random();
        let mut judge = |bytes| guard.judge(author, author, bytes, false, now);
        assert_eq!(judge(MAX_GOSSIP_BYTES + 1), Verdict::Drop(Dropped::Oversized));
        for _ in 0..8 {
            assert_eq!(judge(MAX_GOSSIP_BYTES), Verdict::Pass);
        }
        assert_eq!(judge(MAX_GOSSIP_BYTES), Verdict::Drop(Dropped::AuthorRate));
    }
}
