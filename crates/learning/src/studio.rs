//! The solo studio: four painters and their teachers in one process, each painter with its own shares, keys and
//! channel. What they run is what painters in four tabs run.
//!
//! Every call is a term of its own: painters agree on fresh keys, and what a call does not finish leaves the artist
//! as it was.

use std::sync::Arc;

use abraham_messages::{ArtistName, Commitment, Latent, PainterSignature, SignedPiece, TermId};
use abraham_mpc::{
    Meter, PainterId, Scale, UpdateShare,
    channel::memory::{self, MemoryChannel},
    split_update,
};
use abraham_provenance::{Signer, Unsigned, artist_name};
use abraham_ring::{Backend, RingTensor};
use futures::future::{join_all, try_join_all};
use zeroize::Zeroizing;

pub use crate::seat::{Recipe as StudioConfig, samples};
use crate::{
    Curation, Error, GRADIENT_FRACTION_BITS, KernelSums, Pictures, Setting, TEMPERATURES, check_crowd,
    clamped, distance_scale, quantise, reals,
    seat::{Seat, State},
};

/// The term in whose name a studio's batches are painted: a studio has no terms that another could end.
const SOLO_TERM: TermId = TermId([0; 32]);

/// Uniformly random bytes that a studio's keys come from: one seed a painter, one for the teachers. They should be fresh
/// for every studio that is drawn or restored.
///
/// A key hides one set of values. So keys are derived from these bytes and all that a term works on: which operation,
/// the shares of the state, and the pictures, curation or latent. Where the same bytes come twice, as in runs that are
/// to go on bit for bit, equal keys hide equal values, and other values have other keys. It can be neither copied nor
/// taken out of a studio.
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

/// A hash over all that a term works on, from which its keys are derived.
struct KeyContext([u8; 32]);

/// What a term works on besides the state: what tells its keys from all others'.
enum Purpose<'a> {
    Genesis,
    Learn { teachers: &'a [&'a Pictures], curation: &'a Curation },
    Paint { latent: &'a Latent },
}

impl Purpose<'_> {
    /// The context of a term's keys: this, the shares that it begins with, and how often it was tried.
    fn context(&self, states: &[Arc<State>], attempt: u64) -> KeyContext {
        let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 studio's term v1");
        hasher.update(&attempt.to_le_bytes());
        if let Some(state) = states.first() {
            state.tell_apart(&mut hasher);
        }
        match self {
            Self::Genesis => _ = hasher.update(b"genesis"),
            Self::Paint { latent } => _ = hasher.update(b"paint").update(&latent.0),
            Self::Learn { teachers, curation } => {
                hasher.update(b"learn").update(&(teachers.len() as u64).to_le_bytes());
                for teacher in *teachers {
                    hasher.update(&(teacher.len() as u64).to_le_bytes());
                    teacher.values().iter().for_each(|value| _ = hasher.update(&value.to_le_bytes()));
                }
                curation.hash(&mut hasher);
            }
        }
        KeyContext(*hasher.finalize().as_bytes())
    }
}

/// A seed for one purpose of a term.
fn derive(seed: &[u8; 32], context: &KeyContext, part: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 studio entropy v2");
    *hasher.update(seed).update(&context.0).update(&part.to_le_bytes()).finalize().as_bytes()
}

/// What a round did.
pub struct RoundReport {
    /// The round's number, from 1.
    pub round: u64,
    /// The batch that was opened at its start: batch × samples, 8 fraction bits.
    pub batch: RingTensor,
    /// Pictures that taught, over all teachers.
    pub pictures: usize,
    /// What the four painters sent each other, keys of the term included.
    pub meter: Meter,
    /// Bytes that the teachers uploaded.
    pub uploaded: u64,
    /// Places of teachers whose update was dropped: inconsistent, or of another mass than 1; all where the round was
    /// refused.
    pub dropped: Vec<usize>,
    /// Whether a gradient's norm was out of its public bounds, so that nothing was learnt.
    pub refused: bool,
}

/// Four painters in one process.
pub struct Studio<B> {
    config: StudioConfig,
    backends: [B; 4],
    entropy: Entropy,
    states: Vec<Arc<State>>,
    genesis: ArtistName,
    round: u64,
    /// Terms since this studio began or last learnt.
    attempts: u64,
}

type StudioSeat<'a, B> = Seat<MemoryChannel, &'a B>;

