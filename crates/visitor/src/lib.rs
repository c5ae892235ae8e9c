//! A visitor's part in the collective: carries out, over a network and a backend, what the collective decides.
//!
//! [`Visitor::run`] is one future that drives [`abraham_collective::Collective`], paints and teaches. It knows no
//! browser and no runtime: network, clock, random bytes and devices are passed in ([`Tools`]). So the same code runs in a
//! tab's worker, natively, and in tests with simulated time. It is not `Send` and starts no thread.
//!
//! Everything that a visitor keeps on the device, its own artist, pieces and pictures, is in a [`Store`].

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
