//! Joint randomness: values that nobody knows.

use abraham_messages::Kind;
use abraham_ring::{Backend, RingTensor, fixed::mask};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};

use crate::{Channel, Error, Painter, Scale, Sharing, committee::PAIRINGS};

use super::share::{Contribution, Seal, Target};

/// What each of the six parts of a joint sample is drawn from. Integer and bit-exact on every machine, since both
/// members of a pair must draw the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distribution {
    /// Uniform over `bits` low bits.
    Uniform {
        /// Bits, 1 to 64.
        bits: u32,
    },
    /// Near a Gaussian of mean 0: the sum of twelve uniforms less its mean (Irwin and Hall), scaled to the standard
    /// deviation `sigma` in units of the last place. Tails end at 6 sigma; not for privacy noise, whose cost in ε
    /// an approximation would have to carry.
    IrwinHall {
        /// Standard deviation of one part, in units in the last place.
        sigma: u64,
    },
}

/// A joint sample: the sum of six parts, each known to one pair, so that three parts stay unknown to any painter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// How the integers read.
    pub scale: Scale,
    /// What each of the six parts is drawn from.
    pub part: Distribution,
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// # Communication
    /// One round; 6 elements for each element.
    pub(super) async fn draw_jointly(&mut self, batch: &[Sample]) -> Result<Vec<Sharing>, Error> {
        let mut targets = Vec::with_capacity(batch.len());
        let mut contributions = Vec::with_capacity(batch.len() * PAIRINGS.len());
        for (target, sample) in batch.iter().enumerate() {
            targets.push(Target { shape: (sample.rows, sample.cols), scale: sample.scale });
            for (pairing, entry) in PAIRINGS.iter().enumerate() {
                // `share` uses up one stream for each contribution; a pair's own draw is of the same number.
                let stream = self.streams + contributions.len() as u64;
                let value = entry.knows(self.id).then(|| part(&self.keys.pairs[pairing], stream, sample));
                contributions.push(Contribution { pairing, target, value });
            }
        }
        self.share(Kind::JointInput, &targets, contributions, Seal::Open).await
    }
}

/// One pair's part, from its own key; `stream` is never used twice under it.
fn part(key: &[u8; 32], stream: u64, sample: &Sample) -> RingTensor {
    let mut rng = ChaCha12Rng::from_seed(*key);
    rng.set_stream(stream);
    let ring = mask(sample.scale.ring_bits);
    RingTensor::from_fn(sample.rows, sample.cols, |_, _| {
        let drawn = match sample.part {
            Distribution::Uniform { bits } => rng.next_u64() & mask(bits),
            Distribution::IrwinHall { sigma } => irwin_hall(&mut rng, sigma),
        };
        drawn & ring
    })
}

/// round(sigma·(Σ of 12 uniforms on [0, 1) − 6)) in two's complement; the sum's variance is exactly 1.
fn irwin_hall(rng: &mut impl RngCore, sigma: u64) -> u64 {
    let sum: u64 = (0..12).map(|_| u64::from(rng.next_u32())).sum();
    let centred = i128::from(sum) - (6 << 32);
    ((centred * i128::from(sigma) + (1 << 31)) >> 32) as u64
}
