//! One learning step: normalised momentum, one opened norm a tensor.

use abraham_mpc::{Arithmetic, Factor, Product, Rescale, Scale, Secret};
use abraham_ring::RingTensor;

use crate::{
    Activations, Architecture, Artist, Error, Layer,
    backward::backward,
    scale::{FACTOR_BITS, GRADIENT_RING, INNER_BITS, MOMENTUM, MOMENTUM_BITS, RATE_BITS, WEIGHT},
};

/// Bits of a norm that are opened: more than a step needs, and few enough that the low ones, which are a function of
/// every gradient, stay secret.
const OPENED_BITS: u32 = 16;
/// By how much an opened norm whose low bits were dropped may be too small.
const OPENED_ERROR: u64 = 3;
/// Fraction bits that a rounded gradient is read with for its norm: only integers matter there, and a product drops no
/// more bits than it has.
const NORM_BITS: u32 = 32;
/// The root mean square of a gradient, 8 with [`INNER_BITS`], above which a step is not taken. The last layer's
/// gradients are below it while updates keep their bounds; what is above has left the ring of gradients somewhere.
const MOST: u64 = 8 << INNER_BITS;

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

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    /// The root mean square of each tensor's gradient, weights before biases and layer by layer, in units of 2^-18 and
    /// rounded up: what it was divided by.
    pub sizes: Vec<u64>,
    /// Whether the step was taken. It is not where a size is above the public bound of 8.
    pub taken: bool,
}

/// Bits that a gradient of so many elements is rounded by before its norm is taken. Gradients are below
/// 0.75·2^[`GRADIENT_RING`], so that n squares add up to less than 2^(63 − bits), half of the ring that is left: the
/// norm never wraps.
fn rounding(elements: usize) -> u32 {
    (elements.next_power_of_two().ilog2() + 2 * GRADIENT_RING).saturating_sub(63)
}

/// Most bits that the norm of a rounded gradient has.
fn most_norm_bits(elements: usize) -> u32 {
    63 - rounding(elements)
}

/// Elements of every tensor, weights before biases and layer by layer.
fn sizes(architecture: &Architecture) -> impl Iterator<Item = usize> {
    architecture.layers().into_iter().flat_map(|(inputs, outputs)| [inputs * outputs, outputs])
}

/// Bits that norms are taken to have before the first are known: those of a root mean square of 2^10 units.
pub(crate) fn first_norms(architecture: &Architecture) -> Vec<u32> {
    let bits = |elements: usize| elements.next_power_of_two().ilog2() + 20;
    sizes(architecture).map(|elements| bits(elements).saturating_sub(2 * rounding(elements))).collect()
}

/// Whether gradients of such an artist can have norms of so many bits.
pub(crate) fn are_norms(architecture: &Architecture, bits: &[u32]) -> bool {
    let most: Vec<u32> = sizes(architecture).map(most_norm_bits).collect();
    bits.len() == most.len() && bits.iter().zip(most).all(|(bits, most)| *bits <= most)
}

/// Takes one step against a secret output gradient (batch × samples):
/// m ← 0.9·m + 0.1·g / rms(g), w ← w − rate·m for every tensor. Opens one squared norm a tensor, of which as many low
/// bits are dropped as leave 16 of the last one.
///
/// The root mean square is never taken for smaller than it is, but by what rounding hides, so that g / rms(g) has a root
/// mean square of 1 at most, whatever teachers sent. Where it is above a public bound, the artist stays as it is.
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
) -> Result<Stepped, Error> {
    let gradients = backward(arithmetic, artist, latents, activations, gradient).await?.0;
    let tensors: Vec<&A::Secret> = gradients.iter().flat_map(|l| [&l.weight, &l.bias]).collect();
    let Norms { sizes, bits } = norms(arithmetic, &tensors, &artist.norm_bits).await?;
    if sizes.iter().any(|size| *size > MOST) {
        return Ok(Stepped { sizes, taken: false });
    }
    let mut sums = Vec::with_capacity(tensors.len());
    let momenta = artist.momentum.iter().flat_map(|l| [&l.weight, &l.bias]);
    for ((tensor, size), momentum) in tensors.iter().zip(&sizes).zip(momenta) {
        let factor = (ADDED / size).cast_signed();
        let scale = Scale::full(MOMENTUM_BITS + FACTOR_BITS);
        sums.push(momentum.weighted(KEPT, tensor, factor, scale)?);
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
    artist.norm_bits = bits;
    artist.steps += 1;
    debug_assert!(artist.momentum.iter().all(|l| l.weight.scale() == MOMENTUM));
    Ok(Stepped { sizes, taken: true })
}

/// What is opened of the gradients.
struct Norms {
    /// As [`Stepped::sizes`]; at least 1.
    sizes: Vec<u64>,
    /// Bits of each norm, for the next step.
    bits: Vec<u32>,
}

/// Opens the norms of the gradients, of which the last ones had `last` bits.
async fn norms<A: Arithmetic>(
    arithmetic: &mut A,
    tensors: &[&A::Secret],
    last: &[u32],
) -> Result<Norms, Error> {
    let elements = |tensor: &A::Secret| tensor.shape().0 * tensor.shape().1;
    let mut rounded = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let tensor = arithmetic.round_off(tensor, rounding(elements(tensor)))?;
        rounded.push(tensor.read_as(NORM_BITS));
    }
    let mut products = Vec::with_capacity(tensors.len());
    for (tensor, bits) in rounded.iter().zip(last) {
        let drop = bits.saturating_sub(OPENED_BITS);
        let ring_bits = tensor.scale().ring_bits - drop;
        products.push(Product { factor: Factor::SquaredNorm(tensor), bias: None, drop, ring_bits });
    }
    let opened = arithmetic.open_products(&products).await?;
    let (mut sizes, mut bits) = (Vec::new(), Vec::new());
    for ((opened, product), tensor) in opened.iter().zip(&products).zip(&rounded) {
        let opened = opened.data().first().copied().unwrap_or_default().cast_signed().max(0).cast_unsigned();
        let error = if product.drop == 0 { 0 } else { OPENED_ERROR };
        let norm = (opened + error) << product.drop;
        let elements = elements(tensor);
        let size = (norm / elements as u64).isqrt() + 1;
        sizes.push(size << rounding(elements));
        bits.push(norm.checked_ilog2().map_or(0, |last| last + 1).min(most_norm_bits(elements)));
    }
    Ok(Norms { sizes, bits })
}

