//! What linked members tell each other on the control lane: committees that are proposed, a term's steps, goodbyes.

use serde::{Deserialize, Serialize};

use super::{
    Certificate, Notice, Presence, Signature, StateName, StateStatement, at_most, decode, encode, round, seat,
};
use crate::{
    ArtistName, BatchId, Commitment, Nonce, PeerKey, RecipeId, StepsHash, TermId, codec::DecodeError, limits,
};

/// What a proposed term would work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposedOrigin {
    /// A new artist.
    Genesis,
    /// An artist that some of the four hold.
    Continue {
        /// The artist.
        artist: ArtistName,
        /// Its state.
        from: StateName,
        /// Which seats hold it.
        holders: [bool; 4],
    },
}

/// A committee that one of its four proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The term's number: one more than the proposer knows of.
    pub number: u64,
    /// Hash of the recipe by which they would paint.
    pub recipe: RecipeId,
    /// The painters, by seat.
    pub seats: [PeerKey; 4],
    /// What they would work on.
    pub origin: ProposedOrigin,
    /// Random, so that no two terms have the same id.
    pub nonce: Nonce,
}

impl Proposal {
    /// The id of the term that it would begin.
    pub fn term_bytes(&self) -> Vec<u8> {
        let mut bytes = b"abraham/term/1\0".to_vec();
        bytes.extend(postcard::to_allocvec(self).unwrap_or_default());
        bytes
    }

    fn check(&self) -> Result<(), DecodeError> {
        match &self.origin {
            ProposedOrigin::Continue { from, .. } => from.check(),
            ProposedOrigin::Genesis => Ok(()),
        }
    }
}

/// A teacher that a painter sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherOffer {
    /// Who.
    pub peer: PeerKey,
    /// With how many pictures, by its own word.
    pub pictures: u32,
}

/// What a painter has to say at the start of a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// It leaves: the term is over when all four have this.
    pub leaves: bool,
    /// It thinks a piece is due.
    pub piece_due: bool,
    /// Teachers that are present and linked to it.
    pub teachers: Vec<TeacherOffer>,
}

/// One step of a cycle, sent to the three other painters. Nobody takes the next step before it has all four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Step {
    /// Ready for the cycle.
    Ready(Ready),
    /// What this painter heard the four say; before it, nobody acts on [`Step::Ready`].
    Planned {
        /// BLAKE3 over the four.
        readies: StepsHash,
    },
    /// The updates that this painter has, and the batch that it opened.
    Have {
        /// BLAKE3 of the batch.
        batch: BatchId,
        /// Bit i for teacher i.
        updates: u32,
    },
    /// What this painter heard the four have; before it, nobody learns.
    Counted {
        /// BLAKE3 over the four.
        haves: StepsHash,
    },
    /// The commitments that this painter holds to the state after what was done.
    Held {
        /// By component.
        commitments: [Option<Commitment>; 4],
    },
    /// That all were told the same, and what is certified by it.
    Certify {
        /// BLAKE3 over the four [`Step::Held`] that this painter heard.
        helds: StepsHash,
        /// A signature under the [`super::StateStatement`].
        signature: Signature,
    },
    /// A signature under the [`crate::Piece`].
    Sign(Signature),
}

impl Step {
    fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Ready(ready) => at_most("teachers", ready.teachers.len(), limits::MAX_LINKS),
            _ => Ok(()),
        }
    }

    /// What painters hash to find out whether all were told the same: the step in postcard's format.
    pub fn hashed_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).unwrap_or_default()
    }
}

/// An artist that a member holds shares of, with what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldArtist {
    /// Of the newest state and the one before, newest first; one or two. The member is one of their painters, at the
    /// seat that it holds the shares of.
    pub states: Vec<Certificate>,
    /// Of earlier committees of the artist, newest first: one a change of painters.
    pub chain: Vec<Certificate>,
}

/// What a member holds, in place of what it said before: when a link comes up, and when it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// Artists whose shares it holds, the one certified last first.
    pub artists: Vec<HeldArtist>,
    /// Artists whose shares it ever saw, with its seat: it takes no other seat of one of them.
    pub seats: Vec<(ArtistName, u8)>,
    /// Whether it would begin another artist beside those that wait: its visitor chose so.
    pub begins: bool,
}

impl Holds {
    fn check(&self) -> Result<(), DecodeError> {
        at_most("artists", self.artists.len(), limits::MAX_ARTISTS)?;
        for artist in &self.artists {
            at_most("states", artist.states.len(), 2)?;
            at_most("chain", artist.chain.len(), limits::MAX_CHAIN)?;
            let certificates = artist.states.iter().chain(&artist.chain);
            certificates.map(|certificate| &certificate.statement).try_for_each(StateStatement::check)?;
        }
        at_most("seats", self.seats.len(), limits::MAX_SEATS_TOLD)?;
        self.seats.iter().try_for_each(|(_, held)| seat(*held))
    }
}

/// Why a painter stops a term, for the others to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Farewell {
    /// It does not accept the proposal, or not in time.
    Refuse,
    /// Its visitor paused or stopped, or its machine failed.
    Leave,
    /// It waited in vain for this seat.
    Silent(u8),
    /// The protocol stopped with these suspects.
    Suspects([u8; 2]),
    /// It was not told the same as others.
    Disagreement,
    /// Another committee has learnt for longer.
    Dissolve,
}

/// What travels between linked members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Control {
    /// I am here: while no relay carries the topic.
    Presence(Presence),
    /// Let us four paint.
    Proposal(Proposal),
    /// I take the seat that a proposal gives me.
    Accept {
        /// BLAKE3 of the proposal.
        term: TermId,
        /// From a holder of the state that is continued: its certificate.
        certificate: Option<Box<Certificate>>,
    },
    /// I do not, or no longer, sit in this term.
    Farewell {
        /// The term.
        term: TermId,
        /// Why.
        why: Farewell,
    },
    /// A painter's step.
    Step {
        /// The term.
        term: TermId,
        /// The cycle.
        cycle: u32,
        /// The step.
        step: Step,
    },
    /// To a teacher: teach us this. A painter sends the batch itself as [`super::BulkKind::Batch`].
    Notice {
        /// The batch.
        notice: Notice,
        /// Under it.
        signature: Signature,
    },
    /// These are the shares that I hold.
    Holds(Holds),
    /// I sit in a term: until a painter of it says so on its link, a term is only said to be.
    Sits {
        /// Its hash is the term's id, so nobody else can have sat in it.
        proposal: Proposal,
        /// A state that the term certified.
        certificate: Box<Certificate>,
    },
}

impl Control {
    /// Encodes it for the control lane.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes what came on the control lane, and checks every count.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let message = decode(bytes, limits::MAX_CONTROL_BYTES)?;
        match &message {
            Self::Presence(presence) => presence.check()?,
            Self::Step { step, .. } => step.check()?,
            Self::Holds(holds) => holds.check()?,
            Self::Proposal(proposal) => proposal.check()?,
            Self::Accept { certificate: Some(certificate), .. } => certificate.statement.check()?,
            Self::Sits { proposal, certificate } => {
                proposal.check()?;
                certificate.statement.check()?;
            }
            Self::Notice { notice, .. } => round(notice.round)?,
            Self::Farewell { why: Farewell::Silent(silent), .. } => seat(*silent)?,
            Self::Farewell { why: Farewell::Suspects(seats), .. } => {
                seats.iter().try_for_each(|suspect| seat(*suspect))?;
            }
            _ => {}
        }
        Ok(message)
    }
}
