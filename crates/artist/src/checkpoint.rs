//! One painter's checkpoint: its shares of weights and momentum, as safetensors.

use std::collections::HashMap;

use abraham_messages::{ArtistName, codec::hex, limits::MAX_CHECKPOINT_BYTES};
use abraham_mpc::{PainterId, Scale, Sharing};
use abraham_ring::RingTensor;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    Architecture, Artist, Layer,
    scale::{MOMENTUM, WEIGHT},
    update::{are_norms, first_norms},
};

/// What one painter keeps between sessions.
///
/// It holds shares, so it derives neither `Debug` nor `Serialize`; [`Checkpoint::encode`] is for this painter's own
/// storage only.
pub struct Checkpoint {
    /// The artist as this painter holds it.
    pub artist: Artist<Sharing>,
    /// Whose shares these are.
    pub holder: PainterId,
    /// The artist's name: the hash of its genesis commitments.
    pub genesis: ArtistName,
    /// Learning rounds behind these weights.
    pub round: u64,
    /// How often the shares were made anew.
    pub generation: u64,
}

/// Why a checkpoint was refused; nothing of it is used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is larger than any checkpoint.
    #[error("the checkpoint has {0} bytes, more than any artist has; it was refused")]
    TooLong(usize),
    /// The file is damaged.
    #[error("the checkpoint is damaged ({0}); it was refused, and the last good one is kept")]
    Corrupt(String),
    /// The file belongs to something else.
    #[error("the checkpoint is not this artist's: {field} is {found}, not {expected}; it was refused")]
    Foreign {
        /// What differs.
        field: &'static str,
        /// The value found.
        found: String,
        /// The value expected.
        expected: String,
    },
    /// The shares could not be written out.
    #[error("the checkpoint could not be written: {0}")]
    Encode(String),
}

/// The one metadata entry of the file.
const ENTRY: &str = "abraham";

/// The header's line with the bits of the last norms.
const NORMS: &str = "norms";

/// The header's line with the generation.
const GENERATION: &str = "generation";

/// The format, by the protocol that first wrote it: painters' frames have changed since, what they keep has not.
const FORMAT: &str = "/abraham/painters/1.0.0";

pub(crate) fn corrupt(reason: impl ToString) -> CheckpointError {
    CheckpointError::Corrupt(reason.to_string())
}

/// The held components of every tensor under stable names, in a stable order.
fn tensors(artist: &Artist<Sharing>) -> Vec<(String, &RingTensor)> {
    let mut out = Vec::new();
    for (group, layers) in [("weights", &artist.weights), ("momentum", &artist.momentum)] {
        for (l, layer) in layers.iter().enumerate() {
            for (kind, secret) in [("weight", &layer.weight), ("bias", &layer.bias)] {
                for c in 0..4 {
                    if let Some(component) = secret.component(c) {
                        out.push((format!("{group}.{l}.{kind}.{c}"), component));
                    }
                }
            }
        }
    }
    out
}

fn sizes(architecture: &Architecture) -> String {
    let hidden: Vec<String> = architecture.hidden().iter().map(usize::to_string).collect();
    format!(
        "{}-{}-{}x{}x{}",
        architecture.latents(),
        hidden.join("-"),
        architecture.side(),
        architecture.side(),
        architecture.channels()
    )
}

