//! Digests of 32 bytes. Each kind is a type of its own, so that none is taken for another; on the wire they are bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::hex;

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident;)*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex(&self.0))
            }
        }
    )*};
}

kinds! {
    /// An artist, named by its recipe and the commitments to its first state; zero while it has no name.
    #[derive(Default)]
    ArtistName;

    /// BLAKE3 of an artist's recipe: sizes, batch, steps a round and schedule.
    #[derive(Default)]
    RecipeId;

    /// BLAKE3 of the proposal that began a term; zero where there is none.
    #[derive(Default)]
    TermId;

    /// SHA-256 over a state's four commitments, its round and its generation.
    StateId;

    /// The commitment to one component of a state.
    #[derive(Default)]
    Commitment;

    /// Seed of the public latent that a piece is drawn from.
    Latent;

    /// SHA-256 of a piece's canonical bytes.
    ContentId;

    /// What an artist was last taught by curators; zero while there is no chain.
    #[derive(Default)]
    SealId;

    /// The record of a term; zero while terms have none.
    #[derive(Default)]
    RecordId;

    /// Who is paid for a piece; zero while nobody is.
    #[derive(Default)]
    CreditsId;

    /// BLAKE3 of a batch.
    #[derive(Default)]
    BatchId;

    /// BLAKE3 over what the four painters said in one step.
    StepsHash;

    /// Random, so that no two terms have the same id. It is no digest.
    Nonce;
}
