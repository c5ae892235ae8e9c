//! The bounds of the presence topic: how much of it one member may say, and what waits until anyone listens.

use std::collections::{HashMap, VecDeque};

use abraham_limiter::{KeyedBuckets, TokenBucket};
use abraham_messages::{limits as protocol, node::PeerKey};
use web_time::Instant;

use crate::limits;

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

/// A linked member, as a forwarder.
struct Forwarder {
    share: TokenBucket<Instant>,
    /// Of what was over its authors' rates.
    blame: TokenBucket<Instant>,
    named: Option<Instant>,
}

impl Forwarder {
    fn new(now: Instant) -> Self {
        Self { share: TokenBucket::full(now), blame: TokenBucket::full(now), named: None }
    }

    /// Whether it may be named now.
    fn name(&mut self, now: Instant) -> bool {
        let due = self.named.is_none_or(|at| now.saturating_duration_since(at) >= limits::MIN_NAMED_INTERVAL);
        if due {
            self.named = Some(now);
        }
        due
    }
}

/// How much of the topic comes from whom.
pub(crate) struct Hearing {
    authors: KeyedBuckets<PeerKey, Instant>,
    forwarders: HashMap<PeerKey, Forwarder>,
    topic: TokenBucket<Instant>,
}

impl Hearing {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            authors: KeyedBuckets::new(limits::AUTHOR_RATE, limits::MAX_AUTHORS),
            forwarders: HashMap::new(),
            topic: TokenBucket::full(now),
        }
    }

    /// Judges a message of so many bytes by its author and the linked member that forwarded it, if that was one.
    ///
    /// Only linked members are named, each for what it did itself: whoever comes by another way may be a key made for
    /// the purpose, of which there is no end, or an honest one whose old messages somebody sends again.
    pub(crate) fn judge(
        &mut self,
        author: PeerKey,
        forwarder: Option<PeerKey>,
        bytes: usize,
        now: Instant,
    ) -> Verdict {
        if bytes > protocol::MAX_GOSSIP_BYTES {
            return Verdict::Drop;
        }
        let cost = bytes as u64 + limits::SIGNATURE_COST_BYTES;
        // Authors without end, each of whom says little, are not told apart: who is not remembered may say nothing until
        // others have been silent.
        if !self.authors.take(author, cost, now) {
            return match forwarder {
                Some(forwarder) => self.blame(author, forwarder, cost, now),
                None => Verdict::Drop,
            };
        }
        let shared = match forwarder {
            Some(forwarder) => self.forwarder(forwarder, now).share.take(&limits::SHARE_RATE, cost, now),
            None => true,
        };
        if shared && self.topic.take(&limits::TOPIC_RATE, cost, now) { Verdict::Pass } else { Verdict::Drop }
    }

    /// A message over its author's rate came over a link.
    fn blame(&mut self, author: PeerKey, forwarder: PeerKey, cost: u64, now: Instant) -> Verdict {
        let linked = self.forwarder(forwarder, now);
        let is_own = author == forwarder;
        if (is_own || !linked.blame.take(&limits::FORWARDED_RATE, cost, now)) && linked.name(now) {
            return Verdict::Name(forwarder);
        }
        Verdict::Drop
    }

    fn forwarder(&mut self, key: PeerKey, now: Instant) -> &mut Forwarder {
        // Only connected members forward, so their number is bounded by that of links.
        if self.forwarders.len() > 4 * protocol::MAX_LINKS {
            self.forwarders.clear();
        }
        self.forwarders.entry(key).or_insert_with(|| Forwarder::new(now))
    }
}

/// Own messages that nobody has subscribed to yet, the latest few.
#[derive(Default)]
pub(crate) struct Waiting(VecDeque<Vec<u8>>);

