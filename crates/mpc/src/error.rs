//! What can go wrong between painters.

use abraham_messages::DecodeError;

use crate::{PainterId, Scale};

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The committee stops: one of two painters did not follow the protocol. Run the round again without the pair.
    /// The honest painters of a committee all name the same two.
    #[error("the committee stopped: {} or {} did not follow the protocol ({cause}); run the round again without these two", suspects[0], suspects[1])]
    Abort {
        /// The two suspects, in the order of their seats; one of them is at fault.
        suspects: [PainterId; 2],
        /// What was seen.
        cause: Cause,
    },
    /// An operand's scale does not fit the operation: a mistake in the program, not in a peer.
    #[error("{operation} does not fit the scales {left:?} and {right:?}")]
    Scale {
        /// The operation that was asked for.
        operation: &'static str,
        /// Scale of the left operand.
        left: Scale,
        /// Scale of the right operand or of the result.
        right: Scale,
    },
    /// Ring arithmetic failed.
    #[error(transparent)]
    Ring(#[from] abraham_ring::Error),
    /// This painter's own end of the channel is gone.
    #[error("the channel to the other painters is closed; join a new committee")]
    Closed,
}

impl Error {
    /// An abort with its suspects in the order of their seats.
    pub(crate) fn abort(a: PainterId, b: PainterId, cause: Cause) -> Self {
        Self::Abort { suspects: if a < b { [a, b] } else { [b, a] }, cause }
    }
}

/// What a painter saw before it stopped. The suspects are agreed on afterwards and may be others than it saw.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing came in time.
    #[error("nothing came from {0} in time")]
    Silent(PainterId),
    /// The time for the whole piece of work was over while this painter was waited for.
    #[error("the time for the work is over, and {0} is waited for")]
    OutOfTime(PainterId),
    /// A frame could not be decoded.
    #[error("a frame from {0} is malformed: {1}")]
    Malformed(PainterId, DecodeError),
    /// A frame carries something else than the protocol has at this place.
    #[error("a frame from {0} is out of place")]
    OutOfPlace(PainterId),
    /// A frame came twice.
    #[error("a frame from {0} came twice")]
    Duplicate(PainterId),
    /// A payload does not have the length that its shape has.
    #[error("a payload from {from} has {bytes} bytes instead of {expected}")]
    Length {
        /// Who sent it.
        from: PainterId,
        /// Bytes found.
        bytes: usize,
        /// Bytes of the shape.
        expected: usize,
    },
    /// The sender's and the witness's hashes of the same messages differ.
    #[error("the transcripts of a sender and its witness differ")]
    Transcript,
    /// Sender and witness agree, but the receiver got something else.
    #[error("a receiver did not get what its sender and witness agree on")]
    Delivery,
    /// A component that is being opened does not have the hash that its witness sent.
    #[error("an opened component does not match its witness's hash")]
    Opening,
    /// The holders of a key do not have the same contributions to it.
    #[error("a contribution to a key is not the same for its holders")]
    Keys,
    /// What a painter voted on an update is not the same for all.
    #[error("a vote on an update is not the same for all")]
    Vote,
    /// A painter alone voted against an update that the three others have alike.
    #[error("{0} alone objects to an update")]
    Objection(PainterId),
    /// Another painter stopped the committee.
    #[error("{0} stopped the committee")]
    Told(PainterId),
}
