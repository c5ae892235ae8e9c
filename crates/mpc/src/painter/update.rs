//! Inputs from outside: a teacher's update, of which three components are seeds and one is explicit.

use abraham_messages::Kind;
use abraham_ring::{Backend, Draw, RingTensor};
use zeroize::{Zeroize, Zeroizing};

use crate::{Cause, Channel, Error, Painter, PainterId, Scale, Sharing, dispute::Topic};

/// The explicit component; painters 0, 1 and 2 hold it, and painter 0 passes it on.
const EXPLICIT: usize = 3;

/// What a teacher sends one painter of an update: the seeds of the components that the painter holds, the hash of
/// the explicit component, and, to painter 0 alone, that component.
///
/// Painter 3, who knows all seeds, gets no hash either: it could try guesses of the update against it.
pub struct UpdateShare {
    seeds: [Option<Zeroizing<[u8; 32]>>; 3],
    explicit_hash: Option<[u8; 32]>,
    explicit: Option<RingTensor>,
    shape: (usize, usize),
    scale: Scale,
}

impl UpdateShare {
    /// Bytes that the teacher uploads with this share: seeds, a hash, and 8 bytes an element to painter 0.
    pub fn upload_bytes(&self) -> u64 {
        let hashes = self.seeds.iter().flatten().count() + usize::from(self.explicit_hash.is_some());
        (32 * hashes + self.explicit.as_ref().map_or(0, |x| 8 * x.len())) as u64
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

fn hash(tensor: &RingTensor) -> [u8; 32] {
    *blake3::hash(&bytes(tensor)).as_bytes()
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Takes in a teacher's update, once the holders of each component have found that they hold the same.
    ///
    /// # Communication
    /// Three rounds (the explicit component is passed on and hashes are compared; votes; votes as they were heard);
    /// two vectors of 64-bit elements.
    ///
    /// # Errors
    /// [`Error::InconsistentUpdate`] for all four alike where the update is not the same for all holders, or a painter
    /// says so: it is dropped, and the committee goes on. [`Error::Abort`] where a painter is silent, or its votes
    /// differ.
    pub async fn accept_update(&mut self, update: UpdateShare) -> Result<Sharing, Error> {
        let result = self.compare_update(update).await;
        self.settle(result).await
    }

    async fn compare_update(&mut self, mut update: UpdateShare) -> Result<Sharing, Error> {
        let me = self.id;
        let mut explicit = update.explicit.take();
        if me.index() == 0 {
            let bytes = explicit.as_ref().map(bytes).unwrap_or_default();
            for to in [1, 2] {
                self.links.send(Kind::Update, PainterId::ALL[to], &[&bytes]).await?;
            }
        }
        for to in me.others() {
            self.links.send(Kind::Transcript, to, &[&common(&update, me, to)]).await?;
        }
        self.links.next_round()?;
        if me.index() != 0 && me.index() != EXPLICIT {
            // Its length is the teacher's word, which painter 0 does not answer for.
            let payload = self.links.receive_any(Kind::Update, PainterId::ALL[0]).await?;
            let data = payload.bytes().as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
            explicit = RingTensor::new(update.shape.0, update.shape.1, data).ok();
        }
        let mut content = me.index() == EXPLICIT
            || explicit
                .as_ref()
                .is_some_and(|x| x.shape() == update.shape && Some(hash(x)) == update.explicit_hash);
        for from in me.others() {
            let payload = self.links.receive(Kind::Transcript, from, 32).await?;
            content &= payload.bytes() == common(&update, me, from);
        }
        if !self.vote(content).await? {
            return Err(Error::InconsistentUpdate);
        }
        let mut components = [const { None }; 4];
        for (component, seed) in components.iter_mut().zip(&update.seeds) {
            if let Some(seed) = seed {
                *component = Some(expand(seed, update.shape, &self.backend).await?);
            }
        }
        components[EXPLICIT] = explicit;
        Ok(Sharing::from_components(me, components, update.scale)?.masked())
    }

    /// Whether all four are content. All honest painters find the same, or the committee stops: each passes on the
    /// votes that it heard, and a vote that is not the same for all is a conflict.
    async fn vote(&mut self, content: bool) -> Result<bool, Error> {
        let me = self.id;
        let mut votes = [u8::from(content); 4];
        let statement = |vote: u8| [vote; 32];
        self.links.state(Topic::vote(me), statement(votes[me.index()]));
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[&[u8::from(content)]]).await?;
        }
        self.links.next_round()?;
        for from in me.others() {
            votes[from.index()] = match self.links.receive(Kind::Verdict, from, 1).await?.bytes() {
                [vote @ (0 | 1)] => *vote,
                _ => return Err(Error::abort(me, from, Cause::OutOfPlace(from))),
            };
        }
        for of in me.others() {
            self.links.state(Topic::vote(of), statement(votes[of.index()]));
        }
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[&votes]).await?;
        }
        self.links.next_round()?;
        for from in me.others() {
            let payload = self.links.receive(Kind::Verdict, from, votes.len()).await?;
            for (of, heard) in PainterId::ALL.into_iter().zip(payload.bytes()) {
                let vote = votes[of.index()];
                if *heard == vote {
                    continue;
                }
                // Only `from` can be wrong about what it voted itself, or about what this painter did.
                if of == from || of == me {
                    return Err(Error::abort(me, from, Cause::Vote));
                }
                let claims = [(of, statement(vote)), (from, statement(*heard))];
                return Err(self.links.conflict(Topic::vote(of), claims, Cause::Vote));
            }
        }
        Ok(votes == [1; 4])
    }
}

/// The hash over all that both painters were given: seeds, shape, scale, and the explicit component's hash.
fn common(update: &UpdateShare, me: PainterId, other: PainterId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (c, seed) in update.seeds.iter().enumerate() {
        if let Some(seed) = seed.as_ref().filter(|_| c != me.index() && c != other.index()) {
            hasher.update(seed.as_slice());
        }
    }
    if let Some(hash) = update.explicit_hash.filter(|_| other.index() != EXPLICIT) {
        hasher.update(&hash);
    }
    let (rows, cols) = update.shape;
    let Scale { ring_bits, fraction_bits } = update.scale;
    for number in [rows as u64, cols as u64, ring_bits.into(), fraction_bits.into()] {
        hasher.update(&number.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl Drop for UpdateShare {
    fn drop(&mut self) {
        self.explicit_hash.zeroize();
    }
}
