//! Four engines over the simulated network, told what to do without a collective.

use std::{cell::RefCell, rc::Rc};

use abraham_artist::Architecture;
use abraham_collective::{Done, Failed, HeldCommitments, Origin, Term, Work};
use abraham_learning::{
    CandleKernelSums, Curation, GRADIENT_FRACTION_BITS, MIN_TEACHERS, Pictures, Schedule, reals,
    seat::{Recipe, Seat},
};
use abraham_messages::{
    ArtistName, Commitment, Latent, PeerKey, TermId,
    node::{Event, Lane},
};
use abraham_mpc::{PainterId, Scale, UpdateShare, channel::memory};
use abraham_ring::{CpuBackend, RingTensor};
use futures::{StreamExt, executor::LocalPool, future::try_join_all};
use zeroize::Zeroizing;

use super::world::{Clock, Known, Port, World, spawn};
use crate::{SeedSource, engine::Engine, limits::FRAME_TIMEOUT, painting::write_batch, switch::Switch};

type TestEngine = Engine<Port, Clock, CpuBackend, CandleKernelSums, Known>;

pub(super) fn recipe() -> Recipe {
    Recipe {
        architecture: Architecture::new(4, &[24, 16], 6, 3).unwrap(),
        batch: 6,
        inner: 1,
        schedule: Schedule::to_zero(40),
    }
}

pub(super) fn pictures(seed: u8, count: usize) -> Rc<Pictures> {
    let mut pictures = Pictures::new(6, 3).unwrap();
    let noise = abraham_artist::latents(&[seed; 32], count, 108);
    for picture in 0..count {
        let row = RingTensor::new(1, 108, noise.row(picture).to_vec()).unwrap();
        pictures.push(&reals(&row)).unwrap();
    }
    Rc::new(pictures)
}

struct Member {
    peer: PeerKey,
    engine: RefCell<TestEngine>,
}

/// Members with linked nodes and engines.
struct Members {
    world: World,
    pool: LocalPool,
    members: Vec<Rc<Member>>,
    tickets: u64,
}

impl Members {
    fn new(count: u8) -> Self {
        let (world, mut pool) = (World::default(), LocalPool::new());
        let members = (0..count).map(|name| {
            let peer = PeerKey([name; 33]);
            let (port, mut events) = world.node(peer);
            let switch = Rc::new(RefCell::new(Switch::new(port)));
            let mut engine = Engine::new(
                recipe(),
                switch.clone(),
                Rc::new(world.clock(peer, Rc::default())),
                CpuBackend,
                CandleKernelSums,
                Known::new(name.into()),
            );
            engine.set_pictures(Some(pictures(name, 20)));
            let clock = world.clone();
            spawn(&pool, async move {
                while let Some(event) = events.next().await {
                    let now = clock.now();
                    let mut switch = switch.borrow_mut();
                    match event {
                        Event::Message { peer, lane: Lane::Frames, message } => {
                            switch.deliver(peer, message, now);
                        }
                        Event::Sent { peer, bytes, .. } => switch.sent(peer, bytes),
                        Event::LinkDown { peer, .. } => switch.link_down(peer),
                        _ => {}
                    }
                }
            });
            Rc::new(Member { peer, engine: RefCell::new(engine) })
        });
        let members = members.collect();
        world.link_all();
        world.run(&mut pool, 0, || false);
        Self { world, pool, members, tickets: 0 }
    }

    fn term(&self, number: u64, seats: [usize; 4], seat: usize) -> Term {
        let id = TermId(*blake3::hash(&number.to_le_bytes()).as_bytes());
        Term { id, number, seats: seats.map(|member| self.members[member].peer), seat }
    }

