//! What a visitor runs in: a network node, a clock, and a source of random bytes, passed in so that the same code runs
//! in a tab's worker, natively, and in tests with a time of their own.

use abraham_collective::Millis;
use abraham_messages::node::Command;
use zeroize::Zeroizing;

/// The way to the network node.
pub trait Network {
    /// Hands over a command, in order. Must neither wait nor deliver an event before it returns. The visitor keeps to
    /// the lanes' windows, so what waits there is bounded.
    fn send(&self, command: Command);
}

/// A monotonic clock.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Timer {
    /// Milliseconds since a moment that does not change.
    fn now(&self) -> Millis;

    /// Waits until [`Timer::now`] is at least `at`.
    async fn sleep_until(&self, at: Millis);
}

/// A source of fresh, uniformly random bytes that no one else has.
pub trait SeedSource {
    /// The next 32 bytes.
    fn seed(&mut self) -> Zeroizing<[u8; 32]>;
}

impl<F: FnMut() -> Zeroizing<[u8; 32]>> SeedSource for F {
    fn seed(&mut self) -> Zeroizing<[u8; 32]> {
        self()
    }
}
