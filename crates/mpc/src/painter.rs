//! A painter: the protocol's primitives over a channel and a backend.

mod linear;
mod open;
mod product;
mod rescale;
mod sample;
mod share;
mod sine;
mod update;

use abraham_messages::Kind;
use abraham_ring::{Backend, Operand, RingTensor, fixed};

use crate::{
    Arithmetic, Channel, Error, Meter, PainterId, Product, Rescale, Scale, Secret, Sharing, SineOutput,
    keys::{self, Keys},
    link::Links,
};

/// One of the four painters of a term.
///
/// It has no deadline, clock or randomness of its own: the channel enforces deadlines, entropy comes with
/// [`Painter::join`]. After [`Error::Abort`] the term is over: every later call fails, since the others have stopped.
/// Before it is returned, the honest painters have agreed on the two suspects.
pub struct Painter<C, B> {
    id: PainterId,
    links: Links<C>,
    backend: B,
    keys: Keys,
    /// Streams of the PRF keys that were used up; the same for all four at every step.
    streams: u64,
    transcripts: share::Transcripts,
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Joins a term: agrees on keys with the three others. `entropy` must be fresh and uniformly random.
    ///
    /// # Communication
    /// Two rounds, a few hundred bytes.
    ///
    /// # Errors
    /// [`Error::Abort`] where another painter is silent or gives holders of one key different contributions.
    pub async fn join(id: PainterId, channel: C, backend: B, entropy: [u8; 32]) -> Result<Self, Error> {
        let mut links = Links::new(id, channel);
        let keys = match keys::agree(id, &mut links, entropy).await {
            Ok(keys) => keys,
            Err(error) => return Err(links.settle(error).await),
        };
        let transcripts = share::Transcripts::new(&keys);
        Ok(Self { id, links, backend, keys, streams: 0, transcripts })
    }

    /// The seat.
    pub fn id(&self) -> PainterId {
        self.id
    }

    /// Where this painter computes.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// All four begin a piece of work now; the time before it was idle, and is nobody's fault.
    pub fn begin(&mut self) {
        self.links.begin();
    }

    /// A piece of work is done. Returns at once, but where others may have given this painter up: then it stays within
    /// reach for the length of a deadline.
    ///
    /// # Errors
    /// [`Error::Abort`] where the others have stopped.
    pub async fn end(&mut self) -> Result<(), Error> {
        let result = self.links.end().await;
        self.settle(result).await
    }

    /// What was sent since the meter was last taken.
    pub fn take_meter(&mut self) -> Meter {
        std::mem::take(&mut self.links.meter)
    }

    /// Where a step of the protocol failed, the committee stops: all agree on the suspects before it returns.
    async fn settle<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Err(error) => Err(self.links.settle(error).await),
            done => done,
        }
    }
}

impl<C: Channel, B: Backend> Arithmetic for Painter<C, B> {
    type Secret = Sharing;

    async fn matmul_public(
        &mut self,
        public: Operand<'_>,
        public_fraction_bits: u32,
        secret: &Sharing,
    ) -> Result<Sharing, Error> {
        self.public_times(public, public_fraction_bits, secret).await
    }

    fn round_off(&mut self, secret: &Sharing, drop: u32) -> Result<Sharing, Error> {
        self.own(secret)?;
        let rounded = |x: &RingTensor| Ok(x.clone().map(|x| fixed::round_off(x, drop)));
        secret.linear(secret.scale().rounded(drop)?, rounded)
    }

