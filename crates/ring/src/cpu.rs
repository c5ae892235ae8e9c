//! The CPU backend.

use abraham_shaders::{
    cpu::{self, Matrix},
    sine_table,
};

use crate::{Backend, Draw, Error, Matmul, Operand, RingTensor};

/// Computes on the calling thread, with the CPU mirrors of the shaders.
#[derive(Clone, Copy, Default)]
pub struct CpuBackend;

impl Backend for CpuBackend {
    fn name(&self) -> &str {
        "CPU"
    }

    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, Error> {
        batch
            .iter()
            .map(|product| {
                let (rows, cols) = product.shape()?;
                let mut out = RingTensor::zeros(rows, cols);
                for (left, right) in &product.terms {
                    cpu::ring_matmul(view(left), view(right), out.data_mut());
                }
                Ok(out)
            })
            .collect()
    }

    async fn hadamard(&self, batch: &[Vec<(&RingTensor, &RingTensor)>]) -> Result<Vec<RingTensor>, Error> {
        batch
            .iter()
            .map(|terms| {
                let (rows, cols) = crate::hadamard_shape(terms)?;
                let mut out = RingTensor::zeros(rows, cols);
                for (left, right) in terms {
                    cpu::ring_hadamard(left.data(), right.data(), out.data_mut());
                }
                Ok(out)
            })
            .collect()
    }

    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, Error> {
        batch
            .iter()
            .map(|draw| {
                draw.check()?;
                let mut out = RingTensor::zeros(draw.rows, draw.cols);
                cpu::prf_expand(draw.key, draw.stream, draw.bits, out.data_mut());
                Ok(out)
            })
            .collect()
    }

    async fn sine_cosine(
        &self,
        angle: &RingTensor,
        period_bits: u32,
    ) -> Result<(RingTensor, RingTensor), Error> {
        Error::check_bits("an angle's period", period_bits, sine_table::TURN_BITS)?;
        let mut sine = RingTensor::zeros(angle.rows(), angle.cols());
        let mut cosine = RingTensor::zeros(angle.rows(), angle.cols());
        cpu::sine_cosine(angle.data(), period_bits, sine.data_mut(), cosine.data_mut());
        Ok((sine, cosine))
    }
}

/// The operand as the kernels see it.
fn view<'a>(operand: &Operand<'a>) -> Matrix<'a> {
    let (rows, cols) = operand.tensor.shape();
    let matrix = Matrix::new(operand.tensor.data(), rows, cols);
    if operand.transposed { matrix.transposed() } else { matrix }
}
