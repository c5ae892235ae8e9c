//! A painter's part of a learning round: take in the teachers' updates, then steps of sealed drift.
//!
//! # Protocol
//! `docs/protocol.md` section 14. The output gradient is P − S, where P is public and
//! S = Σ (num − den·x) is the crowd's, which nobody ever opens.

use abraham_artist::{Artist, Painting, Rates, Stepped, learn};
use abraham_mpc::{Channel, Painter, Scale, Secret, Sharing, UpdateShare};
use abraham_ring::{Backend, RingTensor};

use crate::{
    BATCH_FRACTION_BITS, Curation, DENOMINATOR_FRACTION_BITS, Error, GRADIENT_FRACTION_BITS,
    NUMERATOR_FRACTION_BITS, clamped, public_gradient,
};

const _: () = assert!(
    DENOMINATOR_FRACTION_BITS + BATCH_FRACTION_BITS == GRADIENT_FRACTION_BITS
        && NUMERATOR_FRACTION_BITS == GRADIENT_FRACTION_BITS
);

/// The crowd's sums over the updates that counted, secret.
pub struct CrowdSums {
    numerator: Sharing,
    denominator: Sharing,
    /// Teachers whose update counted.
    pub teachers: usize,
    /// Places, in the order given, of updates that were dropped: missing, inconsistent, or of another mass than 1.
    pub dropped: Vec<usize>,
}

/// Takes in the teachers' updates: each of `shape`, batch × (samples + 1), the last column being the denominators.
///
/// An update counts where its holders agree on it and its denominators add up to exactly 1, which is opened of each:
/// pictures spread weight 1 over the batch, so this says nothing about them. That each numerator lies within ± its
/// denominator is not checked; a step bounds what one that does not can do ([`step`]).
///
/// # Communication
/// Three rounds for all updates of a group ([`Painter::accept_updates`]), and three for the check of all together.
///
/// # Errors
/// [`Error::Protocol`].
pub async fn take_in<C: Channel, B: Backend>(
    painter: &mut Painter<C, B>,
    updates: Vec<Option<UpdateShare>>,
    shape: (usize, usize),
) -> Result<CrowdSums, Error> {
    let taken = painter.accept_updates(updates, shape, Scale::full(GRADIENT_FRACTION_BITS)).await?;
    let mut consistent = Vec::with_capacity(taken.len());
    let mut dropped = Vec::new();
    for (place, update) in taken.into_iter().enumerate() {
        match update {
            Some(update) => consistent.push((place, columns(&update)?)),
            None => dropped.push(place),
        }
    }
    let mut masses = Vec::with_capacity(consistent.len());
    for (_, (_, denominator)) in &consistent {
        masses.push(denominator.sum_rows()?);
    }
    let masses: Vec<_> = masses.iter().map(|mass| (mass, 0)).collect();
    let masses = painter.open(&masses).await?;
    let (rows, samples) = (shape.0, shape.1.saturating_sub(1));
    let mut numerator = Sharing::zeros(painter.id(), rows, samples, Scale::full(NUMERATOR_FRACTION_BITS));
    let mut denominator = Sharing::zeros(painter.id(), rows, 1, Scale::full(DENOMINATOR_FRACTION_BITS));
    let mut teachers = 0;
    for ((place, (num, den)), mass) in consistent.into_iter().zip(masses) {
        if mass.data() != [1 << DENOMINATOR_FRACTION_BITS] {
            dropped.push(place);
            continue;
        }
        numerator = numerator.add(&num)?;
        denominator = denominator.add(&den)?;
        teachers += 1;
    }
    dropped.sort_unstable();
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

/// Takes one step of the artist towards the crowd's pictures, away from its own batch, as curation bends it. Where a
/// gradient's norm is out of its public bounds, it is not taken; what it is taken towards moves no tensor further than
/// any other step does.
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
) -> Result<Stepped, Error> {
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
    Ok(learn(painter, artist, latents, &painting.activations, &gradient, rates).await?)
}

/// P − Σ (num − den·x), with x as the teachers saw it; for one teacher, so that its size does not depend on how many
/// there are: it is read as the power of two at or above their number smaller.
fn output_gradient(sums: &CrowdSums, picture: &RingTensor, public: &RingTensor) -> Result<Sharing, Error> {
    let pulled = sums.denominator.rows_times(&clamped(picture), BATCH_FRACTION_BITS)?;
    let gradient = pulled.sub(&sums.numerator)?.add_public(public)?;
    Ok(gradient.read_as(GRADIENT_FRACTION_BITS + sums.teachers.next_power_of_two().ilog2()))
}

#[cfg(test)]
mod tests {
    use abraham_mpc::{PainterId, channel::memory, split_update};
    use abraham_ring::CpuBackend;
    use futures::future::try_join_all;

    use super::*;

    #[test]
    fn an_update_of_another_mass_is_dropped_and_the_rest_count() {
        let update = |mass: u64| {
            RingTensor::from_fn(2, 4, |row, col| if col == 3 { [mass - 1, 1][row] } else { 5 << row })
        };
        let whole = 1 << DENOMINATOR_FRACTION_BITS;
        let sums = pollster::block_on(async {
            let mut held: [Vec<Option<UpdateShare>>; 4] = Default::default();
            for (mass, seed) in [(whole, 1), (whole + 1, 4), (whole, 7)] {
                let seeds = [[seed; 32], [seed + 1; 32], [seed + 2; 32]];
                let scale = Scale::full(NUMERATOR_FRACTION_BITS);
                let shares = split_update(&update(mass), scale, seeds, &CpuBackend).await.unwrap();
                for (held, share) in held.iter_mut().zip(shares) {
                    held.push(Some(share));
                }
            }
            let joins = PainterId::ALL.into_iter().zip(memory::network());
            let joins = joins.map(|(id, c)| Painter::join(id, c, CpuBackend, [id.index() as u8; 32]));
            let mut painters = try_join_all(joins).await.unwrap();
            try_join_all(painters.iter_mut().zip(held).map(|(p, held)| take_in(p, held, (2, 4))))
                .await
                .unwrap()
        });
        for sums in &sums {
            assert_eq!((sums.teachers, sums.dropped.as_slice()), (2, [1].as_slice()));
        }
        let all = |c: usize| sums.iter().find_map(|sums| sums.numerator.component(c).cloned()).unwrap();
        let mut numerator = all(0);
        (1..4).for_each(|c| numerator.add_assign(&all(c)).unwrap());
        assert!(numerator == RingTensor::from_fn(2, 3, |row, _| 10 << row));
    }
}
