//! What members of the collective say: on the presence topic ([`Gossip`]), to linked members ([`Control`]), and as
//! batches and updates ([`Bulk`]).
//!
//! Every message begins with a version byte. Control messages travel on authenticated links and need no signature;
//! what others must be able to check carries one: ECDSA over secp256k1 and SHA-256, made with the key that is the
//! member's identity, over [`Statement::signed_bytes`].

use std::fmt;

use serde::{Deserialize, Serialize, de::Error as _};

use crate::{Payload, PeerKey, PieceRecord, codec, codec::DecodeError, codec::Reader, limits};

/// Version of these messages; others are refused.
pub const VERSION: u8 = 1;

/// A BLAKE3 hash.
pub type Digest = [u8; 32];

/// An ECDSA signature over secp256k1: r and s, 32 bytes each, big-endian. Not checked to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(self.0.as_slice(), serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = serde_bytes::deserialize(deserializer)?;
        Ok(Self(bytes.try_into().map_err(|_| D::Error::custom("a signature has 64 bytes"))?))
    }
}

/// What a member computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendKind {
    /// A graphics processor.
    Gpu,
    /// The central processor.
    Cpu,
}

/// What a member's machine can do, by its own measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// What it computes with.
    pub backend: BackendKind,
    /// Ring matrix products, in 10^8 multiply-accumulates a second.
    pub rate: u32,
}

/// A certified state of an artist, as its holders name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateName {
    /// Learning rounds behind it.
    pub round: u64,
    /// BLAKE3 over artist, round and the four commitments: two states of one round differ in it.
    pub state: Digest,
}

/// Shares that a member holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The artist.
    pub artist: Digest,
    /// The seat: it holds every component but this.
    pub seat: u8,
    /// The newest certified state and the one before, newest first; one or two.
    pub states: Vec<StateName>,
}

/// A seat that a member sits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seated {
    /// The term.
    pub term: Digest,
    /// Its number.
    pub number: u64,
    /// The seat.
    pub seat: u8,
    /// The artist; zero while it has no name.
    pub artist: Digest,
    /// Learning rounds behind the artist's weights.
    pub round: u64,
}

/// I am here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Counts this member's messages on the topic; those that do not count up are replays.
    pub sequence: u64,
    /// Whether it would take a seat.
    pub paint: bool,
    /// Pictures that it teaches with; 0 is not teaching.
    pub pictures: u32,
    /// Its machine.
    pub capability: Capability,
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

/// A piece with its painters' signatures over [`Statement::Piece`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPiece {
    /// Where it came from; its committee is [`crate::piece::Committee::Members`].
    pub record: PieceRecord,
    /// 8-bit samples, rows first, channels interleaved.
    #[serde(with = "serde_bytes")]
    pub samples: Vec<u8>,
    /// By seat.
    pub signatures: [Signature; 4],
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

/// What a proposed term would work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposedOrigin {
    /// A new artist.
    Genesis,
    /// An artist that some of the four hold.
    Continue {
        /// The artist.
        artist: Digest,
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
    /// The painters, by seat.
    pub seats: [PeerKey; 4],
    /// What they would work on.
    pub origin: ProposedOrigin,
    /// Random, so that no two terms have the same id.
    pub nonce: Digest,
}

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
        readies: Digest,
    },
    /// The updates that this painter has, and the batch that it opened.
    Have {
        /// BLAKE3 of the batch.
        batch: Digest,
        /// Bit i for teacher i.
        updates: u32,
    },
    /// What this painter heard the four have; before it, nobody learns.
    Counted {
        /// BLAKE3 over the four.
        haves: Digest,
    },
    /// The commitments that this painter holds to the state after what was done.
    Held {
        /// By component.
        commitments: [Option<Digest>; 4],
    },
    /// A signature over [`Statement::State`].
    Certify(Signature),
    /// A signature over [`Statement::Piece`].
    Sign(Signature),
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
        term: Digest,
        /// From a holder of the state that is continued: its certificate.
        certificate: Option<Box<Certificate>>,
    },
    /// I do not, or no longer, sit in this term.
    Farewell {
        /// The term.
        term: Digest,
        /// Why.
        why: Farewell,
    },
    /// A painter's step.
    Step {
        /// The term.
        term: Digest,
        /// The cycle.
        cycle: u32,
        /// The step.
        step: Step,
    },
    /// To a teacher: teach us this. A painter sends the batch itself as [`BulkKind::Batch`].
    Notice {
        /// The batch.
        notice: Notice,
        /// Over [`Statement::Notice`].
        signature: Signature,
    },
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