#[cfg(test)]
mod tests {
    use abraham_ring::fixed::decode;

    use super::*;
    use crate::{
        latents,
        oracle::{Nearest, Oracle, Plain},
        paint_to_learn,
    };

    const RATES: Rates = Rates { output: 328, hidden: 52 };

    /// A plain artist with weights of about the size that an artist has.
    fn artist(architecture: &Architecture) -> Artist<Plain> {
        let mut seed = 0;
        let mut drawn = |rows, cols, shift: u32, scale| {
            seed += 1;
            let value =
                latents(&[seed; 32], rows, cols).map(|x| (x.cast_signed() << 8 >> shift).cast_unsigned());
            Plain { value, scale }
        };
        let weights = architecture.layers().into_iter().map(|(inputs, outputs)| Layer {
            weight: drawn(inputs, outputs, 4, WEIGHT),
            bias: drawn(1, outputs, 3, WEIGHT),
        });
        let weights: Vec<_> = weights.collect();
        let still = |tensor: &Plain| Plain {
            value: RingTensor::zeros(tensor.value.rows(), tensor.value.cols()),
            scale: MOMENTUM,
        };
        let momentum = weights.iter().map(|l| Layer { weight: still(&l.weight), bias: still(&l.bias) });
        let momentum = momentum.collect();
        Artist::new(architecture.clone(), weights, momentum, 0, first_norms(architecture))
    }

    /// One step of an artist towards an output gradient whose values are near a Gaussian of this deviation; with the
    /// root mean square of every tensor's true gradient.
    fn step(artist: &mut Artist<Plain>, batch: usize, deviation: f64) -> (Stepped, Vec<f64>) {
        let architecture = artist.architecture().clone();
        let z = latents(&[200; 32], batch, architecture.latents());
        let gradient = latents(&[201; 32], batch, architecture.samples())
            .map(|x| ((x.cast_signed() as f64 * deviation) as i64).cast_unsigned());
        let gradient = Plain { value: gradient, scale: Scale::full(24) };
        pollster::block_on(async {
            let mut oracle = Oracle::<Nearest>::default();
            let painting = paint_to_learn(&mut oracle, artist, &z).await.unwrap();
            let gradients =
                backward(&mut oracle, artist, &z, &painting.activations, &gradient).await.unwrap().0;
            let sizes = gradients.iter().flat_map(|l| [&l.weight, &l.bias]).map(rms).collect();
            let stepped =
                learn(&mut oracle, artist, &z, &painting.activations, &gradient, RATES).await.unwrap();
            (stepped, sizes)
        })
    }

    fn rms(tensor: &Plain) -> f64 {
        let values = tensor.value.data();
        let squares: f64 = values.iter().map(|x| decode(*x, tensor.scale.fraction_bits).powi(2)).sum();
        (squares / values.len() as f64).sqrt()
    }

    /// The momentum after a first step: a tenth of the normalised gradient.
    #[track_caller]
    fn assert_normalised(artist: &Artist<Plain>, within: f64) {
        for momentum in artist.momentum().iter().flat_map(|l| [&l.weight, &l.bias]) {
            let size = rms(momentum);
            assert!((size - 0.1).abs() < 0.1 * within, "momentum of {:?}: {size}", momentum.value.shape());
        }
    }

