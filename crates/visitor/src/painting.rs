//! A painter's steps in a term.

use std::{rc::Rc, sync::Arc};

use abraham_collective::{Done, Failed, Origin, Term};
use abraham_learning::{
    Curation, Error, GRADIENT_FRACTION_BITS,
    seat::{Recipe, Seat, State},
};
use abraham_messages::{ArtistName, Latent, TermId};
use abraham_mpc::{PainterId, Scale, UpdateShare};
use abraham_ring::{Backend, RingTensor};
use zeroize::Zeroizing;

use crate::{
    Network, Timer,
    channel::LaneChannel,
    filling::{Gathered, gather},
};

/// A seat whose painter reaches the other three over the network.
pub(crate) type NetworkSeat<N, T, B> = Seat<LaneChannel<N, T>, Rc<B>>;

/// What a seat does next.
pub(crate) enum Step {
    /// Paint a round's batch.
    Batch { artist: ArtistName, term: TermId, round: u64 },
    /// Learn from the updates, where at least so many count.
    Learn { round: u64, updates: Vec<Zeroizing<Vec<u8>>>, least: usize, curation: Rc<Curation> },
    /// Paint a piece.
    Piece { latent: Latent },
}

/// Takes the seat of a term: fills empty seats, agrees on keys, draws a new artist where there is none.
pub(crate) async fn begin<N: Network, T: Timer, B: Backend>(
    channel: LaneChannel<N, T>,
    backend: Rc<B>,
    entropy: &[u8; 32],
    term: &Term,
    origin: &Origin,
    held: &[Arc<State>],
    recipe: &Recipe,
) -> Result<(NetworkSeat<N, T, B>, Done), Failed> {
    let Gathered { state, liars } = gather(&channel, term, origin, held, recipe).await?;
    let id = PainterId::new(term.seat).ok_or_else(|| own("there is no such seat"))?;
    let drawn = state.is_none();
    let joined = Seat::join(id, channel, backend, *entropy, recipe.clone(), state).await;
    let mut seat = joined.map_err(failed)?;
    if drawn {
        seat.genesis().await.map_err(failed)?;
    }
    let commitments = seat.state().map_err(failed)?.state_commitments();
    Ok((seat, Done::Begun { commitments, liars }))
}

/// Takes one step.
pub(crate) async fn take<N: Network, T: Timer, B: Backend>(
    seat: &mut NetworkSeat<N, T, B>,
    step: Step,
    recipe: &Recipe,
) -> Result<Done, Failed> {
    match step {
        Step::Batch { artist, term, round } => {
            check_round(seat.state().map_err(failed)?, round)?;
            let batch = seat.paint_batch(&artist, &term).await.map_err(failed)?;
            Ok(Done::Batch { bytes: write_batch(batch) })
        }
        Step::Learn { round, updates, least, curation } => {
            let state = seat.state().map_err(failed)?;
            check_round(state, round)?;
            let (shape, scale) = (recipe.update_shape(), Scale::full(GRADIENT_FRACTION_BITS));
            // One that does not decode counts as missing: the painters then drop it alike.
            let decode =
                |bytes: Zeroizing<Vec<u8>>| UpdateShare::decode(&bytes, seat.id(), shape, scale).ok();
            let updates = updates.into_iter().map(decode).collect();
            let learnt = seat.learn(updates, least, &curation).await.map_err(failed)?;
            let commitments = seat.state().map_err(failed)?.state_commitments();
            Ok(Done::Learned { dropped: learnt.dropped, commitments })
        }
        Step::Piece { latent } => Ok(Done::Piece { content: seat.paint(&latent).await.map_err(failed)? }),
    }
}

fn check_round(state: &State, round: u64) -> Result<(), Failed> {
    if Some(round) == state.round().checked_add(1) {
        return Ok(());
    }
    Err(own(format!("round {round} does not follow round {}", state.round())))
}

fn own(reason: impl ToString) -> Failed {
    Failed { suspects: None, late: None, reason: reason.to_string() }
}

fn failed(error: Error) -> Failed {
    let suspects = match &error {
        Error::Protocol(abraham_mpc::Error::Abort { suspects, .. })
        | Error::Artist(abraham_artist::Error::Protocol(abraham_mpc::Error::Abort { suspects, .. })) => {
            Some(suspects.map(PainterId::index))
        }
        _ => None,
    };
    Failed { suspects, late: None, reason: error.to_string() }
}

/// Bytes of a sample of a batch: opened samples have 16 bits.
pub(crate) const SAMPLE_BYTES: usize = 2;

/// A batch as it travels: each sample an `i16` with 8 fraction bits, little-endian.
pub(crate) fn write_batch(batch: &RingTensor) -> Vec<u8> {
    batch.data().iter().flat_map(|x| (x.cast_signed() as i16).to_le_bytes()).collect()
}

/// Reads a batch; none where it has another length.
pub(crate) fn read_batch(bytes: &[u8], recipe: &Recipe) -> Option<RingTensor> {
    let (words, left_over) = bytes.as_chunks::<SAMPLE_BYTES>();
    let samples = recipe.architecture.samples();
    if !left_over.is_empty() || words.len() != recipe.batch * samples {
        return None;
    }
    let data = words.iter().map(|word| i64::from(i16::from_le_bytes(*word)).cast_unsigned()).collect();
    RingTensor::new(recipe.batch, samples, data).ok()
}
