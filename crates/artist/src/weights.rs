//! What the artist is: weights and momentum, all secret.

use abraham_messages::Commitment;
use abraham_mpc::{Secret, Sharing};

use crate::Architecture;

/// One layer's secrets.
#[derive(Clone)]
pub struct Layer<S> {
    /// inputs × outputs.
    pub weight: S,
    /// 1 × outputs.
    pub bias: S,
}

/// An artist as one painter holds it, or in plain where an oracle does.
#[derive(Clone)]
pub struct Artist<S> {
    pub(crate) architecture: Architecture,
    pub(crate) weights: Vec<Layer<S>>,
    pub(crate) momentum: Vec<Layer<S>>,
    pub(crate) steps: u64,
    /// Bits of the last norm opened of each tensor's gradient; public.
    pub(crate) norm_bits: Vec<u32>,
}

impl<S: Secret> Artist<S> {
    pub(crate) fn new(
        architecture: Architecture,
        weights: Vec<Layer<S>>,
        momentum: Vec<Layer<S>>,
        steps: u64,
        norm_bits: Vec<u32>,
    ) -> Self {
        Self { architecture, weights, momentum, steps, norm_bits }
    }

    /// The sizes of the generator.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Learning steps since genesis.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Weights and biases, layer by layer.
    pub fn weights(&self) -> &[Layer<S>] {
        &self.weights
    }

    /// Momentum, layer by layer.
    pub fn momentum(&self) -> &[Layer<S>] {
        &self.momentum
    }

    /// Rebuilds the artist with every secret replaced, as an oracle or a checkpoint does.
    ///
    /// # Errors
    /// Whatever `f` reports.
    pub fn try_map<T: Secret, E>(&self, mut f: impl FnMut(&S) -> Result<T, E>) -> Result<Artist<T>, E> {
        let mut layers = |layers: &[Layer<S>]| {
            let map = |layer: &Layer<S>| Ok(Layer { weight: f(&layer.weight)?, bias: f(&layer.bias)? });
            layers.iter().map(map).collect::<Result<Vec<_>, E>>()
        };
        let (weights, momentum) = (layers(&self.weights)?, layers(&self.momentum)?);
        let (architecture, norm_bits) = (self.architecture.clone(), self.norm_bits.clone());
        Ok(Artist { architecture, weights, momentum, steps: self.steps, norm_bits })
    }
}

impl Artist<Sharing> {
    /// The commitment to each component of the weights that this painter holds: BLAKE3 over the component of every
    /// tensor in order. Components are uniformly random, so the commitment hides them.
    pub fn commitments(&self) -> [Option<Commitment>; 4] {
        std::array::from_fn(|c| {
            let mut hasher = blake3::Hasher::new();
            for layer in &self.weights {
                for tensor in [&layer.weight, &layer.bias] {
                    for word in tensor.component(c)?.data() {
                        hasher.update(&word.to_le_bytes());
                    }
                }
            }
            Some(Commitment(*hasher.finalize().as_bytes()))
        })
    }
}
