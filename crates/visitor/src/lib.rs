//! A visitor's part in the collective: what the collective decides, carried out over a network and a backend.
//!
//! [`Visitor::run`] is one future that drives [`abraham_collective::Collective`], paints and teaches. It knows no
//! browser and no runtime: network, clock, random bytes and devices are passed in ([`Tools`]), so the same code runs in
//! a tab's worker, natively, and in tests with a time of their own. It is not `Send` and starts no thread.
//!
//! What a visitor keeps on its device, an artist of its own, pieces and pictures, lies in a [`Store`].

mod channel;
mod engine;
mod error;
mod event;
mod filling;
mod handle;
pub mod limits;
mod painting;
mod shelf;
mod storage;
mod store;
mod surroundings;
mod switch;
mod teaching;
#[cfg(test)]
mod tests;
mod visitor;

pub use error::Error;
pub use event::{Event, LinkTraffic};
pub use handle::{Handle, Offer};
pub use shelf::Shelf;
pub use storage::{KeptPiece, Saves, Storage};
pub use store::{Key, MemoryStore, PieceId, Slot, Store, conformance};
pub use surroundings::{Network, SeedSource, Timer};
pub use switch::FrameTraffic;
pub use visitor::{Tools, Visitor};
