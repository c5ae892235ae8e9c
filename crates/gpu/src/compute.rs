//! The choice between the graphics device and the CPU.

use std::sync::OnceLock;

use abraham_ring::{Backend, CpuBackend, Draw, Error as RingError, Matmul, RingTensor};

use crate::{Error, GpuBackend, conformance};

/// Multiply-adds of a batch of matrix products below which a round trip to the device costs more than it saves.
const LEAST_MACS: usize = 1 << 23;

/// Elements of a batch of draws below which a round trip to the device costs more than it saves.
const LEAST_DRAWN: usize = 1 << 19;

/// Differences of values in a teacher's sums below which a round trip to the device costs more than it saves.
const LEAST_DIFFERENCES: usize = 1 << 21;

/// What the visitor, or a test, wants of the graphics device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// Use it where it is a real one and computes exactly.
    #[default]
    Auto,
    /// Do not ask for it.
    Off,
    /// Use it even where it is software, which is slow: for tests.
    Force,
}

/// Chooses where to compute, and says why not on the device.
///
/// No adapter, a software adapter unless forced, or a kernel that disagrees with its CPU mirror: each means the CPU.
pub async fn choose(preference: Preference) -> (ComputeBackend, Option<Error>) {
    if preference == Preference::Off {
        return (ComputeBackend::cpu(), Some(Error::SwitchedOff));
    }
    match request(preference).await {
        Ok(gpu) => (ComputeBackend { gpu: Some(gpu), fallen_back: OnceLock::new() }, None),
        Err(error) => (ComputeBackend::cpu(), Some(error)),
    }
}

async fn request(preference: Preference) -> Result<GpuBackend, Error> {
    let gpu = GpuBackend::request().await?;
    if gpu.is_software() && preference != Preference::Force {
        return Err(Error::Software(gpu.name().to_owned()));
    }
    conformance(&gpu).await?;
    Ok(gpu)
}

/// Computes large work on the graphics device, where there is one, and everything else on the CPU.
///
/// Once the device fails, everything is computed on the CPU, for good; the work at hand too, so that callers see no
/// error. Element-wise products and sines always are: moving them costs more than computing them.
pub struct ComputeBackend {
    gpu: Option<GpuBackend>,
    fallen_back: OnceLock<String>,
}

impl ComputeBackend {
    /// Computes everything on the CPU.
    pub fn cpu() -> Self {
        Self { gpu: None, fallen_back: OnceLock::new() }
    }

    /// The device, while it works.
    pub fn gpu(&self) -> Option<&GpuBackend> {
        self.gpu.as_ref().filter(|_| self.fallen_back.get().is_none())
    }

    /// Why the device is no longer used, once it is not.
    pub fn fallen_back(&self) -> Option<&str> {
        self.fallen_back.get().map(String::as_str)
    }

    /// A teacher's sums, as [`GpuBackend::kernel_sums`], where they are worth the device and it manages them; where
    /// not, the caller computes them on the CPU.
    pub async fn kernel_sums(
        &self,
        batch: &[f32],
        pictures: &[f32],
        pixels: usize,
        scale: f32,
        temperatures: &[f32],
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let differences = pictures.len().saturating_mul(batch.len() / pixels.max(1));
        let gpu = self.gpu().filter(|_| differences >= LEAST_DIFFERENCES)?;
        match gpu.kernel_sums(batch, pictures, pixels, scale, temperatures).await {
            Ok(sums) => Some(sums),
            Err(Error::Failed(reason)) => {
                self.fall_back(reason);
                None
            }
            Err(_) => None,
        }
    }

    /// The result, unless the device failed at it: then the CPU takes over from here on.
    fn unless_failed<T>(&self, result: Result<T, RingError>) -> Option<Result<T, RingError>> {
        match result {
            Err(RingError::Device(reason)) => {
                self.fall_back(reason);
                None
            }
            result => Some(result),
        }
    }

    fn fall_back(&self, reason: String) {
        // The first reason stands.
        let _ = self.fallen_back.set(reason);
    }
}

impl Backend for ComputeBackend {
    fn name(&self) -> &str {
        self.gpu().map_or_else(|| CpuBackend.name(), GpuBackend::name)
    }

    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, RingError> {
        let macs = |product: &Matmul<'_>| {
            let terms =
                product.terms.iter().map(|(left, right)| left.tensor.len().saturating_mul(right.shape().1));
            terms.fold(0, usize::saturating_add)
        };
        if let Some(gpu) = self.gpu()
            && batch.iter().map(macs).fold(0, usize::saturating_add) >= LEAST_MACS
            && let Some(result) = self.unless_failed(gpu.matmul(batch).await)
        {
            return result;
        }
        CpuBackend.matmul(batch).await
    }

    async fn hadamard(
        &self,
        batch: &[Vec<(&RingTensor, &RingTensor)>],
    ) -> Result<Vec<RingTensor>, RingError> {
        CpuBackend.hadamard(batch).await
    }

    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, RingError> {
        if let Some(gpu) = self.gpu()
            && batch.iter().map(|draw| draw.rows.saturating_mul(draw.cols)).fold(0, usize::saturating_add)
                >= LEAST_DRAWN
            && let Some(result) = self.unless_failed(gpu.expand(batch).await)
        {
            return result;
        }
        CpuBackend.expand(batch).await
    }

    async fn sine_cosine(
        &self,
        angle: &RingTensor,
        period_bits: u32,
    ) -> Result<(RingTensor, RingTensor), RingError> {
        CpuBackend.sine_cosine(angle, period_bits).await
    }
}
