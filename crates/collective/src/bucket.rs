//! A token bucket: so much at once, then one an interval.

use crate::Millis;

/// What is left of a burst.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    burst: u32,
    interval: Millis,
    left: u32,
    refilled: Millis,
}

impl Bucket {
    /// Full: `burst` may happen at once, and then one an `interval`.
    pub(crate) fn full(now: Millis, burst: u32, interval: Millis) -> Self {
        Self { burst, interval, left: burst, refilled: now }
    }

    /// Takes `count` where so many are left; else nothing.
    pub(crate) fn take(&mut self, now: Millis, count: u32) -> bool {
        let refill = now.saturating_sub(self.refilled) / self.interval;
        if refill > 0 {
            self.refilled = now;
            let refill = u32::try_from(refill).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(refill).min(self.burst);
        }
        let enough = count <= self.left;
        self.left -= if enough { count } else { 0 };
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_an_interval_and_never_more_than_a_burst() {
        let mut bucket = Bucket::full(0, 3, 100);
        let taken = |bucket: &mut Bucket, now| (0..10).filter(|_| bucket.take(now, 1)).count();
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 99), 0);
        assert_eq!(taken(&mut bucket, 250), 2);
        assert_eq!(taken(&mut bucket, 1_000_000), 3);
        assert_eq!(taken(&mut bucket, 0), 0, "a clock that goes back gives nothing");
        let mut bucket = Bucket::full(0, 3, 100);
        assert!(!bucket.take(0, 4), "more than there ever is");
        assert!(bucket.take(0, 3), "and nothing was taken");
    }
}
