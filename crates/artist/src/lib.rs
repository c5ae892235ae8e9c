//! The artist: a sine network that exists only as secret shares, how it paints and how it learns.
//!
//! The program is written once against [`abraham_mpc::Arithmetic`]: painters run it on shares, and the
//! [`oracle`] runs the same integers on one machine.
//!
//! # Architecture
//! Latents → sine layers → linear → picture, after SIREN (Sitzmann et al. 2020) with the sizes of
//! `docs/protocol.md`. The activation is sine because on shares it is exact, takes two rounds without truncation, and
//! gives its derivative as well.

mod architecture;
mod backward;
mod checkpoint;
mod component;
mod error;
mod forward;
mod genesis;
mod latent;
pub mod oracle;
mod scale;
mod update;
mod weights;

pub use architecture::Architecture;
pub use backward::Gradients;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::Error;
pub use forward::{Activations, Painting, paint, paint_to_learn};
pub use genesis::genesis;
pub use latent::latents;
pub use scale::{GRADIENT_BITS, LATENT_BITS, MOMENTUM_BITS, PICTURE_BITS, RATE_BITS, WEIGHT_BITS};
pub use update::{Rates, Stepped, learn};
pub use weights::{Artist, Layer};