impl Waiting {
    pub(crate) fn push(&mut self, message: Vec<u8>) {
        if self.0.len() == limits::MAX_WAITING_MESSAGES {
            self.0.pop_front();
        }
        self.0.push_back(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        self.0.pop_front()
    }

    /// Puts back what could not be sent after all.
    pub(crate) fn put_back(&mut self, message: Vec<u8>) {
        if self.0.len() < limits::MAX_WAITING_MESSAGES {
            self.0.push_front(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
                assert_eq!(hearing.judge(ANN, Some(BEN), protocol::MAX_GOSSIP_BYTES, now), Verdict::Pass);
            }
        }
    }

    fn member(number: u32) -> PeerKey {
        let mut key = ANN;
        key.0[1..5].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn a_flood_is_cut_and_its_author_named_once() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        let verdicts: Vec<_> = (0..10_000).map(|_| hearing.judge(ANN, Some(ANN), 500, now)).collect();
        let passed = verdicts.iter().filter(|v| **v == Verdict::Pass).count();
        assert_eq!(passed as u64, limits::AUTHOR_RATE.burst / (500 + limits::SIGNATURE_COST_BYTES));
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Name(ANN)).count(), 1);
        assert_eq!(hearing.judge(BEN, None, 500, now), Verdict::Pass, "others are heard");
        let later = now + Duration::from_secs(30);
        assert_eq!(hearing.judge(ANN, None, 500, later), Verdict::Pass, "and so is it when it calms down");
    }

    #[test]
    fn nobody_is_named_for_what_came_another_way() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        // A thousand keys made for the purpose, and old messages of an honest member that others send again.
        let named = (0..1000).flat_map(|number| std::iter::repeat_n(member(number), 200)).filter(|&author| {
            let through = [None, Some(BEN)][usize::from(author.0[1].is_multiple_of(2))];
            matches!(hearing.judge(author, through, 500, now), Verdict::Name(named) if named != BEN)
        });
        assert_eq!(named.count(), 0);
    }

    #[test]
    fn who_passes_on_all_that_its_own_rates_let_through_is_not_named() {
        let start = Instant::now();
        let [mut ours, mut theirs] = [Hearing::new(start), Hearing::new(start)];
        // Four linked strangers flood Ben with 128 authors, and us with others' messages of the same authors.
        for step in 0..200_u32 {
            let now = start + Duration::from_millis(20) * step;
            for number in 0..128 {
                if theirs.judge(member(number), Some(member(1000 + number % 4)), 1000, now) == Verdict::Pass {
                    assert!(!matches!(ours.judge(member(number), Some(BEN), 1000, now), Verdict::Name(_)));
                }
                ours.judge(member(number), None, 1000, now);
            }
        }
    }

    #[test]
    fn the_topic_as_a_whole_has_a_rate_too() {
        let start = Instant::now();
        let mut hearing = Hearing::new(start);
        let cost = 1000 + limits::SIGNATURE_COST_BYTES;
        let mut passed =
            |at| (0..4000).filter(|&n| hearing.judge(member(n), None, 1000, at) == Verdict::Pass).count();
        assert_eq!(passed(start) as u64, limits::TOPIC_RATE.burst / cost);
        assert_eq!(
            passed(start + Duration::from_secs(1)) as u64,
            (limits::TOPIC_RATE.count + limits::TOPIC_RATE.burst % cost) / cost
        );
    }

    #[test]
    fn one_link_does_not_use_up_the_topic() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        let verdicts: Vec<_> = (0..4000).map(|n| hearing.judge(member(n), Some(BEN), 1000, now)).collect();
        let passed = verdicts.iter().filter(|verdict| **verdict == Verdict::Pass).count();
        assert_eq!(passed as u64, limits::SHARE_RATE.burst / (1000 + limits::SIGNATURE_COST_BYTES));
        assert!(verdicts[passed..].iter().all(|verdict| *verdict == Verdict::Drop), "and nobody is to blame");
        assert_eq!(hearing.judge(ANN, None, 1000, now), Verdict::Pass);
    }

    #[test]
    fn ten_thousand_authors_need_bounded_memory() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        for i in 0..10_000_u32 {
            hearing.judge(member(i), None, 100, now);
        }
        assert!(hearing.authors.len() <= limits::MAX_AUTHORS);
        let later = now + Duration::from_secs(60);
        assert_eq!(hearing.judge(BEN, None, 100, later), Verdict::Pass, "silent authors make room");
    }

    #[test]
    fn who_forwards_far_more_than_its_authors_may_say_is_named() {
        let now = Instant::now();
        let mut hearing = Hearing::new(now);
        let most = limits::FORWARDED_RATE.burst / (1000 + limits::SIGNATURE_COST_BYTES)
            + 100 * (limits::AUTHOR_RATE.burst / (1000 + limits::SIGNATURE_COST_BYTES));
        let named =
            (0..=most as u32).find_map(|i| match hearing.judge(member(i % 100), Some(BEN), 1000, now) {
                Verdict::Name(key) => Some((key, i)),
                _ => None,
            });
        assert_eq!(named, Some((BEN, most as u32)));
    }

    #[test]
    fn oversized_messages_are_dropped() {
        let now = Instant::now();
        assert_eq!(Hearing::new(now).judge(ANN, None, protocol::MAX_GOSSIP_BYTES + 1, now), Verdict::Drop);
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
