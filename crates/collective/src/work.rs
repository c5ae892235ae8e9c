//! What a visitor's engine computes for the collective, and what it answers.
//!
//! Every [`Work`] leaves in [`crate::Output::Work`] with a ticket and is answered by one [`crate::Input::Answer`] with
//! the same ticket. A painter has one piece of painters' work at a time; a [`Work::Teach`] may run beside it, and a
//! newer one may come before an older one was answered. After [`Work::End`] no answer of that term is awaited; late
//! answers are dropped.
//!
//! What may hold shares of an update is wiped when dropped, and neither [`Work`] nor [`Done`] can be printed.

use abraham_messages::{ArtistName, Commitment, Latent, PeerKey, TermId};
use zeroize::Zeroizing;

/// A committee's time: who sits where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Hash of the proposal that the four accepted: no two terms ever have the same.
    pub id: TermId,
    /// Counts up over all terms that its proposer knew of.
    pub number: u64,
    /// The painters: `seats[i]` holds every component but i.
    pub seats: [PeerKey; 4],
    /// This member's seat, 0 to 3.
    pub seat: usize,
}

impl Term {
    /// Where a painter sits; none where it is none of the four.
    pub(crate) fn seat_of(&self, peer: &PeerKey) -> Option<usize> {
        self.seats.iter().position(|seat| seat == peer)
    }

    /// The first eight bytes of its id, which stand in its bulk messages and behind its frames.
    pub fn prefix(&self) -> [u8; 8] {
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&self.id.0[..8]);
        prefix
    }
}

/// A painter's commitments to the four components; the one that it does not hold is `None`.
pub type HeldCommitments = [Option<Commitment>; 4];

/// Which artist a term works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A new one, drawn jointly.
    Genesis,
    /// The one that some of the painters hold.
    Continue {
        /// The artist, named over its recipe and the four commitments to its first state.
        artist: ArtistName,
        /// Learning rounds behind the state that is continued.
        round: u64,
        /// How often its shares were made anew.
        generation: u64,
        /// The commitments to that state's four components, from a certificate that was checked.
        commitments: [Commitment; 4],
        /// Which seats hold that state already; at least two. The others are filled by them.
        holders: [bool; 4],
    },
}

/// What the engine is to do.
#[non_exhaustive]
pub enum Work {
    /// This member accepted a committee. When all have, its painters begin, and their frames may come before
    /// [`Work::Begin`] does: nobody else's and no other term's are worth keeping. Takes the place of the one before.
    /// Not answered.
    Expect {
        /// The term that will begin where all four accept.
        term: Term,
    },
    /// Take the seat: fill the seats that hold nothing, agree on keys, draw a new artist where the origin says so.
    ///
    /// Filling: a seat i that holds nothing receives each component c ≠ i from the lowest holding seat other than c.
    /// Every component must have the commitment that `origin` has. Where one does not, the next holder that has it is asked
    /// for it, and the sender alone is named ([`Done::Begun::liars`]); where there is none, the answer is [`Failed`] with
    /// sender and receiver as suspects, and where that one's is wrong, too, with both senders. Frames of this term may
    /// arrive before this work does, by at most [`crate::limits::ACCEPT_TIMEOUT`]; after [`Work::Expect`] they must be kept.
    ///
    /// A member that was in another term before has been told [`Work::End`] of it. Nothing that was kept is forgotten.
    /// Answered by [`Done::Begun`].
    Begin {
        /// The term.
        term: Term,
        /// The artist.
        origin: Origin,
    },
    /// Paint the batch of the next learning round and open it. Answered by [`Done::Batch`].
    PaintBatch {
        /// The artist: with term and round it seeds the batch's public latents.
        artist: ArtistName,
        /// The round that the batch begins: one more than those behind the weights.
        round: u64,
    },
    /// Learn from the updates towards the batch that was painted last. Keep the state before and the state after.
    /// Answered by [`Done::Learned`].
    Learn {
        /// The round, as in the [`Work::PaintBatch`] before.
        round: u64,
        /// This seat's shares of the updates, in the order that all four painters have. Each has the length that
        /// [`crate::Config::update_bytes`] has for this seat.
        updates: Vec<Zeroizing<Vec<u8>>>,
    },
    /// Paint one piece from a public latent. Answered by [`Done::Piece`].
    PaintPiece {
        /// The latent's seed, the same for all four painters.
        latent: Latent,
    },
    /// Compute this member's update towards a committee's batch and share it. Answered by [`Done::Update`].
    Teach {
        /// The batch, as a painter's [`Done::Batch`] has it. Its length is checked; its values are not.
        batch: Vec<u8>,
    },
    /// The term is over: drop its keys and its channel, and the states of an artist that is not kept. Not answered.
    End {
        /// [`Term::id`].
        term: TermId,
    },
    /// Keep the last two states of each of these artists, and forget those of all others. In a term, whose first state
    /// was certified just now, the first of them is the one that it works on. Not answered.
    Keep {
        /// The artists, at most [`abraham_messages::limits::MAX_ARTISTS`].
        artists: Vec<ArtistName>,
    },
    /// Forget every state: the visitor stopped. Not answered.
    Forget,
}

/// What came of it.
#[non_exhaustive]
pub enum Done {
    /// The seat was taken.
    Begun {
        /// To the state that the term begins with.
        commitments: HeldCommitments,
        /// Seats that sent this one another component than was certified, where a second holder sent the right one.
        liars: Vec<usize>,
    },
    /// The batch of a round.
    Batch {
        /// The opened samples, row after row, each an `i16` little-endian with 8 fraction bits; exactly
        /// [`crate::Config::batch_bytes`].
        bytes: Vec<u8>,
    },
    /// A round was learnt.
    Learned {
        /// Places of updates that were dropped: inconsistent, or of another mass than 1. The same for all painters.
        dropped: Vec<usize>,
        /// To the state after the round.
        commitments: HeldCommitments,
    },
    /// A piece was painted.
    Piece {
        /// What was opened, as canonical bytes; exactly [`crate::Config::content_bytes`].
        content: Vec<u8>,
    },
    /// A teacher's update.
    Update {
        /// The share for each seat, of exactly [`crate::Config::update_bytes`] bytes. Opaque to the collective.
        shares: [Zeroizing<Vec<u8>>; 4],
    },
}

/// Why it failed. After a failure of painters' work the collective ends the term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The seats that the painters agreed on, one of whom is at fault (protocol.md, section 10); twice the same where
    /// nothing was agreed on and this one was waited for in most of the time; `None` where the cause is this member's
    /// own machine.
    pub suspects: Option<[usize; 2]>,
    /// Where nobody is suspected: the seat that was not ready in time while seats were filled. It may have waited for
    /// another, or for a slow line.
    pub late: Option<usize>,
    /// The cause, in words for a person.
    pub reason: String,
}
