#![doc = include_str!("../README.md")]

mod arithmetic;
pub mod channel;
mod committee;
mod dispute;
mod error;
mod keys;
mod limits;
mod link;
mod meter;
mod painter;
mod sharing;

pub use arithmetic::{Arithmetic, Factor, Product, Rescale, Scale, Secret, SineOutput};
pub use channel::Channel;
pub use committee::PainterId;
pub use error::{Cause, Error};
pub use meter::Meter;
pub use painter::{Distribution, Painter, Sample, UpdateShare, split_update};
pub use sharing::Sharing;
