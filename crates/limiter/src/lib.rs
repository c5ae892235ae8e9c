//! How much and how soon: token buckets for what others may cause, exponential backoff for what is tried again.
//!
//! Pure: time is passed in, and may be an `Instant` of any kind or a [`Duration`] since any moment. Rate limiters on
//! crates.io read a clock of their own or cannot be overdrawn.

mod backoff;
mod bucket;
mod keyed;

pub use backoff::Backoff;
pub use bucket::{Rate, TokenBucket};
pub use keyed::KeyedBuckets;
use std::{ops::Sub, time::Duration};

/// A moment of a clock: `Instant` of the standard library or of `web_time`, or a [`Duration`] since a fixed moment.
pub trait Moment: Copy + Ord + Sub<Output = Duration> {}

impl<T: Copy + Ord + Sub<Output = Duration>> Moment for T {}

/// Time from `earlier` to `now`; zero where the clock went back.
fn since<T: Moment>(now: T, earlier: T) -> Duration {
    if now > earlier { now - earlier } else { Duration::ZERO }
}
