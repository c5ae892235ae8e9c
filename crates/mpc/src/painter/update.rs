//! Inputs from outside: a teacher's update, of which three components are seeds and one is explicit.

mod codec;

use abraham_messages::Kind;
use abraham_ring::{Backend, Draw, RingTensor};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Cause, Channel, Error, Painter, PainterId, Scale, Sharing,
    dispute::{Statement, Topic},
    limits,
};

/// The explicit component; painters 0, 1 and 2 hold it, and painter 0 passes it on.
const EXPLICIT: usize = 3;

/// What a teacher sends one painter of an update: the seeds of the components that the painter holds, the hash of
/// the explicit component, and, to painter 0 alone, that component.
///
/// Painter 3, who knows all seeds, gets no hash either: it could try guesses of the update against it.
///
/// It derives neither `Debug` nor `Serialize` on purpose; [`UpdateShare::encode`] is for the link to its painter only.
pub struct UpdateShare {
    seeds: [Option<Zeroizing<[u8; 32]>>; 3],
    explicit_hash: Option<[u8; 32]>,
    explicit: Option<RingTensor>,
    shape: (usize, usize),
    scale: Scale,
}

impl UpdateShare {
    /// Bytes that the teacher uploads with this share, those of [`UpdateShare::encode`]: shape and scale, seeds, a
    /// hash, and 8 bytes an element to painter 0.
    pub fn upload_bytes(&self) -> u64 {
        self.encoded_bytes() as u64
    }

    fn fits(&self, shape: (usize, usize), scale: Scale) -> bool {
        self.shape == shape && self.scale == scale
    }
}

/// Shares a teacher's values for the four painters. `seeds` must be fresh and uniformly random.
///
/// Upload is one ring vector however many painters there are.
///
/// # Errors
/// [`Error::Ring`] where the draws do not fit the values: not for well-formed tensors.
pub async fn split_update(
    values: &RingTensor,
    scale: Scale,
    seeds: [[u8; 32]; 3],
    backend: &impl Backend,
) -> Result<[UpdateShare; 4], Error> {
    let shape = values.shape();
    let seeds = seeds.map(Zeroizing::new);
    let mut explicit = values.clone();
    for seed in &seeds {
        explicit.sub_assign(&expand(seed, shape, backend).await?)?;
    }
    let explicit_hash = hash(&explicit);
    let mut explicit = Some(explicit);
    Ok(PainterId::ALL.map(|painter| {
        let held = |c: usize| (c != painter.index()).then(|| seeds[c].clone());
        UpdateShare {
            seeds: [held(0), held(1), held(2)],
            explicit_hash: (painter.index() != EXPLICIT).then_some(explicit_hash),
            explicit: explicit.take_if(|_| painter.index() == 0),
            shape,
            scale,
        }
    }))
}

async fn expand(
    seed: &[u8; 32],
    (rows, cols): (usize, usize),
    backend: &impl Backend,
) -> Result<RingTensor, Error> {
    let drawn = backend.expand(&[Draw { key: seed, stream: 0, rows, cols, bits: 64 }]).await?;
    Ok(drawn.into_iter().next().unwrap_or_default())
}

