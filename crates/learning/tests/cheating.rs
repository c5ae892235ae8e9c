//! What becomes of cheats in what painters really run: a term that draws an artist, paints a batch and learns from it.
//! Each of its messages, to the last, is changed, dropped and doubled once. Either the honest painters stop and name the
//! cheat, or all holders of a component have the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{cell::RefCell, rc::Rc};

use abraham_artist::Architecture;
use abraham_learning::{
    Curation, DENOMINATOR_FRACTION_BITS, Error, GRADIENT_FRACTION_BITS, Schedule,
    seat::{Recipe, Seat},
};
use abraham_messages::{ArtistName, Commitment, Frame, Kind, TermId};
use abraham_mpc::{
    Channel, Error as Protocol, PainterId, Scale, UpdateShare,
    channel::memory::{self, Fate},
    split_update,
};
use abraham_ring::{CpuBackend, RingTensor};
use futures::future::join_all;

/// Teachers of the round; learning needs one.
const TEACHERS: usize = 2;

type Commitments = [Option<Commitment>; 4];

/// What one painter has after the term, as far as it came.
#[derive(Default)]
struct Held {
    drawn: Option<Commitments>,
    learnt: Option<(usize, Commitments)>,
    stopped: Option<Error>,
}

/// Who sent what, in an honest run.
#[derive(Clone, Copy)]
struct Sent {
    from: PainterId,
    to: PainterId,
    kind: Kind,
    bytes: usize,
}

fn recipe() -> Recipe {
    Recipe {
        architecture: Architecture::new(2, &[3, 2], 2, 1).unwrap(),
        batch: 2,
        inner: 1,
        schedule: Schedule::to_zero(40),
    }
}

/// Every teacher's share for one painter.
async fn updates(painter: PainterId) -> Vec<Option<UpdateShare>> {
    let (rows, cols) = recipe().update_shape();
    let mut updates = Vec::new();
    for teacher in 0..TEACHERS {
        // A picture's weight lies on the batch's first picture alone.
        let update = RingTensor::from_fn(rows, cols, |row, col| match (row, col + 1 == cols) {
            (0, true) => 1 << DENOMINATOR_FRACTION_BITS,
            (_, true) => 0,
            (row, false) => ((row + col + teacher) as u64) << (DENOMINATOR_FRACTION_BITS - 2),
        });
        let seeds = std::array::from_fn(|c| [(3 * teacher + c) as u8 + 50; 32]);
        let shares = split_update(&update, Scale::full(GRADIENT_FRACTION_BITS), seeds, &CpuBackend).await;
        updates.push(shares.unwrap().into_iter().nth(painter.index()));
    }
    updates
}

async fn term<C: Channel>(id: PainterId, channel: C, held: &mut Held) -> Result<(), Error> {
    let entropy = [id.index() as u8 + 1; 32];
    let mut seat = Seat::join(id, channel, CpuBackend, entropy, recipe(), None).await?;
    seat.genesis().await?;
    held.drawn = Some(seat.state()?.state_commitments());
    seat.paint_batch(&ArtistName([9; 32]), &TermId([7; 32])).await?;
    let learnt = seat.learn(updates(id).await, 1, &Curation::default()).await?;
    held.learnt = Some((learnt.teachers, seat.state()?.state_commitments()));
    Ok(())
}

/// A whole term of four painters, on whose messages `tamper` decides.
fn run(tamper: impl FnMut(PainterId, PainterId, &mut Vec<u8>) -> Fate + 'static) -> [Held; 4] {
    let network = memory::tampered_network(Box::new(tamper));
    let seats = PainterId::ALL.into_iter().zip(network).map(async |(id, channel)| {
        let mut held = Held::default();
        held.stopped = term(id, channel, &mut held).await.err();
        held
    });
    pollster::block_on(join_all(seats)).try_into().unwrap_or_else(|_| unreachable!("there are four"))
}

