//! One component of an artist: what a painter hands to another who takes the seat of one that left, and what the
//! painters of a committee commit to.
//!
//! Format: learning steps (8 bytes), the bits of the last norm opened of each tensor's gradient (1 byte each; both are
//! public), then the component of every weight and bias and of their momentum, layer by layer (8 bytes an element); all
//! little-endian.

use abraham_messages::{Commitment, codec::Reader, limits::MAX_CHECKPOINT_BYTES};
use abraham_mpc::{PainterId, Scale, Sharing};
use abraham_ring::RingTensor;
use zeroize::Zeroizing;

use crate::{
    Architecture, Artist, CheckpointError, Layer,
    checkpoint::corrupt,
    scale::{MOMENTUM, WEIGHT},
    update::{are_norms, first_norms},
};

/// Domain of the commitment to weights and momentum.
const CONTEXT: &str = "abraham 2026-11 artist's state v2";

impl Artist<Sharing> {
    fn tensors(&self) -> impl Iterator<Item = &Sharing> {
        self.weights.iter().chain(&self.momentum).flat_map(|layer| [&layer.weight, &layer.bias])
    }

    /// Bytes that each component of such an artist has.
    pub fn component_bytes(architecture: &Architecture) -> usize {
        let parameters: usize =
            architecture.layers().into_iter().map(|(inputs, outputs)| (inputs + 1) * outputs).sum();
        8 + norms(architecture) + 16 * parameters
    }

