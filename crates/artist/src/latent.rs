//! Public latents, the same on every machine.

use abraham_ring::RingTensor;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};

use crate::LATENT_BITS;

/// Draws `count` latents of `size` numbers each from a public seed, near a standard Gaussian (Irwin and Hall's sum
/// of twelve uniforms, exact integers), with [`LATENT_BITS`] fraction bits: count × size.
pub fn latents(seed: &[u8; 32], count: usize, size: usize) -> RingTensor {
    let mut rng = ChaCha12Rng::from_seed(*seed);
    RingTensor::from_fn(count, size, |_, _| {
        let sum: u64 = (0..12).map(|_| u64::from(rng.next_u32())).sum();
        let centred = sum.wrapping_sub(6 << 32).cast_signed();
        (centred >> (32 - LATENT_BITS)).cast_unsigned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use abraham_ring::fixed::decode;

    #[test]
    fn latents_are_standard_and_reproducible() {
        let z = latents(&[7; 32], 500, 8);
        assert!(z == latents(&[7; 32], 500, 8));
        assert!(z != latents(&[8; 32], 500, 8));
        let values: Vec<f64> = z.data().iter().map(|v| decode(*v, LATENT_BITS)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.08, "mean {mean}, variance {variance}");
    }
}