    /// Gives each of these members its work and waits for all answers.
    fn work(&mut self, work: Vec<(usize, Work)>) -> Vec<Result<Done, Failed>> {
        let answers: Vec<Option<Result<Done, Failed>>> = work.iter().map(|_| None).collect();
        let answers = Rc::new(RefCell::new(answers));
        for (place, (member, work)) in work.into_iter().enumerate() {
            self.tickets += 1;
            let (ticket, member, answers) = (self.tickets, self.members[member].clone(), answers.clone());
            member.engine.borrow_mut().start(ticket, work);
            spawn(&self.pool, async move {
                let poll =
                    |context: &mut std::task::Context<'_>| member.engine.borrow_mut().poll_answer(context);
                let (answered, result) = std::future::poll_fn(poll).await;
                assert_eq!(answered, ticket);
                answers.borrow_mut()[place] = Some(result);
            });
        }
        let all = || answers.borrow().iter().all(Option::is_some);
        assert!(self.world.run(&mut self.pool, u64::MAX, all), "all answer");
        answers.take().into_iter().map(Option::unwrap).collect()
    }

    fn all(&mut self, seats: [usize; 4], work: impl Fn(usize) -> Work) -> Vec<Result<Done, Failed>> {
        self.work(seats.into_iter().enumerate().map(|(seat, member)| (member, work(seat))).collect())
    }

    fn begin(&mut self, number: u64, seats: [usize; 4], origin: &Origin) -> Vec<Result<Done, Failed>> {
        self.begin_kept(number, seats, origin, &[])
    }

    /// Begins a term, and has its first state certified: it is kept, and so are these.
    fn begin_kept(
        &mut self,
        number: u64,
        seats: [usize; 4],
        origin: &Origin,
        others: &[ArtistName],
    ) -> Vec<Result<Done, Failed>> {
        let terms = [0, 1, 2, 3].map(|seat| self.term(number, seats, seat));
        let answers =
            self.all(seats, |seat| Work::Begin { term: terms[seat].clone(), origin: origin.clone() });
        if answers.iter().all(Result::is_ok) {
            let artist = match origin {
                Origin::Continue { artist, .. } => *artist,
                Origin::Genesis => name(&begun(&answers)),
            };
            for member in seats {
                let artists = std::iter::once(artist).chain(others.iter().copied()).collect();
                self.members[member].engine.borrow_mut().start(0, Work::Keep { artists });
            }
        }
        answers
    }

    fn end(&mut self, number: u64, seats: [usize; 4]) {
        let term = self.term(number, seats, 0).id;
        for member in seats {
            self.members[member].engine.borrow_mut().start(0, Work::End { term });
        }
    }

    /// Paints a batch and has it taught by these members; the updates for each painter.
    fn taught(
        &mut self,
        seats: [usize; 4],
        artist: ArtistName,
        round: u64,
        teachers: &[usize],
    ) -> Result<[Vec<Zeroizing<Vec<u8>>>; 4], Failed> {
        let batches = self.all(seats, |_| Work::PaintBatch { artist, round });
        let batches: Vec<Vec<u8>> =
            batches.into_iter().map(|done| Ok(batch(done?))).collect::<Result<_, _>>()?;
        assert!(batches.iter().all(|batch| *batch == batches[0]));
        let taught = teachers.iter().map(|member| (*member, Work::Teach { batch: batches[0].clone() }));
        let taught = self.work(taught.collect());
        let mut updates: [Vec<Zeroizing<Vec<u8>>>; 4] = Default::default();
        for done in taught {
            let Done::Update { shares } = done? else { panic!("an update") };
            for (place, (updates, share)) in updates.iter_mut().zip(shares).enumerate() {
                let expected = UpdateShare::bytes_for(PainterId::ALL[place], recipe().update_shape());
                assert_eq!(share.len(), expected);
                updates.push(share);
            }
        }
        Ok(updates)
    }

    /// A round with these teachers; the state's commitments after it.
    fn round(
        &mut self,
        seats: [usize; 4],
        artist: ArtistName,
        round: u64,
        teachers: &[usize],
    ) -> Result<[Commitment; 4], Failed> {
        let updates = self.taught(seats, artist, round, teachers)?;
        let learnt = self.all(seats, |seat| Work::Learn { round, updates: updates[seat].clone() });
        let learnt = learnt.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(whole(learnt.iter().map(|done| match done {
            Done::Learned { dropped, commitments } => {
                assert!(dropped.is_empty());
                *commitments
            }
            _ => panic!("a round was learnt"),
        })))
    }

