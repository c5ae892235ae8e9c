//! One painter's part: what it holds of an artist, and what it does in a term. The solo studio seats four over memory
//! channels, a member of a committee one over the network; both run this.

use std::sync::Arc;

use abraham_artist::{
    Architecture, Artist, Checkpoint, CheckpointError, PICTURE_BITS, Painting, Rates, genesis, latents,
    paint, paint_to_learn,
};
use abraham_messages::{ArtistName, Commitment, Latent, RecipeId, TermId};
use abraham_mpc::{Channel, Meter, Painter, PainterId, Sharing, UpdateShare};
use abraham_ring::{Backend, RingTensor};
use zeroize::Zeroizing;

use crate::{
    Curation, Error, Schedule, TEMPERATURES, distance_scale,
    round::{PublicDrift, step, take_in},
};

/// What all painters of an artist must have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Sizes of the generator.
    pub architecture: Architecture,
    /// Pictures painted in a round.
    pub batch: usize,
    /// Learning steps a round, all towards the same updates.
    pub inner: usize,
    /// Learning rates.
    pub schedule: Schedule,
}

impl Recipe {
    /// Its numbers, 8 bytes each, little-endian: latents, the count of layers and their widths, side, channels, batch,
    /// learning steps a round, and the schedule's.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let Self { architecture, batch, inner, schedule } = self;
        let layers = architecture.hidden();
        let numbers = [architecture.latents(), layers.len()].into_iter().chain(layers.iter().copied());
        let numbers = numbers.chain([architecture.side(), architecture.channels(), *batch, *inner]);
        let numbers = numbers.map(|number| number as u64).chain(schedule.numbers());
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    /// The hash of its canonical bytes, by which genesis, presence, proposals and records name it: BLAKE3.
    pub fn id(&self) -> RecipeId {
        let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 recipe v1");
        RecipeId(*hasher.update(&self.canonical_bytes()).finalize().as_bytes())
    }

    /// Rows and columns of an update: a row for each picture of the batch, the denominators in the last column.
    pub fn update_shape(&self) -> (usize, usize) {
        (self.batch, self.architecture.samples() + 1)
    }
}

/// A painter's shares of an artist after some round.
///
/// It derives neither `Debug` nor `Serialize` on purpose.
pub struct State {
    artist: Artist<Sharing>,
    round: u64,
    generation: u64,
}

impl State {
    /// Learning rounds behind the weights.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// How often the shares were made anew.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Learning steps behind the weights.
    pub fn steps(&self) -> u64 {
        self.artist.steps()
    }

    /// The commitments to the weights' components; the one that this painter lacks is none.
    pub fn commitments(&self) -> [Option<Commitment>; 4] {
        self.artist.commitments()
    }

    /// As [`State::commitments`], to weights and momentum: what must be the same for painters to go on together.
    pub fn state_commitments(&self) -> [Option<Commitment>; 4] {
        self.artist.state_commitments()
    }

    /// Adds to a hash what tells this state from all others: round, step, and the first layer's shares of weights and
    /// momentum, which every step masks afresh. Far less than a commitment takes.
    pub(crate) fn tell_apart(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.round.to_le_bytes()).update(&self.steps().to_le_bytes());
        let first = self.artist.weights().first().into_iter().chain(self.artist.momentum().first());
        for share in first.flat_map(|layer| (0..4).filter_map(|c| layer.weight.component(c))) {
            share.data().iter().for_each(|word| _ = hasher.update(&word.to_le_bytes()));
        }
    }

    /// Component `c`, for a painter that takes the seat of one that left; none where this painter lacks it.
    pub fn component(&self, c: usize) -> Option<Zeroizing<Vec<u8>>> {
        self.artist.component(c)
    }

    /// Bytes that each component has.
    pub fn component_bytes(architecture: &Architecture) -> usize {
        Artist::component_bytes(architecture)
    }

    /// The commitment of [`State::state_commitments`] to an encoded component; none where it is no component of such an
    /// artist.
    pub fn component_commitment(architecture: &Architecture, bytes: &[u8]) -> Option<Commitment> {
        Artist::component_commitment(architecture, bytes)
    }

    /// Puts the state together that `holder` takes over from others: the components that it keeps.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where a component is missing, of another size, or of another step than the rest. Whether
    /// each is the right one shows only in [`State::component_commitment`].
    pub fn from_components(
        architecture: &Architecture,
        holder: PainterId,
        (round, generation): (u64, u64),
        components: [Option<&[u8]>; 4],
    ) -> Result<Self, Error> {
        let artist = Artist::from_components(architecture, holder, components)?;
        Ok(Self { artist, round, generation })
    }

    /// This painter's checkpoint, with the artist's name.
    ///
    /// # Errors
    /// [`CheckpointError::Encode`].
    pub fn checkpoint(&self, holder: PainterId, genesis: ArtistName) -> Result<Vec<u8>, CheckpointError> {
        let Self { artist, round, generation } = self;
        Checkpoint { artist: artist.clone(), holder, genesis, round: *round, generation: *generation }
            .encode()
    }

    /// Reads a checkpoint of `holder`; with the artist's name.
    ///
    /// # Errors
    /// [`CheckpointError`] where it is damaged or foreign.
    pub fn restore(
        bytes: &[u8],
        holder: PainterId,
        architecture: &Architecture,
    ) -> Result<(Self, ArtistName), CheckpointError> {
        let Checkpoint { artist, genesis, round, generation, .. } =
            Checkpoint::decode(bytes, holder, architecture)?;
        Ok((Self { artist, round, generation }, genesis))
    }
}

