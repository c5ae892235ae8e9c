//! The one message of the protocol, the joint input, and the transcripts of what was sent.

use abraham_messages::Kind;
use abraham_ring::{Backend, Draw, RingTensor, fixed::mask};
use zeroize::Zeroizing;

use crate::{
    Cause, Channel, Error, Painter, PainterId, Scale, Sharing,
    committee::{PAIRINGS, Pairing},
    dispute::Topic,
    keys::Keys,
};

const CONTEXT: &str = "abraham 2026-11 painters' transcripts v1";

/// A sharing that contributions add up to.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) shape: (usize, usize),
    pub(super) scale: Scale,
}

impl Target {
    fn zeros(&self) -> RingTensor {
        RingTensor::zeros(self.shape.0, self.shape.1)
    }

    /// Bytes that a contribution takes on the wire.
    fn bytes(&self) -> usize {
        self.shape.0 * self.shape.1 * self.width()
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

/// The components that a painter holds of a sum of contributions.
pub(super) type Components = [Option<RingTensor>; 4];

/// Whether transcripts travel with this round, because the next one compares them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    Open,
    Sealed,
}

/// Hashers of the explicit components of each pairing in one round: what its sender sends, its witness knows, and its
/// receiver gets.
///
/// They are keyed by what the three holders of the component have in common: the fourth painter knows what was drawn
/// for the other component, so a plain hash, once it is told in a dispute, would let it try guesses of the value.
pub(super) struct Transcripts([blake3::Hasher; PAIRINGS.len()]);

impl Transcripts {
    pub(super) fn new(keys: &Keys) -> Self {
        Self(PAIRINGS.map(|pairing| {
            let key = blake3::derive_key(CONTEXT, &keys.components[pairing.explicit]);
            blake3::Hasher::new_keyed(&key)
        }))
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
        let sums = self.share_components(kind, targets, contributions, seal).await?;
        let sharing = |(mut components, target): (Components, &Target)| {
            for other in self.id.others() {
                components[other.index()].get_or_insert_with(|| target.zeros());
            }
            Ok(Sharing::from_components(self.id, components, target.scale)?.masked())
        };
        sums.into_iter().zip(targets).map(sharing).collect()
    }

