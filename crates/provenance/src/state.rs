//! Names of states and artists.

use abraham_messages::collective::{Digest, StateName, StateStatement};
use sha2::{Digest as _, Sha256};

/// The artist of this recipe whose first state has these commitments.
pub fn artist_name(recipe: &Digest, commitments: &[Digest; 4]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 artist's name v2");
    hasher.update(recipe).update(commitments.as_flattened());
    *hasher.finalize().as_bytes()
}

/// A state as pieces and members name it: SHA-256 over the commitments to its four components, its round and its
/// generation, both as 8 bytes, big-endian.
pub fn state_hash(commitments: &[Digest; 4], round: u64, generation: u64) -> Digest {
    let mut hasher = Sha256::new_with_prefix(b"abraham/state/2\0");
    hasher.update(commitments.as_flattened());
    hasher.update(round.to_be_bytes());
    hasher.update(generation.to_be_bytes());
    hasher.finalize().into()
}

/// The name of a certified state.
pub fn state_name(statement: &StateStatement) -> StateName {
    let StateStatement { round, generation, .. } = *statement;
    StateName { round, generation, state: state_hash(&statement.commitments, round, generation) }
}
