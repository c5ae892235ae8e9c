//! The scale budget: fraction bits of every value, so that no value is truncated twice.
//!
//! | value | fraction bits | ring |
//! | --- | --- | --- |
//! | weights, biases | 32 | 2^64 |
//! | latents; sine and cosine outputs | 24 | 2^64 |
//! | pre-activation of the first layer (local) | 56 | 2^64 |
//! | pre-activations of later sine layers: only modulo a turn, 24 bits dropped | 32 | 2^32 |
//! | picture, opened: 48 bits dropped, values within ±128 | 8 | 2^16 |
//! | output gradient, for one teacher | 24 and more | 2^64 |
//! | the same and weights, rounded where they are, as factors of a gradient | 20 | below 2^64 |
//! | every gradient: known in a 24-bit ring, then lifted, so below 2^24 whatever teachers sent | 18 | 2^24 → 2^64 |
//! | gradients as their norms are taken of them: 18 bits less what keeps the norm below 2^63 | | |
//! | momentum | 16 | 2^64 |
//! | learning rate (public) | 16 | |

use abraham_mpc::Scale;

/// Fraction bits of latents, as of the sine layer's outputs.
pub const LATENT_BITS: u32 = 24;
/// Fraction bits of weights and biases.
pub const WEIGHT_BITS: u32 = 32;
/// Fraction bits of an opened picture: as many as teachers and the page use. With more, two public batches give away
/// what was learnt between them.
pub const PICTURE_BITS: u32 = 8;
/// Fraction bits of the output gradient.
pub const GRADIENT_BITS: u32 = 24;
/// Fraction bits of momentum.
pub const MOMENTUM_BITS: u32 = 16;
/// Fraction bits of the learning rate; weights have as many as momentum and rate together.
pub const RATE_BITS: u32 = WEIGHT_BITS - MOMENTUM_BITS;

/// The ring that an opened picture travels in: 8 fraction bits and ±128.
pub(crate) const PICTURE_RING: u32 = 16;
/// The ring and fraction bits of a hidden pre-activation: only its place within a turn matters.
pub(crate) const ANGLE_RING: u32 = 32;
/// The ring that every gradient is known in before it is lifted. A lift gives less than three quarters of the ring in
/// magnitude, whatever was lifted; so no update, however large, makes a gradient larger than that.
pub(crate) const GRADIENT_RING: u32 = 24;
/// Fraction bits of gradients: values up to ±16 are right. For one teacher the last layer's are below 9.
pub(crate) const INNER_BITS: u32 = 18;
/// Fraction bits of the output gradient and of weights where a gradient is computed of them: fewer than they have, so
/// that the exact product has room.
pub(crate) const ROUNDED_BITS: u32 = 20;
/// Fraction bits of the public momentum factors, which a truncation takes off again.
pub(crate) const FACTOR_BITS: u32 = 16;

pub(crate) const WEIGHT: Scale = Scale::full(WEIGHT_BITS);
pub(crate) const MOMENTUM: Scale = Scale::full(MOMENTUM_BITS);