/// What a learning round did.
pub struct Learnt {
    /// Updates that counted.
    pub teachers: usize,
    /// Places of updates that were dropped: missing, inconsistent, or of another mass than 1; all of them where the round
    /// was refused.
    pub dropped: Vec<usize>,
    /// Whether a gradient's norm was out of its public bounds, so that nothing was learnt: an update was not such as
    /// pictures give.
    pub refused: bool,
}

/// One painter in a term.
pub struct Seat<C, B> {
    painter: Painter<C, B>,
    recipe: Recipe,
    current: Option<Arc<State>>,
    previous: Option<Arc<State>>,
    /// The batch of the round, from its latents.
    painted: Option<(RingTensor, Painting<Sharing>)>,
}

impl<C: Channel, B: Backend> Seat<C, B> {
    /// Takes a seat: agrees on the term's keys. `entropy` must be fresh and uniformly random. Where the term goes on
    /// with an artist, `state` is this painter's; else [`Seat::genesis`] comes next.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn join(
        id: PainterId,
        channel: C,
        backend: B,
        entropy: [u8; 32],
        recipe: Recipe,
        state: Option<Arc<State>>,
    ) -> Result<Self, Error> {
        let painter = Painter::join(id, channel, backend, entropy).await?;
        Ok(Self { painter, recipe, current: state, previous: None, painted: None })
    }

    /// Draws a new artist that nobody ever knew. Transcripts are compared before it counts, so all holders of a
    /// component have the same.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub async fn genesis(&mut self) -> Result<(), Error> {
        let artist = genesis(&mut self.painter, &self.recipe.architecture).await?;
        self.painter.verify().await?;
        self.painter.end().await?;
        self.current = Some(Arc::new(State { artist, round: 0, generation: 0 }));
        self.previous = None;
        Ok(())
    }

    /// Where it sits.
    pub fn id(&self) -> PainterId {
        self.painter.id()
    }

    /// This painter's shares now.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] where there is no artist yet.
    pub fn state(&self) -> Result<&Arc<State>, Error> {
        self.current.as_ref().ok_or(Error::OutOfOrder("there is no artist"))
    }

    /// This painter's shares before the last round that this seat learnt.
    pub fn previous(&self) -> Option<&Arc<State>> {
        self.previous.as_ref()
    }

    /// What was sent since the meter was last taken.
    pub fn take_meter(&mut self) -> Meter {
        self.painter.take_meter()
    }

    /// Paints the next round's batch and opens it: batch × samples, 8 fraction bits. Its latents are public: artist,
    /// term and round give them, so that a term that ends without a certificate is not followed by one that paints the
    /// very same batch, and has it taught by others.
    ///
    /// # Errors
    /// [`Error::Artist`].
    pub async fn paint_batch(&mut self, genesis: &ArtistName, term: &TermId) -> Result<&RingTensor, Error> {
        self.painted = None;
        self.painter.begin();
        let state = self.state()?.clone();
        let seed = batch_seed(genesis, term, state.round);
        let latents = latents(&seed, self.recipe.batch, self.recipe.architecture.latents());
        let painting = paint_to_learn(&mut self.painter, &state.artist, &latents).await?;
        self.painter.end().await?;
        Ok(&self.painted.insert((latents, painting)).1.picture)
    }

    /// Learns from the updates towards the batch that was painted last; the state before is kept beside the new one.
    /// Where fewer than `least` updates count, or a gradient's norm is out of its bounds, the round passes and nothing is
    /// learnt: the shares stay the same under the next round's number. Transcripts are compared before the new state
    /// counts, so all holders of a component have the same.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] where no batch was painted; [`Error::Protocol`], [`Error::Artist`]. The state is then as
    /// it was.
    pub async fn learn(
        &mut self,
        updates: Vec<Option<UpdateShare>>,
        least: usize,
        curation: &Curation,
    ) -> Result<Learnt, Error> {
        let no_batch = Error::OutOfOrder("no batch was painted");
        let (latents, mut painting) = self.painted.take().ok_or(no_batch)?;
        let state = self.state()?.clone();
        let mut artist = state.artist.clone();
        self.painter.begin();
        let Recipe { architecture, inner, schedule, .. } = &self.recipe;
        let scale = distance_scale(architecture.side(), architecture.channels());
        let drift = PublicDrift { temperatures: &TEMPERATURES, distance_scale: scale, curation };
        let places = updates.len();
        let mut sums = take_in(&mut self.painter, updates, self.recipe.update_shape()).await?;
        let mut refused = false;
        let steps = if sums.teachers < least.max(1) { 0 } else { *inner };
        for inner_step in 0..steps {
            if inner_step > 0 {
                painting = paint_to_learn(&mut self.painter, &artist, &latents).await?;
            }
            let rates = schedule.rates(state.round * *inner as u64 + inner_step as u64);
            let rates = Rates { output: rates.last as u32, hidden: rates.hidden as u32 };
            let stepped =
                step(&mut self.painter, &mut artist, &latents, &painting, &sums, drift, rates).await?;
            if !stepped.taken {
                artist = state.artist.clone();
                (sums.teachers, sums.dropped, refused) = (0, (0..places).collect(), true);
                break;
            }
        }
        // A lie after the last opening would else stay in the state, and two of its component's holders would have it.
        self.painter.verify().await?;
        self.painter.end().await?;
        self.current = Some(Arc::new(State { artist, round: state.round + 1, generation: state.generation }));
        self.previous = Some(state);
        Ok(Learnt { teachers: sums.teachers, dropped: sums.dropped, refused })
    }

    /// Paints one piece from a public latent: 8-bit samples, rows first, channels interleaved.
    ///
    /// # Errors
    /// [`Error::Artist`].
    pub async fn paint(&mut self, latent: &Latent) -> Result<Vec<u8>, Error> {
        let state = self.state()?.clone();
        self.painter.begin();
        let latents = latents(&latent.0, 1, self.recipe.architecture.latents());
        let painted = paint(&mut self.painter, &state.artist, &latents).await?;
        self.painter.end().await?;
        Ok(samples(&painted))
    }
}

