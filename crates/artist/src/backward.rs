//! Gradients of every tensor, all secret.

use abraham_mpc::{Arithmetic, Factor, Product, Rescale, Scale, Secret};
use abraham_ring::{Operand, RingTensor};

use crate::{
    Activations, Artist, Error, LATENT_BITS, Layer, WEIGHT_BITS,
    scale::{GRADIENT_RING, INNER_BITS, ROUNDED_BITS},
};

/// Gradients, layer by layer, up to a public factor for each tensor: a step is normalised by each tensor's root mean
/// square, so 2π and powers of two are left out.
pub struct Gradients<S>(pub(crate) Vec<Layer<S>>);

/// Computes the gradients of ⟨picture, gradient⟩ for a secret output gradient (batch × samples). Every one is known
/// modulo 2^[`GRADIENT_RING`] before it is lifted: what is out of range is wrong, but not larger.
///
/// # Communication
/// For two sine layers 14 rounds: one product and two rounds of lifting for each of the last layer, the derivative,
/// the hidden layer and the derivative again, and two to truncate the first layer's gradient.
pub(crate) async fn backward<A: Arithmetic>(
    arithmetic: &mut A,
    artist: &Artist<A::Secret>,
    latents: &RingTensor,
    activations: &Activations<A::Secret>,
    gradient: &A::Secret,
) -> Result<Gradients<A::Secret>, Error> {
    let last = artist.weights.len() - 1;
    let mut layers = Vec::with_capacity(last + 1);
    let drop = gradient.scale().fraction_bits.saturating_sub(ROUNDED_BITS);
    let mut upper = arithmetic.round_off(gradient, drop)?;
    for l in (1..=last).rev() {
        let input = &activations.sines[l - 1];
        let rounded = arithmetic.round_off(&artist.weights[l].weight, WEIGHT_BITS - ROUNDED_BITS)?;
        let weight = Factor::Matmul { left: (input, true), right: (&upper, false) };
        let inner = Factor::Matmul { left: (&upper, false), right: (&rounded, true) };
        let bias = in_gradient_ring(&upper.sum_rows()?)?;
        let mut lifted = shortened(arithmetic, vec![weight, inner], Some(&bias)).await?.into_iter();
        let (Some(weight), Some(inner), Some(bias)) = (lifted.next(), lifted.next(), lifted.next()) else {
            break;
        };
        layers.push(Layer { weight, bias });
        let derivative = Factor::Hadamard { left: &inner, right: &activations.cosines[l - 1] };
        upper = shortened(arithmetic, vec![derivative], None).await?.remove(0);
    }
    let public = Operand { tensor: latents, transposed: true };
    let weight = arithmetic.matmul_public(public, LATENT_BITS, &upper).await?;
    let (weight, bias) = (in_gradient_ring(&weight)?, in_gradient_ring(&upper.sum_rows()?)?);
    let mut lifted = arithmetic.rescale(&[lift(&weight), lift(&bias)]).await?.into_iter();
    layers.extend(lifted.next().zip(lifted.next()).map(|(weight, bias)| Layer { weight, bias }));
    layers.reverse();
    Ok(Gradients(layers))
}

/// A sum that becomes a gradient, known in a ring that leaves [`GRADIENT_RING`] of it at [`INNER_BITS`].
fn in_gradient_ring<S: Secret>(sum: &S) -> Result<S, Error> {
    let Scale { ring_bits, fraction_bits } = sum.scale();
    let ring_bits = ring_bits.min(GRADIENT_RING + fraction_bits - INNER_BITS);
    Ok(sum.linear(Scale { ring_bits, fraction_bits }, |x| Ok(x.clone()))?)
}

/// Back to 2^64, at [`INNER_BITS`].
fn lift<S: Secret>(secret: &S) -> Rescale<'_, S> {
    Rescale { secret, drop: secret.scale().fraction_bits - INNER_BITS }
}

/// Products at [`INNER_BITS`] fraction bits, shared in [`GRADIENT_RING`] and lifted back, and a sum beside them.
async fn shortened<A: Arithmetic>(
    arithmetic: &mut A,
    factors: Vec<Factor<'_, A::Secret>>,
    sum: Option<&A::Secret>,
) -> Result<Vec<A::Secret>, Error> {
    let products: Vec<_> = factors
        .into_iter()
        .map(|factor| {
            let mut product = Product { factor, bias: None, drop: 0, ring_bits: 0 };
            let (left, right) = product.operands();
            product.drop = left.scale().fraction_bits + right.scale().fraction_bits - INNER_BITS;
            product.ring_bits = GRADIENT_RING;
            product
        })
        .collect();
    let short = arithmetic.products(&products).await?;
    let lifts: Vec<_> = short.iter().chain(sum).map(lift).collect();
    Ok(arithmetic.rescale(&lifts).await?)
}
