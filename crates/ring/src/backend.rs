//! The [`Backend`] trait: where ring arithmetic that is worth a device is computed.

use crate::{Error, RingTensor};

/// One operand of a matrix product, possibly transposed.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    /// The matrix as stored.
    pub tensor: &'a RingTensor,
    /// Whether the product uses its transpose.
    pub transposed: bool,
}

impl Operand<'_> {
    /// (rows, columns) as the product sees them.
    pub fn shape(&self) -> (usize, usize) {
        let (rows, cols) = self.tensor.shape();
        if self.transposed { (cols, rows) } else { (rows, cols) }
    }
}

/// One matrix product with a sum inside: Σ_t left_t · right_t, every term of the same outer shape.
#[derive(Clone)]
pub struct Matmul<'a> {
    /// The terms; at least one.
    pub terms: Vec<(Operand<'a>, Operand<'a>)>,
}

impl Matmul<'_> {
    /// (rows, columns) of the result.
    ///
    /// # Errors
    /// [`Error::NoTerms`] where there is no term; [`Error::Shape`] where inner or outer sizes do not fit.
    pub fn shape(&self) -> Result<(usize, usize), Error> {
        let outer = |(left, right): &(Operand<'_>, Operand<'_>)| (left.shape().0, right.shape().1);
        let shape = self.terms.first().map(outer).ok_or(Error::NoTerms)?;
        for term in &self.terms {
            let (left, right) = (term.0.shape(), term.1.shape());
            if left.1 != right.0 || outer(term) != shape {
                return Err(Error::Shape { operation: "a matrix product", left, right });
            }
        }
        Ok(shape)
    }
}

/// (rows, columns) of an element-wise product with a sum inside.
///
/// # Errors
/// [`Error::NoTerms`] where there is no term; [`Error::Shape`] where two operands differ in shape.
pub fn hadamard_shape(terms: &[(&RingTensor, &RingTensor)]) -> Result<(usize, usize), Error> {
    let shape = terms.first().map(|(left, _)| left.shape()).ok_or(Error::NoTerms)?;
    for (left, right) in terms {
        if left.shape() != shape || right.shape() != shape {
            return Err(Error::Shape {
                operation: "an element-wise product",
                left: left.shape(),
                right: right.shape(),
            });
        }
    }
    Ok(shape)
}

/// One stretch of a PRF's output: elements of `bits` bits each, from the block stream `stream` under `key`.
///
/// Elements of up to 32 bits take one little-endian 32-bit word of ChaCha12 keystream each, wider ones two;
/// each is masked to `bits`.
#[derive(Clone, Copy)]
pub struct Draw<'a> {
    /// The 256-bit key.
    pub key: &'a [u8; 32],
    /// The stream (nonce); never used twice under one key.
    pub stream: u64,
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub cols: usize,
    /// Bits of each element, 1 to 64.
    pub bits: u32,
}

impl Draw<'_> {
    /// Whether the draw can be computed.
    ///
    /// # Errors
    /// [`Error::Bits`] where `bits` is not 1 to 64.
    pub fn check(&self) -> Result<(), Error> {
        Error::check_bits("a drawn element's width", self.bits, 1)
    }
}

/// Where ring tensors are computed on. Every implementation gives the same integers, bit for bit.
///
/// Work comes in batches, so that a device pays one submission and one readback for each.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Backend {
    /// A short name for people: "CPU", or the adapter's.
    fn name(&self) -> &str;

    /// Computes every product of the batch.
    ///
    /// # Errors
    /// As [`Matmul::shape`]; [`Error::Device`] where a device fails.
    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, Error>;

    /// Multiplies element by element, with a sum inside as in [`Matmul`]: Σ_t left_t ⊙ right_t.
    ///
    /// # Errors
    /// As [`hadamard_shape`]; [`Error::Device`] where a device fails.
    async fn hadamard(&self, batch: &[Vec<(&RingTensor, &RingTensor)>]) -> Result<Vec<RingTensor>, Error>;

    /// Expands every draw of the batch.
    ///
    /// # Errors
    /// [`Error::Bits`] where an element's width is not 1 to 64; [`Error::Device`] where a device fails.
    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, Error>;

    /// Looks up sine and cosine of 2π·angle/2^`period_bits`, rounded to 12 fraction bits, as wrapped integers.
    /// The angle is first rounded to 16 bits of a turn. Bit-exact everywhere: a table made by integer arithmetic.
    ///
    /// # Errors
    /// [`Error::Bits`] where `period_bits` is not 16 to 64; [`Error::Device`] where a device fails.
    async fn sine_cosine(
        &self,
        angle: &RingTensor,
        period_bits: u32,
    ) -> Result<(RingTensor, RingTensor), Error>;
}

macro_rules! through_a_pointer {
    ($pointer:ty) => {
        impl<B: Backend> Backend for $pointer {
            fn name(&self) -> &str {
                (**self).name()
            }

            async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, Error> {
                (**self).matmul(batch).await
            }

            async fn hadamard(
                &self,
                batch: &[Vec<(&RingTensor, &RingTensor)>],
            ) -> Result<Vec<RingTensor>, Error> {
                (**self).hadamard(batch).await
            }

            async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, Error> {
                (**self).expand(batch).await
            }

            async fn sine_cosine(
                &self,
                angle: &RingTensor,
                period_bits: u32,
            ) -> Result<(RingTensor, RingTensor), Error> {
                (**self).sine_cosine(angle, period_bits).await
            }
        }
    };
}

through_a_pointer!(&B);
through_a_pointer!(std::rc::Rc<B>);
