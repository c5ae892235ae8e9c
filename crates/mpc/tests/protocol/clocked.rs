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

use abraham_messages::{Frame, Kind, frame::HEADER_BYTES};
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

/// What becomes of a frame beyond the latency of its link: it is so late, or lost. (from, to, frame to change)
type Fate = Box<dyn FnMut(PainterId, PainterId, &mut Vec<u8>) -> Option<u64>>;

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
    /// When the time for the first piece of work is over.
    over: u64,
}

impl World {
    fn new(latency: [[u64; 4]; 4], fate: Fate, over: u64) -> Rc<Self> {
        Rc::new(Self {
            now: Cell::new(0),
            next: Cell::new(u64::MAX),
            flights: RefCell::default(),
            came: RefCell::default(),
            gone: Default::default(),
            latency,
            fate: RefCell::new(fate),
            over,
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

    async fn send(&self, to: PainterId, mut frame: Vec<u8>) -> Result<(), ChannelError> {
        let Some(late) = self.world.fate.borrow_mut()(self.me, to, &mut frame) else { return Ok(()) };
        let (from, to) = (self.me.index(), to.index());
        let at = self.world.now.get() + self.world.latency[from][to] + late;
        self.world.flights.borrow_mut().push(Flight { at, from, to, frame });
        Ok(())
    }

    async fn receive(&self, from: PainterId, until: &u64) -> Result<Vec<u8>, ChannelError> {
        Ok(self.receive_either(from, [false; 4], until).await?.1)
    }

    async fn receive_either(
        &self,
        from: PainterId,
        also: [bool; 4],
        until: &u64,
    ) -> Result<(PainterId, Vec<u8>), ChannelError> {
        let (world, works) = (&self.world, also.contains(&true));
        poll_fn(|_| {
            let also = PainterId::ALL.into_iter().filter(|p| also[p.index()]);
            for from in [from].into_iter().chain(also) {
                let came = world.came.borrow_mut()[from.index()][self.me.index()].pop_front();
                if let Some((frame, at)) = came {
                    self.arrived[from.index()].set(at);
                    return Poll::Ready(Ok((from, frame)));
                }
            }
            let flies = |flight: &Flight| (flight.from, flight.to) == (from.index(), self.me.index());
            if world.gone[from.index()].get() && !world.flights.borrow().iter().any(flies) {
                return Poll::Ready(Err(ChannelError::PeerGone));
            }
            // A wait of the dispute that follows has its own end, as has one of the next piece of work.
            let over = if works && world.now.get() < IDLE { world.over } else { u64::MAX };
            let ended = if over < *until { ChannelError::OutOfTime } else { ChannelError::Deadline };
            world.wait(over.min(*until)).map(|()| Err(ended))
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
    truncations: usize,
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

/// More frames than any painter sends another one in the program.
const FRAMES: usize = 40;

/// What a learning round is made of, in an order in which painters wait for one another in every way.
async fn program(painter: &mut Painter<Clocked, Slow>) -> Result<(), Error> {
    let scale = Scale::full(40);
    let x = deal(painter.id(), &random_tensor(2, 2, 30, 1), scale, 1);
    let pair = [PainterId::ALL[1], PainterId::ALL[2]];
    let value = pair.contains(&painter.id()).then(|| random_tensor(2, 2, 30, 2));
    painter.joint_input(pair, value, (2, 2), scale).await?;
    for _ in 0..2 {
        painter.rescale(&[Rescale { secret: &x, drop: 8 }]).await?;
        let factor = Factor::Hadamard { left: &x, right: &x };
        painter.products(&[Product { factor, bias: None, drop: 28, ring_bits: 32 }]).await?;
        painter.sine(&[(&x, true)]).await?;
    }
    for _ in 0..painter.backend().truncations {
        painter.rescale(&[Rescale { secret: &x, drop: 8 }]).await?;
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
    /// Truncations in a row, in which some painters need nothing of others for long.
    truncations: usize,
}

impl Machines {
    fn of(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: u32| u64::from(rng.next_u32() % bound);
        Self {
            latency: std::array::from_fn(|_| std::array::from_fn(|_| 5 + below(76))),
            takes: std::array::from_fn(|_| below(200)),
            ahead: std::array::from_fn(|_| below(1 << 30)),
            truncations: 12 * below(2) as usize,
        }
    }
}

/// So many by default; `SEEDS` may ask for others.
fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("SEEDS").unwrap_or_default();
    let (first, last) = text.split_once("..").unwrap_or(("0", "100"));
    first.parse().unwrap()..last.parse().unwrap()
}

/// How a painter's program ended, and when.
type Ended = (Result<(), Error>, u64);

fn run(machines: &Machines, fate: Fate) -> (Vec<Ended>, u64) {
    run_until(machines, u64::MAX, fate)
}

fn run_until(machines: &Machines, over: u64, fate: Fate) -> (Vec<Ended>, u64) {
    let world = World::new(machines.latency, fate, over);
    let seats = PainterId::ALL.map(async |id| {
        let (clock, world, ahead) = (world.clone(), world.clone(), machines.ahead[id.index()]);
        let (takes, truncations) = (machines.takes[id.index()], machines.truncations);
        let backend = Slow { world: world.clone(), takes, truncations };
        let channel = Clocked { me: id, world, ahead, arrived: Default::default() };
        let result = async {
            let mut painter = Painter::join(id, channel, backend, [id.index() as u8 + 1; 32]).await?;
            program(&mut painter).await
        };
        (result.await, clock.now.get())
    });
    let results = world.run(join_all(seats));
    (results, world.now.get())
}

/// How many of the honest stopped, or whom one of them names instead of the cheat. Where all three stop in one piece of
/// work, they name the same two; who was done already, and hears of it in the next piece, may name the cheat with another.
fn judged(results: &[Ended], cheat: PainterId) -> Result<usize, String> {
    let honest = PainterId::ALL.into_iter().zip(results).filter(|(id, _)| *id != cheat);
    let mut named = Vec::new();
    for (id, (result, at)) in honest {
        match result {
            Ok(()) => {}
            Err(Error::Abort { suspects, cause }) if suspects.contains(&cheat) => {
                named.push((*suspects, at / IDLE, cause));
            }
            Err(error) => return Err(format!("{id}, and {cheat} is the cheat: {error}")),
        }
    }
    let together = named.len() == 3 && named.iter().all(|(_, piece, _)| *piece == named[0].1);
    let alike = !together || named.iter().all(|(pair, ..)| *pair == named[0].0);
    if alike { Ok(named.len()) } else { Err(format!("{named:?}")) }
}

/// As [`judged`], of many runs; fails with those that went wrong.
#[derive(Default)]
struct Tally {
    runs: usize,
    stopped: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, results: &[Ended], cheat: PainterId, what: impl FnOnce() -> String) {
        self.runs += 1;
        match judged(results, cheat) {
            Ok(stopped) => self.stopped += usize::from(stopped > 0),
            Err(wrong) => self.wrong.push(format!("{}: {wrong}", what())),
        }
    }

    fn check(self, least: usize) {
        let Self { runs, stopped, wrong } = self;
        println!("{runs} runs, {stopped} stopped, {} wrong", wrong.len());
        let some = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{} of {runs} runs: {some}", wrong.len());
        assert!(stopped >= least, "{stopped} of {runs} runs stopped");
    }
}

#[test]
fn honest_painters_finish_on_slow_machines() {
    for seed in 0..50 {
        let (results, took) = run(&Machines::of(seed), Box::new(|_, _, _| Some(0)));
        assert!(results.iter().all(|(result, _)| result.is_ok()), "seed {seed}");
        assert!(took < IDLE + 10_000, "{took} ms");
    }
}

/// Times around the deadline, by which a cheat is late.
const ALMOST: [u64; 11] = [7_000, 7_800, 7_900, 7_930, 7_950, 7_970, 7_980, 7_990, 8_000, 8_010, 8_100];

/// Links and clocks on which an honest painter is late for others where a cheat is late for it by a hair less than the
/// deadline.
fn alike() -> Machines {
    Machines { latency: [[40; 4]; 4], takes: [0; 4], ahead: [0, 7, 3, 1 << 40], truncations: 0 }
}

/// The attack: each frame of a kind to one painter comes just before the deadline, so that this one is late for the
/// others, who began to wait when it did.
#[test]
fn who_is_almost_late_is_named_and_not_whom_it_keeps_waiting() {
    let mut tally = Tally::default();
    let pair = [Kind::Truncate, Kind::Multiply];
    let kinds = Kind::ALL.iter().map(std::slice::from_ref).chain([&pair[..]]);
    for (kinds, cheat) in kinds.flat_map(|kinds| PainterId::ALL.map(|cheat| (kinds.to_vec(), cheat))) {
        for (victim, late) in cheat.others().flat_map(|victim| ALMOST.map(|late| (victim, late))) {
            let hit = kinds.clone();
            let fate = move |from, to, frame: &mut Vec<u8>| {
                let kind = Frame::decode(frame).unwrap().kind;
                Some(if from == cheat && to == victim && hit.contains(&kind) { late } else { 0 })
            };
            let (results, _) = run(&alike(), Box::new(fate));
            tally.add(&results, cheat, || format!("{cheat} is {late} ms late for {victim} with {kinds:?}"));
        }
    }
    tally.check(200);
}

/// As above, with one frame alone, whichever it is, for one painter or for two.
#[test]
fn one_frame_that_is_almost_late_makes_no_honest_painters_suspects() {
    let mut tally = Tally::default();
    for (cheat, other) in PainterId::ALL.into_iter().flat_map(|p| p.others().map(move |q| (p, q))) {
        for (nth, both) in (0..FRAMES).flat_map(|nth| [(nth, false), (nth, true)]) {
            for late in ALMOST {
                let mut sent = [0; 4];
                let fate = move |from: PainterId, to: PainterId, _: &mut Vec<u8>| {
                    let count = &mut sent[to.index()];
                    let hit = from == cheat && if both { to != other } else { to == other };
                    *count += usize::from(hit);
                    Some(if hit && *count == nth + 1 { late } else { 0 })
                };
                let (results, _) = run(&alike(), Box::new(fate));
                tally.add(&results, cheat, || {
                    format!("{cheat}, {other}, {both}: frame {nth} is {late} ms late")
                });
            }
        }
    }
    tally.check(200);
}

/// Every frame of a cheat, or every so many, comes late by any time up to a little more than a deadline, those of the
/// dispute included.
#[test]
fn who_is_late_at_random_is_named_and_nobody_else_alone() {
    let mut tally = Tally::default();
    for seed in seeds() {
        for cheat in PainterId::ALL {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let often = [1, 1, 4, 16][rng.next_u32() as usize % 4];
            let least = [0, 0, 7_000][rng.next_u32() as usize % 3];
            let fate = move |from, _, _: &mut Vec<u8>| {
                let late = least + u64::from(rng.next_u32()) % (DEADLINE + 160 - least);
                Some(if from == cheat && rng.next_u32().is_multiple_of(often) { late } else { 0 })
            };
            let (results, _) = run(&Machines::of(seed), Box::new(fate));
            tally.add(&results, cheat, || format!("seed {seed}, {cheat}, {often}, {least}"));
        }
    }
    tally.check(1);
}

/// Moves times in a cheat's testimony: from some round on, those of some kinds, all by the same or each by its own.
fn lie_about_times(rng: &mut ChaCha8Rng, frame: &mut [u8]) {
    const AFTER_ROUND: usize = HEADER_BYTES + 1 + 8;
    const STOPPED: usize = 9;
    const TIMES: usize = 105;
    let header = Frame::decode(frame).unwrap();
    if header.kind != Kind::Abort || frame[HEADER_BYTES] != 0 {
        return;
    }
    let round = u64::from_le_bytes(frame[HEADER_BYTES + 1..AFTER_ROUND].try_into().unwrap());
    let reason = match frame[AFTER_ROUND] {
        0 | 1 | 3 | 5 => 2,
        4 => 10,
        _ => return,
    };
    let shift = |rng: &mut ChaCha8Rng| i64::from(rng.next_u32() % 18_000) - 9_000;
    let (back, all, each) = (1 + rng.next_u32() % 6, shift(rng), rng.next_u32().is_multiple_of(4));
    // When frames left and were held, and when those of others came; of each its four painters.
    let kinds: [bool; 12] = std::array::from_fn(|_| rng.next_u32().is_multiple_of(2));
    let whole = rng.next_u32().is_multiple_of(2);
    let mut change = |rng: &mut ChaCha8Rng, place: usize| {
        let bytes = &mut frame[place..place + 8];
        let time = u64::from_le_bytes(bytes.try_into().unwrap());
        if time != u64::MAX && time != 0 {
            let by = if each { shift(rng) } else { all };
            bytes.copy_from_slice(&time.saturating_add_signed(by).to_le_bytes());
        }
    };
    change(rng, AFTER_ROUND + reason);
    let first = round.saturating_sub(63).max(1);
    for at in (first..=round).filter(|at| at + u64::from(back) > round) {
        let times = AFTER_ROUND + reason + STOPPED + (at - first) as usize * TIMES + 8;
        for kind in (0..12).filter(|kind| whole || kinds[*kind]) {
            change(rng, times + 8 * kind + usize::from(kind >= 8));
        }
    }
}

/// As [`who_is_late_at_random_is_named_and_nobody_else_alone`], and the cheat lies about when frames left and came.
#[test]
fn who_is_late_and_lies_about_it_is_named() {
    let mut tally = Tally::default();
    for (seed, cheat) in seeds().flat_map(|seed| PainterId::ALL.map(|cheat| (seed, cheat))) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 1 << 40);
        let [often, kind] = [1, 1].map(|_| rng.next_u32() as usize % 3);
        let victim = cheat.others().nth(rng.next_u32() as usize % 3);
        let alone = rng.next_u32().is_multiple_of(2);
        let lies = rng.next_u64();
        let fate = move |from, to, frame: &mut Vec<u8>| {
            if from != cheat {
                return Some(0);
            }
            // The same lie to everyone.
            lie_about_times(&mut ChaCha8Rng::seed_from_u64(lies), frame);
            let hit = rng.next_u32().is_multiple_of([1, 4, 12][often]) && (!alone || victim == Some(to));
            let dispute = Frame::decode(frame).unwrap().kind == Kind::Abort;
            let late = [7_800, 7_000, 4_000][kind] + u64::from(rng.next_u32() % 360);
            Some(if hit && !dispute { late } else { 0 })
        };
        let (results, _) = run(&Machines::of(seed), Box::new(fate));
        tally.add(&results, cheat, || format!("seed {seed}, {cheat}"));
    }
    tally.check(1);
}

/// It keeps every deadline, and the time for the work runs out: it is not only waited for by others, those wait for one
/// another because of it.
#[test]
fn who_is_slow_in_every_frame_is_named_when_the_time_for_the_work_is_over() {
    let mut tally = Tally::default();
    for (seed, cheat) in (0..20).flat_map(|seed| PainterId::ALL.map(|cheat| (seed, cheat))) {
        for (late, over) in [3_000, 4_000, 5_000, 6_000, 7_000].map(|late| (late, 24_000 + 100 * seed)) {
            let fate = move |from, _, frame: &mut Vec<u8>| {
                let dispute = Frame::decode(frame).unwrap().kind == Kind::Abort;
                Some(if from == cheat && !dispute { late } else { 0 })
            };
            let (results, _) = run_until(&Machines::of(seed), over, Box::new(fate));
            tally.add(&results, cheat, || format!("seed {seed}, {cheat} is {late} ms late with all"));
        }
    }
    tally.check(300);
}

/// A painter that answers nothing costs no more than the deadlines.
#[test]
fn a_dead_link_is_not_waited_for_longer() {
    for cheat in PainterId::ALL {
        let fate = move |from, _, frame: &mut Vec<u8>| {
            let lost = from == cheat && Frame::decode(frame).unwrap().kind == Kind::Multiply;
            (!lost).then_some(0)
        };
        let (results, took) = run(&Machines::of(1), Box::new(fate));
        assert_eq!(judged(&results, cheat), Ok(3));
        assert!(took < 2 * DEADLINE, "{took} ms");
    }
}
