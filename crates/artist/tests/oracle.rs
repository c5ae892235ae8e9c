//! The four painters and the plain oracle run the same program: ten learning steps on shares are compared with the
//! plain integers value by value. Everything is equal bit for bit, but where bits are dropped: there the shares may
//! be off by 3 units in the last place (a product) or 2 (a rescaling), which is checked for every value.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{cell::RefCell, rc::Rc};

use abraham_artist::{
    Architecture, Artist, Rates, genesis, latents, learn,
    oracle::{Oracle, Plain, Rounding},
    paint_to_learn,
};
use abraham_mpc::{
    Arithmetic, Error, Painter, PainterId, Product, Rescale, Scale, Secret, Sharing, SineOutput,
    channel::memory::{self, MemoryChannel},
};
use abraham_ring::{
    CpuBackend, Operand, RingTensor,
    fixed::{mask, sign_extend},
};
use futures::future::join_all;

/// A value's four components, as the painters that hold them recorded them.
#[derive(Default)]
struct Recorded {
    components: [Option<RingTensor>; 4],
}

impl Recorded {
    fn note(&mut self, sharing: &Sharing) {
        for (c, place) in self.components.iter_mut().enumerate() {
            let Some(component) = sharing.component(c) else { continue };
            match place {
                Some(other) => assert!(other == component, "two holders of a component differ"),
                None => *place = Some(component.clone()),
            }
        }
    }

    fn sum(&self, components: std::ops::Range<usize>) -> RingTensor {
        let mut parts = self.components[components].iter().map(|c| c.clone().unwrap());
        let mut sum = parts.next().unwrap();
        for part in parts {
            sum.add_assign(&part).unwrap();
        }
        sum
    }
}

type Log = Rc<RefCell<Vec<Recorded>>>;

/// Runs on shares and records what goes into each sine and comes out of everything else.
struct Recording {
    painter: Painter<MemoryChannel, CpuBackend>,
    log: Log,
    next: usize,
}

impl Recording {
    fn note(&mut self, sharing: &Sharing) {
        let mut log = self.log.borrow_mut();
        if log.len() == self.next {
            log.push(Recorded::default());
        }
        log[self.next].note(sharing);
        self.next += 1;
    }

    fn note_opened(&mut self, value: &RingTensor) {
        let id = self.painter.id();
        self.note(&Sharing::of_public(id, value.clone(), Scale::full(0)));
    }
}

impl Arithmetic for Recording {
    type Secret = Sharing;

    async fn matmul_public(
        &mut self,
        public: Operand<'_>,
        bits: u32,
        secret: &Sharing,
    ) -> Result<Sharing, Error> {
        self.painter.matmul_public(public, bits, secret).await
    }

    fn round_off(&mut self, secret: &Sharing, drop: u32) -> Result<Sharing, Error> {
        let out = self.painter.round_off(secret, drop)?;
        self.note(&out);
        Ok(out)
    }

