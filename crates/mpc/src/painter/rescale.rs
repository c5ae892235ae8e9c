//! Exact truncation and lifting.

use abraham_messages::Kind;
use abraham_ring::{
    Backend, RingTensor,
    fixed::{mask, round_off},
};

use crate::{
    Channel, Error, Painter, Rescale, Scale, Secret, Sharing,
    committee::{CROSS, HIGH, LOW, PAIRINGS},
};

use super::share::{Components, Contribution, Seal, Target};

/// What one of the two opposite pairs knows of its half z_i + z_j of a value below 2^(k−1): the carry out of its own
/// sum, and one minus the top bit of it.
struct Half {
    carry: RingTensor,
    top_clear: RingTensor,
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// # Protocol
    /// Let z' = z + 2^(k−2) lie in [0, 2^(k−1)), a = z0 + z1 and b = z2 + z3 modulo 2^k. Painters 2, 3 know a;
    /// painters 0, 1 know b. As integers, z0 + z1 + z2 + z3 = z' + 2^k·(carry_a + carry_b + o), where o says whether
    /// a + b passes 2^k. Since the top bit of z' is clear, o is 0 only where the top bits of both a and b are:
    /// o = 1 − (1 − top a)(1 − top b), one opposite-pair product of bits. Components are then rounded to fewer bits
    /// locally, and 2^(k−f)·(carry_a + carry_b + o) + 2^(k−2−f) is taken off. The correction only matters modulo
    /// 2^(64−k+f), so as few bits of each of its elements travel.
    ///
    /// # Communication
    /// Two rounds; 8 elements of 64 − k + f bits for each element.
    pub(super) async fn rescale_exactly(
        &mut self,
        batch: &[Rescale<'_, Sharing>],
    ) -> Result<Vec<Sharing>, Error> {
        let mut targets = Vec::with_capacity(batch.len());
        for Rescale { secret, drop } in batch {
            self.own(secret)?;
            let scale = secret.scale();
            let fits = scale.ring_bits >= 2 + drop && *drop <= scale.fraction_bits;
            if !fits || (*drop == 0 && scale.ring_bits == 64) {
                return Err(Error::Scale { operation: "rescaling", left: scale, right: Scale::full(0) });
            }
            let bits = Scale { ring_bits: 64 - scale.ring_bits + drop, fraction_bits: 0 };
            targets.push(Target { shape: secret.shape(), scale: bits });
        }
        // For each: the carries of both halves, the low half's top bit, and the high half's.
        let inputs: Vec<Target> = targets.iter().flat_map(|target| [*target; 3]).collect();
        let mut contributions = Vec::with_capacity(4 * batch.len());
        for (i, Rescale { secret, .. }) in batch.iter().enumerate() {
            for (pairing, [a, b], top) in [(LOW, [0, 1], 3 * i + 1), (HIGH, [2, 3], 3 * i + 2)] {
                let half = half(secret, a, b)?;
                let (carry, top_clear) = half.map_or((None, None), |h| (Some(h.carry), Some(h.top_clear)));
                contributions.push(Contribution { pairing, target: 3 * i, value: carry });
                contributions.push(Contribution { pairing, target: top, value: top_clear });
            }
        }
        let inputs = self.share_components(Kind::Truncate, &inputs, contributions, Seal::Open).await?;
        let mut factors = Vec::with_capacity(CROSS.len() * batch.len());
        for inputs in inputs.chunks_exact(3) {
            for (low, high, _) in CROSS {
                if let (Some(a), Some(b)) = (&inputs[1][low], &inputs[2][high]) {
                    factors.push(vec![(a, b)]);
                }
            }
        }
        let mut products = self.backend.hadamard(&factors).await?.into_iter();
        let mut contributions = Vec::with_capacity(CROSS.len() * batch.len());
        for target in 0..batch.len() {
            for (_, _, pairing) in CROSS {
                let value = if PAIRINGS[pairing].knows(self.id) { products.next() } else { None };
                contributions.push(Contribution { pairing, target, value });
            }
        }
        let both_clear = self.share_components(Kind::Truncate, &targets, contributions, Seal::Open).await?;
        let bits = inputs.chunks_exact(3).zip(&both_clear);
        batch.iter().zip(bits).map(|(request, (inputs, clear))| correct(request, &inputs[0], clear)).collect()
    }
}

/// Component `c` of z' from that of z: 2^(k−2) more in component 0, and a residue modulo 2^k.
fn raised(c: usize, ring_bits: u32) -> impl Fn(u64) -> u64 {
    let (offset, mask) = (if c == 0 { 1 << (ring_bits - 2) } else { 0 }, mask(ring_bits));
    move |x| x.wrapping_add(offset) & mask
}

/// What the holders of components i and j know of their sum; nothing for the others.
fn half(secret: &Sharing, i: usize, j: usize) -> Result<Option<Half>, Error> {
    let (Some(x), Some(y)) = (secret.component(i), secret.component(j)) else { return Ok(None) };
    let bits = secret.scale().ring_bits;
    let (raise_x, raise_y) = (raised(i, bits), raised(j, bits));
    let sums = x.data().iter().zip(y.data());
    let sums = sums.map(|(x, y)| u128::from(raise_x(*x)) + u128::from(raise_y(*y)));
    let (rows, cols) = secret.shape();
    let carry = sums.clone().map(|sum| (sum >> bits) as u64).collect();
    let top_clear = sums.map(|sum| !(sum >> (bits - 1)) as u64 & 1).collect();
    Ok(Some(Half {
        carry: RingTensor::new(rows, cols, carry)?,
        top_clear: RingTensor::new(rows, cols, top_clear)?,
    }))
}

/// round(z' / 2^drop) − 2^top·(carry_a + carry_b + 1 − both clear) − 2^(top−2), component by component.
fn correct(
    request: &Rescale<'_, Sharing>,
    carries: &Components,
    both_clear: &Components,
) -> Result<Sharing, Error> {
    let Rescale { secret, drop } = request;
    let scale = secret.scale();
    let top = scale.ring_bits - drop;
    let mut components = [const { None }; 4];
    for (c, component) in components.iter_mut().enumerate() {
        let (Some(x), Some(carry), Some(clear)) = (secret.component(c), &carries[c], &both_clear[c]) else {
            continue;
        };
        let raise = raised(c, scale.ring_bits);
        let constant = if c == 0 { (1_u64 << top).wrapping_add(1 << (top - 2)) } else { 0 };
        let bits = carry.data().iter().zip(clear.data());
        let corrected = x.data().iter().zip(bits).map(|(x, (carry, clear))| {
            let correction = (carry.wrapping_sub(*clear) << top).wrapping_add(constant);
            // Rounding may carry into bit `top`: components are integers here, not residues.
            round_off(raise(*x), *drop).wrapping_sub(correction)
        });
        *component = Some(RingTensor::new(x.rows(), x.cols(), corrected.collect())?);
    }
    Sharing::from_components(secret.holder(), components, Scale::full(scale.fraction_bits - drop))
}
