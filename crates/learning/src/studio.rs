//! The solo studio: four painters and their teachers in one process, each painter with its own shares, keys and
//! channel. What they run is what painters in four tabs run.
//!
//! Every call is a term of its own: painters agree on fresh keys, and what a call does not finish leaves the artist
//! as it was.

use std::sync::Arc;

use abraham_messages::{PROTOCOL_VERSION, PieceRecord, codec::hex, piece::Committee};
use abraham_mpc::{
    Meter, PainterId, Scale, UpdateShare,
    channel::memory::{self, MemoryChannel},
    split_update,
};
use abraham_ring::{Backend, RingTensor};
use futures::future::{join_all, try_join_all};
use zeroize::Zeroizing;

pub use crate::seat::{Recipe as StudioConfig, samples};
use crate::{
    Curation, Error, GRADIENT_FRACTION_BITS, KernelSums, Pictures, Setting, TEMPERATURES, check_crowd,
    clamped, distance_scale, quantise, reals,
    seat::{Seat, State, derive},
};

/// Uniformly random bytes that a studio's keys come from: one seed a painter, one for the teachers. Keys are derived
/// from them, the operation and the round, so a run that was interrupted between rounds goes on bit for bit.
pub struct Entropy {
    painters: [Zeroizing<[u8; 32]>; 4],
    teachers: Zeroizing<[u8; 32]>,
}

impl Entropy {
    /// Takes five independent seeds.
    pub fn new(painters: [[u8; 32]; 4], teachers: [u8; 32]) -> Self {
        Self { painters: painters.map(Zeroizing::new), teachers: Zeroizing::new(teachers) }
    }
}

/// What a round did.
pub struct RoundReport {
    /// The round's number, from 1.
    pub round: u64,
    /// The batch that was opened at its start: batch × samples, 16 fraction bits.
    pub batch: RingTensor,
    /// Pictures that taught, over all teachers.
    pub pictures: usize,
    /// What the four painters sent each other, keys of the term included.
    pub meter: Meter,
    /// Bytes that the teachers uploaded.
    pub uploaded: u64,
    /// Places of teachers whose update was dropped: inconsistent, or of another mass than 1.
    pub dropped: Vec<usize>,
}

/// A finished painting.
pub struct Piece {
    /// 8-bit samples, rows first, channels interleaved.
    pub samples: Vec<u8>,
    /// Where it came from.
    pub record: PieceRecord,
    /// What the four painters sent each other.
    pub meter: Meter,
}

/// Four painters in one process.
pub struct Studio<B> {
    config: StudioConfig,
    backends: [B; 4],
    entropy: Entropy,
    states: Vec<Arc<State>>,
    genesis: [u8; 32],
    round: u64,
    operations: u64,
}

type StudioSeat<'a, B> = Seat<MemoryChannel, &'a B>;

