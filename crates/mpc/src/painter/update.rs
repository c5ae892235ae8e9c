//! Inputs from outside: a teacher's update, of which three components are seeds and one is explicit.

use abraham_messages::Kind;
use abraham_ring::{Backend, Draw, RingTensor};
use zeroize::{Zeroize, Zeroizing};

use crate::{Channel, Error, Painter, PainterId, Scale, Sharing};

/// The explicit component; painters 0, 1 and 2 hold it, and painter 0 passes it on.
const EXPLICIT: usize = 3;

/// What a teacher sends one painter of an update: the seeds of the components that the painter holds, the hash of
/// the explicit component, and, to painter 0 alone, that component.
pub struct UpdateShare {
    seeds: [Option<Zeroizing<[u8; 32]>>; 3],
    explicit_hash: [u8; 32],
    explicit: Option<RingTensor>,
    shape: (usize, usize),
    scale: Scale,
}

impl UpdateShare {
    /// Bytes that the teacher uploads with this share: seeds, a hash, and 8 bytes an element to painter 0.
    pub fn upload_bytes(&self) -> u64 {
        let seeds = self.seeds.iter().flatten().count() * 32;
        (seeds + 32 + self.explicit.as_ref().map_or(0, |x| 8 * x.len())) as u64
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
            explicit_hash,
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
    /// Three rounds (the explicit component is passed on, hashes, votes); two vectors of 64-bit elements.
    ///
    /// # Errors
    /// [`Error::InconsistentUpdate`] for all four alike where the update is not the same for all holders: it is
    /// dropped, and the committee goes on. [`Error::Abort`] where a painter is silent.
    pub async fn accept_update(&mut self, update: UpdateShare) -> Result<Sharing, Error> {
        let result = self.compare_update(update).await;
        self.or_tell(result).await
    }

    async fn compare_update(&mut self, mut update: UpdateShare) -> Result<Sharing, Error> {
        let me = self.id;
        let (rows, cols) = update.shape;
        let pass_on = me.index() == 0;
        let mut explicit = update.explicit.take();
        if pass_on {
            let tensor = explicit.get_or_insert_with(|| RingTensor::zeros(rows, cols));
            let bytes = bytes(tensor);
            for to in [1, 2] {
                self.links.send(Kind::Update, PainterId::ALL[to], &[&bytes]).await?;
            }
        } else if me.index() != EXPLICIT {
            let payload = self.links.receive(Kind::Update, PainterId::ALL[0], 8 * rows * cols).await?;
            let words = payload.bytes().chunks_exact(8);
            let data = words.map(|word| word.iter().rev().fold(0, |x, b| (x << 8) | u64::from(*b)));
            explicit = Some(RingTensor::new(rows, cols, data.collect())?);
        }
        self.links.meter.rounds += 1;
        let mut content =
            explicit.as_ref().is_none_or(|x| x.shape() == update.shape && hash(x) == update.explicit_hash);
        content &= self.compare_seeds(&update).await?;
        for to in me.others() {
            self.links.send(Kind::Verdict, to, &[&[u8::from(content)]]).await?;
        }
        self.links.meter.rounds += 1;
        for from in me.others() {
            let payload = self.links.receive(Kind::Verdict, from, 1).await?;
            content &= payload.bytes() == [1];
        }
        if !content {
            return Err(Error::InconsistentUpdate);
        }
        let mut components = [const { None }; 4];
        for (component, seed) in components.iter_mut().zip(&update.seeds) {
            if let Some(seed) = seed {
                *component = Some(expand(seed, update.shape, &self.backend).await?);
            }
        }
        components[EXPLICIT] = explicit;
        Sharing::from_components(me, components, update.scale)
    }

    /// Compares with each other painter the hash over all that both were given: seeds, shape, and the explicit hash.
    async fn compare_seeds(&mut self, update: &UpdateShare) -> Result<bool, Error> {
        let me = self.id;
        let common = |other: PainterId| {
            let mut hasher = blake3::Hasher::new();
            for (c, seed) in update.seeds.iter().enumerate() {
                if let Some(seed) = seed.as_ref().filter(|_| c != other.index()) {
                    hasher.update(seed.as_slice());
                }
            }
            hasher.update(&update.explicit_hash);
            for number in [update.shape.0, update.shape.1, update.scale.fraction_bits as usize] {
                hasher.update(&(number as u64).to_le_bytes());
            }
            hasher.finalize()
        };
        for to in me.others() {
            self.links.send(Kind::Transcript, to, &[common(to).as_bytes()]).await?;
        }
        self.links.meter.rounds += 1;
        let mut same = true;
        for from in me.others() {
            let payload = self.links.receive(Kind::Transcript, from, 32).await?;
            same &= payload.bytes() == common(from).as_bytes();
        }
        Ok(same)
    }
}

impl Drop for UpdateShare {
    fn drop(&mut self) {
        self.explicit_hash.zeroize();
    }
}
