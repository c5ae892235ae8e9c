//! What becomes of cheats: never a wrong opening, and the honest painters name the same two, of whom one is the cheat.

use std::{cell::RefCell, rc::Rc};

use abraham_messages::{Frame, Kind};
use abraham_mpc::{
    Cause, Channel, Error, PainterId,
    channel::{
        ChannelError,
        memory::{self, Fate},
    },
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::{
    harness::four,
    script::{Learnt, Lie, STEPS, script},
};

/// A frame of the script, as an honest run sends it.
#[derive(Clone, Copy)]
struct Sent {
    from: PainterId,
    to: PainterId,
    kind: Kind,
    bytes: usize,
    /// No later frame travels on its link.
    last: bool,
}

type Results = [Result<Learnt, Error>; 4];

/// A channel whose frames are changed before they enter another network.
struct Tampering<C> {
    me: PainterId,
    inner: C,
    tamper: Rc<RefCell<memory::Tamper>>,
}

impl<C: Channel> Channel for Tampering<C> {
    type Deadline = C::Deadline;

    fn deadline(&self) -> C::Deadline {
        self.inner.deadline()
    }

    async fn send(&self, to: PainterId, mut frame: Vec<u8>) -> Result<(), ChannelError> {
        let fate = self.tamper.borrow_mut()(self.me, to, &mut frame);
        if fate == Fate::Duplicate {
            self.inner.send(to, frame.clone()).await?;
        }
        if fate == Fate::Drop { Ok(()) } else { self.inner.send(to, frame).await }
    }

    async fn receive(&self, from: PainterId, until: &C::Deadline) -> Result<Vec<u8>, ChannelError> {
        self.inner.receive(from, until).await
    }
}

fn run(tamper: impl FnMut(PainterId, PainterId, &mut Vec<u8>) -> Fate + 'static) -> Results {
    four(memory::tampered_network(Box::new(tamper)), async |painter| script(painter, None).await)
}

fn learnt<C: Channel>(network: [C; 4]) -> Learnt {
    let mut results = four(network, async |painter| script(painter, None).await).into_iter();
    let first = results.next().unwrap();
    let first = first.unwrap_or_else(|error| panic!("an honest run failed: {error}"));
    assert!(results.all(|result| result.is_ok_and(|learnt| learnt == first)), "all four learn the same");
    first
}

/// What an honest run sends, and what everyone learns from it.
fn honest_run() -> (Vec<Sent>, Learnt) {
    let sent = Rc::new(RefCell::new(Vec::<Sent>::new()));
    let log = sent.clone();
    let tamper = move |from, to, frame: &mut Vec<u8>| {
        let mut log = log.borrow_mut();
        log.iter_mut()
            .filter(|sent: &&mut Sent| sent.from == from && sent.to == to)
            .for_each(|sent| sent.last = false);
        let kind = Frame::decode(frame).unwrap().kind;
        log.push(Sent { from, to, kind, bytes: frame.len(), last: true });
        Fate::Deliver
    };
    let learnt = learnt(memory::tampered_network(Box::new(tamper)));
    let frames = sent.borrow().clone();
    (frames, learnt)
}

/// What the honest did: how many stopped, and whether the update counted for those who did not.
struct Outcome {
    stopped: usize,
    dropped_update: bool,
}

/// Nobody honest is wrong, and all who stop name the same two, the cheat among them.
fn check(results: &Results, cheat: PainterId, right: &Learnt, what: &str) -> Outcome {
    let mut named = Vec::new();
    let mut accepted = Vec::new();
    for (painter, result) in PainterId::ALL.into_iter().zip(results).filter(|(painter, _)| *painter != cheat)
    {
        match result {
            Ok(learnt) => {
                accepted.push(learnt.accepted);
                let update = right.opened.len() - 2;
                for (i, (opened, right)) in learnt.opened.iter().zip(&right.opened).enumerate() {
                    if i == update && !learnt.accepted {
                        assert!(opened.data().iter().all(|x| *x == 0), "{what}: a dropped update is nothing");
                    } else {
                        assert!(opened == right, "{what}: {painter} opened something wrong");
                    }
                }
            }
            Err(Error::Abort { suspects, cause }) => {
                assert!(suspects.contains(&cheat), "{what}: {painter} names {suspects:?}: {cause}");
                named.push(*suspects);
            }
            Err(error) => panic!("{what}: {painter}: {error}"),
        }
    }
    // Who is done and has left does not help to agree.
    let alike = named.iter().all(|suspects| *suspects == named[0]);
    assert!(alike || named.len() < 3, "{what}: {named:?}");
    let stopped = named.len();
    assert!(accepted.iter().all(|x| *x == accepted[0]), "{what}: the update counts for all or for none");
    Outcome { stopped, dropped_update: accepted.first().is_some_and(|accepted| !accepted) }
}

#[test]
fn a_disordered_network_changes_nothing() {
    let (_, right) = honest_run();
    for seed in 0..200 {
        assert!(learnt(memory::disordered_network(seed)) == right, "seed {seed}");
    }
}

#[test]
fn every_message_flipped_dropped_or_duplicated_once() {
    let (frames, right) = honest_run();
    assert!(right.accepted && right.opened.len() == 5);
    let mut runs = 0;
    for (index, sent) in frames.iter().enumerate() {
        let payload = 8 * 9..8 * sent.bytes;
        let span = payload.len();
        // Kind, low and high bits of the sequence number, and bits all over the payload.
        let mut changes =
            vec![None, Some(usize::MAX), Some(0), Some(1), Some(3), Some(8), Some(9), Some(12), Some(71)];
        if span > 0 {
            changes.extend((0..8).map(|i| payload.start + i * (span - 1) / 7).map(Some));
            changes.extend(payload.take(12).map(Some));
        }
        for change in changes {
            let mut count = 0;
            let results = run(move |_, _, frame| {
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
            let Sent { from, to, kind, .. } = *sent;
            let what = format!("frame {index}, {kind:?} from {from} to {to}, change {change:?}");
            let outcome = check(&results, from, &right, &what);
            let teaching = matches!(kind, Kind::Update | Kind::Transcript | Kind::Verdict);
            let unread = change == Some(usize::MAX) && sent.last;
            if unread {
                assert_eq!(outcome.stopped, 0, "{what}");
            } else if outcome.dropped_update {
                assert!(teaching && outcome.stopped == 0, "{what}");
            } else {
                assert!(outcome.stopped > 0, "{what}: went unnoticed");
                // From the last opening on, who has nothing more to receive may be done before the others stop.
                let late = index + 12 + 12 + 8 + 24 >= frames.len();
                assert!(outcome.stopped == 3 || late, "{what}: {} stopped", outcome.stopped);
            }
        }
    }
    println!("{runs} runs over {} frames", frames.len());
    assert!(runs > 3000, "{runs} runs over {} frames", frames.len());
}

#[test]
fn a_consistent_lie_is_caught_before_anything_is_opened() {
    let (_, right) = honest_run();
    for step in 0..STEPS {
        let mut caught = 0;
        for painter in PainterId::ALL {
            for component in 0..3 {
                let lie = Lie { painter, step, component };
                let results = four(memory::network(), async |painter| script(painter, Some(lie)).await);
                let outcome = check(&results, painter, &right, &format!("{lie:?}"));
                caught += usize::from(outcome.stopped > 0);
            }
        }
        // A component of which nothing depends on the liar goes unnoticed, and does no harm.
        println!("step {step}: {caught} of 12 caught");
        assert!(caught >= 6, "step {step}: {caught} of 12 were caught");
    }
}

/// The frame that a painter sends to stop the committee, saying `reason` after having finished `round` rounds.
fn abort_frame(honest: &[u8], round: u64, reason: &[u8]) -> Vec<u8> {
    let sequence = Frame::decode(honest).unwrap().sequence;
    let mut frame = Frame::start(Kind::Abort, sequence, 0);
    frame.push(0);
    frame.extend_from_slice(&round.to_le_bytes());
    frame.extend_from_slice(reason);
    // It computed when it stopped; when that was, and when frames left and came in the last rounds, by no clock.
    frame.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 4]);
    for round in round.saturating_sub(63).max(1)..=round {
        frame.extend_from_slice(&round.to_le_bytes());
        frame.extend_from_slice(&[0; 65]);
        frame.extend_from_slice(&[255; 32]);
    }
    frame
}

#[test]
fn a_false_accusation_makes_its_author_a_suspect() {
    let (frames, right) = honest_run();
    for cheat in PainterId::ALL {
        let others: Vec<PainterId> = cheat.others().collect();
        let [a, b] = [others[0].index() as u8, others[1].index() as u8];
        let conflict = |topic: u8| {
            let mut reason = vec![2, topic, a];
            reason.extend([1; 32]);
            reason.push(b);
            reason.extend([2; 32]);
            reason
        };
        let mut reasons =
            vec![vec![0, a], vec![1, b], vec![3, a], vec![0, cheat.index() as u8], vec![], vec![9]];
        reasons.extend([0, 1, 2, u64::MAX].map(|depth| [&[4, a][..], &depth.to_le_bytes()].concat()));
        reasons.extend((0..31).map(conflict));
        for (i, reason) in reasons.into_iter().enumerate() {
            for (from_frame, round) in [(0, 0), (40, 3), (90, 5), (120, 1 << 40), (frames.len() - 30, 0)] {
                // Told to everyone, or to one only.
                for only in [None, Some(others[i % 3])] {
                    let (reason, mut count) = (reason.clone(), 0);
                    let results = run(move |from, to, frame| {
                        count += 1;
                        if from == cheat && count > from_frame && only.is_none_or(|only| only == to) {
                            *frame = abort_frame(frame, round, &reason);
                        }
                        Fate::Deliver
                    });
                    let outcome = check(
                        &results,
                        cheat,
                        &right,
                        &format!("{cheat}: {reason:?} {round} {only:?}", reason = i),
                    );
                    assert!(outcome.stopped > 0);
                }
            }
        }
    }
}

#[test]
fn a_painter_that_leaves_or_falls_silent_is_named_by_all() {
    let (frames, right) = honest_run();
    for cheat in PainterId::ALL {
        for after in (0..frames.len()).step_by(3) {
            let mut count = 0;
            let results = run(move |from, _, _| {
                count += 1;
                if from == cheat && count > after { Fate::Drop } else { Fate::Deliver }
            });
            check(&results, cheat, &right, &format!("{cheat} falls silent after frame {after}"));
        }
        // It is not there at all.
        let results = four(memory::network(), async |painter| {
            if painter.id() == cheat {
                return Err(Error::Closed);
            }
            script(painter, None).await
        });
        let outcome = check(&results, cheat, &right, &format!("{cheat} left"));
        assert_eq!(outcome.stopped, 3);
    }
}

#[test]
fn after_an_abort_every_call_fails() {
    let results = four(memory::network(), async |painter| {
        if painter.id().index() == 2 {
            return Err(Error::Closed);
        }
        assert!(matches!(
            painter.verify().await,
            Err(Error::Abort { cause: Cause::Silent(_) | Cause::Told(_), .. })
        ));
        assert!(matches!(painter.verify().await, Err(Error::Closed)));
        Ok(())
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
}

/// Changes frames of one painter again and again, those of the dispute that follows included.
fn havoc(seed: u64, cheat: PainterId, often: u32) -> impl FnMut(PainterId, PainterId, &mut Vec<u8>) -> Fate {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move |from, _, frame| {
        if from != cheat || rng.next_u32() % 100 >= often {
            return Fate::Deliver;
        }
        match rng.next_u32() % 6 {
            0 => return Fate::Drop,
            1 => return Fate::Duplicate,
            2 => {
                let place = rng.next_u32() as usize % frame.len();
                frame[place] ^= 1 << (rng.next_u32() % 8);
            }
            3 => frame.truncate(rng.next_u32() as usize % frame.len()),
            4 => {
                *frame = vec![0; rng.next_u32() as usize % 200];
                rng.fill_bytes(frame);
            }
            _ => {
                // Well-formed as far as the header goes.
                let kind = Kind::ALL[rng.next_u32() as usize % Kind::ALL.len()];
                let sequence = Frame::decode(frame).unwrap().sequence;
                let honest = frame.len();
                *frame = Frame::start(kind, sequence, 0);
                frame.resize(honest.max(20), 0);
                rng.fill_bytes(&mut frame[9..]);
                frame[9] %= 2;
                frame[10..18].copy_from_slice(&u64::from(rng.next_u32() % 20).to_le_bytes());
                frame[18] %= 3;
                frame[19] %= 4;
            }
        }
        Fate::Deliver
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn garbage_never_opens_anything_wrong_and_never_frames_the_honest(
        seed: u64,
        cheat in 0..4_usize,
        often in prop::sample::select(vec![1_u32, 5, 50, 100]),
        disordered: bool,
    ) {
        thread_local! {
            static RIGHT: Learnt = honest_run().1;
        }
        let cheat = PainterId::ALL[cheat];
        let results = if disordered {
            let tamper: memory::Tamper = Box::new(havoc(seed, cheat, often));
            let tamper = Rc::new(RefCell::new(tamper));
            let mut seats = PainterId::ALL.into_iter();
            let network = memory::disordered_network(seed).map(|inner| Tampering {
                me: seats.next().unwrap(),
                inner,
                tamper: tamper.clone(),
            });
            four(network, async |painter| script(painter, None).await)
        } else {
            run(havoc(seed, cheat, often))
        };
        RIGHT.with(|right| check(&results, cheat, right, &format!("seed {seed}, {cheat}, {often} %")));
    }
}
