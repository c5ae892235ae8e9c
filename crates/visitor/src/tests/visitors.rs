//! Visitors in a simulated world, from presence to pieces.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use abraham_collective::{BackendKind, EndCause, Event as News, Millis, Snapshot};
use abraham_learning::CandleKernelSums;
use abraham_messages::{
    ArtistName, PeerKey, SignedPiece,
    collective::BULK_HEADER_BYTES,
    node::{Command, Lane},
};
use abraham_mpc::{PainterId, UpdateShare};
use abraham_ring::CpuBackend;
use futures::executor::LocalPool;
use zeroize::Zeroizing;

use super::{
    engines::{pictures, recipe},
    world::{Clock, Known, World, spawn},
};
use crate::{Event, FrameTraffic, Handle, Network, Offer, SeedSource, Tools, Visitor};

/// Long enough for anything here; time passes only where all wait.
const LONG: Millis = 600_000;

const HOUR: Millis = 3_600_000;

struct Nowhere;

impl Network for Nowhere {
    fn send(&self, _: Command) {}
}

fn offer() -> Offer {
    Offer { paint: true, backend: BackendKind::Cpu, pace: 100 }
}

fn tools<N: Network>(
    network: N,
    timer: Clock,
    name: u64,
) -> Tools<N, Clock, CpuBackend, CandleKernelSums, Known> {
    Tools { network, timer, backend: CpuBackend, kernel: CandleKernelSums, seeds: Known::new(name) }
}

/// What a visitor's page was told.
#[derive(Default)]
struct Page {
    learned: Vec<(ArtistName, u64)>,
    pieces: Vec<(SignedPiece, bool)>,
    batches: usize,
    taught: Vec<u64>,
    ends: Vec<EndCause>,
    seat: Option<usize>,
    snapshot: Option<Snapshot>,
    snapshots: Vec<Millis>,
    frames: FrameTraffic,
    stopped: bool,
}

struct Guest {
    me: PeerKey,
    handle: Handle,
    page: Rc<RefCell<Page>>,
    /// What its clock shows beyond the world's time.
    ahead: Rc<Cell<Millis>>,
}

struct Party {
    world: World,
    pool: LocalPool,
    guests: Vec<Guest>,
}

impl Party {
    fn new(count: u64) -> Self {
        let mut party = Self { world: World::default(), pool: LocalPool::new(), guests: Vec::new() };
        (0..count).for_each(|name| party.join(name));
        party
    }

    fn join(&mut self, name: u64) {
        self.join_as(name, offer());
    }

    fn join_as(&mut self, name: u64, offer: Offer) {
        let secret: Zeroizing<[u8; 32]> = Known::new(1_000 + name).seed();
        // No two visitors' clocks agree.
        let ahead = Rc::new(Cell::new((1 + name) * HOUR));
        let clock = |me| self.world.clock(me, ahead.clone());
        let anybody = clock(PeerKey([0; 33]));
        let nobody = Visitor::new(recipe(), &secret, offer.clone(), tools(Nowhere, anybody, name));
        let me = nobody.unwrap().0.me();
        let (port, events) = self.world.node(me);
        let tools = tools(port, clock(me), name);
        let (visitor, handle) = Visitor::new(recipe(), &secret, offer, tools).unwrap();
        handle.pictures(Some(pictures(name as u8, 20)));
        let page: Rc<RefCell<Page>> = Rc::default();
        let (told, clock) = (page.clone(), self.world.clone());
        let run = visitor.run(events, move |event| told.borrow_mut().take(event, clock.now()));
        spawn(&self.pool, run);
        self.guests.push(Guest { me, handle, page, ahead });
    }

    fn run(&mut self, done: impl Fn(&[Guest]) -> bool) -> bool {
        let until = self.world.now() + LONG;
        self.world.run(&mut self.pool, until, || done(&self.guests))
    }

    /// Runs until guests see this many rounds; what they see.
    fn learn(&mut self, rounds: u64) -> ArtistName {
        let learnt = |guest: &Guest| guest.page.borrow().learned.iter().any(|(_, round)| *round >= rounds);
        assert!(self.run(|guests| guests.iter().any(learnt)), "{} rounds: {}", rounds, self.told());
        let guest = self.guests.iter().find(|guest| learnt(guest)).unwrap();
        let page = guest.page.borrow();
        page.learned.last().unwrap().0
    }

    /// The newest round that a guest saw being learnt.
    fn round(&self) -> u64 {
        let last = self.guests.iter().filter_map(|guest| guest.page.borrow().learned.last().copied());
        last.map(|(_, round)| round).max().unwrap_or_default()
    }