    /// As [`Painter::share`], but components are not reduced to their ring, and those that no contribution has are
    /// left out: for values that live in two components only.
    pub(super) async fn share_components(
        &mut self,
        kind: Kind,
        targets: &[Target],
        contributions: Vec<Contribution>,
        seal: Seal,
    ) -> Result<Vec<Components>, Error> {
        let me = self.id;
        let mut sums: Vec<Components> = vec![[const { None }; 4]; targets.len()];
        let mut incoming: [Vec<(usize, usize)>; 4] = Default::default();
        let mut outgoing: [Option<usize>; 4] = [None; 4];
        for Contribution { pairing, target, .. } in &contributions {
            let entry = &PAIRINGS[*pairing];
            if entry.receiver() == me {
                incoming[entry.sender.index()].push((*pairing, *target));
            } else if entry.sender == me {
                *outgoing[entry.receiver().index()].get_or_insert(0) += targets[*target].bytes();
            }
        }
        let mut frames =
            PainterId::ALL.map(|to| outgoing[to.index()].map(|bytes| self.links.start(kind, to, bytes)));
        let mut witnessed = Zeroizing::new(Vec::new());
        let mut hashers = self.transcripts.0.clone();
        let draws = self.draws(targets, &contributions).await?;
        for (Contribution { pairing, target, value }, draw) in contributions.into_iter().zip(draws) {
            let entry = &PAIRINGS[pairing];
            let sum = &mut sums[target];
            let Some(draw) = draw else { continue };
            if entry.knows(me) {
                let explicit = subtract(value, &draw, &targets[target])?;
                let wire = match &mut frames[entry.receiver().index()] {
                    Some(frame) if entry.sender == me => frame,
                    _ => &mut witnessed,
                };
                let start = wire.len();
                pack(explicit.data(), targets[target].width(), wire);
                hashers[pairing].update(&wire[start..]);
                witnessed.clear();
                accumulate(&mut sum[entry.explicit], explicit)?;
            }
            accumulate(&mut sum[entry.drawn], draw)?;
        }
        for (to, frame) in PainterId::ALL.into_iter().zip(frames) {
            if let Some(frame) = frame {
                self.links.post(kind, to, frame).await?;
            }
        }
        // What a sender or witness knows of this round does not depend on what it receives in it, so transcripts
        // can leave in the same round; a receiver's own hash is taken below, once it has the messages.
        self.record(&hashers, |pairing| pairing.knows(me));
        if seal == Seal::Sealed {
            self.seal().await?;
        }
        self.links.next_round()?;
        for from in me.others().filter(|from| !incoming[from.index()].is_empty()) {
            let expected = &incoming[from.index()];
            let bytes = expected.iter().map(|(_, target)| targets[*target].bytes()).sum();
            let payload = self.links.receive(kind, from, bytes).await?;
            let mut rest = payload.bytes();
            for (pairing, target) in expected {
                let (bytes, tail) = rest.split_at(targets[*target].bytes());
                rest = tail;
                hashers[*pairing].update(bytes);
                let sum = &mut sums[*target][PAIRINGS[*pairing].explicit];
                let sum = sum.get_or_insert_with(|| targets[*target].zeros());
                unpack_add(bytes, targets[*target].width(), sum.data_mut());
            }
        }
        self.record(&hashers, |pairing| pairing.receiver() == me);
        Ok(sums)
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

    /// Notes what passed in this round, for the pairings that this painter has the given part in.
    fn record(&mut self, hashers: &[blake3::Hasher; PAIRINGS.len()], part: impl Fn(&Pairing) -> bool) {
        let transcripts = PAIRINGS.iter().zip(hashers).zip(&mut self.links.record.transcripts);
        for ((_, hasher), transcript) in transcripts.filter(|((pairing, _), _)| part(pairing)) {
            transcript.push(*hasher.finalize().as_bytes());
        }
    }

    /// Sends the hashes of what this painter sent and witnessed to each receiver.
    pub(super) async fn seal(&mut self) -> Result<(), Error> {
        for to in self.id.others() {
            let mut hashes = Vec::new();
            for (i, pairing) in PAIRINGS.iter().enumerate() {
                if pairing.receiver() == to && pairing.knows(self.id) {
                    hashes.extend_from_slice(&self.links.record.seal(i));
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
        let me = self.id;
        let mut claims = [[None; 4]; PAIRINGS.len()];
        for from in me.others() {
            let mine = |i: &usize| PAIRINGS[*i].receiver() == me && PAIRINGS[*i].knows(from);
            let expected: Vec<usize> = (0..PAIRINGS.len()).filter(mine).collect();
            let payload = self.links.receive(Kind::Transcript, from, 32 * expected.len()).await?;
            for (i, hash) in expected.into_iter().zip(payload.bytes().as_chunks::<32>().0) {
                claims[i][from.index()] = Some(*hash);
            }
        }
        for (i, Pairing { sender, witness, .. }) in PAIRINGS.iter().enumerate() {
            let (Some(sent), Some(witnessed)) = (claims[i][sender.index()], claims[i][witness.index()])
            else {
                continue;
            };
            if sent != witnessed {
                let claims = [(*sender, sent), (*witness, witnessed)];
                return Err(self.links.conflict(Topic::transcript(i), claims, Cause::Transcript));
            }
            if sent != self.links.record.seal(i) {
                return Err(Error::abort(*sender, me, Cause::Delivery));
            }
        }
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[&[1]]).await?;
        }
        self.links.next_round()?;
        for from in me.others() {
            let payload = self.links.receive(Kind::Verdict, from, 1).await?;
            if payload.bytes() != [1] {
                return Err(Error::abort(me, from, Cause::OutOfPlace(from)));
            }
        }
        self.links.record.restart();
        Ok(())
    }
}

fn accumulate(sum: &mut Option<RingTensor>, value: RingTensor) -> Result<(), Error> {
    match sum {
        Some(sum) => sum.add_assign(&value)?,
        None => *sum = Some(value),
    }
    Ok(())
}

/// The explicit component: the value less the draw, with no bit above the ring, for a borrow there would tell of the
/// value.
fn subtract(value: Option<RingTensor>, draw: &RingTensor, target: &Target) -> Result<RingTensor, Error> {
    let wrong = Error::Scale { operation: "joint input", left: target.scale, right: target.scale };
    let mut explicit = value.ok_or(wrong)?;
    if explicit.shape() != draw.shape() {
        let (left, right) = (explicit.shape(), draw.shape());
        return Err(abraham_ring::Error::Shape { operation: "joint input", left, right }.into());
    }
    let mask = mask(target.scale.ring_bits);
    for (x, r) in explicit.data_mut().iter_mut().zip(draw.data()) {
        *x = x.wrapping_sub(*r) & mask;
    }
    Ok(explicit)
}

/// Appends each element's `width` low bytes, little-endian.
pub(super) fn pack(elements: &[u64], width: usize, out: &mut Vec<u8>) {
    fn fixed<const WIDTH: usize>(elements: &[u64], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + WIDTH * elements.len(), 0);
        for (bytes, x) in out[start..].as_chunks_mut::<WIDTH>().0.iter_mut().zip(elements) {
            bytes.copy_from_slice(&x.to_le_bytes()[..WIDTH]);
        }
    }
    match width {
        1 => fixed::<1>(elements, out),
        2 => fixed::<2>(elements, out),
        3 => fixed::<3>(elements, out),
        4 => fixed::<4>(elements, out),
        5 => fixed::<5>(elements, out),
        6 => fixed::<6>(elements, out),
        7 => fixed::<7>(elements, out),
        _ => fixed::<8>(elements, out),
    }
}

/// Adds elements of `width` bytes to `out`; there must be as many as `out` has.
pub(super) fn unpack_add(bytes: &[u8], width: usize, out: &mut [u64]) {
    fn fixed<const WIDTH: usize>(bytes: &[u8], out: &mut [u64]) {
        for (x, bytes) in out.iter_mut().zip(bytes.as_chunks::<WIDTH>().0) {
            let mut word = [0; 8];
            word[..WIDTH].copy_from_slice(bytes);
            *x = x.wrapping_add(u64::from_le_bytes(word));
        }
    }
    match width {
        1 => fixed::<1>(bytes, out),
        2 => fixed::<2>(bytes, out),
        3 => fixed::<3>(bytes, out),
        4 => fixed::<4>(bytes, out),
        5 => fixed::<5>(bytes, out),
        6 => fixed::<6>(bytes, out),
        7 => fixed::<7>(bytes, out),
        _ => fixed::<8>(bytes, out),
    }
}

#[cfg(test)]
mod tests {
    use abraham_ring::CpuBackend;
    use futures::future::join_all;

