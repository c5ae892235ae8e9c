//! The scale budget: fraction bits of every value, so that no value is truncated twice.
//!
//! | value | fraction bits | ring |
//! | --- | --- | --- |
//! | weights, biases | 32 | 2^64 |
//! | latents; sine and cosine outputs | 24 | 2^64 |
//! | pre-activation of the first layer (local) | 56 | 2^64 |
//! | pre-activations of later sine layers: only modulo a turn, 24 bits dropped | 32 | 2^32 |
//! | picture, opened: 40 bits dropped, values within ±128 | 16 | 2^24 |
//! | output gradient | 24 | 2^64 |
//! | every gradient that is a product: travels in a 32-bit ring, then lifted | 20 | 2^32 → 2^64 |
//! | momentum | 16 | 2^64 |
//! | learning rate (public) | 16 | |

use abraham_mpc::Scale;

/// Fraction bits of latents, as of the sine layer's outputs.
pub const LATENT_BITS: u32 = 24;
/// Fraction bits of weights and biases.
pub const WEIGHT_BITS: u32 = 32;
/// Fraction bits of an opened picture.
pub const PICTURE_BITS: u32 = 16;
/// Fraction bits of the output gradient.
pub const GRADIENT_BITS: u32 = 24;
/// Fraction bits of momentum.
pub const MOMENTUM_BITS: u32 = 16;
/// Fraction bits of the learning rate; weights have as many as momentum and rate together.
pub const RATE_BITS: u32 = WEIGHT_BITS - MOMENTUM_BITS;

/// The ring that an opened picture travels in: 16 fraction bits and ±128.
pub(crate) const PICTURE_RING: u32 = 24;
/// The ring and fraction bits of a hidden pre-activation: only its place within a turn matters.
pub(crate) const ANGLE_RING: u32 = 32;
/// The ring that products travel in which become gradients.
pub(crate) const GRADIENT_RING: u32 = 32;
/// Fraction bits of such gradients.
pub(crate) const INNER_BITS: u32 = 20;
/// Fraction bits of the public momentum factors, which a truncation takes off again.
pub(crate) const FACTOR_BITS: u32 = 16;

pub(crate) const WEIGHT: Scale = Scale::full(WEIGHT_BITS);
pub(crate) const MOMENTUM: Scale = Scale::full(MOMENTUM_BITS);
