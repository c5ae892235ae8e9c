//! The CPU backend.

use crate::{Backend, Draw, Error, Matmul, RingTensor};

/// Computes on the calling thread, with the CPU mirrors of the shaders.
#[derive(Clone, Copy, Default)]
pub struct CpuBackend;

impl Backend for CpuBackend {
    fn name(&self) -> &str {
        "CPU"
    }

    async fn matmul(&self, _batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, Error> {
        Err(Error::Device("being written".into()))
    }

    async fn hadamard(&self, _batch: &[Vec<(&RingTensor, &RingTensor)>]) -> Result<Vec<RingTensor>, Error> {
        Err(Error::Device("being written".into()))
    }

    async fn expand(&self, _batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, Error> {
        Err(Error::Device("being written".into()))
    }

    async fn sine_cosine(&self, _angle: &RingTensor, _period_bits: u32) -> Result<(RingTensor, RingTensor), Error> {
        Err(Error::Device("being written".into()))
    }
}