    /// Component `c` of all weights and momentum, unless it is the one that the holder lacks.
    pub fn component(&self, c: usize) -> Option<Zeroizing<Vec<u8>>> {
        // One allocation of the final size: a buffer that grows would leave copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(Self::component_bytes(&self.architecture)));
        out.extend_from_slice(&self.steps.to_le_bytes());
        out.extend(self.norm_bytes());
        for tensor in self.tensors() {
            for word in tensor.component(c)?.data() {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        Some(out)
    }

    /// The commitment of [`Artist::state_commitments`] to an encoded component; none where it is no component of such an
    /// artist.
    pub fn component_commitment(architecture: &Architecture, bytes: &[u8]) -> Option<Commitment> {
        if bytes.len() != Self::component_bytes(architecture) {
            return None;
        }
        let (steps, tensors) = bytes.split_first_chunk::<8>()?;
        let (bits, tensors) = tensors.split_at_checked(norms(architecture))?;
        let (weights, momentum) = tensors.split_at(tensors.len() / 2);
        let weights = *blake3::hash(weights).as_bytes();
        if u64::from_le_bytes(*steps) == 0 {
            let first = first_norms(architecture);
            let is_first = bits.iter().map(|bits| u32::from(*bits)).eq(first);
            return (is_first && momentum.iter().all(|byte| *byte == 0)).then_some(Commitment(weights));
        }
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&weights).update(steps).update(bits).update(momentum);
        Some(Commitment(*hasher.finalize().as_bytes()))
    }

    /// Puts an artist together from the three components that `holder` keeps.
    ///
    /// What a component contains cannot be seen from it: [`Artist::component_commitment`] must be compared.
    ///
    /// # Errors
    /// [`CheckpointError::Corrupt`] where a component is missing, of another size, or of another step than the rest.
    pub fn from_components(
        architecture: &Architecture,
        holder: PainterId,
        components: [Option<&[u8]>; 4],
    ) -> Result<Self, CheckpointError> {
        let mut public = None;
        let mut readers = Vec::new();
        for other in holder.others() {
            let bytes = components[other.index()].ok_or_else(|| corrupt("a component is missing"))?;
            let mut reader = Reader::new(bytes, MAX_CHECKPOINT_BYTES).map_err(corrupt)?;
            let steps = reader.u64().map_err(corrupt)?;
            let bits = reader.take(norms(architecture)).map_err(corrupt)?;
            if *public.get_or_insert((steps, bits)) != (steps, bits) {
                return Err(corrupt("its components are of different learning steps"));
            }
            readers.push((other, reader));
        }
        let mut read = |(rows, cols): (usize, usize), scale: Scale| {
            let mut components = [const { None }; 4];
            for (other, reader) in &mut readers {
                let bytes = reader.take(8 * rows * cols).map_err(corrupt)?;
                let data = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
                components[other.index()] = Some(RingTensor::new(rows, cols, data).map_err(corrupt)?);
            }
            Sharing::from_components(holder, components, scale).map_err(corrupt)
        };
        let mut layers = |scale: Scale| {
            let sizes = architecture.layers().into_iter();
            let layer = sizes.map(|(inputs, outputs)| {
                Ok(Layer { weight: read((inputs, outputs), scale)?, bias: read((1, outputs), scale)? })
            });
            layer.collect::<Result<Vec<_>, CheckpointError>>()
        };
        let (weights, momentum) = (layers(WEIGHT)?, layers(MOMENTUM)?);
        for (_, reader) in readers {
            reader.end().map_err(corrupt)?;
        }
        let (steps, bits) = public.unwrap_or_default();
        let bits: Vec<u32> = bits.iter().map(|bits| u32::from(*bits)).collect();
        if !are_norms(architecture, &bits) {
            return Err(corrupt("its gradients' norms have more bits than they can have"));
        }
        let artist = Self::new(architecture.clone(), weights, momentum, steps, bits);
        if artist.steps == 0 && !artist.is_still() {
            return Err(corrupt("it has learnt before its first step"));
        }
        Ok(artist)
    }

    /// The commitment to each component of weights and momentum that this painter holds, by which the painters of a
    /// committee name a state. Before the first step momentum is zero, and the commitment is that of
    /// [`Artist::commitments`], which gives the artist its name.
    pub fn state_commitments(&self) -> [Option<Commitment>; 4] {
        let weights = self.commitments();
        if self.steps == 0 {
            return weights;
        }
        std::array::from_fn(|c| {
            let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
            hasher.update(&weights[c]?.0);
            hasher.update(&self.steps.to_le_bytes());
            hasher.update(&self.norm_bytes());
            for layer in &self.momentum {
                for tensor in [&layer.weight, &layer.bias] {
                    for word in tensor.component(c)?.data() {
                        hasher.update(&word.to_le_bytes());
                    }
                }
            }
            Some(Commitment(*hasher.finalize().as_bytes()))
        })
    }

    /// The bits of the last norms, a byte each.
    fn norm_bytes(&self) -> Vec<u8> {
        self.norm_bits.iter().map(|bits| *bits as u8).collect()
    }

    /// Whether all momentum that this painter holds is zero and no norm was opened, as it must be before the first step.
    fn is_still(&self) -> bool {
        let components = |tensor: &Sharing| {
            (0..4).filter_map(|c| tensor.component(c)).all(|x| x.data().iter().all(|x| *x == 0))
        };
        self.norm_bits == first_norms(&self.architecture)
            && self.momentum.iter().all(|layer| components(&layer.weight) && components(&layer.bias))
    }
}

/// Norms that are opened of such an artist's gradients: one a tensor.
fn norms(architecture: &Architecture) -> usize {
    2 * architecture.layers().len()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const HOLDER: PainterId = PainterId::ALL[2];

    pub(crate) fn artist(steps: u64) -> (Architecture, Artist<Sharing>) {
        let architecture = Architecture::new(2, &[3], 2, 1).unwrap();
        let filled = |rows, cols, scale, first: u64| {
            let component = |c: u64| {
                RingTensor::from_fn(rows, cols, |row, col| first * (100 * c + (10 * row + col) as u64))
            };
            let components = [0, 1, 2, 3].map(|c| (c != 2).then(|| component(c)));
            Sharing::from_components(HOLDER, components, scale).unwrap()
        };
        let layers = |scale, first| {
            let layer = |(inputs, outputs): (usize, usize)| Layer {
                weight: filled(inputs, outputs, scale, first),
                bias: filled(1, outputs, scale, 3 * first),
            };
            architecture.layers().into_iter().map(layer).collect()
        };
        let momentum = layers(MOMENTUM, if steps == 0 { 0 } else { 7 });
        let bits = if steps == 0 { first_norms(&architecture) } else { vec![17, 18, 19, 20] };
        let artist = Artist::new(architecture.clone(), layers(WEIGHT, 5), momentum, steps, bits);
        (architecture, artist)
    }

    #[test]
    fn components_put_together_are_the_artist() {
        for steps in [0, 9] {
            let (architecture, artist) = artist(steps);
            let components = [0, 1, 2, 3].map(|c| artist.component(c));
            let bytes = components.each_ref().map(|bytes| bytes.as_ref().map(|bytes| bytes.as_slice()));
            let again = Artist::from_components(&architecture, HOLDER, bytes).unwrap();
            assert_eq!(again.steps(), steps);
            assert_eq!(again.state_commitments(), artist.state_commitments());
            assert_eq!(again.commitments(), artist.commitments());
            for (c, bytes) in bytes.into_iter().enumerate() {
                let found = bytes.and_then(|bytes| Artist::component_commitment(&architecture, bytes));
                assert_eq!(found, artist.state_commitments()[c]);
                assert_eq!(found.is_some(), c != 2);
            }
            assert_eq!(artist.state_commitments() == artist.commitments(), steps == 0);
        }
    }

    #[test]
    fn any_changed_byte_changes_the_commitment() {
        for steps in [0, 9] {
            let (architecture, artist) = artist(steps);
            let bytes = artist.component(1).unwrap();
            let right = Artist::component_commitment(&architecture, &bytes);
            for place in 0..bytes.len() {
                let mut changed = bytes.to_vec();
                changed[place] ^= 16;
                assert_ne!(Artist::component_commitment(&architecture, &changed), right, "byte {place}");
            }
            assert_eq!(Artist::component_commitment(&architecture, &bytes[1..]), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (architecture, artist) = artist(9);
        let components = [0, 1, 2, 3].map(|c| artist.component(c).map(|bytes| bytes.to_vec()));
        type Components = [Option<Vec<u8>>; 4];
        let refused = |change: &dyn Fn(&mut Components)| {
            let mut changed = components.clone();
            change(&mut changed);
            let bytes = changed.each_ref().map(Option::as_deref);
            Artist::from_components(&architecture, HOLDER, bytes).is_err()
        };
        assert!(!refused(&|_| {}));
        assert!(refused(&|components| components[0] = None));
        assert!(refused(&|components| components[1].as_mut().unwrap().truncate(80)));
        assert!(refused(&|components| components[1].as_mut().unwrap().push(0)));
        assert!(refused(&|components| components[3].as_mut().unwrap()[0] ^= 1));
        // The bits of a norm: of one component, and more than there can be in all of them.
        assert!(refused(&|components| components[3].as_mut().unwrap()[8] ^= 1));
        assert!(refused(&|components| components.iter_mut().flatten().for_each(|bytes| bytes[9] = 64)));
    }
}