impl<B: Backend> Studio<B> {
    /// Draws a new artist that nobody ever knew.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn genesis(config: StudioConfig, backends: [B; 4], entropy: Entropy) -> Result<Self, Error> {
        let mut studio = Self {
            config,
            backends,
            entropy,
            states: Vec::new(),
            genesis: ArtistName::default(),
            round: 0,
            attempts: 0,
        };
        let context = studio.next_term(&Purpose::Genesis);
        let mut seats = studio.term(&context).await?;
        try_join_all(seats.iter_mut().map(Seat::genesis)).await?;
        studio.states = states(&seats)?;
        studio.genesis = artist_name(&studio.config.id(), &studio.commitments()?);
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
            let of = (genesis, state.round(), state.generation(), state.steps());
            if *name.get_or_insert(of) != of {
                return Err(Error::MixedCheckpoints);
            }
            states.push(Arc::new(state));
        }
        let (genesis, round, ..) = name.unwrap_or_default();
        let studio = Self { config, backends, entropy, states, genesis, round, attempts: 0 };
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
    pub fn genesis_id(&self) -> ArtistName {
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
        let context = self.next_term(&Purpose::Learn { teachers, curation });
        let genesis = self.genesis;
        let mut seats = self.term(&context).await?;
        let batches = seats.iter_mut().map(|seat| seat.paint_batch(&genesis, &SOLO_TERM));
        let batches = try_join_all(batches).await?;
        let batch = agreed(batches.into_iter())?.clone();

        let mut updates: [Vec<Option<UpdateShare>>; 4] = Default::default();
        let mut uploaded = 0;
        let seen = reals(&clamped(&batch));
        for (place, teacher) in teachers.iter().enumerate() {
            let sums = kernel.kernel_sums(&seen, teacher, scale, &TEMPERATURES).await?;
            let update = quantise(&sums)?.joined();
            let seeds =
                std::array::from_fn(|c| derive(&self.entropy.teachers, &context, (3 * place + c) as u64));
            let shares =
                split_update(&update, Scale::full(GRADIENT_FRACTION_BITS), seeds, &self.backends[0]).await?;
            for (mine, share) in updates.iter_mut().zip(shares) {
                uploaded += share.upload_bytes();
                mine.push(Some(share));
            }
        }
        let learning = seats.iter_mut().zip(updates).map(|(seat, updates)| seat.learn(updates, 1, curation));
        let learnt = try_join_all(learning).await?;
        if learnt.iter().any(|learnt| learnt.teachers == 0 && !learnt.refused) {
            return Err(Error::TooFewTeachers { least: 1, found: 0 });
        }
        let meter = meter(&mut seats);
        let next = states(&seats)?;
        drop(seats);
        self.states = next;
        self.round += 1;
        self.attempts = 0;
        let first = learnt.into_iter().next();
        let (dropped, refused) = first.map(|learnt| (learnt.dropped, learnt.refused)).unwrap_or_default();
        Ok(RoundReport { round: self.round, batch, pictures, meter, uploaded, dropped, refused })
    }

    /// Paints one piece from a public latent, with what the four painters sent each other. `signer` is the tab's key:
    /// it holds all four seats, so one signature says as much as four would.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn paint(&mut self, latent: Latent, signer: &Signer) -> Result<(SignedPiece, Meter), Error> {
        let commitments = &self.commitments()?;
        let generation = self.states.first().map_or(0, |state| state.generation());
        let context = self.next_term(&Purpose::Paint { latent: &latent });
        let mut seats = self.term(&context).await?;
        for seat in &mut seats {
            seat.take_meter();
        }
        let pictures = try_join_all(seats.iter_mut().map(|seat| seat.paint(&latent))).await?;
        let meter = meter(&mut seats);
        drop(seats);
        let content = agreed(pictures.iter())?.clone();
        let (artist, recipe, round) = (self.genesis, self.config.id(), self.round);
        let piece =
            Unsigned { artist, recipe, round, generation, commitments, latent, content: &content }.piece();
        let signature = PainterSignature { painter: signer.public_key(), signature: signer.sign(&piece) };
        Ok((SignedPiece { piece, content, signatures: vec![signature] }, meter))
    }

    fn next_term(&mut self, purpose: &Purpose<'_>) -> KeyContext {
        self.attempts += 1;
        purpose.context(&self.states, self.attempts)
    }

    /// Seats four painters with the keys of a term.
    async fn term(&self, context: &KeyContext) -> Result<Vec<StudioSeat<'_, B>>, Error> {
        let seats = PainterId::ALL.into_iter().zip(memory::network()).zip(&self.backends);
        let joins = seats.map(|((id, channel), backend)| {
            let seed = &self.entropy.painters[id.index()];
            let entropy = derive(seed, context, id.index() as u64);
            let state = self.states.get(id.index()).cloned();
            Seat::join(id, channel, backend, entropy, self.config.clone(), state)
        });
        join_all(joins).await.into_iter().collect()
    }

    /// The commitment to each component, on which its three holders must agree.
    fn commitments(&self) -> Result<[Commitment; 4], Error> {
        let held: Vec<_> = self.states.iter().map(|state| state.commitments()).collect();
        let mut commitments = [Commitment::default(); 4];
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
