//! The sine layer: exact, no truncation, two rounds.

use abraham_messages::Kind;
use abraham_ring::Backend;

use crate::{
    Channel, Error, Painter, Scale, Secret, Sharing, SineOutput,
    committee::{CROSS, HIGH, LOW, PAIRINGS},
};

use super::share::{Components, Contribution, Seal, Target};

/// Fraction bits of the table's entries; a product of two has twice as many.
const TABLE_BITS: u32 = 12;

impl<C: Channel, B: Backend> Painter<C, B> {
    /// # Protocol
    /// Painters 2, 3 know a = z0 + z1, painters 0, 1 know b = z2 + z3, modulo a turn. Each pair enters sine and
    /// cosine of its own angle; sin z = sin a·cos b + cos a·sin b and cos z = cos a·cos b − sin a·sin b are
    /// opposite-pair products: only the four cross terms exist.
    ///
    /// # Communication
    /// Two rounds; 4 elements of 64 bits for the inputs, 4 for the sine, 4 for the cosine.
    pub(super) async fn sine_layer(
        &mut self,
        batch: &[(&Sharing, bool)],
    ) -> Result<Vec<SineOutput<Sharing>>, Error> {
        let mut inputs = Vec::with_capacity(4 * batch.len());
        let mut contributions = Vec::with_capacity(4 * batch.len());
        for (secret, _) in batch {
            self.own(secret)?;
            let scale = secret.scale();
            if scale.fraction_bits < 16 || scale.fraction_bits > scale.ring_bits {
                return Err(Error::Scale { operation: "sine", left: scale, right: Scale::full(16) });
            }
            for (pairing, i, j) in [(LOW, 0, 1), (HIGH, 2, 3)] {
                let (mut sine, mut cosine) = (None, None);
                if let (Some(x), Some(y)) = (secret.component(i), secret.component(j)) {
                    let mut angle = x.clone();
                    angle.add_assign(y)?;
                    let (s, c) = self.backend.sine_cosine(&angle, scale.fraction_bits).await?;
                    (sine, cosine) = (Some(s), Some(c));
                }
                for value in [sine, cosine] {
                    contributions.push(Contribution { pairing, target: inputs.len(), value });
                    inputs.push(Target { shape: secret.shape(), scale: Scale::full(TABLE_BITS) });
                }
            }
        }
        let inputs = self.share_components(Kind::Sine, &inputs, contributions, Seal::Open).await?;
        // cos a·cos b − sin a·sin b, with the sign on sin b.
        let minus: Vec<Components> = batch
            .iter()
            .zip(inputs.chunks_exact(4))
            .filter(|((_, with_cosine), _)| *with_cosine)
            .map(|(_, inputs)| inputs[2].clone().map(|x| x.map(|x| x.map(u64::wrapping_neg))))
            .collect();
        let mut minus = minus.iter();
        let mut targets = Vec::with_capacity(2 * batch.len());
        let mut contributions = Vec::with_capacity(8 * batch.len());
        let mut terms = Vec::with_capacity(8 * batch.len());
        for ((secret, with_cosine), inputs) in batch.iter().zip(inputs.chunks_exact(4)) {
            let [sin_a, cos_a, sin_b, cos_b] = [&inputs[0], &inputs[1], &inputs[2], &inputs[3]];
            let mut outputs = vec![[(sin_a, cos_b), (cos_a, sin_b)]];
            if *with_cosine {
                outputs.extend(minus.next().map(|minus| [(cos_a, cos_b), (sin_a, minus)]));
            }
            for factors in outputs {
                let target = targets.len();
                targets.push(Target { shape: secret.shape(), scale: Scale::full(2 * TABLE_BITS) });
                for (low, high, pairing) in CROSS {
                    contributions.push(Contribution { pairing, target, value: None });
                    let factors = factors.iter().filter_map(|(a, b)| a[low].as_ref().zip(b[high].as_ref()));
                    if PAIRINGS[pairing].knows(self.id) {
                        terms.push(factors.collect());
                    }
                }
            }
        }
        let mut products = self.backend.hadamard(&terms).await?.into_iter();
        for contribution in &mut contributions {
            if PAIRINGS[contribution.pairing].knows(self.id) {
                contribution.value = products.next();
            }
        }
        let mut outputs = self.share(Kind::Sine, &targets, contributions, Seal::Open).await?.into_iter();
        let mut layer = Vec::with_capacity(batch.len());
        for (_, with_cosine) in batch {
            let Some(sine) = outputs.next() else { break };
            let cosine = if *with_cosine { outputs.next() } else { None };
            layer.push(SineOutput { sine, cosine });
        }
        Ok(layer)
    }
}
