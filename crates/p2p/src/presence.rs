//! The bounds of the presence topic: how much of it one member may say, and what waits until anyone listens.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use abraham_messages::{limits, node::PeerKey};
use web_time::Instant;

/// Own messages that wait for the first subscriber: one of presence, and what goes with it. Older ones are stale.
const WAITING: usize = 4;

/// Authors whose rates are remembered.
const AUTHORS: usize = 4096;

/// What one author may say at once, and in the long run each second, in bytes. Presence is below 1 kB every five
/// seconds and at most four times a second; a piece is at most 16 KiB every fifteen seconds.
const AUTHOR_RATE: Rate = Rate { burst: 64 << 10, per_second: 8 << 10 };

/// The same of everything that one member forwards over a link: more comes only from a flood.
const FORWARDED_RATE: Rate = Rate { burst: 1 << 20, per_second: 256 << 10 };

/// The same of the whole topic: four thousand members' presence.
const TOPIC_RATE: Rate = Rate { burst: 4 << 20, per_second: 1 << 20 };

/// Bytes that a message counts beside its length: checking its signature costs as much.
const MESSAGE_COST: u64 = 256;

/// A member that says too much is named at most once in this time.
const NAMED_AGAIN: Duration = Duration::from_secs(10);

struct Rate {
    burst: u64,
    per_second: u64,
}

/// What may be said now, in bytes.
struct Allowance {
    left: u64,
    at: Instant,
    named: Option<Instant>,
}

impl Allowance {
    fn new(rate: &Rate, now: Instant) -> Self {
        Self { left: rate.burst, at: now, named: None }
    }

    fn take(&mut self, rate: &Rate, bytes: u64, now: Instant) -> bool {
        let millis = now.saturating_duration_since(self.at).as_millis().min(u128::from(u32::MAX)) as u64;
        // Whole bytes only, and the time that did not yet make one stays.
        if millis * rate.per_second >= 1000 {
            self.left = (self.left + millis * rate.per_second / 1000).min(rate.burst);
            self.at = now;
        }
        let enough = self.left >= bytes;
        if enough {
            self.left -= bytes;
        }
        enough
    }

    fn name(&mut self, now: Instant) -> bool {
        let due = self.named.is_none_or(|at| now.saturating_duration_since(at) >= NAMED_AGAIN);
        if due {
            self.named = Some(now);
        }
        due
    }
}

/// What becomes of a message from the topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is for the visitor, and for others.
    Pass,
    /// It goes nowhere.
    Drop,
    /// It goes nowhere, and this member sent too much: named at most every ten seconds.
    Name(PeerKey),
}

/// How much of the topic comes from whom.
pub(crate) struct Hearing {
    authors: HashMap<PeerKey, Allowance>,
    forwarders: HashMap<PeerKey, Allowance>,
    topic: Allowance,
}

impl Hearing {
    pub(crate) fn new(now: Instant) -> Self {
        Self { authors: HashMap::new(), forwarders: HashMap::new(), topic: Allowance::new(&TOPIC_RATE, now) }
    }

    /// Judges a message of so many bytes by its author and the member that forwarded it, if that was one.
    pub(crate) fn judge(
        &mut self,
        author: PeerKey,
        forwarder: Option<PeerKey>,
        bytes: usize,
        now: Instant,
    ) -> Verdict {
        if bytes > limits::GOSSIP_BYTES {
            return Verdict::Drop;
        }
        let cost = bytes as u64 + MESSAGE_COST;
        if let Some(forwarder) = forwarder {
            // Only connected members forward, so their number is bounded by that of links.
            if self.forwarders.len() > 4 * limits::LINKS {
                self.forwarders.clear();
            }
            let allowance =
                self.forwarders.entry(forwarder).or_insert_with(|| Allowance::new(&FORWARDED_RATE, now));
            if !allowance.take(&FORWARDED_RATE, cost, now) {
                return if allowance.name(now) { Verdict::Name(forwarder) } else { Verdict::Drop };
            }
        }
        if self.authors.len() >= AUTHORS && !self.authors.contains_key(&author) {
            // Who has been silent long enough to be allowed a whole burst needs no memory.
            let full = Duration::from_secs(AUTHOR_RATE.burst / AUTHOR_RATE.per_second);
            self.authors.retain(|_, allowance| now.saturating_duration_since(allowance.at) < full);
            if self.authors.len() >= AUTHORS {
                return Verdict::Drop;
            }
        }
        let allowance = self.authors.entry(author).or_insert_with(|| Allowance::new(&AUTHOR_RATE, now));
        if !allowance.take(&AUTHOR_RATE, cost, now) {
            return if allowance.name(now) { Verdict::Name(author) } else { Verdict::Drop };
        }
        if self.topic.take(&TOPIC_RATE, cost, now) { Verdict::Pass } else { Verdict::Drop }
    }
}

