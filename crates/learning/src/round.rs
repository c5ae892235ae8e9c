//! A painter's part of a learning round: take in the teachers' updates, then steps of sealed drift.
//!
//! # Protocol
//! PROTOCOL.md, "A learning step with sealed drift". The output gradient is P − S, where P is public and
//! S = Σ (num − den·x) is the crowd's, which nobody ever opens.

use abraham_artist::{Artist, Painting, Rates, learn};
use abraham_mpc::{Channel, Painter, Scale, Secret, Sharing, UpdateShare};
use abraham_ring::{Backend, RingTensor};

use crate::{
    COARSE_FRACTION_BITS, Curation, DENOMINATOR_FRACTION_BITS, Error, GRADIENT_FRACTION_BITS,
    NUMERATOR_FRACTION_BITS, coarse, public_gradient,
};

const _: () = assert!(
    DENOMINATOR_FRACTION_BITS + COARSE_FRACTION_BITS == GRADIENT_FRACTION_BITS
        && NUMERATOR_FRACTION_BITS == GRADIENT_FRACTION_BITS
);

/// The crowd's sums over the updates that counted, secret.
pub struct CrowdSums {
    numerator: Sharing,
    denominator: Sharing,
    /// Teachers whose update counted.
    pub teachers: usize,
    /// Places, in the order given, of updates that were dropped as inconsistent.
    pub dropped: Vec<usize>,
}

/// Takes in the teachers' updates: each batch × (samples + 1), the last column being the denominators.
///
/// # Communication
/// Three rounds an update.
///
/// # Errors
/// [`Error::Protocol`]; [`Error::TooFewTeachers`] where no update counted.
pub async fn take_in<C: Channel, B: Backend>(
    painter: &mut Painter<C, B>,
    updates: Vec<UpdateShare>,
) -> Result<CrowdSums, Error> {
    let mut sums: Option<(Sharing, Sharing)> = None;
    let (mut teachers, mut dropped) = (0, Vec::new());
    for (place, update) in updates.into_iter().enumerate() {
        let accepted = match painter.accept_update(update).await {
            Ok(accepted) => accepted,
            Err(abraham_mpc::Error::InconsistentUpdate) => {
                dropped.push(place);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (numerator, denominator) = columns(&accepted)?;
        sums = Some(match sums {
            None => (numerator, denominator),
            Some((num, den)) => (num.add(&numerator)?, den.add(&denominator)?),
        });
        teachers += 1;
    }
    let Some((numerator, denominator)) = sums else {
        return Err(Error::TooFewTeachers { least: 1, found: 0 });
    };
    Ok(CrowdSums { numerator, denominator, teachers, dropped })
}

/// Splits an update into numerators (batch × samples) and denominators (batch × 1), each at its own scale.
fn columns(update: &Sharing) -> Result<(Sharing, Sharing), Error> {
    let part = |bits: u32, first: bool| {
        update.linear(Scale::full(bits), |x| {
            let samples = x.cols() - 1;
            Ok(match first {
                true => RingTensor::from_fn(x.rows(), samples, |r, c| x.row(r)[c]),
                false => RingTensor::from_fn(x.rows(), 1, |r, _| x.row(r)[samples]),
            })
        })
    };
    Ok((part(NUMERATOR_FRACTION_BITS, true)?, part(DENOMINATOR_FRACTION_BITS, false)?))
}

/// What is public about the drift of a round, the same for all painters.
#[derive(Clone, Copy)]
pub struct PublicDrift<'a> {
    /// Temperatures of the kernel.
    pub temperatures: &'a [f32],
    /// The kernel's distance scale.
    pub distance_scale: f32,
    /// Pieces that curators back or reject.
    pub curation: &'a Curation,
}

/// Takes one step of the artist towards the crowd's pictures, away from its own batch, as curation bends it.
///
/// # Communication
/// As [`abraham_artist::learn`].
///
/// # Errors
/// [`Error::Protocol`]; the artist is then unchanged.
pub async fn step<C: Channel, B: Backend>(
    painter: &mut Painter<C, B>,
    artist: &mut Artist<Sharing>,
    latents: &RingTensor,
    painting: &Painting<Sharing>,
    sums: &CrowdSums,
    drift: PublicDrift<'_>,
    rates: Rates,
) -> Result<(), Error> {
    let public = public_gradient(
        &painting.picture,
        sums.teachers,
        drift.temperatures,
        drift.distance_scale,
        drift.curation,
        painter.backend(),
    )
    .await?;
    let gradient = output_gradient(sums, &painting.picture, &public)?;
    learn(painter, artist, latents, &painting.activations, &gradient, rates).await?;
    Ok(())
}

/// P − Σ (num − den·x), with x as coarse as the teachers saw it.
fn output_gradient(sums: &CrowdSums, picture: &RingTensor, public: &RingTensor) -> Result<Sharing, Error> {
    let pulled = sums.denominator.rows_times(&coarse(picture), COARSE_FRACTION_BITS)?;
    Ok(pulled.sub(&sums.numerator)?.add_public(public)?)
}
