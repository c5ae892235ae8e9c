//! How much presence the relay passes on in all. Every byte goes to hundreds of peers, so there is a budget, and the
//! networks that messages come from share it evenly: deficit round robin (Shreedhar and Varghese, 1995). What is over
//! one's share waits a little, and then is dropped; nobody else's does.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use abraham_limiter::{Rate, TokenBucket};
use libp2p::PeerId;

use crate::limits;

/// How soon what waits is looked at again.
const AGAIN: Duration = Duration::from_millis(20);

/// Whose messages share one part of the budget: those of a network, or of a peer where no limit for addresses applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sender {
    Network(IpAddr),
    Peer(PeerId),
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is passed on now.
    Now,
    /// [`Topic::due`] gives it back.
    Later,
    /// There is no room for it.
    Never,
}

/// A message that waited.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due<M> {
    Pass(M),
    Drop(M),
}

struct Waiting<M> {
    message: M,
    cost: usize,
    since: Instant,
}

struct Queue<M> {
    messages: VecDeque<Waiting<M>>,
    bytes: usize,
    /// What it may still send in its turn.
    deficit: usize,
}

/// The budget, and what waits for it.
pub(super) struct Topic<M> {
    rate: Rate,
    budget: TokenBucket<Instant>,
    queues: HashMap<Sender, Queue<M>>,
    /// Who has something waiting, in the order of turns.
    turns: VecDeque<Sender>,
    again: Option<Instant>,
}