    /// Lets time pass.
    fn pass(&mut self, time: Millis) {
        let until = self.world.now() + time;
        self.world.run(&mut self.pool, until, || false);
    }

    fn told(&self) -> String {
        let told = self.guests.iter().map(|guest| {
            let page = guest.page.borrow();
            let snapshot = page.snapshot.as_ref();
            format!(
                "{}: {:?} {:?} {:?} learned {} ends {:?} dropped {:?}\n",
                guest.me,
                snapshot.map(|snapshot| snapshot.role),
                snapshot.map(|snapshot| snapshot.why),
                snapshot.and_then(|snapshot| snapshot.term.as_ref().map(|term| (
                    term.phase,
                    term.round,
                    term.teachers.len()
                ))),
                page.learned.len(),
                page.ends,
                snapshot.map(|snapshot| snapshot.rejections.clone()),
            )
        });
        told.collect()
    }

    fn seated(&self) -> Vec<usize> {
        (0..self.guests.len()).filter(|guest| self.guests[*guest].page.borrow().seat.is_some()).collect()
    }
}

impl Page {
    fn take(&mut self, event: Event, now: Millis) {
        match event {
            Event::Snapshot { snapshot, frames, .. } => {
                self.snapshot = Some(*snapshot);
                self.frames = frames;
                self.snapshots.push(now);
            }
            Event::Batch { samples, .. } => {
                assert_eq!(samples.len(), 6 * 108);
                self.batches += 1;
            }
            Event::Piece { piece, helped } => self.pieces.push((*piece, helped)),
            Event::Collective(News::TermBegan(term)) => self.seat = Some(term.seat),
            Event::Collective(News::TermEnded { cause, .. }) => {
                self.seat = None;
                self.ends.push(cause);
            }
            Event::Collective(News::Learned { artist, round, .. }) => self.learned.push((artist, round)),
            Event::Collective(News::Taught { bytes, .. }) => self.taught.push(bytes),
            Event::Stopped => self.stopped = true,
            _ => {}
        }
    }
}

