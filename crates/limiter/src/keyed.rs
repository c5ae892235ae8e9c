//! A bucket for each of a bounded number of keys.

use std::{collections::HashMap, hash::Hash};

use crate::{Moment, Rate, TokenBucket};

/// Buckets by key, all of one rate.
#[derive(Debug)]
pub struct KeyedBuckets<K, T> {
    rate: Rate,
    capacity: usize,
    held: HashMap<K, TokenBucket<T>>,
}

impl<K: Eq + Hash, T: Moment> KeyedBuckets<K, T> {
    /// Buckets of `rate` for `capacity` keys that are active at once.
    #[must_use]
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity, held: HashMap::new() }
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes `amount` tokens from the bucket of `key`. Returns `false` where too few are left, and where more keys than
    /// the table holds are active at once.
    pub fn take(&mut self, key: K, amount: u64, now: T) -> bool {
        if let Some(bucket) = self.held.get_mut(&key) {
            return bucket.take(&self.rate, amount, now);
        }
        if self.held.len() >= self.capacity {
            // A bucket that is full again says nothing.
            self.held.retain(|_, bucket| !bucket.is_full(now));
            if self.held.len() >= self.capacity {
                return false;
            }
        }
        let mut bucket = TokenBucket::full(now);
        let enough = bucket.take(&self.rate, amount, now);
        self.held.insert(key, bucket);
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn keys_do_not_share_and_their_number_is_bounded() {
        let now = Duration::ZERO;
        let mut buckets = KeyedBuckets::new(Rate::per_second(3, 2), 4);
        for key in 0..4 {
            assert!(buckets.take(key, 2, now), "{key} has its own");
        }
        assert!(!buckets.take(4, 1, now), "the table is full of active keys");
        assert!(!buckets.take(0, 2, now), "and what it holds it knows");
        let later = Duration::from_secs(10);
        assert!(buckets.take(4, 1, later), "those that filled up again made room");
        assert_eq!(buckets.len(), 1);
    }
}