impl<M> Topic<M> {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            budget: TokenBucket::full(now),
            queues: HashMap::new(),
            turns: VecDeque::new(),
            again: None,
        }
    }

    /// Takes a message of so many bytes. It is passed on at once where nobody waits and the budget has enough.
    pub(super) fn offer(&mut self, sender: Sender, bytes: usize, message: M, now: Instant) -> Turn {
        let cost = bytes + limits::TOPIC_MESSAGE_OVERHEAD_BYTES;
        if self.turns.is_empty() && self.budget.take(&self.rate, cost as u64, now) {
            return Turn::Now;
        }
        let known = self.queues.len();
        let queue = match self.queues.get_mut(&sender) {
            Some(queue) => queue,
            None if known >= limits::MAX_TOPIC_SOURCES => return Turn::Never,
            None => {
                self.turns.push_back(sender);
                let empty = Queue { messages: VecDeque::new(), bytes: 0, deficit: 0 };
                self.queues.entry(sender).or_insert(empty)
            }
        };
        if queue.bytes + cost > limits::MAX_TOPIC_QUEUE_BYTES {
            return Turn::Never;
        }
        queue.bytes += cost;
        queue.messages.push_back(Waiting { message, cost, since: now });
        self.again.get_or_insert(now + AGAIN);
        Turn::Later
    }

    /// When to ask for [`Topic::due`], if anything waits.
    pub(super) fn next(&self) -> Option<Instant> {
        self.again
    }

    /// Whose turn it is, and what has waited for too long.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Due<M>> {
        let mut due = Vec::new();
        // A turn that the budget cuts short goes on next time.
        while let Some(&sender) = self.turns.front() {
            let Some(queue) = self.queues.get_mut(&sender) else {
                self.turns.pop_front();
                continue;
            };
            while let Some(late) = queue
                .messages
                .pop_front_if(|waiting| now.saturating_duration_since(waiting.since) >= limits::TOPIC_TIMEOUT)
            {
                queue.bytes -= late.cost;
                due.push(Due::Drop(late.message));
            }
            let Some(first) = queue.messages.front() else {
                self.queues.remove(&sender);
                self.turns.pop_front();
                continue;
            };
            if queue.deficit < first.cost {
                // Its turn comes again with more; whoever waits alone gets there in a few.
                queue.deficit += limits::MAX_TOPIC_TURN_BYTES;
                self.turns.rotate_left(1);
                continue;
            }
            if !self.budget.take(&self.rate, first.cost as u64, now) {
                break;
            }
            if let Some(first) = queue.messages.pop_front() {
                queue.deficit -= first.cost;
                queue.bytes -= first.cost;
                due.push(Due::Pass(first.message));
            }
        }
        self.again = (!self.turns.is_empty()).then_some(now + AGAIN);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn host(host: u32) -> Sender {
        Sender::Network(std::net::Ipv4Addr::from(0xc633_0000 + host).into())
    }

    /// What a sender gets through: messages, bytes.
    #[derive(Default)]
    struct Through {
        passed: HashMap<Sender, usize>,
        dropped: HashMap<Sender, usize>,
        bytes: usize,
    }

    impl Through {
        fn note(&mut self, sender: Sender, bytes: usize, turn: Turn) {
            match turn {
                Turn::Now => {
                    *self.passed.entry(sender).or_default() += 1;
                    self.bytes += bytes;
                }
                Turn::Later => {}
                Turn::Never => *self.dropped.entry(sender).or_default() += 1,
            }
        }

        fn settle(&mut self, topic: &mut Topic<(Sender, usize)>, now: Instant) {
            for due in topic.due(now) {
                match due {
                    Due::Pass((sender, bytes)) => self.note(sender, bytes, Turn::Now),
                    Due::Drop((sender, bytes)) => self.note(sender, bytes, Turn::Never),
                }
            }
        }
    }

    #[test]
    fn whoever_floods_takes_what_is_left_and_nobody_elses_presence() {
        let began = start();
        let mut topic = Topic::new(limits::TOPIC_BYTE_RATE, began);
        let mut through = Through::default();
        let (seconds, flood) = (60, 512 << 10);
        for tick in 0..seconds * 50 {
            let now = began + Duration::from_millis(tick * 20);
            // The flood comes first each time, 512 KiB a second of the largest messages.
            for _ in 0..flood / (16 << 10) / 50 + u64::from(tick % 2 == 0) {
                let turn = topic.offer(host(9999), 16 << 10, (host(9999), 16 << 10), now);
                through.note(host(9999), 16 << 10, turn);
            }
            // 100 members, each heard every five seconds.
            for member in (0..100).filter(|member| (u64::from(*member) * 10 + tick * 2).is_multiple_of(500)) {
                through.note(host(member), 550, topic.offer(host(member), 550, (host(member), 550), now));
            }
            through.settle(&mut topic, now);
        }
        // What was said last gets its turn, too.
        for tick in 0..50 {
            through.settle(&mut topic, began + Duration::from_millis(seconds * 1000 + tick * 20));
        }
        for member in 0..100 {
            assert_eq!(through.passed.get(&host(member)), Some(&12), "member {member}");
            assert_eq!(through.dropped.get(&host(member)), None);
        }
        let most = limits::TOPIC_BYTE_RATE.burst as usize
            + (seconds as usize + 1) * limits::TOPIC_BYTE_RATE.count as usize;
        assert!(through.bytes <= most, "{} of {most}", through.bytes);
        assert!(
            through.bytes > most * 9 / 10,
            "what members leave is not wasted: {} of {most}",
            through.bytes
        );
        assert!(through.dropped[&host(9999)] > 500);
    }

    #[test]
    fn without_a_flood_nothing_waits() {
        let began = start();
        let mut topic = Topic::new(limits::TOPIC_BYTE_RATE, began);
        for second in 0..3600 {
            let now = began + Duration::from_secs(second);
            for member in 0..150 {
                assert_eq!(topic.offer(host(member), 550, (), now), Turn::Now);
            }
        }
        assert_eq!((topic.next(), topic.queues.len()), (None, 0));
    }

    #[test]
    fn two_that_send_too_much_get_the_same() {
        let began = start();
        let mut topic = Topic::new(limits::TOPIC_BYTE_RATE, began);
        let mut through = Through::default();
        for tick in 0..500 {
            let now = began + Duration::from_millis(tick * 20);
            for (sender, bytes, times) in [(host(1), 16 << 10, 4), (host(2), 500, 40)] {
                for _ in 0..times {
                    through.note(sender, bytes, topic.offer(sender, bytes, (sender, bytes), now));
                }
            }
            through.settle(&mut topic, now);
        }
        let [large, small] = [through.passed[&host(1)] * (16384 + 256), through.passed[&host(2)] * 756];
        // But for the burst at the beginning, before anybody waited.
        let burst = limits::TOPIC_BYTE_RATE.burst as usize;
        assert!(large.abs_diff(small) < burst, "{large} and {small}");
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_lost_without_a_word() {
        let began = start();
        let mut topic = Topic::new(Rate::per_second(1, 1), began);
        let mut later = 0;
        for sender in 0..limits::MAX_TOPIC_SOURCES as u32 + 10 {
            for _ in 0..200 {
                later += usize::from(topic.offer(host(sender), 1000, (), began) == Turn::Later);
            }
        }
        assert_eq!(
            later,
            limits::MAX_TOPIC_SOURCES
                * (limits::MAX_TOPIC_QUEUE_BYTES / (1000 + limits::TOPIC_MESSAGE_OVERHEAD_BYTES))
        );
        assert!(topic.next().is_some());
        let due = topic.due(began + limits::TOPIC_TIMEOUT);
        assert!(due.iter().all(|due| *due == Due::Drop(())));
        assert_eq!((due.len(), topic.next(), topic.queues.len()), (later, None, 0));
    }
}