    async fn products(&mut self, batch: &[Product<'_, Sharing>]) -> Result<Vec<Sharing>, Error> {
        let out = self.painter.products(batch).await?;
        out.iter().for_each(|sharing| self.note(sharing));
        Ok(out)
    }

    async fn open_products(&mut self, batch: &[Product<'_, Sharing>]) -> Result<Vec<RingTensor>, Error> {
        let out = self.painter.open_products(batch).await?;
        out.iter().for_each(|value| self.note_opened(value));
        Ok(out)
    }

    async fn rescale(&mut self, batch: &[Rescale<'_, Sharing>]) -> Result<Vec<Sharing>, Error> {
        let out = self.painter.rescale(batch).await?;
        out.iter().for_each(|sharing| self.note(sharing));
        Ok(out)
    }

    async fn sine(&mut self, batch: &[(&Sharing, bool)]) -> Result<Vec<SineOutput<Sharing>>, Error> {
        let out = self.painter.sine(batch).await?;
        for ((angle, _), output) in batch.iter().zip(&out) {
            self.note(angle);
            self.note(&output.sine);
            output.cosine.iter().for_each(|cosine| self.note(cosine));
        }
        Ok(out)
    }
}

/// Hands the oracle what the shares did, and checks it.
struct Replay {
    log: std::vec::IntoIter<Recorded>,
    values: usize,
    off: [usize; 4],
}

impl Rounding for Replay {
    fn split(&mut self, angle: &RingTensor, turn_bits: u32) -> RingTensor {
        let recorded = self.log.next().unwrap();
        let turn = mask(turn_bits);
        let whole = recorded.sum(0..4).map(|x| x & turn);
        assert!(whole == angle.clone().map(|x| x & turn), "an angle differs");
        recorded.sum(0..2)
    }

    fn settle(&mut self, nearest: RingTensor, bound: u64, ring_bits: u32) -> RingTensor {
        let settled = self.log.next().unwrap().sum(0..4);
        assert_eq!(settled.shape(), nearest.shape());
        for (settled, nearest) in settled.data().iter().zip(nearest.data()) {
            let off = sign_extend(settled.wrapping_sub(*nearest), ring_bits).unsigned_abs();
            assert!(off <= bound, "off by {off} where at most {bound} is allowed");
            self.off[off as usize] += 1;
            self.values += 1;
        }
        settled
    }
}

fn reveal(artists: &[Artist<Sharing>]) -> Artist<Plain> {
    let mut seats = artists.iter().map(|artist| {
        let mut secrets = Vec::new();
        artist
            .try_map(|secret| {
                secrets.push(secret.clone());
                Ok::<_, ()>(secret.clone())
            })
            .unwrap();
        secrets
    });
    let first = seats.next().unwrap();
    let others: Vec<Vec<Sharing>> = seats.collect();
    let mut place = 0;
    artists[0]
        .try_map(|secret| {
            let mut recorded = Recorded::default();
            recorded.note(&first[place]);
            others.iter().for_each(|other| recorded.note(&other[place]));
            place += 1;
            Ok::<_, ()>(Plain { value: recorded.sum(0..4), scale: secret.scale() })
        })
        .unwrap()
}

#[test]
fn ten_learning_steps_on_shares_equal_the_plain_integers() {
    let architecture = Architecture::new(4, &[16, 12], 4, 3).unwrap();
    let batch = 6;
    let gradients: Vec<RingTensor> = (0..10)
        .map(|step| {
            let z = latents(&[100 + step; 32], batch, architecture.samples());
            z.map(|x| (x.cast_signed() >> 3).cast_unsigned())
        })
        .collect();
    let log: Log = Log::default();
    let steps = |painter| {
        let (architecture, gradients, log) = (&architecture, &gradients, log.clone());
        async move {
            let mut arithmetic = Recording { painter, log, next: 0 };
            let mut artist = genesis(&mut arithmetic.painter, architecture).await.unwrap();
            let first = artist.clone();
            for (step, gradient) in (0_u8..).zip(gradients) {
                let z = latents(&[step; 32], batch, architecture.latents());
                let painting = paint_to_learn(&mut arithmetic, &artist, &z).await.unwrap();
                let gradient = gradient.clone();
                let secret = Sharing::of_public(arithmetic.painter.id(), gradient, Scale::full(24));
                let rates = Rates { output: 328, hidden: 52 };
                learn(&mut arithmetic, &mut artist, &z, &painting.activations, &secret, rates).await.unwrap();
            }
            (first, artist)
        }
    };
    let mut channels = memory::disordered_network(5).into_iter();
    let (first, last): (Vec<_>, Vec<_>) = pollster::block_on(async {
        let mut painters = Vec::new();
        for (id, channel) in PainterId::ALL.into_iter().zip(&mut channels) {
            painters.push(Painter::join(id, channel, CpuBackend, [id.index() as u8; 32]));
        }
        let painters = join_all(painters).await;
        join_all(painters.into_iter().map(|painter| steps(painter.unwrap()))).await
    })
    .into_iter()
    .unzip();

    let log = Rc::try_unwrap(log).ok().unwrap().into_inner();
    let mut oracle = Oracle { rounding: Replay { log: log.into_iter(), values: 0, off: [0; 4] } };
    let mut plain = reveal(&first);
    pollster::block_on(async {
        for (step, gradient) in (0_u8..).zip(&gradients) {
            let z = latents(&[step; 32], batch, architecture.latents());
            let painting = paint_to_learn(&mut oracle, &plain, &z).await.unwrap();
            let secret = Plain { value: gradient.clone(), scale: Scale::full(24) };
            let rates = Rates { output: 328, hidden: 52 };
            learn(&mut oracle, &mut plain, &z, &painting.activations, &secret, rates).await.unwrap();
        }
    });
    let Replay { mut log, values, off } = oracle.rounding;
    assert!(log.next().is_none(), "the shares did more than the oracle");
    assert!(values > 10_000 && off[1] > 0, "{values} values were compared, off by 0, 1, 2, 3: {off:?}");
    let shares = reveal(&last);
    for (shares, plain) in shares.weights().iter().zip(plain.weights()) {
        assert!(shares.weight.value == plain.weight.value && shares.bias.value == plain.bias.value);
    }
    for (shares, plain) in shares.momentum().iter().zip(plain.momentum()) {
        assert!(shares.weight.value == plain.weight.value && shares.bias.value == plain.bias.value);
    }
}