    #[test]
    fn every_tensor_moves_by_its_mean_square_and_not_by_its_sum() {
        let architecture = Architecture::new(4, &[16, 12], 4, 3).unwrap();
        let mut artist = artist(&architecture);
        let (stepped, sizes) = step(&mut artist, 6, 0.1);
        assert!(stepped.taken && artist.steps() == 1);
        assert_normalised(&artist, 0.03);
        for (size, expected) in stepped.sizes.iter().zip(sizes) {
            let size = *size as f64 / f64::from(1 << INNER_BITS);
            assert!((size / expected - 1.0).abs() < 0.03, "{size}, not {expected}");
        }
    }

    #[test]
    fn norms_do_not_wrap_at_the_artist_s_full_size() {
        // 64·3,072 squares in the last layer; the last gradient leaves its ring.
        let architecture = Architecture::new(8, &[256, 64], 32, 3).unwrap();
        for (deviation, taken) in [(0.01, true), (0.3, true), (3.0, false)] {
            let mut artist = artist(&architecture);
            let (stepped, sizes) = step(&mut artist, 64, deviation);
            for (size, expected) in stepped.sizes.iter().zip(&sizes) {
                let size = *size as f64 / f64::from(1 << INNER_BITS);
                assert!((size / expected - 1.0).abs() < 0.03, "{deviation}: {size}, not {expected}");
            }
            assert_eq!(stepped.taken, taken, "{deviation}: {sizes:?}");
            assert_eq!(artist.steps(), u64::from(taken));
            if taken {
                assert_normalised(&artist, 0.03);
            }
        }
    }

    #[test]
    fn no_output_gradient_moves_a_tensor_further_than_any_other() {
        let architecture = Architecture::new(4, &[16, 12], 4, 3).unwrap();
        for exponent in (-20..40).step_by(3) {
            let mut artist = artist(&architecture);
            let before = artist.clone();
            let (stepped, _) = step(&mut artist, 6, 2_f64.powi(exponent));
            for momentum in artist.momentum().iter().flat_map(|l| [&l.weight, &l.bias]) {
                assert!(rms(momentum) < 0.103, "2^{exponent}: {}", rms(momentum));
            }
            if !stepped.taken {
                let same = |(a, b): (&Layer<Plain>, &Layer<Plain>)| a.weight.value == b.weight.value;
                assert!(artist.weights().iter().zip(before.weights()).all(same));
                assert_eq!(artist.steps(), before.steps());
            }
        }
    }

    #[test]
    fn no_more_bits_of_a_norm_are_opened_than_the_last_one_leaves() {
        let architecture = Architecture::new(4, &[16, 12], 4, 3).unwrap();
        let mut artist = artist(&architecture);
        step(&mut artist, 6, 0.1);
        let last = artist.norm_bits.clone();
        assert!(are_norms(&architecture, &last) && last.iter().all(|bits| *bits > OPENED_BITS));
        // The low bits that were dropped are not in what the next step divides by.
        let tensors: Vec<Plain> = artist.momentum().iter().map(|layer| layer.weight.clone()).collect();
        let sizes = |tensors: &[Plain], bits: &[u32]| {
            let tensors: Vec<_> = tensors.iter().map(|tensor| tensor.clone().read_as(INNER_BITS)).collect();
            let tensors: Vec<&Plain> = tensors.iter().collect();
            pollster::block_on(norms(&mut Oracle::<Nearest>::default(), &tensors, bits)).unwrap()
        };
        let bits: Vec<u32> = sizes(&tensors, &[0; 3]).bits;
        let rounded = sizes(&tensors, &bits);
        for (exact, rounded) in sizes(&tensors, &[0; 3]).sizes.iter().zip(&rounded.sizes) {
            assert!(exact <= rounded && *rounded as f64 <= 1.001 * *exact as f64, "{exact}, {rounded}");
        }
        // A norm that is far smaller than the last is taken for larger than it is, and found again afterwards.
        let small: Vec<Plain> = tensors
            .into_iter()
            .map(|tensor| Plain {
                value: tensor.value.map(|x| (x.cast_signed() >> 10).cast_unsigned()),
                ..tensor
            })
            .collect();
        let exact = sizes(&small, &[0; 3]);
        let (mut stale, mut bits) = (sizes(&small, &rounded.bits), rounded.bits.clone());
        assert!(exact.sizes.iter().zip(&stale.sizes).all(|(exact, stale)| exact <= stale));
        for _ in 0..2 {
            bits = stale.bits;
            stale = sizes(&small, &bits);
        }
        for (exact, found) in exact.sizes.iter().zip(&stale.sizes) {
            assert!(*found as f64 <= 1.01 * *exact as f64 + 1.0, "{exact}, {found}, {bits:?}");
        }
    }
}
