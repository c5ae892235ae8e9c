//! What a model is written against: arithmetic on secrets, with the scale of every value checked.

use abraham_ring::{Operand, RingTensor};

use crate::Error;

/// How a secret's integers read: modulo 2^`ring_bits`, with `fraction_bits` of them behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The value is known modulo 2^`ring_bits`, 1 to 64.
    pub ring_bits: u32,
    /// The integer is the real value times 2^`fraction_bits`.
    pub fraction_bits: u32,
}

impl Scale {
    /// A value modulo 2^64.
    pub const fn full(fraction_bits: u32) -> Self {
        Self { ring_bits: 64, fraction_bits }
    }
}

/// A secret tensor: a painter's part of a sharing, or the plain value in an oracle.
///
/// Every public linear map is local, so it costs no traffic; [`Secret::linear`] and [`Secret::combine`] are the two
/// ways to write one.
pub trait Secret: Clone {
    /// (rows, columns).
    fn shape(&self) -> (usize, usize);

    /// How its integers read.
    fn scale(&self) -> Scale;

    /// Applies a public linear map, the same to every component; the result reads as `scale`.
    ///
    /// # Errors
    /// Whatever `map` reports.
    fn linear(
        &self,
        scale: Scale,
        map: impl Fn(&RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, Error>;

    /// Applies a public map that is linear in both secrets together, as addition is.
    ///
    /// # Errors
    /// Whatever `map` reports.
    fn combine(
        &self,
        other: &Self,
        scale: Scale,
        map: impl Fn(&RingTensor, &RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, Error>;

    /// Adds a public tensor that reads at the same scale.
    ///
    /// # Errors
    /// [`Error::Ring`] where the shapes differ.
    fn add_public(&self, public: &RingTensor) -> Result<Self, Error>;

    /// Adds another secret of the same scale.
    ///
    /// # Errors
    /// [`Error::Scale`], [`Error::Ring`].
    fn add(&self, other: &Self) -> Result<Self, Error> {
        same_scale("addition", self, other)?;
        self.combine(other, self.scale(), |x, y| {
            let mut sum = x.clone();
            sum.add_assign(y)?;
            Ok(sum)
        })
    }

    /// Subtracts another secret of the same scale.
    ///
    /// # Errors
    /// [`Error::Scale`], [`Error::Ring`].
    fn sub(&self, other: &Self) -> Result<Self, Error> {
        same_scale("subtraction", self, other)?;
        self.combine(other, self.scale(), |x, y| {
            let mut difference = x.clone();
            difference.sub_assign(y)?;
            Ok(difference)
        })
    }

    /// a·self + b·other, for public integers a and b; the result reads as `scale`, which the caller answers for.
    ///
    /// # Errors
    /// [`Error::Scale`] where the rings differ, [`Error::Ring`] where the shapes do.
    fn weighted(&self, a: i64, other: &Self, b: i64, scale: Scale) -> Result<Self, Error> {
        if self.scale().ring_bits != other.scale().ring_bits {
            let (left, right) = (self.scale(), other.scale());
            return Err(Error::Scale { operation: "weighted sum", left, right });
        }
        let (a, b) = (a.cast_unsigned(), b.cast_unsigned());
        self.combine(other, scale, |x, y| {
            if x.shape() != y.shape() {
                let (left, right) = (x.shape(), y.shape());
                return Err(abraham_ring::Error::Shape { operation: "weighted sum", left, right });
            }
            let data = x.data().iter().zip(y.data());
            let data = data.map(|(x, y)| x.wrapping_mul(a).wrapping_add(y.wrapping_mul(b))).collect();
            RingTensor::new(x.rows(), x.cols(), data)
        })
    }

    /// The sum over rows: 1 × columns.
    ///
    /// # Errors
    /// None of its own; the signature is [`Secret::linear`]'s.
    fn sum_rows(&self) -> Result<Self, Error> {
        self.linear(self.scale(), |x| Ok(x.sum_rows()))
    }

    /// Multiplies row r by `public` row r, element by element: a column (rows × 1) times a public matrix.
    ///
    /// # Errors
    /// [`Error::Ring`] where the secret is not a column of as many rows.
    fn rows_times(&self, public: &RingTensor, public_fraction_bits: u32) -> Result<Self, Error> {
        let scale = self.scale();
        let scale = Scale { fraction_bits: scale.fraction_bits + public_fraction_bits, ..scale };
        self.linear(scale, |column| {
            if column.shape() != (public.rows(), 1) {
                let (left, right) = (column.shape(), public.shape());
                return Err(abraham_ring::Error::Shape { operation: "row scaling", left, right });
            }
            Ok(RingTensor::from_fn(public.rows(), public.cols(), |r, c| {
                column.data()[r].wrapping_mul(public.row(r)[c])
            }))
        })
    }

    /// The same integers read with other fraction bits: a public power of two as factor.
    fn read_as(self, fraction_bits: u32) -> Self;
}

impl Scale {
    /// What a value of this scale reads as after it was rounded to `drop` fewer bits.
    ///
    /// # Errors
    /// [`Error::Scale`] where it does not have so many fraction bits, or no bit of its ring would be left.
    pub fn rounded(self, drop: u32) -> Result<Self, Error> {
        if drop > self.fraction_bits || drop >= self.ring_bits {
            return Err(Error::Scale { operation: "rounding", left: self, right: self });
        }
        Ok(Self { ring_bits: self.ring_bits - drop, fraction_bits: self.fraction_bits - drop })
    }
}

fn same_scale<S: Secret>(operation: &'static str, left: &S, right: &S) -> Result<(), Error> {
    if left.scale() == right.scale() {
        return Ok(());
    }
    Err(Error::Scale { operation, left: left.scale(), right: right.scale() })
}

/// What a product multiplies.
pub enum Factor<'a, S> {
    /// A matrix product; either operand may be transposed.
    Matmul {
        /// The left matrix and whether it is transposed.
        left: (&'a S, bool),
        /// The right matrix and whether it is transposed.
        right: (&'a S, bool),
    },
    /// Element by element.
    Hadamard {
        /// One factor.
        left: &'a S,
        /// The other factor.
        right: &'a S,
    },
    /// The sum of squares of all elements: 1 × 1.
    SquaredNorm(&'a S),
}

/// One product of two secrets, with what becomes of its low bits before it is shared.
///
/// Each of the six terms of a product is rounded to `drop` fewer bits before it travels, so the result is within
/// 3 units in its last place of the exact product (six roundings of at most half a unit each), and exact where
/// `drop` is 0. It is shared modulo 2^`ring_bits`, and as many bits of each element travel.
pub struct Product<'a, S> {
    /// What is multiplied.
    pub factor: Factor<'a, S>,
    /// A row that is added to every row of the result, before the drop; raised to the product's scale.
    pub bias: Option<&'a S>,
    /// Low bits that are dropped before the product is shared.
    pub drop: u32,
    /// The ring of the result; at most the operands' ring less `drop`.
    pub ring_bits: u32,
}

impl<S: Secret> Product<'_, S> {
    /// The two operands.
    pub fn operands(&self) -> (&S, &S) {
        match &self.factor {
            Factor::Matmul { left, right } => (left.0, right.0),
            Factor::Hadamard { left, right } => (left, right),
            Factor::SquaredNorm(x) => (x, x),
        }
    }

    /// (rows, columns) of the result.
    pub fn shape(&self) -> (usize, usize) {
        let seen = |(x, transposed): (&S, bool)| {
            let (rows, cols) = x.shape();
            if transposed { (cols, rows) } else { (rows, cols) }
        };
        match &self.factor {
            Factor::Matmul { left, right } => (seen(*left).0, seen(*right).1),
            Factor::Hadamard { left, .. } => left.shape(),
            Factor::SquaredNorm(_) => (1, 1),
        }
    }

    /// The scale of the result.
    ///
    /// # Errors
    /// [`Error::Scale`] where the result does not fit the operands' rings, or the bias does not reach the product.
    pub fn scale(&self) -> Result<Scale, Error> {
        let (left, right) = self.operands();
        let (left, right) = (left.scale(), right.scale());
        let exact = left.fraction_bits + right.fraction_bits;
        let fits = self.ring_bits >= 1
            && self.ring_bits + self.drop <= left.ring_bits.min(right.ring_bits)
            && self.drop <= exact;
        if !fits {
            return Err(Error::Scale { operation: "product", left, right });
        }
        if let Some(bias) = self.bias {
            let bias = bias.scale();
            let raised = exact.checked_sub(bias.fraction_bits);
            if raised.is_none_or(|raised| raised > 63 || bias.ring_bits + raised < self.ring_bits + self.drop)
            {
                return Err(Error::Scale { operation: "bias", left, right: bias });
            }
        }
        Ok(Scale { ring_bits: self.ring_bits, fraction_bits: exact - self.drop })
    }
}

/// A request to change a secret's ring and fraction bits exactly: the result is modulo 2^64.
///
/// # Protocol
/// Exact truncation and lifting in two rounds and eight elements of (64 − ring bits + `drop`) bits. The value must
/// be below 2^(ring bits − 2) in magnitude. The result is within 2 units in the last place of the exact quotient
/// (four roundings of at most half a unit), and exact where `drop` is 0.
pub struct Rescale<'a, S> {
    /// What is rescaled.
    pub secret: &'a S,
    /// Low bits that are dropped.
    pub drop: u32,
}

/// sin 2πz and, where it was asked for, cos 2πz, both modulo 2^64 with 24 fraction bits.
pub struct SineOutput<S> {
    /// sin 2πz.
    pub sine: S,
    /// cos 2πz, the derivative up to 2π.
    pub cosine: Option<S>,
}

/// Arithmetic on secrets, in batches: everything in one call shares its protocol rounds.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Arithmetic {
    /// A secret tensor.
    type Secret: Secret;

    /// public · secret, which is local.
    ///
    /// # Errors
    /// [`Error::Ring`] where the shapes do not fit.
    async fn matmul_public(
        &mut self,
        public: Operand<'_>,
        public_fraction_bits: u32,
        secret: &Self::Secret,
    ) -> Result<Self::Secret, Error>;

    /// Rounds a secret to `drop` fewer bits, which is local; it is then known modulo a ring of as many bits fewer.
    ///
    /// # Protocol
    /// Each component is rounded to nearest, so the result is within 2 units in the last place of the exact quotient
    /// (four roundings of at most half a unit), and exact where `drop` is 0.
    ///
    /// # Errors
    /// [`Error::Scale`] where the secret does not have so many fraction bits, or no bit of its ring would be left.
    fn round_off(&mut self, secret: &Self::Secret, drop: u32) -> Result<Self::Secret, Error>;

    /// Products of secrets.
    ///
    /// # Communication
    /// One round; 6 elements of `ring_bits` for each element of each result.
    ///
    /// # Errors
    /// [`Error`].
    async fn products(&mut self, batch: &[Product<'_, Self::Secret>]) -> Result<Vec<Self::Secret>, Error>;

    /// Products that are opened at once; nothing but the result is learnt.
    ///
    /// # Communication
    /// Three rounds (products with transcripts, verdicts, opening); 10 elements of `ring_bits` for each element.
    ///
    /// # Errors
    /// [`Error`].
    async fn open_products(&mut self, batch: &[Product<'_, Self::Secret>]) -> Result<Vec<RingTensor>, Error>;

    /// Exact truncation and lifting.
    ///
    /// # Communication
    /// Two rounds; see [`Rescale`].
    ///
    /// # Errors
    /// [`Error`].
    async fn rescale(&mut self, batch: &[Rescale<'_, Self::Secret>]) -> Result<Vec<Self::Secret>, Error>;

    /// sin 2πz, and cos 2πz where the flag is set, of secrets that read in turns: only z modulo 1 matters, so a
    /// secret needs no integer bits (its `fraction_bits` may equal its `ring_bits`).
    ///
    /// # Protocol
    /// `docs/protocol.md` section 7. The angle is split as a + b between two pairs; each pair looks up a table with
    /// 12 fraction bits at an angle rounded to 2^-16 of a turn, so the error is below 8·10^-4.
    ///
    /// # Communication
    /// Two rounds; 8 elements of 64 bits each, 12 with the cosine.
    ///
    /// # Errors
    /// [`Error`].
    async fn sine(&mut self, batch: &[(&Self::Secret, bool)])
    -> Result<Vec<SineOutput<Self::Secret>>, Error>;
}
