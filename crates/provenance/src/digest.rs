//! What is signed, as EIP-712 hashes it: <https://eips.ethereum.org/EIPS/eip-712>.

use abraham_messages::{
    PeerKey, Piece,
    collective::{Notice, StateStatement},
};
use sha3::{Digest, Keccak256};

/// The name of the signing domain.
const NAME: &str = "Abraham";
/// The version of the signing domain: it changes when a type does.
const VERSION: &str = "1";
const DOMAIN_TYPE: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
/// Chain and contract, as long as an artist has neither.
const NOWHERE: Word = Word([0; 32]);

/// 32 bytes, as which EIP-712 encodes each field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(pub [u8; 32]);

/// A statement's EIP-712 `hashStruct`, which names it whatever the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StructHash(pub [u8; 32]);

/// What is signed: the hash over domain and statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningHash(pub [u8; 32]);

/// What can be signed. Its type's name is part of the digest, so a signature is never one under something else.
pub trait Statement {
    /// The type, as EIP-712's `encodeType` writes it.
    const TYPE: &'static str;

    /// The fields in the type's order, 32 bytes each: EIP-712's `encodeData`.
    fn encode_data(&self) -> Vec<Word>;
}

impl Statement for Piece {
    const TYPE: &'static str = "Piece(bytes32 artist,bytes32 recipe,uint64 round,bytes32 latent,bytes32 state,\
        bytes32 content,bytes32 seal,bytes32 record,bytes32 credits)";

    fn encode_data(&self) -> Vec<Word> {
        vec![
            Word(self.artist.0),
            Word(self.recipe.0),
            number(self.round),
            Word(self.latent.0),
            Word(self.state.0),
            Word(self.content.0),
            Word(self.seal.0),
            Word(self.record.0),
            Word(self.credits.0),
        ]
    }
}

impl Statement for StateStatement {
    const TYPE: &'static str = "State(bytes32 artist,uint64 round,uint64 generation,bytes32[4] commitments,\
        bytes32 term,bytes[4] painters)";

    fn encode_data(&self) -> Vec<Word> {
        vec![
            Word(self.artist.0),
            number(self.round),
            number(self.generation),
            keccak(self.commitments.map(|commitment| commitment.0).as_flattened()),
            Word(self.term.0),
            painters(&self.seats),
        ]
    }
}

impl Statement for Notice {
    const TYPE: &'static str =
        "Notice(bytes32 term,uint32 cycle,bytes[4] painters,bytes32 artist,uint64 round,bytes32 batch)";

    fn encode_data(&self) -> Vec<Word> {
        vec![
            Word(self.term.0),
            number(self.cycle.into()),
            painters(&self.seats),
            Word(self.artist.0),
            number(self.round),
            Word(self.batch.0),
        ]
    }
}

/// A number as a 256-bit big-endian integer.
fn number(value: u64) -> Word {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    Word(word)
}

/// An array of dynamic `bytes`: the hash over the hashes of its items.
fn painters(keys: &[PeerKey; 4]) -> Word {
    keccak(keys.map(|key| keccak(&key.0).0).as_flattened())
}

fn keccak(bytes: &[u8]) -> Word {
    Word(Keccak256::digest(bytes).into())
}

/// EIP-712's `hashStruct`.
fn hash_words(kind: &str, words: &[Word]) -> StructHash {
    let mut hasher = Keccak256::new_with_prefix(keccak(kind.as_bytes()).0);
    words.iter().for_each(|word| hasher.update(word.0));
    StructHash(hasher.finalize().into())
}

/// A statement's EIP-712 `hashStruct`, which names it whatever the domain.
pub fn hash_struct<S: Statement>(statement: &S) -> StructHash {
    hash_words(S::TYPE, &statement.encode_data())
}

/// The hash of the signing domain.
pub fn domain_separator() -> StructHash {
    hash_words(DOMAIN_TYPE, &[keccak(NAME.as_bytes()), keccak(VERSION.as_bytes()), NOWHERE, NOWHERE])
}

/// What is signed: 0x1901, domain, statement.
pub fn digest<S: Statement>(statement: &S) -> SigningHash {
    let mut hasher = Keccak256::new_with_prefix([0x19, 0x01]);
    hasher.update(domain_separator().0);
    hasher.update(hash_struct(statement).0);
    SigningHash(hasher.finalize().into())
}
