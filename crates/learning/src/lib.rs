//! Federated drifting on shares: what a teacher computes from its pictures, and the public part of the drift.
//!
//! The method is *Generative Modeling via Drifting* (Deng, Li, Li, Du, He, arXiv 2602.04770), made federated. The attraction
//! to the crowd's pictures is linear in sums that the teachers secret-share, so it is never opened. The repulsion within
//! the batch and the curation are public, and every painter computes them here in the same way.
//!
//! Everything here is pure: no network, clock, thread, storage or browser; time and randomness are passed in.

mod apportion;
mod curation;
mod drift;
mod error;
mod exponential;
mod guard;
mod limits;
mod pictures;
mod round;
mod schedule;
pub mod seat;
pub mod studio;
mod teacher;
mod update;

pub use abraham_messages::limits::{MIN_PICTURES, MIN_SOLO_PICTURES, MIN_TEACHERS};
pub use curation::{Curated, Curation, DEFAULT_SHARE_PER_MILLE};
pub use drift::{BATCH_FRACTION_BITS, CLAMP, GRADIENT_FRACTION_BITS, clamped, public_gradient, reals};
pub use error::Error;
pub use guard::{Setting, check_crowd};
pub use limits::{MAX_CURATED, MAX_PICTURES, MAX_SHARE_PER_MILLE, MAX_SIDE, MAX_TEACHERS};
pub use pictures::Pictures;
pub use round::{CrowdSums, PublicDrift, step, take_in};
pub use schedule::{LEARNING_RATE_FRACTION_BITS, LearningRates, Schedule, WARM_UP_ROUNDS};
pub use teacher::{CandleKernelSums, KernelSums, Sums, TEMPERATURES, distance_scale};
pub use update::{DENOMINATOR_FRACTION_BITS, NUMERATOR_FRACTION_BITS, Update, quantise};