#[test]
fn four_visitors_meet_learn_and_paint_the_same_pieces() {
    let mut party = Party::new(4);
    party.learn(9);
    let all_have_a_piece =
        |guests: &[Guest]| guests.iter().all(|guest| !guest.page.borrow().pieces.is_empty());
    assert!(party.run(all_have_a_piece), "{}", party.told());
    let first = party.guests[0].page.borrow().pieces[0].0.clone();
    assert_eq!(first.content.len(), 108);
    let update: usize =
        PainterId::ALL.iter().map(|id| UpdateShare::bytes_for(*id, recipe().update_shape())).sum();
    for guest in &party.guests {
        let page = guest.page.borrow();
        assert!(page.pieces[0].0 == first && page.pieces[0].1);
        assert!(page.batches >= 9 && !page.taught.is_empty());
        assert!(page.taught.iter().all(|bytes| *bytes == update as u64), "{:?} of {update}", page.taught);
        assert!(page.frames.sent > 0 && page.frames.excess == 0);
        // At most ten snapshots a second.
        assert!(page.snapshots.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{:?}", page.snapshots);
    }
}

#[test]
fn a_painter_that_is_gone_in_a_round_is_replaced_and_the_artist_goes_on() {
    let mut party = Party::new(5);
    let artist = party.learn(3);
    let seated = party.seated();
    assert_eq!(seated.len(), 4, "{}", party.told());
    // In the middle of a round: as soon as a batch more was opened.
    let lost = seated[1];
    let batches = party.guests[lost].page.borrow().batches;
    assert!(party.run(|guests| guests[lost].page.borrow().batches > batches));
    let gone = party.guests.remove(lost);
    party.world.kill(gone.me);
    let before = party.round();
    assert_eq!(party.learn(before + 3), artist, "{}", party.told());
    assert_eq!(party.seated().len(), 4);
}

#[test]
fn a_painter_that_sleeps_in_a_round_is_replaced_and_sits_again_after_it_woke() {
    // Some machines' monotonic clocks stand still while they sleep.
    for clock_goes_on in [true, false] {
        let mut party = Party::new(5);
        let artist = party.learn(3);
        let seated = party.seated();
        assert_eq!(seated.len(), 4, "{}", party.told());
        let sleeper = seated[2];
        let batches = party.guests[sleeper].page.borrow().batches;
        assert!(party.run(|guests| guests[sleeper].page.borrow().batches > batches));
        let me = party.guests[sleeper].me;
        party.world.close_lid(me);
        let before = party.round();
        assert_eq!(party.learn(before + 3), artist, "{}", party.told());
        let replacement = (0..5).find(|guest| !seated.contains(guest)).unwrap();
        assert!(party.guests[replacement].page.borrow().seat.is_some(), "{}", party.told());
        party.pass(60_000);

        let taught = party.guests[sleeper].page.borrow().taught.len();
        let slept = party.world.open_lid(me);
        if !clock_goes_on {
            let ahead = &party.guests[sleeper].ahead;
            ahead.set(ahead.get() - slept);
        }
        let woke = party.world.now();
        let back = |guests: &[Guest]| {
            let page = guests[sleeper].page.borrow();
            page.seat.is_none() && page.taught.len() > taught
        };
        assert!(party.run(back), "{}", party.told());
        assert!(party.world.now() - woke < 30_000, "{} ms", party.world.now() - woke);
        assert_eq!(party.seated().len(), 4, "nobody else's term ended: {}", party.told());

        // Of the others only three are left: they need it.
        let gone = party.guests.remove(replacement);
        party.world.kill(gone.me);
        let before = party.round();
        assert_eq!(party.learn(before + 3), artist, "{}", party.told());
        assert_eq!(party.seated().len(), 4, "{}", party.told());
    }
}

#[test]
fn a_cheating_frame_ends_the_term_and_names_the_cheat() {
    let mut party = Party::new(4);
    party.learn(2);
    let of: BTreeMap<usize, PeerKey> = party
        .guests
        .iter()
        .filter_map(|guest| guest.page.borrow().seat.map(|seat| (seat, guest.me)))
        .collect();
    // Joint inputs travel from painter 2 to painter 1.
    let (cheat, victim) = (of[&2], of[&1]);
    let lied = std::cell::Cell::new(false);
    party.world.tamper(move |from, to, lane, message| {
        if (from, to, lane) == (cheat, victim, Lane::Frames) && message.len() > 100 && !lied.replace(true) {
            let last = message.len() - 1;
            message[last] ^= 1;
        }
        true
    });
    let ended = |guests: &[Guest]| guests.iter().all(|guest| !guest.page.borrow().ends.is_empty());
    assert!(party.run(ended), "{}", party.told());
    let named = party.guests.iter().filter(|guest| guest.me != cheat).filter(|guest| {
        let page = guest.page.borrow();
        matches!(&page.ends[0], EndCause::Suspected { seats } if seats.contains(&2))
    });
    assert!(named.count() >= 1, "{}", party.told());
}

#[test]
fn stopping_is_prompt_and_the_last_word() {
    let mut party = Party::new(4);
    party.learn(1);
    let before = party.world.now();
    party.guests[0].handle.stop();
    assert!(party.run(|guests| guests[0].page.borrow().stopped));
    assert!(party.world.now() - before <= 100);
    let others = |guests: &[Guest]| guests[1..].iter().all(|guest| !guest.page.borrow().ends.is_empty());
    assert!(party.run(others), "{}", party.told());
    assert!(party.world.now() - before <= 1_000, "goodbyes are heard at once");
}

#[test]
fn without_pictures_nothing_is_learnt_and_pieces_are_painted() {
    let mut party = Party::new(4);
    party.guests.iter().for_each(|guest| guest.handle.pictures(None));
    let painted = |guests: &[Guest]| guests.iter().all(|guest| guest.page.borrow().pieces.len() >= 2);
    assert!(party.run(painted), "{}", party.told());
    assert!(party.guests.iter().all(|guest| guest.page.borrow().learned.is_empty()));
}

#[test]
fn what_a_teacher_uploads_is_exactly_its_shares() {
    let mut party = Party::new(4);
    party.join_as(4, Offer { paint: false, ..offer() });
    let teacher = party.guests[4].me;
    let uploads: Rc<RefCell<Vec<usize>>> = Rc::default();
    let seen = uploads.clone();
    party.world.tamper(move |from, _, lane, message| {
        if (from, lane) == (teacher, Lane::Bulk) {
            seen.borrow_mut().push(message.len());
        }
        true
    });
    let taught = |guests: &[Guest]| guests[4].page.borrow().taught.len() >= 3;
    assert!(party.run(taught), "{}", party.told());
    let shares = PainterId::ALL.map(|id| UpdateShare::bytes_for(id, recipe().update_shape()));
    let mut expected = shares.map(|share| BULK_HEADER_BYTES + share);
    expected.sort_unstable();
    let uploads = uploads.borrow();
    assert!(uploads.len() >= 12 && uploads.len().is_multiple_of(4));
    for round in uploads.chunks(4) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, expected);
    }
    assert_eq!(shares.iter().sum::<usize>(), 4 * 106 + 8 * 6 * 109);
    assert!(party.guests[4].page.borrow().taught.iter().all(|bytes| *bytes == 4 * 106 + 8 * 6 * 109));
}
