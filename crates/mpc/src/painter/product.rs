//! Products of secrets: six pairs of painters each know one sixth of a product, and enter it jointly.

use abraham_messages::Kind;
use abraham_ring::{Backend, Matmul, Operand, RingTensor, fixed::round_off};

use crate::{
    Channel, Error, Factor, Painter, Product, Secret, Sharing,
    committee::{PAIRINGS, Pairing},
};

use super::share::{Contribution, Seal, Target};

impl<C: Channel, B: Backend> Painter<C, B> {
    /// # Protocol
    /// For every pair of components {i, j}, the two painters that hold both compute x_i·y_j + x_j·y_i, and for
    /// four of the pairs a diagonal x_d·y_d; the product is the sum of the six.
    ///
    /// # Communication
    /// One round; 6 elements of the result's ring for each element.
    pub(super) async fn multiply(
        &mut self,
        batch: &[Product<'_, Sharing>],
        seal: Seal,
    ) -> Result<Vec<Sharing>, Error> {
        let mut targets = Vec::with_capacity(batch.len());
        for product in batch {
            let (left, right) = product.operands();
            self.own(left)?;
            self.own(right)?;
            targets.push(Target { shape: product.shape(), scale: product.scale()? });
        }
        let values = self.terms(batch).await?;
        let mut contributions = Vec::with_capacity(batch.len() * PAIRINGS.len());
        let mut values = values.into_iter();
        for (target, product) in batch.iter().enumerate() {
            for (pairing, entry) in PAIRINGS.iter().enumerate() {
                let value = if entry.knows(self.id) { values.next() } else { None };
                let value = value.map(|value| finish(value, product, entry)).transpose()?;
                contributions.push(Contribution { pairing, target, value });
            }
        }
        self.share(Kind::Multiply, &targets, contributions, seal).await
    }

    /// This painter's three of the six terms of every product, exact modulo 2^64.
    async fn terms(&self, batch: &[Product<'_, Sharing>]) -> Result<Vec<RingTensor>, Error> {
        let mine: Vec<&Pairing> = PAIRINGS.iter().filter(|pairing| pairing.knows(self.id)).collect();
        // Sums of two components, on the smaller operand: (x_i + x_j)·y_i + x_i·y_j takes in the diagonal for free.
        let mut sums = Vec::new();
        for product in batch.iter().filter(|product| !matches!(product.factor, Factor::SquaredNorm(_))) {
            let (left, right) = product.operands();
            let (small, _) = smaller(left, right);
            for pairing in mine.iter().filter(|pairing| pairing.diagonal.is_some()) {
                let mut sum = small.held(pairing.explicit)?.clone();
                sum.add_assign(small.held(pairing.drawn)?)?;
                sums.push(sum);
            }
        }
        let mut matmuls = Vec::new();
        let mut hadamards = Vec::new();
        let mut sums = sums.iter();
        for product in batch {
            if matches!(product.factor, Factor::SquaredNorm(_)) {
                continue;
            }
            let (left, right) = product.operands();
            for pairing in &mine {
                let sum = pairing.diagonal.and_then(|_| sums.next());
                let [first, second] = operands(left, right, pairing, sum)?;
                match &product.factor {
                    Factor::Matmul { left: (_, lt), right: (_, rt) } => {
                        let term = |(l, r)| {
                            let left = Operand { tensor: l, transposed: *lt };
                            (left, Operand { tensor: r, transposed: *rt })
                        };
                        matmuls.push(Matmul { terms: vec![term(first), term(second)] });
                    }
                    Factor::Hadamard { .. } | Factor::SquaredNorm(_) => hadamards.push(vec![first, second]),
                }
            }
        }
        let mut matmuls = self.backend.matmul(&matmuls).await?.into_iter();
        let mut hadamards = self.backend.hadamard(&hadamards).await?.into_iter();
        let mut out = Vec::with_capacity(batch.len() * mine.len());
        for product in batch {
            for pairing in &mine {
                let value = match &product.factor {
                    Factor::Matmul { .. } => matmuls.next(),
                    Factor::Hadamard { .. } => hadamards.next(),
                    Factor::SquaredNorm(x) => Some(norm_term(x, pairing)?),
                };
                out.extend(value);
            }
        }
        Ok(out)
    }
}

/// (the operand with fewer elements, whether it is the left one).
fn smaller<'a>(left: &'a Sharing, right: &'a Sharing) -> (&'a Sharing, bool) {
    let elements = |x: &Sharing| x.shape().0 * x.shape().1;
    if elements(left) <= elements(right) { (left, true) } else { (right, false) }
}

type Pair<'a> = (&'a RingTensor, &'a RingTensor);

/// The two products whose sum is a pair's term, for components i and j. With a diagonal i, and s = x_i + x_j for the
/// smaller operand x: s·y_i + x_i·y_j. Without: x_i·y_j + x_j·y_i.
fn operands<'a>(
    left: &'a Sharing,
    right: &'a Sharing,
    pairing: &Pairing,
    sum: Option<&'a RingTensor>,
) -> Result<[Pair<'a>; 2], Error> {
    let (x, left_is_small) = smaller(left, right);
    let y = if left_is_small { right } else { left };
    let i = pairing.diagonal.unwrap_or(pairing.explicit);
    let j = if i == pairing.explicit { pairing.drawn } else { pairing.explicit };
    let first = (sum.map_or_else(|| x.held(j), Ok)?, y.held(i)?);
    let second = (x.held(i)?, y.held(j)?);
    Ok(if left_is_small { [first, second] } else { [(first.1, first.0), (second.1, second.0)] })
}

fn norm_term(x: &Sharing, pairing: &Pairing) -> Result<RingTensor, Error> {
    let (e, d) = (x.held(pairing.explicit)?, x.held(pairing.drawn)?);
    let dot = |a: &RingTensor, b: &RingTensor| {
        a.data().iter().zip(b.data()).fold(0_u64, |sum, (a, b)| sum.wrapping_add(a.wrapping_mul(*b)))
    };
    let mut term = dot(e, d).wrapping_mul(2);
    if let Some(diagonal) = pairing.diagonal {
        let x = if diagonal == pairing.explicit { e } else { d };
        term = term.wrapping_add(dot(x, x));
    }
    Ok(RingTensor::new(1, 1, vec![term])?)
}

/// Adds the bias component that falls to this pair, and rounds off the dropped bits.
fn finish(
    mut value: RingTensor,
    product: &Product<'_, Sharing>,
    pairing: &Pairing,
) -> Result<RingTensor, Error> {
    if let (Some(bias), Some(diagonal)) = (product.bias, pairing.diagonal) {
        let (left, right) = product.operands();
        let exact = left.scale().fraction_bits + right.scale().fraction_bits;
        let raise = exact - bias.scale().fraction_bits;
        value.add_row_assign(&bias.held(diagonal)?.clone().map(|x| x << raise))?;
    }
    // Reducing to the ring is left to the joint input.
    Ok(if product.drop == 0 { value } else { value.map(|x| round_off(x, product.drop)) })
}
