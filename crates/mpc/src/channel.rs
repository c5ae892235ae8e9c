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
    /// Nothing came before the time for the whole piece of work was over.
    #[error("the time for the work is over")]
    OutOfTime,
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
/// Deadlines are all of one length, and long against the time that a frame travels and a round computes. An honest
/// painter can be late all the same, since another kept it waiting: so that the one who did is suspected and not the one
/// who was kept, painters note when frames left and came, by a clock of their own ([`Channel::now`]).
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

    /// As [`Channel::receive`], and hands over what comes meanwhile from the painters of `also`: who stops is heard at
    /// once, whomever is waited for. A channel on which no time passes need not. Where there is a time for a whole piece of
    /// work, the wait ends with it.
    ///
    /// # Errors
    /// As [`Channel::receive`]; the painters of `also` may leave.
    async fn receive_either(
        &self,
        from: PainterId,
        _also: [bool; 4],
        until: &Self::Deadline,
    ) -> Result<(PainterId, Vec<u8>), ChannelError> {
        Ok((from, self.receive(from, until).await?))
    }

    /// Milliseconds by a clock that never goes back, of this painter alone. One that always says the same is no clock,
    /// and no evidence.
    fn now(&self) -> u64 {
        0
    }

    /// How long a wait may last, by the same clock; 0 where there is none.
    fn patience(&self) -> u64 {
        0
    }

    /// When the frame of `from` that was received last had come, by the same clock.
    fn arrived(&self, _from: PainterId) -> u64 {
        self.now()
    }
}
