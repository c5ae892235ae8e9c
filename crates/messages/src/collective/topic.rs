//! What everyone is told on the presence topic: who is here, and pieces.

use serde::{Deserialize, Serialize};

use super::{at_most, decode, encode, generation, round, seat};
use crate::{ArtistName, PeerKey, RecipeId, SignedPiece, StateId, TermId, codec::DecodeError, limits};

/// What a member computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendKind {
    /// A graphics processor.
    Gpu,
    /// The central processor.
    Cpu,
}

/// A certified state of an artist, as its holders name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateName {
    /// Learning rounds behind it.
    pub round: u64,
    /// How often its shares were made anew.
    pub generation: u64,
    /// A hash over its four commitments, round and generation: two states of one round differ in it.
    pub state: StateId,
}

impl StateName {
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        round(self.round)?;
        generation(self.generation)
    }
}

/// Shares that a member holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The artist.
    pub artist: ArtistName,
    /// The seat: it holds every component but this.
    pub seat: u8,
    /// The newest certified state and the one before, newest first; one or two.
    pub states: Vec<StateName>,
}

/// A seat that a member sits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seated {
    /// The term.
    pub term: TermId,
    /// Its number.
    pub number: u64,
    /// The seat.
    pub seat: u8,
    /// The artist; zero while it has no name.
    pub artist: ArtistName,
    /// Learning rounds behind the artist's weights.
    pub round: u64,
}

/// I am here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Counts this member's messages on the topic; those that do not count up are replays.
    pub sequence: u64,
    /// Hash of the recipe by which it paints and teaches. Members of another recipe are not seated together.
    pub recipe: RecipeId,
    /// Whether it would take a seat.
    pub paint: bool,
    /// Pictures that it teaches with; 0 is not teaching.
    pub pictures: u32,
    /// What it computes with.
    pub backend: BackendKind,
    /// Where it can be dialled.
    pub addresses: Vec<String>,
    /// Members that it has a direct link with.
    pub links: Vec<PeerKey>,
    /// Shares that it holds.
    pub holding: Option<Holding>,
    /// Where it sits.
    pub seated: Option<Seated>,
    /// The highest number of a term that it knows of.
    pub known_term: u64,
}

impl Presence {
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        at_most("addresses", self.addresses.len(), limits::MAX_ADDRESSES)?;
        for address in &self.addresses {
            at_most("address length", address.len(), limits::MAX_ADDRESS_BYTES)?;
        }
        at_most("links", self.links.len(), limits::MAX_LINKS)?;
        if let Some(holding) = &self.holding {
            seat(holding.seat)?;
            at_most("states", holding.states.len(), 2)?;
            holding.states.iter().try_for_each(StateName::check)?;
        }
        let Some(seated) = &self.seated else { return Ok(()) };
        seat(seated.seat)?;
        round(seated.round)
    }
}

/// What travels on the presence topic, whose authors the network node has checked.
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time is made, handled and dropped; not large where pointers are small"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Gossip {
    /// I am here.
    Presence(Presence),
    /// I leave.
    Leave {
        /// As in [`Presence::sequence`].
        sequence: u64,
    },
    /// A piece was painted.
    Piece(Box<SignedPiece>),
}

impl Gossip {
    /// Encodes it for the presence topic.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes what was heard there, and checks every count.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let message = decode(bytes, limits::MAX_GOSSIP_BYTES)?;
        match &message {
            Self::Presence(presence) => {
                let limit = limits::MAX_PRESENCE_BYTES;
                if bytes.len() > limit {
                    return Err(DecodeError::TooLong { bytes: bytes.len(), limit });
                }
                presence.check()?;
            }
            Self::Piece(piece) => piece.check()?,
            Self::Leave { .. } => {}
        }
        Ok(message)
    }
}
