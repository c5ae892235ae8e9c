//! The solo studio: four painters and their teachers in one process, each painter with its own shares, keys and
//! channel. What they run is what painters in four tabs run.
//!
//! Every call is a term of its own: painters agree on fresh keys, and what a call does not finish leaves the artist
//! as it was.

use abraham_artist::{
    Architecture, Artist, Checkpoint, PICTURE_BITS, Rates, genesis, latents, paint, paint_to_learn,
};
use abraham_messages::{PROTOCOL_VERSION, PieceRecord, piece::Committee};
use abraham_mpc::{
    Meter, Painter, PainterId, Scale, Sharing, UpdateShare,
    channel::memory::{self, MemoryChannel},
    split_update,
};
use abraham_ring::{Backend, RingTensor};
use futures::future::{join_all, try_join_all};
use zeroize::Zeroizing;

use crate::{
    Curation, Error, GRADIENT_FRACTION_BITS, KernelSums, Pictures, Schedule, Setting, TEMPERATURES,
    check_crowd, clamped, distance_scale, quantise, reals,
    round::{PublicDrift, step, take_in},
};

/// How a studio learns.
#[derive(Debug, Clone)]
pub struct StudioConfig {
    /// Sizes of the generator.
    pub architecture: Architecture,
    /// Pictures painted in a round.
    pub batch: usize,
    /// Learning steps a round, all towards the same updates.
    pub inner: usize,
    /// Learning rates.
    pub schedule: Schedule,
}

/// Uniformly random bytes that a studio's keys come from: one seed a painter, one for the teachers.
pub struct Entropy {
    painters: [Zeroizing<[u8; 32]>; 4],
    teachers: Zeroizing<[u8; 32]>,
}

impl Entropy {
    /// Takes five independent seeds.
    pub fn new(painters: [[u8; 32]; 4], teachers: [u8; 32]) -> Self {
        Self { painters: painters.map(Zeroizing::new), teachers: Zeroizing::new(teachers) }
    }

