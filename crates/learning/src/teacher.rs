//! What a teacher computes from its own pictures: the kernel sums.

use candle_core::{Device, Tensor};

use crate::{Error, Pictures};

/// The temperatures of the recipe: both sharp enough to tell pictures apart and wide enough to move far ones.
pub const TEMPERATURES: [f32; 2] = [0.05, 0.2];

/// Pictures that are worked on at once: bounds the memory beside the set itself to this many rows.
const CHUNK: usize = 512;

/// A public constant near the mean L2 distance between two pictures with values in [−1, 1]; a factor of 2 is harmless.
///
/// 22.8 for grey 32×32, 41.9 for colour 32×32 and 86 for colour 64×64 (measured on public sets); other sizes follow
/// the square root of the number of values. It must never be read off private pictures.
pub fn distance_scale(side: usize, channels: usize) -> f32 {
    match (side, channels) {
        (32, 1) => 22.8,
        (32, _) => 41.9,
        (64, 3) => 86.0,
        _ => {
            let (scale, values) = if channels == 1 { (22.8, 1024.0) } else { (41.9, 3072.0) };
            (scale * ((side * side * channels) as f64 / values).sqrt()) as f32
        }
    }
}

/// What one teacher's pictures add up to, over a batch of B pictures with D values each.
///
/// With w_jy = softmax over j of −‖x_j − y‖₂ / (t·scale), so that each picture y spreads weight 1 over the batch,
/// averaged over the temperatures t and the N pictures. It derives neither `Debug` nor `Serialize` on purpose.
pub struct Sums {
    /// (1/N) Σ_y w_jy·y, B×D row-major.
    pub num: Vec<f32>,
    /// (1/N) Σ_y w_jy, B values that add up to 1.
    pub den: Vec<f32>,
}

/// Where kernel sums are computed.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait KernelSums {
    /// Computes the sums of `pictures` over `batch`, B×D row-major, for the kernel widths `temperatures`·`scale`.
    ///
    /// # Errors
    /// [`Error::PictureSize`] where the batch's rows do not have D values, [`Error::Parameter`] where there is no
    /// batch, no picture, or a width that is not positive, [`Error::Kernel`] where a device fails.
    async fn kernel_sums(
        &self,
        batch: &[f32],
        pictures: &Pictures,
        scale: f32,
        temperatures: &[f32],
    ) -> Result<Sums, Error>;
}

/// Computes kernel sums on the CPU, with candle's matrix products.
#[derive(Clone, Copy, Default)]
pub struct CandleKernelSums;

impl KernelSums for CandleKernelSums {
    async fn kernel_sums(
        &self,
        batch: &[f32],
        pictures: &Pictures,
        scale: f32,
        temperatures: &[f32],
    ) -> Result<Sums, Error> {
        let dimension = pictures.dimension();
        if batch.is_empty() || pictures.is_empty() {
            let what = if batch.is_empty() { "the batch" } else { "the number of pictures" };
            return Err(Error::Parameter { what, allowed: "at least 1" });
        }
        if !batch.len().is_multiple_of(dimension) {
            return Err(Error::PictureSize { expected: dimension, found: batch.len() % dimension });
        }
        check_widths(temperatures, scale)?;
        let rows = batch.len() / dimension;
        let x = Tensor::from_slice(batch, (rows, dimension), &Device::Cpu).map_err(kernel)?;
        let x_norms = squared_norms(batch, dimension);
        let mut num = vec![0.0; batch.len()];
        let mut den = vec![0.0; rows];
        for chunk in pictures.values().chunks(CHUNK * dimension) {
            let count = chunk.len() / dimension;
            let y = Tensor::from_slice(chunk, (count, dimension), &Device::Cpu).map_err(kernel)?;
            // Rows are pictures, so that each picture's softmax runs over neighbouring values.
            let cross = y.matmul(&x.t().map_err(kernel)?).map_err(kernel)?;
            let cross = cross.flatten_all().and_then(|x| x.to_vec1::<f32>()).map_err(kernel)?;
            let y_norms = squared_norms(chunk, dimension);
            let mut weights = vec![0.0; cross.len()];
            for ((cross, y_norm), weights) in cross.chunks(rows).zip(y_norms).zip(weights.chunks_mut(rows)) {
                let distances = cross.iter().zip(&x_norms);
                let distances = distances.map(|(cross, x_norm)| x_norm + y_norm - 2.0 * f64::from(*cross));
                let distances: Vec<f32> = distances.map(|square| square.max(0.0).sqrt() as f32).collect();
                add_softmax(&distances, scale, temperatures, weights);
            }
            let weights = Tensor::from_vec(weights, (count, rows), &Device::Cpu).map_err(kernel)?;
            let part = weights.t().and_then(|w| w.matmul(&y)).map_err(kernel)?;
            let part = part.flatten_all().and_then(|x| x.to_vec1::<f32>()).map_err(kernel)?;
            num.iter_mut().zip(part).for_each(|(num, part)| *num += part);
            let part = weights.sum(0).and_then(|x| x.to_vec1::<f32>()).map_err(kernel)?;
            den.iter_mut().zip(part).for_each(|(den, part)| *den += part);
        }
        let share = 1.0 / pictures.len() as f32;
        num.iter_mut().chain(&mut den).for_each(|x| *x *= share);
        Ok(Sums { num, den })
    }
}

/// Refuses kernel widths that are not positive numbers.
pub(crate) fn check_widths(temperatures: &[f32], scale: f32) -> Result<(), Error> {
    let positive = |x: &f32| x.is_finite() && *x > 0.0;
    if temperatures.is_empty() || !temperatures.iter().all(positive) || !positive(&scale) {
        return Err(Error::Parameter {
            what: "temperatures and distance scale",
            allowed: "positive numbers",
        });
    }
    Ok(())
}

