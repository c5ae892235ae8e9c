//! Links with latencies, deadlines and computing times on a clock that only moves when nobody can go on: what the
//! memory channel, which has no clock, cannot show. A cheat that is late makes others late, and only it may be named.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use abraham_messages::{Frame, Kind};
use abraham_mpc::{
    Arithmetic, Channel, Error, Factor, Painter, PainterId, Product, Rescale, Scale, channel::ChannelError,
    split_update,
};
use abraham_ring::{Backend, CpuBackend, Draw, Error as RingError, Matmul, RingTensor};
use futures::future::join_all;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::harness::{deal, random_tensor};

/// A painter waits so long for a frame.
const DEADLINE: u64 = 8_000;

/// Between two pieces of work the painters are idle until the next multiple of this.
const IDLE: u64 = 1_000_000;

/// What becomes of a frame beyond the latency of its link: it is so late, or lost. (from, to, frame)
type Fate = Box<dyn FnMut(PainterId, PainterId, &[u8]) -> Option<u64>>;

/// One frame on its way.
struct Flight {
    at: u64,
    from: usize,
    to: usize,
    frame: Vec<u8>,
}

/// Frames that came from one painter to another, and when.
type Came = VecDeque<(Vec<u8>, u64)>;

struct World {
    now: Cell<u64>,
    /// The earliest time that somebody waits for.
    next: Cell<u64>,
    flights: RefCell<Vec<Flight>>,
    /// By sender and receiver.
    came: RefCell<[[Came; 4]; 4]>,
    gone: [Cell<bool>; 4],
    latency: [[u64; 4]; 4],
    fate: RefCell<Fate>,
}

impl World {
    fn new(latency: [[u64; 4]; 4], fate: Fate) -> Rc<Self> {
        Rc::new(Self {
            now: Cell::new(0),
            next: Cell::new(u64::MAX),
            flights: RefCell::default(),
            came: RefCell::default(),
            gone: Default::default(),
            latency,
            fate: RefCell::new(fate),
        })
    }

    /// Ready once it is `at`.
    fn wait(&self, at: u64) -> Poll<()> {
        if self.now.get() >= at {
            return Poll::Ready(());
        }
        self.next.set(self.next.get().min(at));
        Poll::Pending
    }

    /// Runs all four to their end.
    fn run<T>(&self, seats: impl Future<Output = Vec<T>>) -> Vec<T> {
        let mut seats = pin!(seats);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            self.next.set(u64::MAX);
            if let Poll::Ready(results) = seats.as_mut().poll(&mut context) {
                return results;
            }
            let flight = self.flights.borrow().iter().map(|flight| flight.at).min();
            let next = flight.unwrap_or(u64::MAX).min(self.next.get());
            assert!(next < u64::MAX, "nobody can ever go on");
            self.now.set(self.now.get().max(next));
            let mut flights = self.flights.borrow_mut();
            let mut landing: Vec<Flight> = flights.extract_if(.., |flight| flight.at <= next).collect();
            landing.sort_by_key(|flight| flight.at);
            for Flight { at, from, to, frame } in landing {
                self.came.borrow_mut()[from][to].push_back((frame, at));
            }
        }
    }
}

struct Clocked {
    me: PainterId,
    world: Rc<World>,
    /// What this painter's clock shows beyond the world's.
    ahead: u64,
    arrived: [Cell<u64>; 4],
}

impl Channel for Clocked {
    type Deadline = u64;

    fn deadline(&self) -> u64 {
        self.world.now.get() + DEADLINE
    }

    async fn send(&self, to: PainterId, frame: Vec<u8>) -> Result<(), ChannelError> {
        let Some(late) = self.world.fate.borrow_mut()(self.me, to, &frame) else { return Ok(()) };
        let (from, to) = (self.me.index(), to.index());
        let at = self.world.now.get() + self.world.latency[from][to] + late;
        self.world.flights.borrow_mut().push(Flight { at, from, to, frame });
        Ok(())
    }