/// Over everything that the header says and every tensor holds.
fn digest(header: &[(&'static str, String)], tensors: &[(String, Vec<u8>)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, value) in header {
        hasher.update(format!("{name}={value}\n").as_bytes());
    }
    for (name, bytes) in tensors {
        hasher.update(format!("{name}:{}\n", bytes.len()).as_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

impl Checkpoint {
    fn header(&self) -> Vec<(&'static str, String)> {
        let norms: Vec<String> = self.artist.norm_bits.iter().map(u32::to_string).collect();
        vec![
            ("protocol", FORMAT.into()),
            ("sizes", sizes(self.artist.architecture())),
            ("painter", self.holder.index().to_string()),
            ("genesis", hex(&self.genesis.0)),
            ("round", self.round.to_string()),
            ("steps", self.artist.steps.to_string()),
            (NORMS, norms.join(",")),
            (GENERATION, self.generation.to_string()),
        ]
    }

    /// Encodes the checkpoint as safetensors: u64 tensors, and a header with a digest over all of it.
    ///
    /// # Errors
    /// [`CheckpointError::Encode`].
    pub fn encode(&self) -> Result<Vec<u8>, CheckpointError> {
        self.encode_with(&self.header())
    }

    fn encode_with(&self, header: &[(&'static str, String)]) -> Result<Vec<u8>, CheckpointError> {
        let bytes = |tensor: &RingTensor| tensor.data().iter().flat_map(|x| x.to_le_bytes()).collect();
        let named = tensors(&self.artist);
        let data: Vec<(String, Vec<u8>)> = named.iter().map(|(n, t)| (n.clone(), bytes(t))).collect();
        // One entry, so that equal checkpoints are equal files: the map that it goes through has no order.
        let mut lines: Vec<String> = header.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("digest={}", digest(header, &data)));
        let metadata = HashMap::from([(ENTRY.to_owned(), lines.join("\n"))]);
        let mut views = Vec::with_capacity(data.len());
        for ((name, bytes), (_, tensor)) in data.iter().zip(&named) {
            let view = TensorView::new(Dtype::U64, vec![tensor.rows(), tensor.cols()], bytes)
                .map_err(|error| CheckpointError::Encode(error.to_string()))?;
            views.push((name, view));
        }
        safetensors::serialize(views, Some(metadata))
            .map_err(|error| CheckpointError::Encode(error.to_string()))
    }

    /// Decodes a checkpoint of this painter and these sizes, wholly or not at all.
    ///
    /// # Errors
    /// [`CheckpointError`] with the reason.
    pub fn decode(
        bytes: &[u8],
        holder: PainterId,
        architecture: &Architecture,
    ) -> Result<Self, CheckpointError> {
        if bytes.len() > MAX_CHECKPOINT_BYTES {
            return Err(CheckpointError::TooLong(bytes.len()));
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(corrupt)?;
        let lines = metadata.metadata().as_ref().and_then(|map| map.get(ENTRY));
        let lines: Vec<_> =
            lines.into_iter().flat_map(|l| l.lines()).filter_map(|l| l.split_once('=')).collect();
        let field = |name: &'static str| {
            let found = lines.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            found.ok_or_else(|| corrupt(format!("its header has no {name}")))
        };
        for (name, expected) in [
            ("protocol", FORMAT.to_owned()),
            ("sizes", sizes(architecture)),
            ("painter", holder.index().to_string()),
        ] {
            let found = field(name)?;
            if found != expected {
                return Err(CheckpointError::Foreign { field: name, found, expected });
            }
        }
        let genesis = blake3::Hash::from_hex(field("genesis")?).map_err(corrupt)?;
        let genesis = ArtistName(*genesis.as_bytes());
        let round = field("round")?.parse().map_err(corrupt)?;
        let steps = field("steps")?.parse().map_err(corrupt)?;
        // Checkpoints from before norms were opened rounded have none: they begin as an artist does.
        let norms = match field(NORMS) {
            Ok(norms) => norms.split(',').map(str::parse).collect::<Result<_, _>>().map_err(corrupt)?,
            Err(_) => first_norms(architecture),
        };
        // Checkpoints from before there were generations are of the first.
        let generation = match field(GENERATION) {
            Ok(generation) => generation.parse().map_err(corrupt)?,
            Err(_) => 0,
        };
        if !are_norms(architecture, &norms) {
            return Err(corrupt("its gradients' norms have more bits than they can have"));
        }
        let file = SafeTensors::deserialize(bytes).map_err(corrupt)?;
        let read = |group: &str, scale: Scale| {
            let mut layers = Vec::new();
            for (l, (inputs, outputs)) in architecture.layers().into_iter().enumerate() {
                let part = |kind: &str, rows| {
                    read_sharing(&file, &format!("{group}.{l}.{kind}"), holder, (rows, outputs), scale)
                };
                layers.push(Layer { weight: part("weight", inputs)?, bias: part("bias", 1)? });
            }
            Ok(layers)
        };
        let (weights, momentum) = (read("weights", WEIGHT)?, read("momentum", MOMENTUM)?);
        let artist = Artist::new(architecture.clone(), weights, momentum, steps, norms);
        let checkpoint = Self { artist, holder, genesis, round, generation };
        let named = tensors(&checkpoint.artist);
        let data: Vec<_> = named
            .into_iter()
            .map(|(name, t)| (name, t.data().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
            .collect();
        let mut header = checkpoint.header();
        header.retain(|(name, _)| ![NORMS, GENERATION].contains(name) || field(name).is_ok());
        if field("digest")? != digest(&header, &data) {
            return Err(corrupt("its contents do not match its digest"));
        }
        Ok(checkpoint)
    }
}

fn read_sharing(
    file: &SafeTensors<'_>,
    name: &str,
    holder: PainterId,
    (rows, cols): (usize, usize),
    scale: Scale,
) -> Result<Sharing, CheckpointError> {
    let mut components = [const { None }; 4];
    for other in holder.others() {
        let name = format!("{name}.{}", other.index());
        let view = file.tensor(&name).map_err(corrupt)?;
        if view.dtype() != Dtype::U64 || view.shape() != [rows, cols] {
            return Err(corrupt(format!("{name} does not have the shape {rows}×{cols}")));
        }
        let words = view.data().chunks_exact(8);
        let data = words.map(|word| word.iter().rev().fold(0, |x, b| (x << 8) | u64::from(*b))).collect();
        components[other.index()] = Some(RingTensor::new(rows, cols, data).map_err(corrupt)?);
    }
    Sharing::from_components(holder, components, scale).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::tests::{HOLDER, artist};

    fn checkpoint() -> (Architecture, Checkpoint) {
        let (architecture, artist) = artist(9);
        (
            architecture,
            Checkpoint { artist, holder: HOLDER, genesis: ArtistName([3; 32]), round: 5, generation: 2 },
        )
    }

    #[test]
    fn weights_momentum_and_norms_come_back() {
        let (architecture, checkpoint) = checkpoint();
        let again = Checkpoint::decode(&checkpoint.encode().unwrap(), HOLDER, &architecture).unwrap();
        assert_eq!(again.artist.state_commitments(), checkpoint.artist.state_commitments());
        assert_eq!(again.artist.norm_bits, checkpoint.artist.norm_bits);
        assert_eq!((again.genesis, again.round, again.generation), (ArtistName([3; 32]), 5, 2));
    }

    #[test]
    fn a_checkpoint_from_before_there_were_norms_and_generations_wakes_the_same_artist() {
        let (architecture, checkpoint) = checkpoint();
        let mut header = checkpoint.header();
        header.retain(|(name, _)| ![NORMS, GENERATION].contains(name));
        let bytes = checkpoint.encode_with(&header).unwrap();
        let again = Checkpoint::decode(&bytes, HOLDER, &architecture).unwrap();
        assert_eq!(again.artist.commitments(), checkpoint.artist.commitments());
        assert_eq!((again.artist.norm_bits, again.generation), (first_norms(&architecture), 0));
    }

    #[test]
    fn norms_that_cannot_be_are_refused() {
        let (architecture, mut checkpoint) = checkpoint();
        for bits in [vec![64; 4], vec![1; 3], vec![]] {
            checkpoint.artist.norm_bits = bits;
            let bytes = checkpoint.encode().unwrap();
            let refused = Checkpoint::decode(&bytes, HOLDER, &architecture);
            assert!(matches!(refused, Err(CheckpointError::Corrupt(_))));
        }
    }
}
