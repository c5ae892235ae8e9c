//! Names of states and artists.

use abraham_messages::{
    ArtistName, Commitment, RecipeId, StateId,
    collective::{StateName, StateStatement},
};
use sha2::{Digest, Sha256};

/// The artist of this recipe whose first state has these commitments.
pub fn artist_name(recipe: &RecipeId, commitments: &[Commitment; 4]) -> ArtistName {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 artist's name v2");
    hasher.update(&recipe.0).update(commitments.map(|commitment| commitment.0).as_flattened());
    ArtistName(*hasher.finalize().as_bytes())
}

/// A state as pieces and members name it: SHA-256 over the commitments to its four components, its round and its
/// generation, both as 8 bytes, big-endian.
pub fn state_hash(commitments: &[Commitment; 4], round: u64, generation: u64) -> StateId {
    let mut hasher = Sha256::new_with_prefix(b"abraham/state/2\0");
    hasher.update(commitments.map(|commitment| commitment.0).as_flattened());
    hasher.update(round.to_be_bytes());
    hasher.update(generation.to_be_bytes());
    StateId(hasher.finalize().into())
}

/// The name of a certified state.
pub fn state_name(statement: &StateStatement) -> StateName {
    let StateStatement { round, generation, .. } = *statement;
    StateName { round, generation, state: state_hash(&statement.commitments, round, generation) }
}