    fn piece(&mut self, seats: [usize; 4], latent: Latent) -> Vec<u8> {
        let pieces = self.all(seats, |_| Work::PaintPiece { latent });
        let pieces = pieces.into_iter().map(|done| match done.unwrap() {
            Done::Piece { content } => content,
            _ => panic!("a piece"),
        });
        let pieces: Vec<_> = pieces.collect();
        assert!(pieces.iter().all(|piece| *piece == pieces[0]));
        pieces[0].clone()
    }
}

fn batch(done: Done) -> Vec<u8> {
    match done {
        Done::Batch { bytes } => bytes,
        _ => panic!("a batch"),
    }
}

/// The four commitments, on which all holders agree.
fn whole(held: impl Iterator<Item = HeldCommitments>) -> [Commitment; 4] {
    let held: Vec<HeldCommitments> = held.collect();
    [0, 1, 2, 3].map(|c| {
        let mut of: Vec<Commitment> = held.iter().filter_map(|held| held[c]).collect();
        assert_eq!(of.len(), 3);
        of.dedup();
        assert_eq!(of.len(), 1);
        of[0]
    })
}

fn begun(answers: &[Result<Done, Failed>]) -> [Commitment; 4] {
    whole(answers.iter().map(|done| match done {
        Ok(Done::Begun { commitments, liars }) => {
            assert!(liars.is_empty());
            *commitments
        }
        _ => panic!("something else"),
    }))
}

fn name(commitments: &[Commitment; 4]) -> ArtistName {
    let bytes = commitments.map(|commitment| commitment.0);
    ArtistName(*blake3::hash(bytes.as_flattened()).as_bytes())
}

const FOUR: [usize; 4] = [0, 1, 2, 3];

#[test]
fn rounds_over_the_network_are_those_of_seats_in_one_process() {
    let mut members = Members::new(4);
    let first = begun(&members.begin(1, FOUR, &Origin::Genesis));
    let artist = name(&first);
    let mut last = first;
    for round in 1..=3 {
        last = members.round(FOUR, artist, round, &FOUR).unwrap();
    }
    let piece = members.piece(FOUR, Latent([5; 32]));

    let (solo_last, solo_piece) = pollster::block_on(async {
        let mut seeds = [0, 1, 2, 3].map(Known::new);
        let entropies = seeds.each_mut().map(|seeds| *seeds.seed());
        let joins = PainterId::ALL.into_iter().zip(memory::network()).zip(entropies);
        let joins = joins
            .map(|((id, channel), entropy)| Seat::join(id, channel, CpuBackend, entropy, recipe(), None));
        let mut seats = try_join_all(joins).await.unwrap();
        try_join_all(seats.iter_mut().map(Seat::genesis)).await.unwrap();
        for _ in 0..3 {
            let term = TermId(*blake3::hash(&1_u64.to_le_bytes()).as_bytes());
            let batches = seats.iter_mut().map(|seat| seat.paint_batch(&artist, &term));
            let batch = try_join_all(batches).await.unwrap()[0].clone();
            let mut updates: [Vec<Option<UpdateShare>>; 4] = Default::default();
            for (name, seeds) in seeds.iter_mut().enumerate() {
                let seeds = [seeds.seed(), seeds.seed(), seeds.seed()].map(|seed| *seed);
                let pictures = pictures(name as u8, 20);
                let kernel = CandleKernelSums;
                let recipe = recipe();
                let shares = crate::teaching::teach(&batch, &pictures, &kernel, &CpuBackend, &recipe, seeds);
                let shares = shares.await.unwrap();
                for ((id, updates), share) in PainterId::ALL.into_iter().zip(&mut updates).zip(shares) {
                    let scale = Scale::full(GRADIENT_FRACTION_BITS);
                    updates.push(UpdateShare::decode(&share, id, recipe.update_shape(), scale).ok());
                }
            }
            let curation = Curation::default();
            let learnt = seats.iter_mut().zip(updates);
            let learnt = learnt.map(|(seat, updates)| seat.learn(updates, MIN_TEACHERS, &curation));
            try_join_all(learnt).await.unwrap();
        }
        let last = whole(seats.iter().map(|seat| seat.state().unwrap().state_commitments()));
        let pieces = try_join_all(seats.iter_mut().map(|seat| seat.paint(&Latent([5; 32])))).await.unwrap();
        (last, pieces[0].clone())
    });
    assert_eq!(last, solo_last);
    assert_eq!(piece, solo_piece);
    assert_eq!(piece.len(), 108);
}

