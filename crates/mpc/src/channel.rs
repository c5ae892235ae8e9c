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

/// Private, authenticated links to the three other painters. The implementation bounds what it queues. Frames of one
/// link may overtake each other; their sequence numbers put them in order.
///
/// Deadlines are all of one length, and long against the time that a frame travels and a round computes. What makes
/// suspects right is that a frame of an honest painter that does not wait itself always comes in time.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Channel {
    /// How long a wait may last.
    type Deadline;

    /// The deadline of a wait that begins now.
    fn deadline(&self) -> Self::Deadline;

    /// Sends a frame, once there is room for it, which is waited for no longer than until a deadline.
    ///
    /// # Errors
    /// [`ChannelError`] where the link is gone or found no room in time.
    async fn send(&self, to: PainterId, frame: Vec<u8>) -> Result<(), ChannelError>;

    /// Waits for a frame until a deadline; frames that are there come even after it.
    ///
    /// # Errors
    /// [`ChannelError`] where the link is gone or nothing came in time.
    async fn receive(&self, from: PainterId, until: &Self::Deadline) -> Result<Vec<u8>, ChannelError>;
}
