//! How frames travel between painters.

pub mod memory;

use crate::PainterId;

/// Why a frame did not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// Nothing came before the deadline.
    #[error("nothing came before the deadline")]
    Deadline,
    /// The other painter left.
    #[error("the other painter left")]
    PeerGone,
    /// Our own end is closed.
    #[error("our own end is closed")]
    Closed,
}

/// Private, authenticated links to the three other painters. The implementation enforces a deadline on every wait,
/// and bounds what it queues. Frames of one link may overtake each other; their sequence numbers put them in order.
///
/// Deadlines are of one length, counted from when a wait begins, and long against the time that a frame travels and
/// a round computes: what makes suspects right is that a frame of an honest painter that is not itself waiting comes
/// before the deadline.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Channel {
    /// Sends a frame.
    ///
    /// # Errors
    /// [`ChannelError`] where the link is gone.
    async fn send(&self, to: PainterId, frame: Vec<u8>) -> Result<(), ChannelError>;

    /// Waits for the next frame.
    ///
    /// # Errors
    /// [`ChannelError`] where the link is gone or nothing came in time.
    async fn receive(&self, from: PainterId) -> Result<Vec<u8>, ChannelError>;
}