/// Own messages that nobody has subscribed to yet, the latest few.
#[derive(Default)]
pub(crate) struct Waiting(VecDeque<Vec<u8>>);

impl Waiting {
    pub(crate) fn push(&mut self, message: Vec<u8>) {
        if self.0.len() == WAITING {
            self.0.pop_front();
        }
        self.0.push_back(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        self.0.pop_front()
    }

    /// Puts back what could not be sent after all.
    pub(crate) fn put_back(&mut self, message: Vec<u8>) {
        if self.0.len() < WAITING {
            self.0.push_front(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: PeerKey = PeerKey([2; 33]);
    const BEN: PeerKey = PeerKey([3; 33]);

    #[test]
    fn honest_presence_passes_for_an_hour() {
        let start = Instant::now();
        let mut hearing = Hearing::new(start);
        for second in (0..3600).step_by(5) {
            let now = start + Duration::from_secs(second);
            assert_eq!(hearing.judge(ANN, None, 1000, now), Verdict::Pass);
            if second % 15 == 0 {
                assert_eq!(hearing.judge(ANN, Some(BEN), limits::GOSSIP_BYTES, now), Verdict::Pass);
            }
        }
    }

    #[test]
    fn a_flood_is_cut_and_its_author_named_once() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        let verdicts: Vec<_> = (0..10_000).map(|_| hearing.judge(ANN, None, 500, now)).collect();
        let passed = verdicts.iter().filter(|v| **v == Verdict::Pass).count();
        assert_eq!(passed as u64, AUTHOR_RATE.burst / (500 + MESSAGE_COST));
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Name(ANN)).count(), 1);
        assert_eq!(hearing.judge(BEN, None, 500, now), Verdict::Pass, "others are heard");
        let later = now + Duration::from_secs(30);
        assert_eq!(hearing.judge(ANN, None, 500, later), Verdict::Pass, "and so is it when it calms down");
    }

    #[test]
    fn ten_thousand_authors_need_bounded_memory() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        for i in 0..10_000_u32 {
            let mut key = ANN;
            key.0[1..5].copy_from_slice(&i.to_le_bytes());
            hearing.judge(key, None, 100, now);
        }
        assert!(hearing.authors.len() <= AUTHORS);
        let later = now + Duration::from_secs(60);
        assert_eq!(hearing.judge(BEN, None, 100, later), Verdict::Pass, "silent authors make room");
    }

    #[test]
    fn who_forwards_a_flood_of_many_authors_is_named() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        let named = (0..4000_u32).find_map(|i| {
            let mut key = ANN;
            key.0[1..5].copy_from_slice(&i.to_le_bytes());
            let verdict = hearing.judge(key, Some(BEN), 1000, now);
            (verdict != Verdict::Pass).then_some(verdict)
        });
        assert_eq!(named, Some(Verdict::Name(BEN)));
    }

    #[test]
    fn oversized_messages_are_dropped() {
        let now = Instant::now();
        assert_eq!(Hearing::new(now).judge(ANN, None, limits::GOSSIP_BYTES + 1, now), Verdict::Drop);
    }

    #[test]
    fn the_latest_few_publications_wait() {
        let mut waiting = Waiting::default();
        for i in 0..10 {
            waiting.push(vec![i]);
        }
        assert_eq!(waiting.pop(), Some(vec![6]));
        waiting.put_back(vec![6]);
        assert_eq!(std::iter::from_fn(|| waiting.pop()).collect::<Vec<_>>(), [[6], [7], [8], [9]]);
    }
}
