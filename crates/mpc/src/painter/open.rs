//! Opening: each painter is served the component that it lacks.

use abraham_messages::Kind;
use abraham_ring::{
    Backend, RingTensor,
    fixed::{mask, round_off, sign_extend},
};

use crate::{Channel, Error, Painter, Secret, Sharing, committee::servers};

use super::share::{pack, unpack_add};

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Serves and receives the missing components; transcripts must have been found to match.
    ///
    /// # Communication
    /// One round; 4 elements and 4 hashes for each secret over all painters.
    pub(super) async fn serve(&mut self, batch: &[(&Sharing, u32)]) -> Result<Vec<RingTensor>, Error> {
        let me = self.id;
        let mut rounded = Vec::with_capacity(batch.len());
        for (secret, drop) in batch {
            self.own(secret)?;
            let scale = secret.scale();
            if *drop >= scale.ring_bits {
                return Err(Error::Scale { operation: "opening", left: scale, right: scale });
            }
            let bits = scale.ring_bits - drop;
            let round = |x: &RingTensor| x.clone().map(|x| round_off(x, *drop) & mask(bits));
            let components: Vec<Option<RingTensor>> =
                (0..4).map(|c| secret.component(c).map(round)).collect();
            rounded.push((components, bits));
        }
        for to in me.others() {
            let (sender, witness) = servers(to);
            if me != sender && me != witness {
                continue;
            }
            let mut bytes = Vec::new();
            for (components, bits) in &rounded {
                if let Some(component) = &components[to.index()] {
                    pack(component.data(), bits.div_ceil(8) as usize, &mut bytes);
                }
            }
            if me == sender {
                self.links.send(Kind::Open, to, &[&bytes]).await?;
            } else {
                self.links.send(Kind::Open, to, &[blake3::hash(&bytes).as_bytes()]).await?;
            }
        }
        self.links.meter.rounds += 1;
        let (sender, witness) = servers(me);
        let width = |bits: &u32| bits.div_ceil(8) as usize;
        let expected = batch.iter().zip(&rounded).map(|((s, _), (_, bits))| {
            let (rows, cols) = s.shape();
            rows * cols * width(bits)
        });
        let payload = self.links.receive(Kind::Open, sender, expected.sum()).await?;
        let hash = self.links.receive(Kind::Open, witness, 32).await?;
        if blake3::hash(payload.bytes()).as_bytes() != hash.bytes() {
            return Err(Self::mismatch(sender, witness));
        }
        let mut rest = payload.bytes();
        let mut opened = Vec::with_capacity(batch.len());
        for ((secret, _), (components, bits)) in batch.iter().zip(&rounded) {
            let (rows, cols) = secret.shape();
            let (bytes, tail) = rest.split_at(rows * cols * width(bits));
            rest = tail;
            let mut sum = RingTensor::zeros(rows, cols);
            unpack_add(bytes, width(bits), sum.data_mut());
            for component in components.iter().flatten() {
                sum.add_assign(component)?;
            }
            opened.push(sum.map(|x| sign_extend(x, *bits).cast_unsigned()));
        }
        Ok(opened)
    }
}
