//! How the artist paints.

use abraham_mpc::{Arithmetic, Factor, Product, Scale, Secret};
use abraham_ring::{Operand, RingTensor};

use crate::{
    Artist, Error, LATENT_BITS, WEIGHT_BITS,
    scale::{ANGLE_RING, PICTURE_BITS, PICTURE_RING},
};

/// Outputs and derivatives of the sine layers, which a learning step needs again.
pub struct Activations<S> {
    /// sin 2πz of each sine layer: batch × units.
    pub(crate) sines: Vec<S>,
    /// cos 2πz of each sine layer.
    pub(crate) cosines: Vec<S>,
}

/// A batch that was painted in order to learn from it.
pub struct Painting<S> {
    /// The opened batch: batch × samples, [`PICTURE_BITS`] fraction bits.
    pub picture: RingTensor,
    /// What stays secret of it.
    pub activations: Activations<S>,
}

/// Paints a batch and opens it; nothing else is opened.
///
/// # Communication
/// 8 rounds for two sine layers: 2 for each, 1 for each product between, 3 for the opening.
///
/// # Errors
/// [`Error::Protocol`].
pub async fn paint<A: Arithmetic>(
    arithmetic: &mut A,
    artist: &Artist<A::Secret>,
    latents: &RingTensor,
) -> Result<RingTensor, Error> {
    Ok(forward(arithmetic, artist, latents, false).await?.picture)
}

/// Paints a batch, opens it, and keeps what [`crate::learn`] needs.
///
/// # Communication
/// As [`paint`], with 4 elements more for each sine.
///
/// # Errors
/// [`Error::Protocol`].
pub async fn paint_to_learn<A: Arithmetic>(
    arithmetic: &mut A,
    artist: &Artist<A::Secret>,
    latents: &RingTensor,
) -> Result<Painting<A::Secret>, Error> {
    forward(arithmetic, artist, latents, true).await
}

async fn forward<A: Arithmetic>(
    arithmetic: &mut A,
    artist: &Artist<A::Secret>,
    latents: &RingTensor,
    derivatives: bool,
) -> Result<Painting<A::Secret>, Error> {
    let mut sines: Vec<A::Secret> = Vec::new();
    let mut cosines = Vec::new();
    let last = artist.weights.len() - 1;
    for layer in &artist.weights[..last] {
        let angle = match sines.last() {
            None => {
                let public = Operand { tensor: latents, transposed: false };
                let product = arithmetic.matmul_public(public, LATENT_BITS, &layer.weight).await?;
                add_bias(&product, &layer.bias)?
            }
            Some(input) => {
                let product = affine(
                    input,
                    &layer.weight,
                    &layer.bias,
                    WEIGHT_BITS + LATENT_BITS - ANGLE_RING,
                    ANGLE_RING,
                );
                arithmetic.products(&[product]).await?.remove(0)
            }
        };
        let output = arithmetic.sine(&[(&angle, derivatives)]).await?.remove(0);
        sines.push(output.sine);
        cosines.extend(output.cosine);
        if !derivatives && sines.len() > 1 {
            sines.remove(0);
        }
    }
    let mut opened = Vec::new();
    if let Some(input) = sines.last() {
        let layer = &artist.weights[last];
        let drop = WEIGHT_BITS + LATENT_BITS - PICTURE_BITS;
        let product = affine(input, &layer.weight, &layer.bias, drop, PICTURE_RING);
        opened = arithmetic.open_products(&[product]).await?;
    }
    let picture = opened.pop().unwrap_or_default();
    Ok(Painting { picture, activations: Activations { sines, cosines } })
}

fn affine<'a, S>(input: &'a S, weight: &'a S, bias: &'a S, drop: u32, ring_bits: u32) -> Product<'a, S> {
    let factor = Factor::Matmul { left: (input, false), right: (weight, false) };
    Product { factor, bias: Some(bias), drop, ring_bits }
}

/// Adds a bias row to a product of weights and latents, at the product's scale.
fn add_bias<S: Secret>(product: &S, bias: &S) -> Result<S, Error> {
    let raised = Scale::full(WEIGHT_BITS + LATENT_BITS);
    let sum = product.combine(bias, raised, |x, row| {
        let mut sum = x.clone();
        sum.add_row_assign(&row.clone().map(|b| b << LATENT_BITS))?;
        Ok(sum)
    })?;
    Ok(sum)
}