impl<B: Backend> Studio<B> {
    /// Draws a new artist that nobody ever knew.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn genesis(config: StudioConfig, backends: [B; 4], entropy: Entropy) -> Result<Self, Error> {
        let mut studio =
            Self { config, backends, entropy, states: Vec::new(), genesis: [0; 32], round: 0, operations: 0 };
        let operation = studio.next_operation();
        let mut seats = studio.term(operation).await?;
        try_join_all(seats.iter_mut().map(Seat::genesis)).await?;
        studio.states = states(&seats)?;
        let mut hasher = blake3::Hasher::new();
        for commitment in studio.commitments()? {
            hasher.update(&commitment);
        }
        studio.genesis = *hasher.finalize().as_bytes();
        Ok(studio)
    }

    /// Wakes an artist from its four checkpoints, wholly or not at all.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where one is damaged, foreign, or not of the same artist and round as the others.
    pub fn restore(
        config: StudioConfig,
        backends: [B; 4],
        entropy: Entropy,
        checkpoints: [&[u8]; 4],
    ) -> Result<Self, Error> {
        let mut states = Vec::with_capacity(4);
        let mut name = None;
        for (holder, bytes) in PainterId::ALL.into_iter().zip(checkpoints) {
            let (state, genesis) = State::restore(bytes, holder, &config.architecture)?;
            let of = (genesis, state.round(), state.steps());
            if *name.get_or_insert(of) != of {
                return Err(Error::MixedCheckpoints);
            }
            states.push(Arc::new(state));
        }
        let (genesis, round, _) = name.unwrap_or_default();
        let studio = Self { config, backends, entropy, states, genesis, round, operations: 0 };
        studio.commitments()?;
        Ok(studio)
    }

    /// What each painter keeps: safetensors, each with three of the four components.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn checkpoint(&self) -> Result<[Vec<u8>; 4], Error> {
        let mut files: [Vec<u8>; 4] = Default::default();
        for ((file, holder), state) in files.iter_mut().zip(PainterId::ALL).zip(&self.states) {
            *file = state.checkpoint(holder, self.genesis)?;
        }
        Ok(files)
    }

    /// The artist's name.
    pub fn genesis_id(&self) -> [u8; 32] {
        self.genesis
    }

    /// Learning rounds so far.
    pub fn round_number(&self) -> u64 {
        self.round
    }

    /// How the studio learns.
    pub fn config(&self) -> &StudioConfig {
        &self.config
    }

    /// Runs one learning round with the teachers that are present.
    ///
    /// # Errors
    /// [`Error::TooFewPictures`], [`Error::TooFewTeachers`]; [`Error::Protocol`]. The artist is then unchanged.
    pub async fn learn(
        &mut self,
        teachers: &[&Pictures],
        kernel: &impl KernelSums,
        curation: &Curation,
    ) -> Result<RoundReport, Error> {
        let pictures = teachers.iter().map(|t| t.len()).sum();
        check_crowd(Setting::Solo, teachers.len(), pictures)?;
        let architecture = &self.config.architecture;
        let scale = distance_scale(architecture.side(), architecture.channels());
        let operation = self.next_operation();
        let genesis = self.genesis;
        let mut seats = self.term(operation).await?;
        let batches = try_join_all(seats.iter_mut().map(|seat| seat.paint_batch(&genesis))).await?;
        let batch = agreed(batches.into_iter())?.clone();

        let mut updates: [Vec<Option<UpdateShare>>; 4] = Default::default();
        let mut uploaded = 0;
        let seen = reals(&clamped(&batch));
        for (place, teacher) in teachers.iter().enumerate() {
            let sums = kernel.kernel_sums(&seen, teacher, scale, &TEMPERATURES).await?;
            let update = quantise(&sums)?.joined();
            let seeds = std::array::from_fn(|c| {
                derive(&self.entropy.teachers, operation, self.round, (3 * place + c) as u64)
            });
            let shares =
                split_update(&update, Scale::full(GRADIENT_FRACTION_BITS), seeds, &self.backends[0]).await?;
            for (mine, share) in updates.iter_mut().zip(shares) {
                uploaded += share.upload_bytes();
                mine.push(Some(share));
            }
        }
        let learning = seats.iter_mut().zip(updates).map(|(seat, updates)| seat.learn(updates, 1, curation));
        let learnt = try_join_all(learning).await?;
        if learnt.iter().any(|learnt| learnt.teachers == 0) {
            return Err(Error::TooFewTeachers { least: 1, found: 0 });
        }
        let meter = meter(&mut seats);
        let next = states(&seats)?;
        drop(seats);
        self.states = next;
        self.round += 1;
        self.operations = 0;
        let dropped = learnt.into_iter().next().map(|learnt| learnt.dropped).unwrap_or_default();
        Ok(RoundReport { round: self.round, batch, pictures, meter, uploaded, dropped })
    }

    /// Paints one piece from a public latent.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn paint(&mut self, latent: [u8; 32]) -> Result<Piece, Error> {
        let share_commitments = self.commitments()?.map(|commitment| hex(&commitment));
        let operation = self.next_operation();
        let mut seats = self.term(operation).await?;
        for seat in &mut seats {
            seat.take_meter();
        }
        let pictures = try_join_all(seats.iter_mut().map(|seat| seat.paint(&latent))).await?;
        let meter = meter(&mut seats);
        drop(seats);
        let samples = agreed(pictures.iter())?.clone();
        let architecture = &self.config.architecture;
        let record = PieceRecord {
            protocol: PROTOCOL_VERSION.into(),
            genesis: hex(&self.genesis),
            round: self.round,
            side: architecture.side() as u32,
            channels: architecture.channels() as u32,
            latent: hex(&latent),
            share_commitments,
            picture: blake3::hash(&samples).to_hex().to_string(),
            committee: Committee::Solo,
        };
        Ok(Piece { samples, record, meter })
    }

    fn next_operation(&mut self) -> u64 {
        self.operations += 1;
        self.operations
    }

    /// Seats four painters with fresh keys.
    async fn term(&self, operation: u64) -> Result<Vec<StudioSeat<'_, B>>, Error> {
        let seats = PainterId::ALL.into_iter().zip(memory::network()).zip(&self.backends);
        let joins = seats.map(|((id, channel), backend)| {
            let seed = &self.entropy.painters[id.index()];
            let entropy = derive(seed, operation, self.round, id.index() as u64);
            let state = self.states.get(id.index()).cloned();
            Seat::join(id, channel, backend, entropy, self.config.clone(), state)
        });
        join_all(joins).await.into_iter().collect()
    }

    /// The commitment to each component, on which its three holders must agree.
    fn commitments(&self) -> Result<[[u8; 32]; 4], Error> {
        let held: Vec<_> = self.states.iter().map(|state| state.commitments()).collect();
        let mut commitments = [[0; 32]; 4];
        for (c, commitment) in commitments.iter_mut().enumerate() {
            let mut holders = held.iter().filter_map(|held| held[c]);
            *commitment = holders.next().ok_or(Error::MixedCheckpoints)?;
            if holders.any(|other| other != *commitment) {
                return Err(Error::MixedCheckpoints);
            }
        }
        Ok(commitments)
    }
}

/// What all four opened, which must be the same.
fn agreed<'a, T: PartialEq>(mut opened: impl Iterator<Item = &'a T>) -> Result<&'a T, Error> {
    let first = opened.next().ok_or(Error::Disagreement)?;
    if opened.any(|other| other != first) {
        return Err(Error::Disagreement);
    }
    Ok(first)
}

fn states<B: Backend>(seats: &[StudioSeat<'_, B>]) -> Result<Vec<Arc<State>>, Error> {
    seats.iter().map(|seat| Ok(seat.state()?.clone())).collect()
}

fn meter<B: Backend>(seats: &mut [StudioSeat<'_, B>]) -> Meter {
    let mut all = Meter::default();
    for seat in seats {
        all.beside(&seat.take_meter());
    }
    all
}
