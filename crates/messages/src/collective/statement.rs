//! What members sign, and signatures.

use serde::{Deserialize, Serialize};

use super::{generation, round};
use crate::{ArtistName, BatchId, Commitment, PeerKey, TermId, codec::DecodeError};

/// An ECDSA signature over secp256k1, as Ethereum writes it: r and s, 32 bytes each, big-endian, then 27 or 28 by which
/// the key can be recovered. Not checked to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature(#[serde(with = "serde_bytes")] pub [u8; 65]);

/// What four painters certify: a state of their artist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateStatement {
    /// The artist.
    pub artist: ArtistName,
    /// Learning rounds behind it.
    pub round: u64,
    /// How often its shares were made anew; zero until they ever are.
    pub generation: u64,
    /// The commitments to its four components.
    pub commitments: [Commitment; 4],
    /// The term that certifies it.
    pub term: TermId,
    /// That term's painters, by seat.
    pub seats: [PeerKey; 4],
}

impl StateStatement {
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        round(self.round)?;
        generation(self.generation)
    }
}

/// A state with its painters' signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// What they signed.
    pub statement: StateStatement,
    /// By seat; enough of them for a quorum.
    pub signatures: [Option<Signature>; 4],
}

/// A batch that teachers are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// The term.
    pub term: TermId,
    /// The term's cycle: counts the steps of a term, learning or not.
    pub cycle: u32,
    /// The painters, by seat: where the update goes.
    pub seats: [PeerKey; 4],
    /// The artist.
    pub artist: ArtistName,
    /// The learning round that the batch begins.
    pub round: u64,
    /// BLAKE3 of the batch.
    pub batch: BatchId,
}