/// The public seed of a batch's latents.
fn batch_seed(genesis: &ArtistName, term: &TermId, round: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 batch of a term and round v1");
    *hasher.update(&genesis.0).update(&term.0).update(&round.to_le_bytes()).finalize().as_bytes()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_terms_paint_one_batch() {
        let seed = |artist, term, round| batch_seed(&ArtistName([artist; 32]), &TermId([term; 32]), round);
        assert_ne!(seed(1, 2, 3), seed(1, 4, 3), "another term");
        assert_ne!(seed(1, 2, 3), seed(1, 2, 4), "another round");
        assert_ne!(seed(1, 2, 3), seed(4, 2, 3), "another artist");
        assert_eq!(seed(1, 2, 3), seed(1, 2, 3));
    }
    #[test]
    fn a_recipe_has_one_form_in_bytes_and_another_recipe_another() {
        let recipe = |hidden: &[usize], side, batch, schedule| {
            let architecture = Architecture::new(8, hidden, side, 3).unwrap();
            Recipe { architecture, batch, inner: 1, schedule }
        };
        let ours = recipe(&[256, 64], 32, 32, Schedule::open_ended(1000));
        let numbers: [u64; 10] = [8, 2, 256, 64, 32, 3, 32, 1, 1000, 100];
        assert_eq!(ours.canonical_bytes(), numbers.map(u64::to_le_bytes).as_flattened());
        let others = [
            recipe(&[256, 32], 32, 32, Schedule::open_ended(1000)),
            recipe(&[256], 32, 32, Schedule::open_ended(1000)),
            recipe(&[256, 64], 16, 32, Schedule::open_ended(1000)),
            recipe(&[256, 64], 32, 64, Schedule::open_ended(1000)),
            recipe(&[256, 64], 32, 32, Schedule::to_zero(1000)),
        ];
        assert!(others.iter().all(|other| other.id() != ours.id()));
    }
}