    async fn receive(&self, from: PainterId, until: &u64) -> Result<Vec<u8>, ChannelError> {
        let (world, from) = (&self.world, from.index());
        poll_fn(|_| {
            if let Some((frame, at)) = world.came.borrow_mut()[from][self.me.index()].pop_front() {
                self.arrived[from].set(at);
                return Poll::Ready(Ok(frame));
            }
            let flies = |flight: &Flight| (flight.from, flight.to) == (from, self.me.index());
            if world.gone[from].get() && !world.flights.borrow().iter().any(flies) {
                return Poll::Ready(Err(ChannelError::PeerGone));
            }
            world.wait(*until).map(|()| Err(ChannelError::Deadline))
        })
        .await
    }

    fn now(&self) -> u64 {
        self.world.now.get() + self.ahead
    }

    fn patience(&self) -> u64 {
        DEADLINE
    }

    fn arrived(&self, from: PainterId) -> u64 {
        self.arrived[from.index()].get() + self.ahead
    }
}

impl Drop for Clocked {
    fn drop(&mut self) {
        self.world.gone[self.me.index()].set(true);
    }
}

/// A backend that takes its time for the draws of each round.
struct Slow {
    world: Rc<World>,
    takes: u64,
}

impl Backend for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, RingError> {
        CpuBackend.matmul(batch).await
    }

    async fn hadamard(
        &self,
        batch: &[Vec<(&RingTensor, &RingTensor)>],
    ) -> Result<Vec<RingTensor>, RingError> {
        CpuBackend.hadamard(batch).await
    }

    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, RingError> {
        let at = self.world.now.get() + self.takes;
        poll_fn(|_| self.world.wait(at)).await;
        CpuBackend.expand(batch).await
    }

    async fn sine_cosine(
        &self,
        angle: &RingTensor,
        bits: u32,
    ) -> Result<(RingTensor, RingTensor), RingError> {
        CpuBackend.sine_cosine(angle, bits).await
    }
}

/// What a learning round is made of, in an order in which painters wait for one another in every way.
async fn program(painter: &mut Painter<Clocked, Slow>) -> Result<(), Error> {
    let scale = Scale::full(40);
    let x = deal(painter.id(), &random_tensor(2, 2, 30, 1), scale, 1);
    for _ in 0..2 {
        painter.rescale(&[Rescale { secret: &x, drop: 8 }]).await?;
        let factor = Factor::Hadamard { left: &x, right: &x };
        painter.products(&[Product { factor, bias: None, drop: 28, ring_bits: 32 }]).await?;
        painter.sine(&[(&x, true)]).await?;
    }
    let update = random_tensor(2, 2, 30, 3);
    let shares = split_update(&update, scale, [[7; 32], [8; 32], [9; 32]], &CpuBackend).await?;
    painter.accept_updates(vec![shares.into_iter().nth(painter.id().index())], (2, 2), scale).await?;
    painter.verify().await?;
    painter.end().await?;
    // Painters settle what comes next, and begin it together.
    let world = &painter.backend().world;
    let next = (world.now.get() / IDLE + 1) * IDLE;
    poll_fn(|_| world.wait(next + painter.backend().takes)).await;
    painter.begin();
    painter.rescale(&[Rescale { secret: &x, drop: 8 }, Rescale { secret: &x, drop: 16 }]).await?;
    painter.open(&[(&x, 0)]).await?;
    painter.rescale(&[Rescale { secret: &x, drop: 8 }]).await?;
    painter.verify().await?;
    painter.end().await
}

/// Latencies, computing times and clocks of a seed.
struct Machines {
    latency: [[u64; 4]; 4],
    takes: [u64; 4],
    ahead: [u64; 4],
}