    async fn products(&mut self, batch: &[Product<'_, Sharing>]) -> Result<Vec<Sharing>, Error> {
        let result = self.multiply(batch, share::Seal::Open).await;
        self.settle(result).await
    }

    async fn open_products(&mut self, batch: &[Product<'_, Sharing>]) -> Result<Vec<RingTensor>, Error> {
        let result = async {
            let products = self.multiply(batch, share::Seal::Sealed).await?;
            self.verdicts().await?;
            let whole: Vec<_> = products.iter().map(|product| (product, 0)).collect();
            self.serve(&whole).await
        }
        .await;
        self.settle(result).await
    }

    async fn rescale(&mut self, batch: &[Rescale<'_, Sharing>]) -> Result<Vec<Sharing>, Error> {
        let result = self.rescale_exactly(batch).await;
        self.settle(result).await
    }

    async fn sine(&mut self, batch: &[(&Sharing, bool)]) -> Result<Vec<SineOutput<Sharing>>, Error> {
        let result = self.sine_layer(batch).await;
        self.settle(result).await
    }
}

impl<C: Channel, B: Backend> Painter<C, B> {
    /// Opens secrets, each after its components were rounded to fewer bits: (secret, bits to drop).
    ///
    /// An opened value is sign-extended from its ring to 64 bits. Within 2 units in the last place of the exact
    /// quotient, and exact where nothing is dropped.
    ///
    /// # Communication
    /// Three rounds (transcripts, verdicts, opening); 4 elements and 4 hashes for each element over all painters.
    ///
    /// # Errors
    /// [`Error::Abort`] before anything is opened where transcripts differ.
    pub async fn open(&mut self, batch: &[(&Sharing, u32)]) -> Result<Vec<RingTensor>, Error> {
        let result = async {
            self.seal().await?;
            self.links.next_round()?;
            self.verdicts().await?;
            self.serve(batch).await
        }
        .await;
        self.settle(result).await
    }

    /// Compares transcripts without opening anything: before a result that is not opened leaves the protocol. After it
    /// all holders of a component have the same, whatever one painter sent.
    ///
    /// # Communication
    /// Two rounds, 612 bytes over all painters.
    ///
    /// # Errors
    /// [`Error::Abort`] where transcripts differ.
    pub async fn verify(&mut self) -> Result<(), Error> {
        let result = async {
            self.seal().await?;
            self.links.next_round()?;
            self.verdicts().await
        }
        .await;
        self.settle(result).await
    }

    /// Draws secrets that nobody knows, each the sum of six parts of which each painter knows three.
    ///
    /// # Communication
    /// One round; 6 elements for each element.
    ///
    /// # Errors
    /// [`Error::Abort`].
    pub async fn sample(&mut self, batch: &[Sample]) -> Result<Vec<Sharing>, Error> {
        let result = self.draw_jointly(batch).await;
        self.settle(result).await
    }

    /// Enters values that exactly two painters know: the pair that sits at `pair`, lower seat first.
    ///
    /// # Communication
    /// One round; one element for each element, and a hash.
    ///
    /// # Errors
    /// [`Error::Abort`]; [`Error::Scale`] where `pair` is no pair, or a member of it brings no value.
    pub async fn joint_input(
        &mut self,
        pair: [PainterId; 2],
        value: Option<RingTensor>,
        shape: (usize, usize),
        scale: Scale,
    ) -> Result<Sharing, Error> {
        let result = self.enter(pair, value, shape, scale).await;
        self.settle(result).await
    }

    async fn enter(
        &mut self,
        pair: [PainterId; 2],
        value: Option<RingTensor>,
        shape: (usize, usize),
        scale: Scale,
    ) -> Result<Sharing, Error> {
        let wrong = Error::Scale { operation: "joint input", left: scale, right: scale };
        let pairing = crate::committee::PAIRINGS
            .iter()
            .position(|pairing| pair[0] != pair[1] && pairing.knows(pair[0]) && pairing.knows(pair[1]));
        let Some(pairing) = pairing else { return Err(wrong) };
        if value.as_ref().is_some_and(|value| value.shape() != shape) {
            return Err(wrong);
        }
        let target = share::Target { shape, scale };
        let contribution = share::Contribution { pairing, target: 0, value };
        let mut out = self.share(Kind::JointInput, &[target], vec![contribution], share::Seal::Open).await?;
        out.pop().ok_or(wrong)
    }

    /// Whether the secret's holder sits here; a sharing of another seat is a mistake in the program.
    fn own(&self, secret: &Sharing) -> Result<(), Error> {
        if secret.holder == self.id {
            return Ok(());
        }
        Err(Error::Scale {
            operation: "a sharing of another painter",
            left: secret.scale(),
            right: secret.scale(),
        })
    }
}

pub use sample::{Distribution, Sample};
pub use update::{UpdateShare, split_update};
