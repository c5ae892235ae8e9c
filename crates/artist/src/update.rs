//! One learning step: normalised momentum, one opened norm a tensor.

use abraham_mpc::{Arithmetic, Factor, Product, Rescale, Scale, Secret};
use abraham_ring::RingTensor;

use crate::{
    Activations, Artist, Error, Layer,
    backward::backward,
    scale::{FACTOR_BITS, MOMENTUM, MOMENTUM_BITS, RATE_BITS, WEIGHT},
};

/// 0.9, the share of momentum that stays, with [`FACTOR_BITS`] fraction bits.
const KEPT: i64 = 58_982;
/// 0.1, the share that a normalised gradient adds, with momentum's bits and [`FACTOR_BITS`].
const ADDED: u64 = 429_496_730;

/// Learning rates with [`RATE_BITS`] fraction bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of the linear layer.
    pub output: u32,
    /// Of the sine layers, whose true gradient has a factor 2π more.
    pub hidden: u32,
}

const _: () = assert!(RATE_BITS == 16 && FACTOR_BITS + MOMENTUM_BITS == 32);

/// Takes one step against a secret output gradient (batch × samples):
/// m ← 0.9·m + 0.1·g / rms(g), w ← w − rate·m for every tensor. Opens one squared norm a tensor; returns the root
/// mean squares, in units of each gradient's last place.
///
/// # Communication
/// Backward, three rounds for the norms, two to truncate momentum; the update itself is local.
///
/// # Errors
/// [`Error::Protocol`]; the artist is then unchanged.
pub async fn learn<A: Arithmetic>(
    arithmetic: &mut A,
    artist: &mut Artist<A::Secret>,
    latents: &RingTensor,
    activations: &Activations<A::Secret>,
    gradient: &A::Secret,
    rates: Rates,
) -> Result<Vec<u64>, Error> {
    let gradients = backward(arithmetic, artist, latents, activations, gradient).await?.0;
    let tensors: Vec<&A::Secret> = gradients.iter().flat_map(|l| [&l.weight, &l.bias]).collect();
    let norms: Vec<_> = tensors
        .iter()
        .map(|tensor| Product { factor: Factor::SquaredNorm(*tensor), bias: None, drop: 0, ring_bits: 64 })
        .collect();
    let norms = arithmetic.open_products(&norms).await?;
    let mut sizes = Vec::with_capacity(tensors.len());
    let mut sums = Vec::with_capacity(tensors.len());
    let momenta = artist.momentum.iter().flat_map(|l| [&l.weight, &l.bias]);
    for ((tensor, norm), momentum) in tensors.iter().zip(&norms).zip(momenta) {
        let (rows, cols) = tensor.shape();
        let mean_square = norm.data().first().copied().unwrap_or(0) / (rows * cols) as u64;
        let size = mean_square.isqrt();
        let factor = ADDED.checked_div(size).unwrap_or(0).cast_signed();
        let scale = Scale::full(MOMENTUM_BITS + FACTOR_BITS);
        sums.push(momentum.weighted(KEPT, tensor, factor, scale)?);
        sizes.push(size);
    }
    let truncations: Vec<_> = sums.iter().map(|secret| Rescale { secret, drop: FACTOR_BITS }).collect();
    let mut moved = arithmetic.rescale(&truncations).await?.into_iter();
    let last = artist.weights.len() - 1;
    let mut next = Vec::with_capacity(artist.weights.len());
    for (l, layer) in artist.weights.iter().enumerate() {
        let rate = -i64::from(if l == last { rates.output } else { rates.hidden });
        let (Some(weight), Some(bias)) = (moved.next(), moved.next()) else { break };
        let stepped = Layer {
            weight: layer.weight.weighted(1, &weight, rate, WEIGHT)?,
            bias: layer.bias.weighted(1, &bias, rate, WEIGHT)?,
        };
        next.push((stepped, Layer { weight, bias }));
    }
    (artist.weights, artist.momentum) = next.into_iter().unzip();
    artist.steps += 1;
    debug_assert!(artist.momentum.iter().all(|l| l.weight.scale() == MOMENTUM));
    Ok(sizes)
}
