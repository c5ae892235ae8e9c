//! A teacher's part of a round: the update towards a batch, as four encoded shares.

use abraham_learning::{
    Error, GRADIENT_FRACTION_BITS, KernelSums, Pictures, TEMPERATURES, clamped, distance_scale, quantise,
    reals, seat::Recipe,
};
use abraham_mpc::{Scale, split_update};
use abraham_ring::{Backend, RingTensor};
use zeroize::Zeroizing;

/// Computes the kernel sums of the pictures over the batch and shares them. `seeds` must be fresh and uniformly random.
///
/// # Errors
/// [`Error::PictureSize`] where pictures and batch differ in size; [`Error::Kernel`], [`Error::Sums`] where the device
/// computes wrongly.
pub(crate) async fn teach(
    batch: &RingTensor,
    pictures: &Pictures,
    kernel: &impl KernelSums,
    backend: &impl Backend,
    recipe: &Recipe,
    seeds: [[u8; 32]; 3],
) -> Result<[Zeroizing<Vec<u8>>; 4], Error> {
    let (side, channels) = (recipe.architecture.side(), recipe.architecture.channels());
    let scale = distance_scale(side, channels);
    let sums = kernel.kernel_sums(&reals(&clamped(batch)), pictures, scale, &TEMPERATURES).await?;
    let update = quantise(&sums)?.joined();
    let shares = split_update(&update, Scale::full(GRADIENT_FRACTION_BITS), seeds, backend).await?;
    Ok(shares.map(|share| share.encode()))
}
