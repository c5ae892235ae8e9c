//! What members sign, and signatures.

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::{PeerKey, PieceRecord};

/// An ECDSA signature over secp256k1: r and s, 32 bytes each, big-endian. Not checked to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature(#[serde(with = "serde_bytes")] pub [u8; 64]);

/// What four painters certify: a state of their artist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateStatement {
    /// The artist.
    pub artist: Digest,
    /// Learning rounds behind it.
    pub round: u64,
    /// The commitments to its four components.
    pub commitments: [Digest; 4],
    /// The term that certifies it.
    pub term: Digest,
    /// That term's painters, by seat.
    pub seats: [PeerKey; 4],
}

/// A state with its painters' signatures over [`Statement::State`].
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
    pub term: Digest,
    /// The term's cycle: counts the steps of a term, learning or not.
    pub cycle: u32,
    /// The painters, by seat: where the update goes.
    pub seats: [PeerKey; 4],
    /// The artist.
    pub artist: Digest,
    /// The learning round that the batch begins.
    pub round: u64,
    /// BLAKE3 of the batch.
    pub batch: Digest,
}

/// What is signed. The domain is part of the signed bytes, so a signature is never one over something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement<'a> {
    /// A state of an artist.
    State(&'a StateStatement),
    /// A batch for teachers.
    Notice(&'a Notice),
    /// A piece.
    Piece(&'a PieceRecord),
}

impl Statement<'_> {
    /// The bytes that are hashed by SHA-256 and signed: a domain, a zero byte, the statement in postcard's format.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let (domain, body) = match self {
            Self::State(state) => ("abraham/state/1", postcard::to_allocvec(state)),
            Self::Notice(notice) => ("abraham/notice/1", postcard::to_allocvec(notice)),
            Self::Piece(record) => ("abraham/piece/1", postcard::to_allocvec(record)),
        };
        let mut bytes = domain.as_bytes().to_vec();
        bytes.push(0);
        // Serialising plain data into a growing buffer cannot fail.
        bytes.extend(body.unwrap_or_default());
        bytes
    }
}
