//! Where the teacher's kernel sums are computed: on the graphics device where that pays, else by candle.

use abraham_gpu::ComputeBackend;
use abraham_learning::{CandleKernelSums, Error, KernelSums, Pictures, Sums};

/// The teacher's device.
pub(crate) struct TeacherDevice<'a>(pub(crate) &'a ComputeBackend);

impl KernelSums for TeacherDevice<'_> {
    async fn kernel_sums(
        &self,
        batch: &[f32],
        pictures: &Pictures,
        scale: f32,
        temperatures: &[f32],
    ) -> Result<Sums, Error> {
        let on_device =
            self.0.kernel_sums(batch, pictures.values(), pictures.dimension(), scale, temperatures).await;
        match on_device {
            Some((num, den)) => Ok(Sums { num, den }),
            None => CandleKernelSums.kernel_sums(batch, pictures, scale, temperatures).await,
        }
    }
}
