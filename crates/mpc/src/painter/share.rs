//! The one message of the protocol, the joint input, and the transcripts of what was sent.

use abraham_messages::Kind;
use abraham_ring::{Backend, Draw, RingTensor, fixed::mask};

use crate::{Cause, Channel, Error, Painter, PainterId, Scale, Sharing, committee::PAIRINGS};

/// A sharing that contributions add up to.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) shape: (usize, usize),
    pub(super) scale: Scale,
}

impl Target {
    fn elements(&self) -> usize {
        self.shape.0 * self.shape.1
    }

    /// Bytes that an element takes on the wire: as few as its ring allows.
    fn width(&self) -> usize {
        self.scale.ring_bits.div_ceil(8) as usize
    }
}

/// A value that the two painters of a pairing know; they bring it, the two others do not.
pub(super) struct Contribution {
    pub(super) pairing: usize,
    pub(super) target: usize,
    pub(super) value: Option<RingTensor>,
}

/// Whether transcripts travel with this round, because the next one compares them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    Open,
    Sealed,
}

/// Running hashes of the explicit components of each pairing: what its sender sent, its witness knows, and its
/// receiver got, since they were last compared.
pub(super) struct Transcripts {
    hashers: [blake3::Hasher; PAIRINGS.len()],
    epoch: u64,
}

impl Default for Transcripts {
    fn default() -> Self {
        Self { hashers: std::array::from_fn(|_| blake3::Hasher::new()), epoch: 0 }
    }
}

impl Transcripts {
    fn digest(&self, pairing: usize) -> [u8; 32] {
        let mut hasher = self.hashers[pairing].clone();
        hasher.update(&self.epoch.to_le_bytes());
        *hasher.finalize().as_bytes()
    }

    fn restart(&mut self) {
        *self = Self { epoch: self.epoch + 1, ..Self::default() };
    }
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Shares the contributions and adds them up to their targets.
    ///
    /// # Communication
    /// One round; `width` bytes for each element of each contribution.
    pub(super) async fn share(
        &mut self,
        kind: Kind,
        targets: &[Target],
        contributions: Vec<Contribution>,
        seal: Seal,
    ) -> Result<Vec<Sharing>, Error> {
        let me = self.id;
        let mut out: Vec<Sharing> =
            targets.iter().map(|t| Sharing::zeros(me, t.shape.0, t.shape.1, t.scale)).collect();
        let draws = self.draws(targets, &contributions).await?;
        let mut outgoing: [Vec<u8>; 4] = Default::default();
        let mut incoming = [0; 4];
        for (contribution, draw) in contributions.iter().zip(draws) {
            let pairing = &PAIRINGS[contribution.pairing];
            let target = &targets[contribution.target];
            let sharing = &mut out[contribution.target];
            if let (Some(value), Some(draw)) = (&contribution.value, &draw) {
                let sends = pairing.sender == me;
                let mut bytes = Vec::new();
                let to = pairing.receiver().index();
                let wire = if sends { &mut outgoing[to] } else { &mut bytes };
                let start = wire.len();
                let explicit = subtract(value, draw, target.scale.ring_bits)?;
                pack(explicit.data(), target.width(), wire);
                self.transcripts.hashers[contribution.pairing].update(&wire[start..]);
                accumulate(sharing, pairing.explicit, &explicit)?;
            }
            if let Some(draw) = draw {
                accumulate(sharing, pairing.drawn, &draw)?;
            }
            if pairing.receiver() == me {
                incoming[pairing.sender.index()] += target.elements() * target.width();
            }
        }
        for to in me.others() {
            let bytes = std::mem::take(&mut outgoing[to.index()]);
            if !bytes.is_empty() {
                self.links.send(kind, to, &[&bytes]).await?;
            }
        }
        // What a sender or witness knows of this round does not depend on what it receives in it, so transcripts
        // can leave in the same round; a receiver's own hash is taken below, once it has the messages.
        if seal == Seal::Sealed {
            self.seal().await?;
        }
        self.links.meter.rounds += 1;
        for from in me.others() {
            if incoming[from.index()] == 0 {
                continue;
            }
            let payload = self.links.receive(kind, from, incoming[from.index()]).await?;
            let mut rest = payload.bytes();
            for contribution in &contributions {
                let pairing = &PAIRINGS[contribution.pairing];
                if pairing.receiver() != me || pairing.sender != from {
                    continue;
                }
                let target = &targets[contribution.target];
                let (bytes, tail) = rest.split_at(target.elements() * target.width());
                rest = tail;
                self.transcripts.hashers[contribution.pairing].update(bytes);
                if let Some(component) = &mut out[contribution.target].components[pairing.explicit] {
                    unpack_add(bytes, target.width(), component.data_mut());
                }
            }
        }
        Ok(out.into_iter().map(Sharing::masked).collect())
    }

    /// What each contribution draws from the key of its drawn component, where this painter holds it. Every
    /// contribution uses up one stream, whether or not this painter draws from it, so that all four stay in step.
    async fn draws(
        &mut self,
        targets: &[Target],
        contributions: &[Contribution],
    ) -> Result<Vec<Option<RingTensor>>, Error> {
        let mut batch = Vec::with_capacity(contributions.len());
        let mut drawn = Vec::with_capacity(contributions.len());
        for contribution in contributions {
            let pairing = &PAIRINGS[contribution.pairing];
            let stream = self.streams;
            self.streams += 1;
            let holds = pairing.drawn != self.id.index();
            drawn.push(holds);
            if holds {
                let Target { shape: (rows, cols), scale } = targets[contribution.target];
                let key = &self.keys.components[pairing.drawn];
                batch.push(Draw { key, stream, rows, cols, bits: scale.ring_bits });
            }
        }
        let mut draws = self.backend.expand(&batch).await?.into_iter();
        Ok(drawn.into_iter().map(|holds| if holds { draws.next() } else { None }).collect())
    }