#[test]
fn a_replacement_is_filled_by_the_holders_and_the_artist_goes_on() {
    // Every pair of holders, and three holders.
    for (number, stay) in (0..16_u8).map(|bits| [0, 1, 2, 3].map(|seat| bits >> seat & 1 == 1)).enumerate() {
        if !(2..4).contains(&stay.iter().filter(|stays| **stays).count()) {
            continue;
        }
        let mut members = Members::new(8);
        let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
        let first = members.round(FOUR, artist, 1, &FOUR).unwrap();
        let before = members.piece(FOUR, Latent([7; 32]));
        members.end(1, FOUR);
        let seats = [0, 1, 2, 3].map(|seat| if stay[seat] { seat } else { seat + 4 });
        let origin = Origin::Continue { artist, round: 1, generation: 0, commitments: first, holders: stay };
        assert_eq!(begun(&members.begin(2, seats, &origin)), first, "{number}");
        // The same picture, up to the bounded rounding of other shares.
        let after = members.piece(seats, Latent([7; 32]));
        let apart = before.iter().zip(&after).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(apart <= Some(3), "{apart:?}");
        members.round(seats, artist, 2, &[0, 5, 7]).unwrap();
    }
}

#[test]
fn the_state_before_the_last_round_can_be_gone_back_to() {
    let mut members = Members::new(4);
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    let first = members.round(FOUR, artist, 1, &FOUR).unwrap();
    members.round(FOUR, artist, 2, &FOUR).unwrap();
    members.end(1, FOUR);
    // The second round was learnt and not certified.
    let origin = Origin::Continue { artist, round: 1, generation: 0, commitments: first, holders: [true; 4] };
    assert_eq!(begun(&members.begin(2, FOUR, &origin)), first);
    let second = members.round(FOUR, artist, 2, &FOUR).unwrap();
    members.end(2, FOUR);
    let origin =
        Origin::Continue { artist, round: 2, generation: 0, commitments: second, holders: [true; 4] };
    assert_eq!(begun(&members.begin(3, FOUR, &origin)), second);
    // What was forgotten cannot be gone on with, and that is nobody else's fault.
    members.end(3, FOUR);
    members.members[2].engine.borrow_mut().start(0, Work::Forget);
    let answers = members.begin(4, FOUR, &origin);
    assert!(matches!(&answers[2], Err(Failed { suspects: None, .. })));
}

