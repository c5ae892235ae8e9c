//! The teacher's kernel sums on a graphics device, in f32.

use abraham_shaders::kernels::{kernel_distance, kernel_sums, kernel_weights};

use crate::{
    Error, GpuBackend,
    submission::{Submission, WORK_AT_ONCE},
};

/// Rows and columns of a result that one workgroup computes.
const TILE: usize = 32;

/// Values of pictures, and distances, that one submission holds: 32 MiB.
const VALUES_AT_ONCE: usize = 1 << 23;

/// Pictures that one submission holds: at most 65,535 workgroups of them.
const PICTURES_AT_ONCE: usize = 1 << 20;

impl GpuBackend {
    /// What a teacher's pictures y add up to over a batch x: with w_jy = softmax over j of −‖x_j − y‖ / (t·`scale`),
    /// averaged over the temperatures t, (1/N) Σ_y w_jy·y and (1/N) Σ_y w_jy.
    ///
    /// `batch` is B×`pixels` and `pictures` N×`pixels`, row-major; the results are B×`pixels` and B. They are in f32,
    /// summed in an order that depends on the device: nothing that two painters must agree on may rest on their last
    /// bits.
    ///
    /// # Errors
    /// [`Error::KernelSums`] where a slice has no whole row, there are no temperatures, or one is not a positive
    /// number; [`Error::Failed`] where the device fails.
    pub async fn kernel_sums(
        &self,
        batch: &[f32],
        pictures: &[f32],
        pixels: usize,
        scale: f32,
        temperatures: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let whole = |rows: &[f32]| pixels > 0 && !rows.is_empty() && rows.len().is_multiple_of(pixels);
        if !whole(batch) || !whole(pictures) {
            return Err(Error::KernelSums(
                "at least one picture and one member of the batch, all of one size",
            ));
        }
        let rates: Vec<f32> = temperatures.iter().map(|temperature| 1.0 / (temperature * scale)).collect();
        if rates.is_empty() || !rates.iter().all(|rate| rate.is_finite() && *rate > 0.0) {
            return Err(Error::KernelSums("temperatures and a distance scale that are positive numbers"));
        }
        let members = batch.len() / pixels;
        let count = pictures.len() / pixels;
        let factor = 1.0 / (count as f32 * rates.len() as f32);
        let at_once =
            (WORK_AT_ONCE / batch.len()).min(VALUES_AT_ONCE / pixels.max(members)).clamp(1, PICTURES_AT_ONCE);
        let mut sums = vec![0.0f32; members * (pixels + 1)];
        for chunk in pictures.chunks(at_once * pixels) {
            let chunk_sums = self.chunk_sums(batch, chunk, pixels, &rates, factor).await?;
            for (sum, x) in sums.iter_mut().zip(chunk_sums) {
                *sum += x;
            }
        }
        let (mut num, mut den) = (Vec::with_capacity(batch.len()), Vec::with_capacity(members));
        for row in sums.chunks_exact(pixels + 1) {
            num.extend_from_slice(&row[..pixels]);
            den.push(row[pixels]);
        }
        Ok((num, den))
    }

    /// The sums of a few pictures, B×(`pixels` + 1): the last column is that of the weights themselves.
    async fn chunk_sums(
        &self,
        batch: &[f32],
        pictures: &[f32],
        pixels: usize,
        rates: &[f32],
        factor: f32,
    ) -> Result<Vec<f32>, Error> {
        let (members, count) = (batch.len() / pixels, pictures.len() / pixels);
        let pairs = members * count;
        let sum_bytes = 4 * members * (pixels + 1);
        let mut submission = Submission::new(self);
        if !submission
            .fits(&[4 * batch.len(), 4 * pictures.len(), 4 * rates.len()], &[4 * pairs, 4 * pairs, sum_bytes])
        {
            return Err(Error::KernelSums("a batch of at most 64 MiB"));
        }
        let word = |x: usize| u32::try_from(x).map_err(|_| Error::KernelSums("fewer than 2^32 values"));
        let (pictures, batch, rates_in) =
            (submission.input(pictures), submission.input(batch), submission.input(rates));
        let distances = submission.output(4 * pairs);
        let weights = submission.output(4 * pairs);
        let sums = submission.output(sum_bytes);
        submission.dispatch(
            &kernel_distance::KERNEL,
            &kernel_distance::Params {
                pictures: word(count)?,
                batch: word(members)?,
                pixels: word(pixels)?,
                padding: 0,
            },
            &[pictures, batch, distances],
            [word(members.div_ceil(TILE))?, word(count.div_ceil(TILE))?, 1],
            pairs * pixels,
        );
        submission.dispatch(
            &kernel_weights::KERNEL,
            &kernel_weights::Params {
                pictures: word(count)?,
                batch: word(members)?,
                temperatures: word(rates.len())?,
                factor,
            },
            &[distances, rates_in, weights],
            [word(count.div_ceil(64))?, 1, 1],
            pairs * rates.len(),
        );
        submission.dispatch(
            &kernel_sums::KERNEL,
            &kernel_sums::Params {
                pictures: word(count)?,
                batch: word(members)?,
                pixels: word(pixels)?,
                padding: 0,
            },
            &[weights, pictures, sums],
            [word((pixels + 1).div_ceil(TILE))?, word(members.div_ceil(TILE))?, 1],
            pairs * pixels,
        );
        Ok(submission.run(&[sums]).await?.read(sums))
    }
}