    /// Sends the hashes of what this painter sent and witnessed to each receiver.
    pub(super) async fn seal(&mut self) -> Result<(), Error> {
        for to in self.id.others() {
            let mut hashes = Vec::new();
            for (i, pairing) in PAIRINGS.iter().enumerate() {
                if pairing.receiver() == to && pairing.knows(self.id) {
                    hashes.extend_from_slice(&self.transcripts.digest(i));
                }
            }
            self.links.send(Kind::Transcript, to, &[&hashes]).await?;
        }
        Ok(())
    }

    /// Compares transcripts and exchanges verdicts: nothing goes on unless all four are content.
    ///
    /// # Communication
    /// One round after [`Painter::seal`]; one byte to each other painter.
    pub(super) async fn verdicts(&mut self) -> Result<(), Error> {
        let mut claims = [[None; 4]; PAIRINGS.len()];
        for from in self.id.others() {
            let mine = |i: &usize| PAIRINGS[*i].receiver() == self.id && PAIRINGS[*i].knows(from);
            let expected: Vec<usize> = (0..PAIRINGS.len()).filter(mine).collect();
            let payload = self.links.receive(Kind::Transcript, from, 32 * expected.len()).await?;
            for (i, hash) in expected.into_iter().zip(payload.bytes().chunks_exact(32)) {
                claims[i][from.index()] = <[u8; 32]>::try_from(hash).ok();
            }
        }
        let mut complaint = Ok(());
        for (i, pairing) in PAIRINGS.iter().enumerate() {
            if pairing.receiver() != self.id || complaint.is_err() {
                continue;
            }
            let sent = claims[i][pairing.sender.index()];
            let witnessed = claims[i][pairing.witness.index()];
            if sent != witnessed {
                complaint = Err(Error::abort(pairing.sender, pairing.witness, Cause::Transcript));
            } else if sent != Some(self.transcripts.digest(i)) {
                complaint = Err(Error::abort(pairing.sender, self.id, Cause::Delivery));
            }
        }
        complaint?;
        self.transcripts.restart();
        for to in self.id.others() {
            self.links.send(Kind::Verdict, to, &[&[1]]).await?;
        }
        self.links.meter.rounds += 1;
        for from in self.id.others() {
            let payload = self.links.receive(Kind::Verdict, from, 1).await?;
            if payload.bytes() != [1] {
                return Err(Error::abort(self.id, from, Cause::OutOfPlace(from)));
            }
        }
        Ok(())
    }

    /// The suspects of a component that does not match its hash.
    pub(super) fn mismatch(sender: PainterId, witness: PainterId) -> Error {
        Error::abort(sender, witness, Cause::Opening)
    }
}

fn accumulate(sharing: &mut Sharing, component: usize, value: &RingTensor) -> Result<(), Error> {
    if let Some(component) = &mut sharing.components[component] {
        component.add_assign(value)?;
    }
    Ok(())
}

fn subtract(value: &RingTensor, draw: &RingTensor, bits: u32) -> Result<RingTensor, Error> {
    if value.shape() != draw.shape() {
        let (left, right) = (value.shape(), draw.shape());
        return Err(abraham_ring::Error::Shape { operation: "joint input", left, right }.into());
    }
    let mask = mask(bits);
    let data = value.data().iter().zip(draw.data()).map(|(v, r)| v.wrapping_sub(*r) & mask).collect();
    Ok(RingTensor::new(value.rows(), value.cols(), data)?)
}

/// Appends each element's `width` low bytes, little-endian.
pub(super) fn pack(elements: &[u64], width: usize, out: &mut Vec<u8>) {
    match width {
        8 => out.extend(elements.iter().flat_map(|x| x.to_le_bytes())),
        4 => out.extend(elements.iter().flat_map(|x| {
            let [a, b, c, d, ..] = x.to_le_bytes();
            [a, b, c, d]
        })),
        3 => out.extend(elements.iter().flat_map(|x| {
            let [a, b, c, ..] = x.to_le_bytes();
            [a, b, c]
        })),
        _ => {
            for x in elements {
                out.extend_from_slice(&x.to_le_bytes()[..width]);
            }
        }
    }
}

/// Adds elements of `width` bytes to `out`; there must be as many as `out` has.
pub(super) fn unpack_add(bytes: &[u8], width: usize, out: &mut [u64]) {
    for (x, bytes) in out.iter_mut().zip(bytes.chunks_exact(width)) {
        let mut word = [0; 8];
        word[..width].copy_from_slice(bytes);
        *x = x.wrapping_add(u64::from_le_bytes(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_survives_the_wire() {
        for width in 1..=8 {
            let mask = mask(8 * width as u32);
            let elements = [0, 1, u64::MAX & mask, 0x0123_4567_89ab_cdef & mask];
            let mut bytes = Vec::new();
            pack(&elements, width, &mut bytes);
            assert_eq!(bytes.len(), 4 * width);
            let mut out = [1; 4];
            unpack_add(&bytes, width, &mut out);
            assert_eq!(out.map(|x| x.wrapping_sub(1)), elements);
        }
    }
}