/// An artist is kept beside another that is begun later, until it is no longer to be kept.
#[test]
fn shares_of_an_artist_stay_while_another_is_begun() {
    let mut members = Members::new(4);
    let first = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    let learnt = members.round(FOUR, first, 1, &FOUR).unwrap();
    members.end(1, FOUR);
    let keep = |members: &mut Members, artists: &[ArtistName]| {
        for member in FOUR {
            let work = Work::Keep { artists: artists.to_vec() };
            members.members[member].engine.borrow_mut().start(0, work);
        }
    };
    // A new one that was never certified is no artist, and replaces none.
    let terms = [0, 1, 2, 3].map(|seat| members.term(2, FOUR, seat));
    members.all(FOUR, |seat| Work::Begin { term: terms[seat].clone(), origin: Origin::Genesis });
    members.end(2, FOUR);
    keep(&mut members, &[first]);
    // One that was, is beside it.
    let second = members.all(FOUR, |seat| Work::Begin { term: terms[seat].clone(), origin: Origin::Genesis });
    let second = name(&begun(&second));
    keep(&mut members, &[second, first]);
    let other = members.round(FOUR, second, 1, &FOUR).unwrap();
    members.end(2, FOUR);
    for (number, artist, commitments) in [(3, first, learnt), (4, second, other)] {
        let origin = Origin::Continue { artist, round: 1, generation: 0, commitments, holders: [true; 4] };
        assert_eq!(begun(&members.begin_kept(number, FOUR, &origin, &[artist, first, second])), commitments);
        members.end(number, FOUR);
    }
    keep(&mut members, &[first]);
    let origin =
        Origin::Continue { artist: second, round: 1, generation: 0, commitments: other, holders: [true; 4] };
    let answers = members.begin(5, FOUR, &origin);
    assert!(answers.iter().all(|answer| matches!(answer, Err(Failed { suspects: None, late: None, .. }))));
}

#[test]
fn a_link_that_breaks_while_a_seat_is_filled_names_nobody() {
    // The link is lost at some time while components are on their way; or nothing comes over it.
    for after in [Some(1), Some(2), Some(3), None] {
        let mut members = Members::new(5);
        let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
        let first = members.round(FOUR, artist, 1, &FOUR).unwrap();
        members.end(1, FOUR);
        let (holder, empty) = (members.members[0].peer, members.members[4].peer);
        let (mut frames, world) = (0, members.world.clone());
        members.world.tamper(move |from, to, lane, _| {
            let between = lane == Lane::Frames && [(holder, empty), (empty, holder)].contains(&(from, to));
            frames += usize::from(between);
            if between && after == Some(frames) {
                world.cut(holder, empty);
            }
            !between || after.is_some()
        });
        let origin = Origin::Continue {
            artist,
            round: 1,
            generation: 0,
            commitments: first,
            holders: [true, true, true, false],
        };
        let answers = members.begin(2, [0, 1, 2, 4], &origin);
        for answer in answers {
            let failed = answer.err().unwrap();
            assert_eq!(failed.suspects, None, "{after:?}: {}", failed.reason);
            assert!(failed.late.is_some(), "{after:?}: nor is it this machine's fault");
        }
    }
}

/// Begins a second term in which the fifth member takes seat 3, and painter `cheat` sends it what `spoil` makes of its
/// parts of components; with the artist, the state and the answers.
fn filled_by_a_cheat(
    holders: [bool; 4],
    cheats: &[usize],
    spoil: fn(&mut Vec<u8>),
) -> (Members, ArtistName, [Commitment; 4], Vec<Result<Done, Failed>>) {
    let mut members = Members::new(6);
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    let first = members.round(FOUR, artist, 1, &FOUR).unwrap();
    members.end(1, FOUR);
    let cheats: Vec<PeerKey> = cheats.iter().map(|cheat| members.members[*cheat].peer).collect();
    let victim = members.members[4].peer;
    members.world.tamper(move |from, to, lane, message| {
        if cheats.contains(&from) && (to, lane) == (victim, Lane::Frames) && message.len() > 1_000 {
            spoil(message);
        }
        true
    });
    let seats = [0, 1, if holders[2] { 2 } else { 5 }, 4];
    let origin = Origin::Continue { artist, round: 1, generation: 0, commitments: first, holders };
    let answers = members.begin(2, seats, &origin);
    (members, artist, first, answers)
}

