//! Opening: each painter is served the component that it lacks.

use abraham_messages::{Kind, frame::HEADER_BYTES};
use abraham_ring::{
    Backend, RingTensor,
    fixed::{mask, round_off, sign_extend},
};

use crate::{Cause, Channel, Error, Painter, PainterId, Secret, Sharing, committee::servers, dispute::Topic};

use super::share::{pack, unpack_add};

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Serves and receives the missing components; transcripts must have been found to match.
    ///
    /// # Communication
    /// One round; 4 elements and 4 hashes for each secret over all painters.
    pub(super) async fn serve(&mut self, batch: &[(&Sharing, u32)]) -> Result<Vec<RingTensor>, Error> {
        let me = self.id;
        let mut widths = Vec::with_capacity(batch.len());
        for (secret, drop) in batch {
            self.own(secret)?;
            let scale = secret.scale();
            if *drop >= scale.ring_bits {
                return Err(Error::Scale { operation: "opening", left: scale, right: scale });
            }
            widths.push((scale.ring_bits - drop).div_ceil(8) as usize);
        }
        let elements = |secret: &Sharing| secret.shape().0 * secret.shape().1;
        let expected = batch.iter().zip(&widths).map(|((secret, _), width)| elements(secret) * width).sum();
        // Each painter serves one component and the hash of another.
        let mut served = [const { None }; 4];
        for to in me.others() {
            let (sender, witness) = servers(to);
            if me == sender || me == witness {
                served[to.index()] = Some(self.links.start(Kind::Open, to, expected));
            }
        }
        let mut opened = Vec::with_capacity(batch.len());
        for ((secret, drop), width) in batch.iter().zip(&widths) {
            let mask = mask(secret.scale().ring_bits - drop);
            let mut sum: Option<RingTensor> = None;
            for to in me.others() {
                let rounded = secret.held(to.index())?.clone().map(|x| round_off(x, *drop) & mask);
                if let Some(frame) = &mut served[to.index()] {
                    pack(rounded.data(), *width, frame);
                }
                match &mut sum {
                    Some(sum) => sum.add_assign(&rounded)?,
                    None => sum = Some(rounded),
                }
            }
            opened.extend(sum);
        }
        for (to, frame) in PainterId::ALL.into_iter().zip(served) {
            let Some(frame) = frame else { continue };
            let hash = *blake3::hash(&frame[HEADER_BYTES..]).as_bytes();
            self.links.state(Topic::opening(to), hash);
            if me == servers(to).0 {
                self.links.post(Kind::Open, to, frame).await?;
            } else {
                self.links.send(Kind::Open, to, &[&hash]).await?;
            }
        }
        self.links.next_round()?;
        let (sender, witness) = servers(me);
        let payload = self.links.receive(Kind::Open, sender, expected).await?;
        let hash = self.links.receive(Kind::Open, witness, 32).await?;
        let sent = *blake3::hash(payload.bytes()).as_bytes();
        if sent != hash.bytes() {
            let hash = hash.bytes().try_into().unwrap_or_default();
            let claims = [(sender, sent), (witness, hash)];
            return Err(self.links.conflict(Topic::opening(me), claims, Cause::Opening));
        }
        let mut rest = payload.bytes();
        for (((secret, drop), width), sum) in batch.iter().zip(&widths).zip(&mut opened) {
            let (bytes, tail) = rest.split_at(elements(secret) * width);
            rest = tail;
            unpack_add(bytes, *width, sum.data_mut());
            let bits = secret.scale().ring_bits - drop;
            for x in sum.data_mut() {
                *x = sign_extend(*x, bits).cast_unsigned();
            }
        }
        Ok(opened)
    }
}