/// The commitments to all four components, after checking that those who hold one say the same.
fn whole<'a>(held: impl Iterator<Item = &'a Commitments>, what: &str) -> Commitments {
    let mut whole = [None; 4];
    for commitments in held {
        for (whole, commitment) in whole.iter_mut().zip(commitments) {
            if let Some(commitment) = commitment {
                assert_eq!(whole.get_or_insert(*commitment), commitment, "{what}: holders differ");
            }
        }
    }
    whole
}

fn honest_run() -> (Vec<Sent>, [Held; 4]) {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let log = sent.clone();
    let held = run(move |from, to, frame| {
        let kind = Frame::decode(frame).unwrap().kind;
        log.borrow_mut().push(Sent { from, to, kind, bytes: frame.len() });
        Fate::Deliver
    });
    let frames = sent.borrow().clone();
    (frames, held)
}

#[test]
fn every_message_of_a_term_flipped_dropped_or_duplicated_once() {
    let (frames, right) = honest_run();
    let learnt = |held: &[Held], cheat: Option<PainterId>, what: &str| {
        let honest = || held.iter().zip(PainterId::ALL).filter(|(_, id)| Some(*id) != cheat);
        let teachers: Vec<usize> = honest().filter_map(|(held, _)| held.learnt).map(|(t, _)| t).collect();
        assert!(teachers.iter().all(|t| *t == teachers[0]), "{what}: updates count for all or for none");
        let drawn = whole(honest().filter_map(|(held, _)| held.drawn.as_ref()), what);
        let learnt = whole(honest().filter_map(|(held, _)| held.learnt.as_ref().map(|(_, c)| c)), what);
        (drawn, learnt, teachers.first().copied())
    };
    let (drawn, after, teachers) = learnt(&right, None, "honest");
    assert!(right.iter().all(|held| held.stopped.is_none()) && teachers == Some(TEACHERS));
    assert!(drawn != after && after.iter().all(Option::is_some));
    let (mut runs, mut noticed) = (0, 0);
    for (index, Sent { from, to, kind, bytes }) in frames.iter().copied().enumerate() {
        let last_bit = 8 * bytes - 1;
        // Kind, sequence number, and the payload's first, middle and last bits.
        let flips = [0, 8, 72.min(last_bit), (72 + last_bit) / 2, last_bit].map(Some);
        for change in [None, Some(usize::MAX)].into_iter().chain(flips) {
            let mut count = 0;
            let held = run(move |_, _, frame| {
                count += 1;
                match change {
                    _ if count != index + 1 => Fate::Deliver,
                    None => Fate::Drop,
                    Some(usize::MAX) => Fate::Duplicate,
                    Some(bit) => {
                        frame[bit / 8] ^= 1 << (bit % 8);
                        Fate::Deliver
                    }
                }
            });
            runs += 1;
            let what = format!("frame {index}, {kind:?} from {from} to {to}, change {change:?}");
            let mut named = Vec::new();
            for (painter, held) in PainterId::ALL.into_iter().zip(&held).filter(|(id, _)| *id != from) {
                match &held.stopped {
                    None => assert!(held.learnt.is_some()),
                    Some(
                        Error::Protocol(Protocol::Abort { suspects, cause })
                        | Error::Artist(abraham_artist::Error::Protocol(Protocol::Abort { suspects, cause })),
                    ) => {
                        assert!(suspects.contains(&from), "{what}: {painter} names {suspects:?}: {cause}");
                        named.push(*suspects);
                    }
                    Some(error) => panic!("{what}: {painter}: {error}"),
                }
            }
            noticed += usize::from(!named.is_empty());
            let alike = named.iter().all(|suspects| *suspects == named[0]);
            assert!(alike || named.len() < 3, "{what}: {named:?}");
            let (drawn_now, after_now, counted) = learnt(&held, Some(from), &what);
            if held.iter().zip(PainterId::ALL).any(|(held, id)| id != from && held.drawn.is_some()) {
                assert_eq!(drawn_now, drawn, "{what}: another artist");
            }
            if counted == Some(TEACHERS) {
                assert_eq!(after_now, after, "{what}: another state");
            }
        }
    }
    println!("{noticed} of {runs} runs over {} frames were stopped", frames.len());
    assert!(runs > 2_000 && noticed * 10 > runs * 8, "{noticed} of {runs}");
}