impl Machines {
    fn of(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: u32| u64::from(rng.next_u32() % bound);
        Self {
            latency: std::array::from_fn(|_| std::array::from_fn(|_| 5 + below(76))),
            takes: std::array::from_fn(|_| below(200)),
            ahead: std::array::from_fn(|_| below(1 << 30)),
        }
    }
}

fn run(machines: &Machines, fate: Fate) -> (Vec<Result<(), Error>>, u64) {
    let world = World::new(machines.latency, fate);
    let seats = PainterId::ALL.map(async |id| {
        let (world, ahead) = (world.clone(), machines.ahead[id.index()]);
        let backend = Slow { world: world.clone(), takes: machines.takes[id.index()] };
        let channel = Clocked { me: id, world, ahead, arrived: Default::default() };
        let mut painter = Painter::join(id, channel, backend, [id.index() as u8 + 1; 32]).await?;
        program(&mut painter).await
    });
    let results = world.run(join_all(seats));
    (results, world.now.get())
}

/// How many of the honest stopped, after checking whom they name.
fn check(results: &[Result<(), Error>], cheat: PainterId, what: &str) -> usize {
    let honest = PainterId::ALL.into_iter().zip(results).filter(|(id, _)| *id != cheat);
    let mut named = Vec::new();
    for (id, result) in honest {
        match result {
            Ok(()) => {}
            Err(Error::Abort { suspects, cause }) => {
                assert!(suspects.contains(&cheat), "{what}: {id} names {suspects:?}: {cause}");
                named.push(*suspects);
            }
            Err(error) => panic!("{what}: {id}: {error}"),
        }
    }
    assert!(named.len() < 3 || named.iter().all(|pair| *pair == named[0]), "{what}: {named:?}");
    named.len()
}

#[test]
fn honest_painters_finish_on_slow_machines() {
    for seed in 0..50 {
        let (results, took) = run(&Machines::of(seed), Box::new(|_, _, _| Some(0)));
        assert!(results.iter().all(Result::is_ok), "seed {seed}");
        assert!(took < IDLE + 10_000, "{took} ms");
    }
}

/// The attack: each frame of a round to one painter comes just before the deadline, so that this one is late for the
/// others, who began to wait when it did.
#[test]
fn who_is_almost_late_is_named_and_not_whom_it_keeps_waiting() {
    let mut stopped = 0;
    for cheat in PainterId::ALL {
        for victim in cheat.others() {
            for late in [7_000, 7_800, 7_900, 7_930, 7_950, 7_970, 7_990, 8_010, 8_100] {
                for kinds in [&[Kind::Truncate, Kind::Multiply][..], &[Kind::Sine]] {
                    let machines =
                        Machines { latency: [[40; 4]; 4], takes: [0; 4], ahead: [0, 7, 3, 1 << 40] };
                    let fate = move |from, to, frame: &[u8]| {
                        let kind = Frame::decode(frame).unwrap().kind;
                        let hit = from == cheat && to == victim && kinds.contains(&kind);
                        Some(if hit { late } else { 0 })
                    };
                    let (results, _) = run(&machines, Box::new(fate));
                    let what = format!("{cheat} is {late} ms late for {victim} with {kinds:?}");
                    stopped += usize::from(check(&results, cheat, &what) > 0);
                }
            }
        }
    }
    assert!(stopped > 30, "{stopped} stopped");
}

/// A painter that answers nothing costs no more than the deadlines.
#[test]
fn a_dead_link_is_not_waited_for_longer() {
    for cheat in PainterId::ALL {
        let fate = move |from, _, frame: &[u8]| {
            let lost = from == cheat && Frame::decode(frame).unwrap().kind == Kind::Multiply;
            (!lost).then_some(0)
        };
        let (results, took) = run(&Machines::of(1), Box::new(fate));
        assert_eq!(check(&results, cheat, "frames are lost"), 3);
        assert!(took < 2 * DEADLINE, "{took} ms");
    }
}