fn bytes(tensor: &RingTensor) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(tensor.data().iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// What one painter thinks of each update of a group, one bit each, the first in the lowest bit of the first byte.
type Votes = [u8; limits::MAX_VOTED_UPDATES / 8];

fn hash(tensor: &RingTensor) -> [u8; 32] {
    *blake3::hash(&bytes(tensor)).as_bytes()
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Takes in the updates of a round, once the holders of each component have found that they hold the same.
    ///
    /// All four give as many, in the same order, all of one shape and scale; one that a painter did not get is
    /// missing. The result has a sharing for each update that counts, for all four alike, and none for the others:
    /// those that are missing, of another shape or scale, or not the same for all holders. One painter alone cannot have
    /// one dropped: who votes against an update that the three others have alike is named, or names who gave it something
    /// else. Where painters do not give equally many, and fewer than one group of them, none counts.
    ///
    /// # Communication
    /// Three rounds (explicit components are passed on and hashes are compared; votes; votes as they were heard) for
    /// every group of updates that fits into half a frame, 256 at most; two vectors of 64-bit elements an update.
    ///
    /// # Errors
    /// [`Error::Abort`] where a painter is silent, its votes differ, or it alone votes against an update.
    pub async fn accept_updates(
        &mut self,
        updates: Vec<Option<UpdateShare>>,
        shape: (usize, usize),
        scale: Scale,
    ) -> Result<Vec<Option<Sharing>>, Error> {
        let group =
            (limits::MAX_PASSED_BYTES / (8 * shape.0 * shape.1).max(1)).clamp(1, limits::MAX_VOTED_UPDATES);
        let mut accepted = Vec::with_capacity(updates.len());
        let mut updates = updates.into_iter().map(|update| update.filter(|share| share.fits(shape, scale)));
        while updates.len() > 0 {
            let group = updates.by_ref().take(group).collect();
            let result = self.compare_updates(group, shape, scale).await;
            accepted.extend(self.settle(result).await?);
        }
        Ok(accepted)
    }

    async fn compare_updates(
        &mut self,
        mut updates: Vec<Option<UpdateShare>>,
        shape: (usize, usize),
        scale: Scale,
    ) -> Result<Vec<Option<Sharing>>, Error> {
        let me = self.id;
        let explicit_bytes = 8 * shape.0 * shape.1;
        if me.index() == 0 {
            for to in [1, 2] {
                let to = PainterId::ALL[to];
                let mut frame = self.links.start(Kind::Update, to, explicit_bytes * updates.len());
                for update in &updates {
                    let explicit = update.as_ref().and_then(|update| update.explicit.as_ref());
                    let before = frame.len();
                    for word in explicit.map_or(&[][..], RingTensor::data) {
                        frame.extend_from_slice(&word.to_le_bytes());
                    }
                    frame.resize(before + explicit_bytes, 0);
                }
                self.links.post(Kind::Update, to, frame).await?;
            }
        }
        for to in me.others() {
            let hashes: Vec<u8> = updates.iter().flat_map(|update| common(update.as_ref(), me, to)).collect();
            self.links.send(Kind::Transcript, to, &[&hashes]).await?;
        }
        self.links.next_round()?;
        let mut content: Vec<bool> = updates.iter().map(Option::is_some).collect();
        // Of each update, who gave this painter something else than the others have.
        let mut differs = vec![None; updates.len()];
        if me.index() != 0 && me.index() != EXPLICIT {
            // How many there are is agreed on outside this protocol, which painter 0 does not answer for.
            let payload = self.links.receive_any(Kind::Update, PainterId::ALL[0]).await?;
            let whole = payload.bytes().len() == explicit_bytes * updates.len();
            for (i, update) in updates.iter_mut().enumerate().filter(|_| whole) {
                let Some(update) = update else { continue };
                let bytes = &payload.bytes()[explicit_bytes * i..][..explicit_bytes];
                let data = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
                update.explicit = RingTensor::new(shape.0, shape.1, data).ok();
            }
        }
        let passed_on = updates.iter().zip(content.iter_mut().zip(&mut differs));
        for (update, (content, differs)) in passed_on.filter(|_| me.index() != EXPLICIT) {
            let whole = update.as_ref().is_some_and(|update| {
                let explicit = update.explicit.as_ref().filter(|x| x.shape() == shape);
                explicit.is_some_and(|x| Some(hash(x)) == update.explicit_hash)
            });
            if !whole {
                *content = false;
                *differs = Some(PainterId::ALL[0]).filter(|passed| *passed != me);
            }
        }
        for from in me.others() {
            let payload = self.links.receive_any(Kind::Transcript, from).await?;
            let (hashes, left_over) = payload.bytes().as_chunks::<32>();
            let as_many = left_over.is_empty() && hashes.len() == updates.len();
            for (i, update) in updates.iter().enumerate() {
                if !as_many || hashes[i] != common(update.as_ref(), me, from) {
                    content[i] = false;
                    differs[i].get_or_insert(from);
                }
            }
        }
        let votes = self.vote(&content).await?;
        let yes = |of: PainterId, i: usize| votes[of.index()][i / 8] >> (i % 8) & 1 == 1;
        for (i, differs) in differs.into_iter().enumerate() {
            let mut objections = PainterId::ALL.into_iter().filter(|of| !yes(*of, i));
            let (Some(objector), None) = (objections.next(), objections.next()) else { continue };
            // Where the teacher is the cause, two honest painters see it. So the objector is the cheat, or the painter
            // that gave it something else.
            let suspect =
                if objector == me { differs.unwrap_or(PainterId::ALL[(me.index() + 1) % 4]) } else { me };
            return Err(Error::abort(objector, suspect, Cause::Objection(objector)));
        }
        let counts = (0..updates.len()).map(|i| PainterId::ALL.into_iter().all(|of| yes(of, i)));
        let counts: Vec<bool> = counts.collect();
        let mut accepted = Vec::with_capacity(updates.len());
        for (update, counts) in updates.into_iter().zip(counts) {
            let Some(mut update) = update.filter(|_| counts) else {
                accepted.push(None);
                continue;
            };
            let mut components = [const { None }; 4];
            for (component, seed) in components.iter_mut().zip(&update.seeds) {
                if let Some(seed) = seed {
                    *component = Some(expand(seed, shape, &self.backend).await?);
                }
            }
            components[EXPLICIT] = update.explicit.take();
            accepted.push(Some(Sharing::from_components(me, components, scale)?.masked()));
        }
        Ok(accepted)
    }

    /// With which updates each of the four is content. All honest painters find the same, or the committee stops: each
    /// passes on the votes that it heard, and votes that are not the same for all are a conflict.
    async fn vote(&mut self, content: &[bool]) -> Result<[Votes; 4], Error> {
        let me = self.id;
        let mut votes = [Votes::default(); 4];
        for (i, content) in content.iter().enumerate() {
            votes[me.index()][i / 8] |= u8::from(*content) << (i % 8);
        }
        let mine = votes[me.index()];
        self.links.state(Topic::vote(me), mine);
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[&mine]).await?;
        }
        self.links.next_round()?;
        for from in me.others() {
            let payload = self.links.receive(Kind::Verdict, from, mine.len()).await?;
            votes[from.index()] = payload.bytes().try_into().unwrap_or_default();
        }
        for of in me.others() {
            self.links.state(Topic::vote(of), votes[of.index()]);
        }
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[votes.as_flattened()]).await?;
        }
        self.links.next_round()?;
        for from in me.others() {
            let payload = self.links.receive(Kind::Verdict, from, votes.as_flattened().len()).await?;
            for (of, heard) in PainterId::ALL.into_iter().zip(payload.bytes().as_chunks().0) {
                let vote: Statement = votes[of.index()];
                if *heard == vote {
                    continue;
                }
                // Only `from` can be wrong about what it voted itself, or about what this painter did.
                if of == from || of == me {
                    return Err(Error::abort(me, from, Cause::Vote));
                }
                return Err(self.links.conflict(Topic::vote(of), [(of, vote), (from, *heard)], Cause::Vote));
            }
        }
        Ok(votes)
    }
}

/// The hash over all that both painters were given of an update: seeds, and the explicit component's hash.
fn common(update: Option<&UpdateShare>, me: PainterId, other: PainterId) -> [u8; 32] {
    let Some(update) = update else { return [0; 32] };
    let mut hasher = blake3::Hasher::new();
    for (c, seed) in update.seeds.iter().enumerate() {
        if let Some(seed) = seed.as_ref().filter(|_| c != me.index() && c != other.index()) {
            hasher.update(seed.as_slice());
        }
    }
    if let Some(hash) = update.explicit_hash.filter(|_| other.index() != EXPLICIT) {
        hasher.update(&hash);
    }
    *hasher.finalize().as_bytes()
}

impl Drop for UpdateShare {
    fn drop(&mut self) {
        self.explicit_hash.zeroize();
    }
}
