//! Who signed what, and how anyone can check it.
//!
//! One [`sign`](Signer::sign) and one [`verify`] serve pieces, states and notices, in the solo studio and in the
//! collective. What is signed is an EIP-712 digest ([`digest()`]), so that a browser wallet and a contract compute the
//! same. A piece's picture file carries its record ([`mod@file`]). One function, [`file::open`], checks every piece,
//! whether it was kept, received or dropped on the page.
//!
//! A signature proves that the owner of this key signed this. It protects against anyone who changes a picture, a record or
//! a signature without having the painters' keys. It does not say who the painters are: anyone can make four keys and sign
//! a picture of their own with them.

mod digest;
mod error;
pub mod file;
mod piece;
mod sign;
mod state;
mod text;

pub use digest::{SigningHash, Statement, StructHash, Word, digest, domain_separator, hash_struct};
pub use error::Error;
pub use piece::{Unsigned, check, content_hash};
pub use sign::{Signer, recover, verify};
pub use state::{artist_name, state_hash, state_name};
pub use text::{from_text, to_text};
