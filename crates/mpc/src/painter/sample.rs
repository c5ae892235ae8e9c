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

#[cfg(test)]
mod tests {
    use abraham_ring::{CpuBackend, RingTensor};
    use futures::future::join_all;

    use super::*;
    use crate::{PainterId, Secret, channel::memory};

    /// The parts sum to the sample, and each painter lacks the keys of three of them: what these add is as wide as
    /// three parts are, whatever the painter does.
    #[test]
    fn three_of_the_six_parts_stay_unknown_to_each_painter() {
        let sigma = 1 << 16;
        let part_of = Distribution::IrwinHall { sigma };
        let sample = Sample { rows: 40, cols: 100, scale: Scale::full(16), part: part_of };
        let seats = PainterId::ALL.into_iter().zip(memory::network()).map(async |(id, channel)| {
            let mut painter = Painter::join(id, channel, CpuBackend, [id.byte() + 1; 32]).await?;
            let first = painter.streams;
            let drawn = painter.sample(&[sample]).await?.remove(0);
            Ok::<_, Error>((drawn, painter.keys.pairs, first))
        });
        let painters: Vec<_> =
            pollster::block_on(join_all(seats)).into_iter().map(|p| p.ok().unwrap()).collect();
        let mut sum = RingTensor::zeros(40, 100);
        for c in 0..4 {
            sum.add_assign(painters[(c + 1) % 4].0.component(c).unwrap()).unwrap();
        }
        let parts: Vec<RingTensor> = (0..6)
            .map(|i| {
                let members = PAIRINGS[i];
                let key = painters[members.sender.index()].1[i];
                assert_eq!(key, painters[members.witness.index()].1[i], "both members hold the pair's key");
                part(&key, painters[0].2 + i as u64, &sample)
            })
            .collect();
        let mut rest = sum.clone();
        parts.iter().for_each(|part| rest.sub_assign(part).unwrap());
        assert!(rest == RingTensor::zeros(40, 100), "the sample is the sum of the six parts");
        assert_eq!(painters[0].0.shape(), (40, 100));
        for (p, (_, keys, _)) in painters.iter().enumerate() {
            let unknown: Vec<usize> = (0..6).filter(|i| keys[*i] == [0; 32]).collect();
            assert_eq!(unknown.len(), 3, "painter {p} holds three of the six keys");
            let mut hidden = RingTensor::zeros(40, 100);
            unknown.iter().for_each(|i| hidden.add_assign(&parts[*i]).unwrap());
            let squares =
                hidden.data().iter().map(|x| (x.cast_signed() as f64).powi(2)).sum::<f64>() / 4000.0;
            let promised = 3.0 * (sigma as f64).powi(2);
            assert!((squares / promised - 1.0).abs() < 0.15, "{squares} of {promised}");
        }
    }

    #[test]
    fn no_two_samples_of_a_batch_share_a_part() {
        for part_of in [Distribution::IrwinHall { sigma: 1 << 40 }, Distribution::Uniform { bits: 60 }] {
            let sample = Sample { rows: 3, cols: 5, scale: Scale::full(16), part: part_of };
            let seats = PainterId::ALL.into_iter().zip(memory::network()).map(async |(id, channel)| {
                let mut painter = Painter::join(id, channel, CpuBackend, [id.byte() + 1; 32]).await?;
                let first = painter.streams;
                let drawn = painter.sample(&[sample, sample]).await?;
                Ok::<_, Error>((drawn, painter.keys.pairs, first))
            });
            let painters: Vec<_> =
                pollster::block_on(join_all(seats)).into_iter().map(|p| p.ok().unwrap()).collect();
            let mut parts: Vec<RingTensor> = Vec::new();
            for sample_index in 0..2 {
                let mut rest = RingTensor::zeros(3, 5);
                for c in 0..4 {
                    let holder = &painters[(c + 1) % 4].0[sample_index];
                    rest.add_assign(holder.component(c).unwrap()).unwrap();
                }
                for (i, members) in PAIRINGS.iter().enumerate() {
                    let (_, keys, first) = &painters[members.sender.index()];
                    let stream = first + (sample_index * PAIRINGS.len() + i) as u64;
                    let part = part(&keys[i], stream, &sample);
                    rest.sub_assign(&part).unwrap();
                    parts.push(part);
                }
                assert!(rest == RingTensor::zeros(3, 5), "sample {sample_index} is the sum of its own parts");
            }
            for (i, part) in parts.iter().enumerate() {
                assert!(parts[..i].iter().all(|other| other != part), "part {i} was drawn before");
            }
        }
    }

    #[test]
    fn irwin_hall_is_symmetric_bounded_and_exact_at_its_ends() {
        struct Constant(u32);
        impl RngCore for Constant {
            fn next_u32(&mut self) -> u32 {
                self.0
            }
            fn next_u64(&mut self) -> u64 {
                self.0.into()
            }
            fn fill_bytes(&mut self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        assert_eq!(irwin_hall(&mut Constant(0), 1000).cast_signed(), -6000);
        assert_eq!(irwin_hall(&mut Constant(1 << 31), 1000).cast_signed(), 0);
        assert_eq!(irwin_hall(&mut Constant(u32::MAX), 1000).cast_signed(), 6000);
        assert_eq!(irwin_hall(&mut Constant(0), 1 << 60).cast_signed(), -(6 << 60));
    }
}
