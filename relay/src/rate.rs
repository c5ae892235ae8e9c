//! Token buckets: how much one peer or address may do in a time.

use std::{collections::HashMap, hash::Hash, time::Instant};

/// How much may happen: `burst` at once, then `per_second`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) per_second: u32,
}

/// What one peer or address has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self { left: f64::from(rate.burst), at: now }
    }

    /// What is left at `now`.
    pub(crate) fn refill(&mut self, rate: Rate, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * f64::from(rate.per_second)).min(f64::from(rate.burst));
        self.at = self.at.max(now);
        self.left
    }

    /// Takes `amount` where it is there.
    pub(crate) fn take(&mut self, amount: f64, rate: Rate, now: Instant) -> bool {
        let enough = self.refill(rate, now) >= amount;
        if enough {
            self.left -= amount;
        }
        enough
    }

    /// Takes `amount` even where it is not there; what is missing has to refill first.
    pub(crate) fn overdraw(&mut self, amount: f64) {
        self.left -= amount;
    }
}

/// One bucket for each key, for a bounded number of keys.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: Rate,
    capacity: usize,
    held: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity, held: HashMap::new() }
    }

    /// Takes `amount` from the bucket of `key`. Says no where too little is left, and where more keys than the table
    /// holds are active at once.
    pub(crate) fn take(&mut self, key: K, amount: f64, now: Instant) -> bool {
        let rate = self.rate;
        if let Some(bucket) = self.held.get_mut(&key) {
            return bucket.take(amount, rate, now);
        }
        if self.held.len() >= self.capacity {
            // A bucket that is full again says nothing.
            self.held.retain(|_, bucket| bucket.refill(rate, now) < f64::from(rate.burst));
            if self.held.len() >= self.capacity {
                return false;
            }
        }
        let mut bucket = Bucket::full(rate, now);
        let enough = bucket.take(amount, rate, now);
        self.held.insert(key, bucket);
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate { burst: 3, per_second: 2 };

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "only differences to it are used")]
        Instant::now()
    }

    #[test]
    fn a_burst_then_the_rate_and_never_more_than_a_burst() {
        let now = start();
        let mut buckets = Buckets::new(RATE, 8);
        let taken = |buckets: &mut Buckets<u8>, now| (0..10).filter(|_| buckets.take(1, 1.0, now)).count();
        assert_eq!(taken(&mut buckets, now), 3);
        assert_eq!(taken(&mut buckets, now + Duration::from_secs(1)), 2);
        assert_eq!(taken(&mut buckets, now + Duration::from_secs(3600)), 3);
        // A clock that goes back gives nothing.
        assert_eq!(taken(&mut buckets, now), 0);
    }

    #[test]
    fn keys_do_not_share_and_their_number_is_bounded() {
        let now = start();
        let mut buckets = Buckets::new(RATE, 4);
        for key in 0..4 {
            assert!(buckets.take(key, 2.0, now), "{key} has its own");
        }
        assert!(!buckets.take(4, 1.0, now), "the table is full of active keys");
        let later = now + Duration::from_secs(10);
        assert!(buckets.take(4, 1.0, later), "those that filled up again made room");
        assert_eq!(buckets.held.len(), 1);
    }

    #[test]
    fn what_is_overdrawn_must_refill() {
        let now = start();
        let mut bucket = Bucket::full(RATE, now);
        bucket.overdraw(7.0);
        assert!(!bucket.take(1.0, RATE, now + Duration::from_secs(2)));
        assert!(bucket.take(1.0, RATE, now + Duration::from_millis(2500)));
    }
}