/// Adds to `weights` the mean over the temperatures of softmax(−distances / (t·scale)).
fn add_softmax(distances: &[f32], scale: f32, temperatures: &[f32], weights: &mut [f32]) {
    let nearest = distances.iter().fold(f32::INFINITY, |least, d| least.min(*d));
    for temperature in temperatures {
        let inverse = 1.0 / (temperature * scale);
        let exponentials: Vec<f32> = distances.iter().map(|d| ((nearest - d) * inverse).exp()).collect();
        let share = 1.0 / (exponentials.iter().sum::<f32>() * temperatures.len() as f32);
        weights.iter_mut().zip(exponentials).for_each(|(weight, e)| *weight += e * share);
    }
}

/// ‖row‖² of each row, added up in double precision: distances are small differences of these.
fn squared_norms(values: &[f32], dimension: usize) -> Vec<f64> {
    let square = |row: &[f32]| row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    values.chunks(dimension).map(square).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn kernel(error: candle_core::Error) -> Error {
    Error::Kernel(error.to_string())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_core::{RngCore, SeedableRng};

    use super::*;

    fn uniform(rng: &mut ChaCha8Rng) -> f32 {
        rng.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0
    }

    /// The definition, one pair at a time.
    fn naive(batch: &[f32], pictures: &Pictures, scale: f32, temperatures: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let dimension = pictures.dimension();
        let rows = batch.len() / dimension;
        let (mut num, mut den) = (vec![0.0; batch.len()], vec![0.0; rows]);
        for y in pictures.values().chunks(dimension) {
            let distance =
                |x: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>().sqrt();
            let distances: Vec<f64> = batch.chunks(dimension).map(distance).collect();
            for t in temperatures {
                let e: Vec<f64> = distances.iter().map(|d| (-d / f64::from(t * scale)).exp()).collect();
                let total: f64 = e.iter().sum::<f64>() * (temperatures.len() * pictures.len()) as f64;
                for (j, e) in e.iter().enumerate() {
                    den[j] += e / total;
                    for (num, y) in num[j * dimension..].iter_mut().zip(y) {
                        *num += e / total * f64::from(*y);
                    }
                }
            }
        }
        (num, den)
    }

    #[test]
    fn equals_the_definition() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        // The last set takes more than one chunk.
        for (side, channels, rows, count) in [(3, 1, 1, 1), (4, 3, 7, 30), (2, 1, 5, 600), (8, 3, 16, 1100)] {
            let mut pictures = Pictures::new(side, channels).unwrap();
            let dimension = pictures.dimension();
            for _ in 0..count {
                let picture: Vec<f32> = (0..dimension).map(|_| uniform(&mut rng)).collect();
                pictures.push(&picture).unwrap();
            }
            let batch: Vec<f32> = (0..rows * dimension).map(|_| 1.2 * uniform(&mut rng)).collect();
            let scale = distance_scale(side, channels);
            let sums = CandleKernelSums.kernel_sums(&batch, &pictures, scale, &TEMPERATURES);
            let sums = pollster::block_on(sums).unwrap();
            let (num, den) = naive(&batch, &pictures, scale, &TEMPERATURES);
            let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-5;
            assert!(sums.num.iter().zip(&num).all(near), "{side} {channels} {rows} {count}");
            assert!(sums.den.iter().zip(&den).all(near), "{side} {channels} {rows} {count}");
            assert!((sums.den.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_copy_takes_its_picture() {
        let mut pictures = Pictures::new(32, 3).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..2 {
            let picture: Vec<f32> = (0..3072).map(|_| uniform(&mut rng)).collect();
            pictures.push(&picture).unwrap();
        }
        let batch = pictures.values().to_vec();
        let sums = CandleKernelSums.kernel_sums(&batch, &pictures, 41.9, &[0.05]);
        let sums = pollster::block_on(sums).unwrap();
        for (num, y) in sums.num.iter().zip(&batch) {
            assert!((num - y / 2.0).abs() < 1e-4);
        }
    }

    #[test]
    fn refuses_what_has_no_sums() {
        let mut pictures = Pictures::new(2, 1).unwrap();
        let sums = |pictures: &Pictures, batch: &[f32], temperatures: &[f32]| {
            pollster::block_on(CandleKernelSums.kernel_sums(batch, pictures, 1.0, temperatures)).err()
        };
        assert!(matches!(sums(&pictures, &[0.0; 4], &[0.1]), Some(Error::Parameter { .. })));
        pictures.push(&[0.0; 4]).unwrap();
        assert!(sums(&pictures, &[0.0; 4], &[0.1]).is_none());
        assert!(matches!(sums(&pictures, &[], &[0.1]), Some(Error::Parameter { .. })));
        assert!(matches!(sums(&pictures, &[0.0; 6], &[0.1]), Some(Error::PictureSize { .. })));
        for bad in [&[][..], &[0.0], &[-1.0], &[f32::NAN], &[f32::INFINITY]] {
            assert!(matches!(sums(&pictures, &[0.0; 4], bad), Some(Error::Parameter { .. })));
        }
    }

    #[test]
    fn scales_are_the_measured_ones() {
        assert_eq!([(32, 1), (32, 3), (64, 3)].map(|(s, c)| distance_scale(s, c)), [22.8, 41.9, 86.0]);
        assert!((distance_scale(64, 1) - 45.6).abs() < 1e-4);
        assert!((distance_scale(16, 3) - 20.95).abs() < 1e-4);
    }
}
