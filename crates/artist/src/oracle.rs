//! The plain integer oracle: the painters' program on one machine.
//!
//! Shares add noise at two kinds of places. Where bits are dropped, the result is the nearest integer off by a few
//! units in the last place; and a sine is looked up at two halves a + b of its angle, so it depends on the split.
//! [`Rounding`] supplies both, so that a test can hand the oracle what the shares did and compare everything else
//! bit for bit, while it checks that the noise is within its bound.

use abraham_mpc::{Arithmetic, Factor, Product, Rescale, Scale, Secret, SineOutput};
use abraham_ring::{
    Backend, CpuBackend, Matmul, Operand, RingTensor,
    fixed::{mask, round_off, sign_extend},
};

/// A plain value with the scale that its sharing would have.
#[derive(Clone)]
pub struct Plain {
    /// The value, modulo the scale's ring.
    pub value: RingTensor,
    /// How its integers read.
    pub scale: Scale,
}

impl Plain {
    fn new(value: RingTensor, scale: Scale) -> Self {
        Self { value: reduced(value, scale.ring_bits), scale }
    }
}

fn reduced(value: RingTensor, bits: u32) -> RingTensor {
    let mask = mask(bits);
    value.map(|x| x & mask)
}

impl Secret for Plain {
    fn shape(&self) -> (usize, usize) {
        self.value.shape()
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn linear(
        &self,
        scale: Scale,
        map: impl Fn(&RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, abraham_mpc::Error> {
        Ok(Self::new(map(&self.value)?, scale))
    }

    fn combine(
        &self,
        other: &Self,
        scale: Scale,
        map: impl Fn(&RingTensor, &RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, abraham_mpc::Error> {
        Ok(Self::new(map(&self.value, &other.value)?, scale))
    }

    fn add_public(&self, public: &RingTensor) -> Result<Self, abraham_mpc::Error> {
        let mut sum = self.value.clone();
        sum.add_assign(public)?;
        Ok(Self::new(sum, self.scale))
    }

    fn read_as(mut self, fraction_bits: u32) -> Self {
        self.scale.fraction_bits = fraction_bits;
        self
    }
}

/// What shares add to the plain program.
pub trait Rounding {
    /// One half of an angle that reads modulo a turn of 2^`turn_bits`.
    fn split(&mut self, angle: &RingTensor, turn_bits: u32) -> RingTensor;

    /// The integers that a value takes whose nearest integers are `nearest`, modulo 2^`ring_bits`; shares keep
    /// within `bound` units of them.
    fn settle(&mut self, nearest: RingTensor, bound: u64, ring_bits: u32) -> RingTensor;
}

/// No noise at all: angles whole, results the nearest integers.
#[derive(Clone, Copy, Default)]
pub struct Nearest;

impl Rounding for Nearest {
    fn split(&mut self, angle: &RingTensor, _turn_bits: u32) -> RingTensor {
        angle.clone()
    }

    fn settle(&mut self, nearest: RingTensor, _bound: u64, _ring_bits: u32) -> RingTensor {
        nearest
    }
}

/// Units in the last place by which shares may miss a product whose bits were dropped: six roundings of at most half
/// a unit each, and the half that the nearest integer itself is off.
const PRODUCT_BOUND: u64 = 3;
/// The same for a rescaling, and for rounding where a secret is: four roundings.
const RESCALE_BOUND: u64 = 2;

/// Runs the painters' program in plain.
#[derive(Default)]
pub struct Oracle<R> {
    /// What shares would add.
    pub rounding: R,
}

impl<R: Rounding> Oracle<R> {
    async fn product(&mut self, product: &Product<'_, Plain>) -> Result<Plain, abraham_mpc::Error> {
        let scale = product.scale()?;
        let (left, right) = product.operands();
        let mut exact = match &product.factor {
            Factor::Matmul { left: (l, lt), right: (r, rt) } => {
                let left = Operand { tensor: &l.value, transposed: *lt };
                let right = Operand { tensor: &r.value, transposed: *rt };
                CpuBackend.matmul(&[Matmul { terms: vec![(left, right)] }]).await?.remove(0)
            }
            Factor::Hadamard { .. } => {
                CpuBackend.hadamard(&[vec![(&left.value, &right.value)]]).await?.remove(0)
            }
            Factor::SquaredNorm(x) => {
                let squares = x.value.data().iter().map(|x| x.wrapping_mul(*x));
                RingTensor::new(1, 1, vec![squares.fold(0, u64::wrapping_add)])?
            }
        };
        if let Some(bias) = product.bias {
            let raise = left.scale.fraction_bits + right.scale.fraction_bits - bias.scale.fraction_bits;
            exact.add_row_assign(&bias.value.clone().map(|x| x << raise))?;
        }
        let bound = if product.drop == 0 { 0 } else { PRODUCT_BOUND };
        let nearest = reduced(exact.map(|x| round_off(x, product.drop)), scale.ring_bits);
        Ok(Plain::new(self.rounding.settle(nearest, bound, scale.ring_bits), scale))
    }
}

impl<R: Rounding> Arithmetic for Oracle<R> {
    type Secret = Plain;

    async fn matmul_public(
        &mut self,
        public: Operand<'_>,
        public_fraction_bits: u32,
        secret: &Plain,
    ) -> Result<Plain, abraham_mpc::Error> {
        let right = Operand { tensor: &secret.value, transposed: false };
        let product = CpuBackend.matmul(&[Matmul { terms: vec![(public, right)] }]).await?.remove(0);
        let fraction_bits = secret.scale.fraction_bits + public_fraction_bits;
        Ok(Plain::new(product, Scale { fraction_bits, ..secret.scale }))
    }

    fn round_off(&mut self, secret: &Plain, drop: u32) -> Result<Plain, abraham_mpc::Error> {
        let scale = secret.scale.rounded(drop)?;
        let nearest = secret.value.clone().map(|x| round_off(x, drop));
        let bound = if drop == 0 { 0 } else { RESCALE_BOUND };
        let nearest = reduced(nearest, scale.ring_bits);
        Ok(Plain::new(self.rounding.settle(nearest, bound, scale.ring_bits), scale))
    }

    async fn products(&mut self, batch: &[Product<'_, Plain>]) -> Result<Vec<Plain>, abraham_mpc::Error> {
        let mut out = Vec::with_capacity(batch.len());
        for product in batch {
            out.push(self.product(product).await?);
        }
        Ok(out)
    }

    async fn open_products(
        &mut self,
        batch: &[Product<'_, Plain>],
    ) -> Result<Vec<RingTensor>, abraham_mpc::Error> {
        let products = self.products(batch).await?;
        let signed = |p: Plain| {
            let bits = p.scale.ring_bits;
            p.value.map(|x| sign_extend(x, bits).cast_unsigned())
        };
        Ok(products.into_iter().map(signed).collect())
    }

    async fn rescale(&mut self, batch: &[Rescale<'_, Plain>]) -> Result<Vec<Plain>, abraham_mpc::Error> {
        let mut out = Vec::with_capacity(batch.len());
        for Rescale { secret, drop } in batch {
            let Scale { ring_bits, fraction_bits } = secret.scale;
            let nearest = |x: u64| match drop {
                0 => sign_extend(x, ring_bits).cast_unsigned(),
                _ => {
                    let x = sign_extend(x, ring_bits);
                    ((x >> drop) + ((x >> (drop - 1)) & 1)).cast_unsigned()
                }
            };
            let bound = if *drop == 0 { 0 } else { RESCALE_BOUND };
            let settled = self.rounding.settle(secret.value.clone().map(nearest), bound, 64);
            out.push(Plain::new(settled, Scale::full(fraction_bits - drop)));
        }
        Ok(out)
    }

    async fn sine(&mut self, batch: &[(&Plain, bool)]) -> Result<Vec<SineOutput<Plain>>, abraham_mpc::Error> {
        let mut out = Vec::with_capacity(batch.len());
        for (angle, with_cosine) in batch {
            let turn = angle.scale.fraction_bits;
            let a = self.rounding.split(&angle.value, turn);
            let mut b = angle.value.clone();
            b.sub_assign(&a)?;
            let (sin_a, cos_a) = CpuBackend.sine_cosine(&a, turn).await?;
            let (sin_b, cos_b) = CpuBackend.sine_cosine(&b, turn).await?;
            let minus_sin_b = sin_b.clone().map(u64::wrapping_neg);
            let sums =
                [vec![(&sin_a, &cos_b), (&cos_a, &sin_b)], vec![(&cos_a, &cos_b), (&sin_a, &minus_sin_b)]];
            let wanted = if *with_cosine { 2 } else { 1 };
            let mut products = CpuBackend.hadamard(&sums[..wanted]).await?.into_iter();
            let mut settled =
                || products.next().map(|x| Plain::new(self.rounding.settle(x, 0, 64), Scale::full(24)));
            let (sine, cosine) = (settled(), settled());
            out.extend(sine.map(|sine| SineOutput { sine, cosine }));
        }
        Ok(out)
    }
}