    /// A seed for one purpose: never the same for two operations of a studio in one round. Together with the round
    /// number it makes a run that was interrupted between rounds go on bit for bit.
    fn derive(seed: &[u8; 32], operation: u64, round: u64, part: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 studio entropy v1");
        hasher.update(seed);
        for number in [operation, round, part] {
            hasher.update(&number.to_le_bytes());
        }
        *hasher.finalize().as_bytes()
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
    artists: Vec<Artist<Sharing>>,
    genesis: [u8; 32],
    round: u64,
    operations: u64,
}

type Seat<'a, B> = Painter<MemoryChannel, &'a B>;

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
            artists: Vec::new(),
            genesis: [0; 32],
            round: 0,
            operations: 0,
        };
        let architecture = studio.config.architecture.clone();
        let operation = studio.next_operation();
        let mut painters = studio.term(operation).await?;
        let drawn = painters.iter_mut().map(|painter| genesis(painter, &architecture));
        let artists = try_join_all(drawn).await?;
        drop(painters);
        studio.artists = artists;
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
        let mut artists = Vec::with_capacity(4);
        let mut name = None;
        for (holder, bytes) in PainterId::ALL.into_iter().zip(checkpoints) {
            let checkpoint = Checkpoint::decode(bytes, holder, &config.architecture)?;
            let of = (checkpoint.genesis, checkpoint.round, checkpoint.artist.steps());
            if *name.get_or_insert(of) != of {
                return Err(Error::MixedCheckpoints);
            }
            artists.push(checkpoint.artist);
        }
        let (genesis, round, _) = name.unwrap_or_default();
        let studio = Self { config, backends, entropy, artists, genesis, round, operations: 0 };
        studio.commitments()?;
        Ok(studio)
    }

    /// What each painter keeps: safetensors, each with three of the four components.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn checkpoint(&self) -> Result<[Vec<u8>; 4], Error> {
        let mut files: [Vec<u8>; 4] = Default::default();
        for ((file, holder), artist) in files.iter_mut().zip(PainterId::ALL).zip(&self.artists) {
            let (genesis, round) = (self.genesis, self.round);
            *file = Checkpoint { artist: artist.clone(), holder, genesis, round }.encode()?;
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
        let seed = Entropy::derive(&self.genesis, 0, self.round, 0);
        let latents = latents(&seed, self.config.batch, architecture.latents());
        let mut next = self.artists.clone();
        let operation = self.next_operation();
        let mut painters = self.term(operation).await?;

        let paintings = painters.iter_mut().zip(&next);
        let paintings = paintings.map(|(painter, artist)| paint_to_learn(painter, artist, &latents));
        let mut paintings = try_join_all(paintings).await?;
        let batch = agreed(paintings.iter().map(|painting| &painting.picture))?.clone();

        let mut updates: [Vec<UpdateShare>; 4] = Default::default();
        let mut uploaded = 0;
        let seen = reals(&clamped(&batch));
        for (place, teacher) in teachers.iter().enumerate() {
            let sums = kernel.kernel_sums(&seen, teacher, scale, &TEMPERATURES).await?;
            let update = quantise(&sums)?.joined();
            let seeds = std::array::from_fn(|c| {
                Entropy::derive(&self.entropy.teachers, operation, self.round, (3 * place + c) as u64)
            });
            let shares =
                split_update(&update, Scale::full(GRADIENT_FRACTION_BITS), seeds, &self.backends[0]).await?;
            for (mine, share) in updates.iter_mut().zip(shares) {
                uploaded += share.upload_bytes();
                mine.push(share);
            }
        }
        let taken = painters.iter_mut().zip(updates).map(|(painter, updates)| take_in(painter, updates));
        let sums = try_join_all(taken).await?;

        let drift = PublicDrift { temperatures: &TEMPERATURES, distance_scale: scale, curation };
        for inner in 0..self.config.inner {
            if inner > 0 {
                let again = painters.iter_mut().zip(&next);
                let again = again.map(|(painter, artist)| paint_to_learn(painter, artist, &latents));
                paintings = try_join_all(again).await?;
            }
            let rates = self.config.schedule.rates(self.round * self.config.inner as u64 + inner as u64);
            let rates = Rates { output: rates.last as u32, hidden: rates.hidden as u32 };
            let steps = painters.iter_mut().zip(&mut next).zip(&paintings).zip(&sums);
            let steps = steps.map(|(((painter, artist), painting), sums)| {
                step(painter, artist, &latents, painting, sums, drift, rates)
            });
            try_join_all(steps).await?;
        }
        let meter = meter(&mut painters);
        drop(painters);
        self.artists = next;
        self.round += 1;
        self.operations = 0;
        let dropped = sums.into_iter().next().map(|sums| sums.dropped).unwrap_or_default();
        Ok(RoundReport { round: self.round, batch, pictures, meter, uploaded, dropped })
    }

    /// Paints one piece from a public latent.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn paint(&mut self, latent: [u8; 32]) -> Result<Piece, Error> {
        let architecture = self.config.architecture.clone();
        let z = latents(&latent, 1, architecture.latents());
        let share_commitments = self.commitments()?.map(hex);
        let operation = self.next_operation();
        let mut painters = self.term(operation).await?;
        for painter in &mut painters {
            painter.take_meter();
        }
        let artists = &self.artists;
        let pictures = painters.iter_mut().zip(artists).map(|(painter, artist)| paint(painter, artist, &z));
        let pictures = try_join_all(pictures).await?;
        let meter = meter(&mut painters);
        let samples = samples(agreed(pictures.iter())?);
        let record = PieceRecord {
            protocol: PROTOCOL_VERSION.into(),
            genesis: hex(self.genesis),
            round: self.round,
            side: architecture.side() as u32,
            channels: architecture.channels() as u32,
            latent: hex(latent),
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
    async fn term(&self, operation: u64) -> Result<Vec<Seat<'_, B>>, Error> {
        let seats = PainterId::ALL.into_iter().zip(memory::network()).zip(&self.backends);
        let joins = seats.map(|((id, channel), backend)| {
            let seed = &self.entropy.painters[id.index()];
            let entropy = Entropy::derive(seed, operation, self.round, id.index() as u64);
            Painter::join(id, channel, backend, entropy)
        });
        Ok(join_all(joins).await.into_iter().collect::<Result<_, _>>()?)
    }

    /// The commitment to each component, on which its three holders must agree.
    fn commitments(&self) -> Result<[[u8; 32]; 4], Error> {
        let held: Vec<_> = self.artists.iter().map(Artist::commitments).collect();
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
fn agreed<'a>(mut pictures: impl Iterator<Item = &'a RingTensor>) -> Result<&'a RingTensor, Error> {
    let first = pictures.next().ok_or(Error::Disagreement)?;
    if pictures.any(|other| other != first) {
        return Err(Error::Disagreement);
    }
    Ok(first)
}

fn meter<B: Backend>(painters: &mut [Seat<'_, B>]) -> Meter {
    let mut all = Meter::default();
    for painter in painters {
        all.beside(&painter.take_meter());
    }
    all
}

/// Pictures as 8-bit samples: −1 becomes 0, 1 becomes 255, in integers.
pub fn samples(pictures: &RingTensor) -> Vec<u8> {
    let one = 1_i64 << PICTURE_BITS;
    let to_byte = |v: &u64| {
        let v = v.cast_signed().clamp(-one, one) + one;
        ((v * 255 + one) / (2 * one)) as u8
    };
    pictures.data().iter().map(to_byte).collect()
}

fn hex(bytes: [u8; 32]) -> String {
    blake3::Hash::from_bytes(bytes).to_hex().to_string()
}