/// Encodes a message that is defined here: the version, then postcard.
fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    postcard::to_extend(message, vec![VERSION]).unwrap_or_default()
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit });
    }
    match bytes.split_first() {
        None => Err(DecodeError::Truncated { missing: 1 }),
        Some((&VERSION, body)) => codec::decode(body, limit),
        Some((&other, _)) => Err(DecodeError::UnknownValue { field: "version", value: other.into() }),
    }
}

fn at_most(field: &'static str, count: usize, limit: usize) -> Result<(), DecodeError> {
    if count > limit {
        return Err(DecodeError::UnknownValue { field, value: count as u64 });
    }
    Ok(())
}

fn seat(seat: u8) -> Result<(), DecodeError> {
    at_most("seat", seat.into(), 3)
}

impl Presence {
    fn check(&self) -> Result<(), DecodeError> {
        at_most("addresses", self.addresses.len(), limits::ADDRESSES)?;
        for address in &self.addresses {
            at_most("address length", address.len(), limits::ADDRESS_BYTES)?;
        }
        at_most("links", self.links.len(), limits::LINKS)?;
        if let Some(holding) = &self.holding {
            seat(holding.seat)?;
            at_most("states", holding.states.len(), 2)?;
        }
        self.seated.as_ref().map_or(Ok(()), |seated| seat(seated.seat))
    }
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
        let message = decode(bytes, limits::GOSSIP_BYTES)?;
        if let Self::Presence(presence) = &message {
            let limit = limits::PRESENCE_BYTES;
            if bytes.len() > limit {
                return Err(DecodeError::TooLong { bytes: bytes.len(), limit });
            }
            presence.check()?;
        }
        Ok(message)
    }
}

impl Proposal {
    /// The id of the term that it would begin.
    pub fn term_bytes(&self) -> Vec<u8> {
        let mut bytes = b"abraham/term/1\0".to_vec();
        bytes.extend(postcard::to_allocvec(self).unwrap_or_default());
        bytes
    }
}

impl Step {
    fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Ready(ready) => at_most("teachers", ready.teachers.len(), limits::LINKS),
            _ => Ok(()),
        }
    }

    /// What painters hash to find out whether all were told the same: the step in postcard's format.
    pub fn hashed_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).unwrap_or_default()
    }
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
        let message = decode(bytes, limits::CONTROL_BYTES)?;
        match &message {
            Self::Presence(presence) => presence.check()?,
            Self::Step { step, .. } => step.check()?,
            Self::Farewell { why: Farewell::Silent(silent), .. } => seat(*silent)?,
            Self::Farewell { why: Farewell::Suspects(seats), .. } => {
                seats.iter().try_for_each(|suspect| seat(*suspect))?;
            }
            _ => {}
        }
        Ok(message)
    }
}

/// What travels on the bulk lane: version, kind (1 a batch, 2 an update's share), the term's first 8 bytes, the cycle
/// (`u32` little-endian), then the payload, which may be a share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bulk<'a> {
    /// What it is.
    pub kind: BulkKind,
    /// The first eight bytes of the term's id.
    pub term: [u8; 8],
    /// The cycle that it belongs to.
    pub cycle: u32,
    /// The batch or the share.
    pub payload: &'a [u8],
}

impl fmt::Debug for Bulk<'_> {
    /// The payload by its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, term, cycle, payload } = self;
        write!(f, "Bulk({kind:?}, {term:?}, {cycle}, {} bytes)", payload.len())
    }
}

/// What a bulk message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BulkKind {
    /// A batch, from a painter to a teacher.
    Batch = 1,
    /// A share of an update, from a teacher to a painter.
    Update = 2,
}

/// Bytes of a bulk message before its payload.
pub const BULK_HEADER_BYTES: usize = 14;

impl<'a> Bulk<'a> {
    /// Encodes it for the bulk lane.
    pub fn encode(&self) -> Payload {
        let mut bytes = Vec::with_capacity(BULK_HEADER_BYTES + self.payload.len());
        bytes.extend([VERSION, self.kind as u8]);
        bytes.extend(self.term);
        bytes.extend(self.cycle.to_le_bytes());
        bytes.extend_from_slice(self.payload);
        bytes.into()
    }

    /// Decodes what came on the bulk lane.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits::BULK_BYTES)?;
        let version = reader.u8()?;
        if version != VERSION {
            return Err(DecodeError::UnknownValue { field: "version", value: version.into() });
        }
        let kind = match reader.u8()? {
            1 => BulkKind::Batch,
            2 => BulkKind::Update,
            other => return Err(DecodeError::UnknownValue { field: "bulk kind", value: other.into() }),
        };
        let term = reader.array()?;
        let cycle = u32::from_le_bytes(reader.array()?);
        Ok(Self { kind, term, cycle, payload: reader.rest() })
    }
}