#[test]
fn a_wrong_component_is_asked_for_again_and_only_its_sender_is_named() {
    // A changed byte, a part that is too short, and one that is too long, before the term's prefix.
    for spoil in [
        |x: &mut Vec<u8>| x[500] ^= 1,
        |x: &mut Vec<u8>| drop(x.drain(..100)),
        |x: &mut Vec<u8>| x.insert(0, 0),
    ] {
        for cheat in [0, 1] {
            let holders = [true, true, true, false];
            let (mut members, artist, first, answers) = filled_by_a_cheat(holders, &[cheat], spoil);
            let commitments = whole(answers.into_iter().enumerate().map(|(seat, done)| match done {
                Ok(Done::Begun { commitments, liars }) => {
                    assert_eq!(liars, if seat == 3 { vec![cheat] } else { Vec::new() });
                    commitments
                }
                _ => panic!("the term began"),
            }));
            assert_eq!(commitments, first);
            members.world.tamper(|_, _, _, _| true);
            members.round([0, 1, 2, 4], artist, 2, &[0, 1, 2]).unwrap();
        }
    }
}

#[test]
fn a_wrong_component_that_no_second_holder_has_names_its_sender_and_receiver() {
    let spoil = |message: &mut Vec<u8>| message[500] ^= 1;
    let (.., answers) = filled_by_a_cheat([true, true, false, false], &[1], spoil);
    let failed = answers[3].as_ref().err().unwrap();
    assert_eq!(failed.suspects, Some([1, 3]), "{}", failed.reason);
    // Where two send another than was certified, it is one of them.
    let (.., answers) = filled_by_a_cheat([true, true, true, false], &[1, 2], spoil);
    let failed = answers[3].as_ref().err().unwrap();
    assert_eq!(failed.suspects, Some([1, 2]), "{}", failed.reason);
}

#[test]
fn a_cheating_frame_ends_the_work_with_the_same_suspects_for_all() {
    let mut members = Members::new(4);
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    members.round(FOUR, artist, 1, &FOUR).unwrap();
    // Joint inputs travel from painter 2 to painter 1.
    let (cheat, victim) = (members.members[2].peer, members.members[1].peer);
    let mut count = 0;
    members.world.tamper(move |from, to, lane, message| {
        if (from, to, lane) == (cheat, victim, Lane::Frames) {
            count += 1;
            if count == 2 {
                let last = message.len() - 1;
                message[last] ^= 1;
            }
        }
        true
    });
    let answers = members.all(FOUR, |_| Work::PaintBatch { artist, round: 2 });
    let failed = [0, 1, 3].map(|seat| answers[seat].as_ref().err());
    let suspects = failed.map(|failed| failed.and_then(|failed| failed.suspects));
    assert!(suspects.iter().all(|named| *named == suspects[0]));
    assert!(suspects[0].unwrap().contains(&2), "{suspects:?}");
    // The seat is lost, the shares are not.
    let again = members.all(FOUR, |_| Work::PaintBatch { artist, round: 2 });
    assert!(again.iter().all(Result::is_err));
}

#[test]
fn a_silent_painter_is_waited_for_no_longer_than_the_deadlines() {
    let mut members = Members::new(4);
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    let silent = members.members[3].peer;
    members.world.tamper(move |from, _, _, _| from != silent);
    let began = members.world.now();
    let answers = members.all(FOUR, |_| Work::PaintBatch { artist, round: 1 });
    for answer in &answers[..3] {
        assert!(answer.as_ref().err().unwrap().suspects.unwrap().contains(&3));
    }
    let took = members.world.now() - began;
    const MOST: abraham_collective::Millis = 7 * FRAME_TIMEOUT + 1_000;
    const { assert!(MOST <= abraham_collective::limits::WORK_TIMEOUT) };
    assert!(took <= MOST, "{took} ms");
}