    use super::*;
    use crate::{Distribution, Sample, channel::memory};

    #[test]
    fn every_width_survives_the_wire() {
        for width in 1..=8 {
            let mask = mask(8 * width as u32);
            let elements = [0, 1, mask, 0x0123_4567_89ab_cdef & mask];
            let mut bytes = Vec::new();
            pack(&elements, width, &mut bytes);
            assert_eq!(bytes.len(), 4 * width);
            let mut out = [1; 4];
            unpack_add(&bytes, width, &mut out);
            assert_eq!(out.map(|x| x.wrapping_sub(1)), elements);
        }
    }

    /// The painter that lacks the explicit component knows the draw, so of a right guess of the value it can compute
    /// all bytes that travelled. What others testify must not confirm the guess.
    #[test]
    fn a_testimony_tells_the_fourth_painter_nothing_of_the_value() {
        use crate::dispute::{Reason, Stopped, Testimony};
        for (i, pairing) in PAIRINGS.iter().enumerate() {
            let pair = [pairing.sender, pairing.witness];
            let value = RingTensor::from_fn(2, 3, |row, col| (3 * row + col) as u64);
            let scale = Scale { ring_bits: 40, fraction_bits: 0 };
            let seats = PainterId::ALL.into_iter().zip(memory::network()).map(async |(id, channel)| {
                let mut painter = Painter::join(id, channel, CpuBackend, [id.byte(); 32]).await?;
                let known = pair.contains(&id).then(|| value.clone());
                painter.joint_input(pair, known, (2, 3), scale).await?;
                Ok::<_, Error>(painter)
            });
            let mut painters: Vec<_> =
                pollster::block_on(join_all(seats)).into_iter().map(|p| p.ok().unwrap()).collect();
            let fourth = &painters[pairing.explicit];
            let key = &fourth.keys.components[pairing.drawn];
            let draw = Draw { key, stream: 0, rows: 2, cols: 3, bits: 40 };
            let draw = pollster::block_on(CpuBackend.expand(&[draw])).unwrap().remove(0);
            let explicit = subtract(Some(value.clone()), &draw, &Target { shape: (2, 3), scale }).unwrap();
            let mut guessed = Vec::new();
            pack(explicit.data(), 5, &mut guessed);
            let sender = &mut painters[pairing.sender.index()];
            let mut keyed = sender.transcripts.0[i].clone();
            keyed.update(&guessed);
            let record = std::mem::take(&mut sender.links.record);
            let (reason, stopped) = (Reason::Fault(pairing.witness), Stopped::default());
            let testimony = Testimony { round: 0, reason, stopped, times: Vec::new(), record }.encode();
            let tells = |hash: blake3::Hash| testimony.windows(32).any(|window| window == hash.as_bytes());
            assert!(tells(keyed.finalize()), "these are the bytes that travelled");
            assert!(!tells(blake3::hash(&guessed)), "pairing {i}: a plain hash confirms the guess");
        }
    }

    #[test]
    fn transcripts_start_anew_once_they_were_compared() {
        let seats = PainterId::ALL.into_iter().zip(memory::network()).map(async |(id, channel)| {
            let mut painter = Painter::join(id, channel, CpuBackend, [id.byte(); 32]).await?;
            let part = Distribution::Uniform { bits: 1 };
            painter.sample(&[Sample { rows: 1, cols: 1, scale: Scale::full(0), part }]).await?;
            assert!(painter.links.record.transcripts.iter().any(|transcript| transcript.len() == 1));
            painter.verify().await?;
            assert!(painter.links.record.transcripts.iter().all(Vec::is_empty));
            Ok::<_, Error>(())
        });
        assert!(pollster::block_on(join_all(seats)).iter().all(Result::is_ok));
    }
}
