//! A token bucket, kept as the time after which it is full again (the generic cell rate algorithm, ITU-T I.371): exact,
//! and without a timer.

use std::time::Duration;

use crate::{Moment, since};

/// How much may happen: `burst` at once, then `count` in each `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens of a full bucket.
    pub burst: u64,
    /// Tokens that refill in an interval.
    pub count: u64,
    /// Time in which they refill.
    pub interval: Duration,
}

impl Rate {
    /// `burst` at once, then `count` a second.
    #[must_use]
    pub const fn per_second(burst: u64, count: u64) -> Self {
        Self { burst, count, interval: Duration::from_secs(1) }
    }

    /// `burst` at once, then one an `interval`.
    #[must_use]
    pub const fn one_every(burst: u64, interval: Duration) -> Self {
        Self { burst, count: 1, interval }
    }

    /// Time in which an empty bucket fills.
    fn time_to_fill(&self) -> Duration {
        self.time_of(self.burst)
    }

    /// Time in which so many tokens refill. Where none ever does, for ever.
    fn time_of(&self, tokens: u64) -> Duration {
        let nanos = (self.interval.as_nanos().saturating_mul(tokens.into())).checked_div(self.count.into());
        let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or(u64::MAX);
        Duration::from_nanos(if tokens == 0 { 0 } else { nanos })
    }
}

/// What is left of a burst.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket<T> {
    /// Time until it is full, from `at` on.
    missing: Duration,
    at: T,
}

impl<T: Moment> TokenBucket<T> {
    /// A full one.
    #[must_use]
    pub fn full(now: T) -> Self {
        Self { missing: Duration::ZERO, at: now }
    }

    /// Takes `amount` tokens where so many are left; else none, and returns `false`.
    pub fn take(&mut self, rate: &Rate, amount: u64, now: T) -> bool {
        self.refill(now);
        let missing = self.missing.saturating_add(rate.time_of(amount));
        let enough = amount <= rate.burst && missing <= rate.time_to_fill();
        if enough {
            self.missing = missing;
        }
        enough
    }

    /// Takes `amount` tokens even where they are not there; what is overdrawn must refill first.
    pub fn overdraw(&mut self, rate: &Rate, amount: u64, now: T) {
        self.refill(now);
        self.missing = self.missing.saturating_add(rate.time_of(amount));
    }

    /// Time until nothing is overdrawn any more.
    pub fn overdrawn(&mut self, rate: &Rate, now: T) -> Duration {
        self.refill(now);
        self.missing.saturating_sub(rate.time_to_fill())
    }

    /// Whether it is full: it is then as good as a new one.
    pub fn is_full(&mut self, now: T) -> bool {
        self.refill(now);
        self.missing.is_zero()
    }

    fn refill(&mut self, now: T) {
        self.missing = self.missing.saturating_sub(since(now, self.at));
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_then_the_rate_and_never_more_than_a_burst() {
        let rate = Rate::one_every(3, ms(100));
        let mut bucket = TokenBucket::full(ms(0));
        let taken = |bucket: &mut TokenBucket<Duration>, now| {
            (0..10).filter(|_| bucket.take(&rate, 1, ms(now))).count()
        };
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 99), 0);
        assert_eq!(taken(&mut bucket, 250), 2);
        assert_eq!(taken(&mut bucket, 299), 0, "half a token stays until it is whole");
        assert_eq!(taken(&mut bucket, 300), 1);
        assert_eq!(taken(&mut bucket, 1_000_000), 3);
        assert_eq!(taken(&mut bucket, 0), 0, "a clock that goes back gives nothing");
    }

    #[test]
    fn more_than_there_ever_is_takes_nothing() {
        let rate = Rate::per_second(3, 10);
        let mut bucket = TokenBucket::full(ms(0));
        assert!(!bucket.take(&rate, 4, ms(0)));
        assert!(bucket.is_full(ms(0)));
        assert!(bucket.take(&rate, 3, ms(0)));
        assert!(!TokenBucket::full(ms(0)).take(&rate, u64::MAX, ms(0)));
    }

    #[test]
    fn what_is_overdrawn_must_refill() {
        let rate = Rate::per_second(3, 2);
        let mut bucket = TokenBucket::full(ms(0));
        bucket.overdraw(&rate, 7, ms(0));
        assert_eq!(bucket.overdrawn(&rate, ms(0)), ms(2_000));
        assert!(!bucket.take(&rate, 1, ms(2_000)));
        assert!(bucket.take(&rate, 1, ms(2_500)));
        bucket.overdraw(&rate, u64::MAX, ms(2_500));
        assert!(bucket.overdrawn(&rate, ms(2_500)) > Duration::from_secs(1 << 30));
    }

    proptest! {
        /// In any time no more passes than the burst and what refills in it; who keeps to the rate is never refused.
        #[test]
        fn it_lets_through_what_the_rate_says(
            burst in 1_u64..1_000,
            count in 1_u64..5_000,
            steps in prop::collection::vec((0_u64..400, 1_u64..300), 1..200),
        ) {
            let rate = Rate::per_second(burst, count);
            let mut bucket = TokenBucket::full(ms(0));
            // Tokens in thousandths, counted by plain arithmetic.
            let (mut now, mut left) = (0, burst * 1_000);
            for (later, amount) in steps {
                now += later;
                left = (left + later * count).min(burst * 1_000);
                let took = bucket.take(&rate, amount, ms(now));
                if took {
                    // A nanosecond is lost at most with each that is taken.
                    prop_assert!(left + 1_000 > amount * 1_000, "{left} of {amount}");
                    left = left.saturating_sub(amount * 1_000);
                } else {
                    prop_assert!(left < amount * 1_000 + 1_000);
                }
            }
        }
    }
}
