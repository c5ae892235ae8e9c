//! Gradients of every tensor, all secret.

use abraham_mpc::{Arithmetic, Factor, Product, Rescale, Secret};
use abraham_ring::{Operand, RingTensor};

use crate::{
    Activations, Artist, Error, LATENT_BITS, Layer,
    scale::{GRADIENT_RING, INNER_BITS},
};

/// Gradients, layer by layer, up to a public factor for each tensor: a step is normalised by each tensor's root mean
/// square, so 2π and powers of two are left out.
pub struct Gradients<S>(pub(crate) Vec<Layer<S>>);

/// Computes the gradients of ⟨picture, gradient⟩ for a secret output gradient (batch × samples).
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
    let mut upper = gradient.clone();
    for l in (1..=last).rev() {
        let input = &activations.sines[l - 1];
        let weight = Factor::Matmul { left: (input, true), right: (&upper, false) };
        let inner = Factor::Matmul { left: (&upper, false), right: (&artist.weights[l].weight, true) };
        let mut both = shortened(arithmetic, vec![weight, inner]).await?.into_iter();
        let (Some(weight), Some(inner)) = (both.next(), both.next()) else { break };
        layers.push(Layer { weight, bias: upper.sum_rows()? });
        let derivative = Factor::Hadamard { left: &inner, right: &activations.cosines[l - 1] };
        upper = shortened(arithmetic, vec![derivative]).await?.remove(0);
    }
    let public = Operand { tensor: latents, transposed: true };
    let weight = arithmetic.matmul_public(public, LATENT_BITS, &upper).await?;
    let weight = arithmetic.rescale(&[Rescale { secret: &weight, drop: LATENT_BITS }]).await?.remove(0);
    layers.push(Layer { weight, bias: upper.sum_rows()? });
    layers.reverse();
    Ok(Gradients(layers))
}

/// Products at [`INNER_BITS`] fraction bits, shared in a ring as small as they fit and lifted back.
async fn shortened<A: Arithmetic>(
    arithmetic: &mut A,
    factors: Vec<Factor<'_, A::Secret>>,
) -> Result<Vec<A::Secret>, Error> {
    let products: Vec<_> = factors
        .into_iter()
        .map(|factor| {
            let mut product = Product { factor, bias: None, drop: 0, ring_bits: 0 };
            let (left, right) = product.operands();
            product.drop = left.scale().fraction_bits + right.scale().fraction_bits - INNER_BITS;
            product.ring_bits = GRADIENT_RING.min(64 - product.drop);
            product
        })
        .collect();
    let short = arithmetic.products(&products).await?;
    let lifts: Vec<_> = short.iter().map(|secret| Rescale { secret, drop: 0 }).collect();
    Ok(arithmetic.rescale(&lifts).await?)
}
