//! What members of the collective say: on the presence topic ([`Gossip`]), to linked members ([`Control`]), and as
//! batches and updates ([`Bulk`]).
//!
//! Every message begins with a version byte. Control messages travel on authenticated links and need no signature;
//! what others must be able to check carries one, made with the key that is the member's identity
//! (`abraham-provenance`).

mod bulk;
mod control;
mod statement;
mod topic;

use serde::{Deserialize, Serialize};

use crate::{codec, codec::DecodeError, limits};

pub use bulk::{BULK_HEADER_BYTES, Bulk, BulkKind};
pub use control::{
    Control, Farewell, HeldArtist, Holds, Proposal, ProposedOrigin, Ready, Step, TeacherOffer,
};
pub use statement::{Certificate, Notice, Signature, StateStatement};
pub use topic::{BackendKind, Gossip, Holding, Presence, Seated, StateName};

/// Version of these messages; others are refused.
pub const VERSION: u8 = 4;

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

pub(crate) fn at_most(field: &'static str, count: usize, limit: usize) -> Result<(), DecodeError> {
    if count > limit {
        return Err(DecodeError::UnknownValue { field, value: count as u64 });
    }
    Ok(())
}

pub(crate) fn round(round: u64) -> Result<(), DecodeError> {
    match round <= limits::MAX_ROUNDS {
        true => Ok(()),
        false => Err(DecodeError::UnknownValue { field: "round", value: round }),
    }
}

fn generation(generation: u64) -> Result<(), DecodeError> {
    match generation <= limits::MAX_GENERATIONS {
        true => Ok(()),
        false => Err(DecodeError::UnknownValue { field: "generation", value: generation }),
    }
}

fn seat(seat: u8) -> Result<(), DecodeError> {
    at_most("seat", seat.into(), 3)
}