/// It stays within every deadline, and makes honest painters wait for one another; the time for the work runs out.
#[test]
fn a_painter_that_is_slow_in_every_frame_is_the_cause_and_not_the_others_machines() {
    let mut failed = 0;
    for (slow, late) in
        FOUR.into_iter().flat_map(|slow| [3_000, 5_000, FRAME_TIMEOUT - 1_000].map(|late| (slow, late)))
    {
        let mut members = Members::new(4);
        let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
        let updates = members.taught(FOUR, artist, 1, &FOUR).unwrap();
        members.world.slow(members.members[slow].peer, late);
        let began = members.world.now();
        let answers = members.all(FOUR, |seat| Work::Learn { round: 1, updates: updates[seat].clone() });
        assert!(members.world.now() - began <= abraham_collective::limits::WORK_TIMEOUT);
        for (seat, answer) in answers.iter().enumerate().filter(|(seat, _)| *seat != slow) {
            if let Err(answer) = answer {
                let named = answer.suspects.is_some_and(|suspects| suspects.contains(&slow));
                assert!(named, "{slow} is slow by {late}, {seat}: {answer:?}");
                failed += 1;
            }
        }
    }
    assert!(failed >= 12, "{failed}");
}

#[test]
fn too_few_updates_that_count_teach_nothing_and_share_is_not_opened_alone() {
    let mut members = Members::new(4);
    let first = begun(&members.begin(1, FOUR, &Origin::Genesis));
    let artist = name(&first);
    let batches = members.all(FOUR, |_| Work::PaintBatch { artist, round: 1 });
    let bytes = batch(batches.into_iter().next().unwrap().unwrap());
    let Done::Update { shares } = members.work(vec![(0, Work::Teach { batch: bytes })]).remove(0).unwrap()
    else {
        panic!("an update")
    };
    // One honest update and two that decode to nothing: fewer than a committee learns from.
    let updates = |seat: usize| {
        let bytes = shares[seat].len();
        Vec::from([vec![0; bytes], shares[seat].to_vec(), vec![255; bytes]].map(Zeroizing::new))
    };
    let learnt = members.all(FOUR, |seat| Work::Learn { round: 1, updates: updates(seat) });
    let after = whole(learnt.into_iter().map(|done| match done.unwrap() {
        Done::Learned { dropped, commitments } => {
            assert_eq!(dropped, [0, 2]);
            commitments
        }
        _ => panic!("a round passed"),
    }));
    assert_eq!(after, first, "the weights are as they were");
    // The round has passed all the same.
    assert!(members.all(FOUR, |_| Work::PaintBatch { artist, round: 2 }).iter().all(Result::is_ok));
}

#[test]
fn work_out_of_order_is_refused() {
    let mut members = Members::new(4);
    let refused = |answers: Vec<Result<Done, Failed>>| {
        answers.iter().all(|answer| matches!(answer, Err(Failed { suspects: None, .. })))
    };
    assert!(refused(members.all(FOUR, |_| Work::PaintPiece { latent: Latent([0; 32]) })));
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    assert!(refused(members.all(FOUR, |_| Work::Learn { round: 1, updates: Vec::new() })));
    begun(&members.begin(2, FOUR, &Origin::Genesis));
    assert!(refused(members.all(FOUR, |_| Work::PaintBatch { artist, round: 2 })));
    assert!(refused(members.work(vec![(0, Work::Teach { batch: vec![0; 5] })])));
    members.members[0].engine.borrow_mut().set_pictures(None);
    let whole = write_batch(&RingTensor::zeros(6, 108));
    assert!(refused(members.work(vec![(0, Work::Teach { batch: whole })])));
}

#[test]
fn ended_work_leaves_the_shares_and_answers_nothing() {
    let mut members = Members::new(4);
    let artist = name(&begun(&members.begin(1, FOUR, &Origin::Genesis)));
    let first = members.round(FOUR, artist, 1, &FOUR).unwrap();
    for member in 0..4 {
        let engine = &members.members[member].engine;
        engine.borrow_mut().start(1_000, Work::PaintBatch { artist, round: 2 });
    }
    members.end(1, FOUR);
    let origin = Origin::Continue { artist, round: 1, generation: 0, commitments: first, holders: [true; 4] };
    assert_eq!(begun(&members.begin(2, FOUR, &origin)), first);
    members.round(FOUR, artist, 2, &FOUR).unwrap();
}
