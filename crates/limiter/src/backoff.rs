//! Exponential backoff.

use std::ops::Add;

/// Doublings after which any wait is the longest, or nothing.
const MAX_DOUBLINGS: u32 = 128;

/// Time to wait before something that failed is tried again: `min` after the first failure, doubled with each further
/// one, `max` at most. `T` is any unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff<T> {
    /// Wait after the first failure.
    pub min: T,
    /// Longest wait.
    pub max: T,
}

impl<T: Copy + Ord + Add<Output = T>> Backoff<T> {
    /// The wait after `failures` failures in a row; none counts as one.
    #[must_use]
    pub fn delay(&self, failures: u32) -> T {
        let mut delay = self.min;
        for _ in 1..failures.min(MAX_DOUBLINGS) {
            if delay >= self.max {
                break;
            }
            delay = delay + delay;
        }
        delay.min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest() {
        let backoff = Backoff { min: 5_u64, max: 300 };
        let delays: Vec<_> = (0..10).map(|failures| backoff.delay(failures)).collect();
        assert_eq!(delays, [5, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(backoff.delay(u32::MAX), 300);
        let seconds = Backoff { min: Duration::from_secs(1), max: Duration::from_secs(30) };
        assert_eq!(seconds.delay(5), Duration::from_secs(16));
        assert_eq!(seconds.delay(u32::MAX), Duration::from_secs(30));
    }

    #[test]
    fn limits_that_make_no_sense_end() {
        assert_eq!(Backoff { min: 0_u64, max: 9 }.delay(u32::MAX), 0);
        assert_eq!(Backoff { min: 9_u64, max: 4 }.delay(3), 4);
        let half = u64::MAX / 2;
        assert_eq!(Backoff { min: half, max: half + 1 }.delay(3), half + 1);
    }
}
