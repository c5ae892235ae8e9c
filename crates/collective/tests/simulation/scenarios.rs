//! What must hold, over many seeds.

use abraham_collective::{
    EndCause, Event, Input,
    snapshot::{Connection, Role, Why},
};
use abraham_messages::{
    RecipeId,
    node::{self, Lane},
};

use crate::world::{Manner, World, both, painter, teacher};

/// Rounds that the collective of a world has learnt.
fn pieces(world: &World, node: usize) -> usize {
    world.nodes[node].events.iter().filter(|event| matches!(event, Event::Piece { .. })).count()
}

#[test]
fn exactly_one_committee_forms_and_stays() {
    for n in [4, 5, 8, 20] {
        for seed in 0..100 {
            let mut world = World::with(seed, n, painter());
            assert!(world.run_until(15_000, World::one_committee), "{n} members, seed {seed}");
            world.run(5_000);
            assert!(world.one_committee(), "it stays: {n} members, seed {seed}");
        }
    }
}

#[test]
fn fewer_than_four_wait_and_say_so() {
    let mut world = World::with(1, 3, painter());
    world.run(60_000);
    assert!(world.committees().is_empty());
    for node in 0..3 {
        let snapshot = world.snapshot(node);
        assert_eq!((snapshot.role, snapshot.why), (Role::Waiting, Why::TooFewPainters));
        assert_eq!(snapshot.connection, Connection::Online);
        assert_eq!(snapshot.member_count, 3);
    }
}

#[test]
fn four_that_paint_and_teach_learn_and_paint() {
    for seed in 0..10 {
        let mut world = World::with(seed, 4, both(16));
        let learnt = world.run_until(60_000, |world| world.round() >= 10);
        assert!(learnt, "seed {seed}: round {}", world.round());
        world.run(500);
        for node in 0..4 {
            assert!(pieces(&world, node) >= 2, "one at first, one after eight rounds: seed {seed}");
            let done = world.snapshot(node).done;
            assert!(done.rounds_painted >= 9 && done.rounds_taught >= 9, "{done:?}");
            assert_eq!(done.terms, 1);
        }
        assert!(world.snapshot(0).members.iter().all(|member| member.in_term));
    }
}

#[test]
fn a_late_joiner_becomes_a_teacher_and_without_a_crowd_pieces_are_painted() {
    for seed in 0..20 {
        let mut world = World::with(seed, 4, painter());
        let teachers = [world.join(teacher(30), 500), world.join(teacher(30), 700)];
        assert!(world.run_until(15_000, World::one_committee), "seed {seed}");
        world.run(30_000);
        assert_eq!(world.round(), 0, "two teachers are no crowd");
        assert!(pieces(&world, 0) >= 2, "a piece now and then");
        assert!(pieces(&world, teachers[0]) >= 1, "others hear of them");
        let late = world.join(teacher(4), 0);
        let end = world.now + 20_000;
        assert!(world.run_until(end, |world| world.round() >= 3), "seed {seed}");
        let snapshot = world.snapshot(late);
        assert_eq!((snapshot.role, snapshot.why), (Role::Teacher, Why::Teaching), "seed {seed}");
        assert!(snapshot.done.rounds_taught >= 2, "seed {seed}");
    }
}

#[test]
fn a_departed_painter_is_replaced_and_the_artist_goes_on() {
    for seed in 0..60 {
        let mut world = World::with(seed, 6, both(16));
        assert!(world.run_until(60_000, |world| world.round() >= 2), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        let seats = world.committees().into_values().next().expect("one sits");
        let gone = seats[seed as usize % 4];
        // In some phase or other: paused, closed or killed.
        let wait = world.between((0, 3_000));
        world.run(wait);
        match seed % 3 {
            0 => world.set(gone, teacher(16)),
            1 => world.leave(gone),
            _ => world.kill(gone, 1_000),
        }
        world.run(500);
        let end = world.now + 60_000;
        let goes_on = world.run_until(end, |world| {
            world.went_on(&artist, before + 2)
                && !world.committees().values().any(|seats| seats.contains(&gone))
        });
        assert!(goes_on, "seed {seed}: {:?}, was {artist} {before}", world.artist());
    }
}

#[test]
fn painters_leave_one_after_the_other_and_the_artist_goes_on() {
    for seed in 0..8 {
        let mut world = World::with(seed, 10, both(16));
        assert!(world.run_until(60_000, |world| world.round() >= 1), "seed {seed}");
        let (artist, _) = world.artist().expect("it has a name");
        for _ in 0..4 {
            let seats = world.committees().into_values().next().expect("one sits");
            let gone = seats[world.between((0, 3)) as usize];
            let before = world.round();
            world.kill(gone, 1_000);
            let end = world.now + 60_000;
            let goes_on = world.run_until(end, |world| world.went_on(&artist, before));
            assert!(goes_on, "seed {seed}: {:?}, was {artist} {before}", world.artist());
        }
    }
}

#[test]
fn two_that_cannot_reach_each_other_are_never_seated_together() {
    for seed in 0..40 {
        // The world itself checks it whenever a term begins.
        let mut world = World::new(seed);
        world.apart.extend([(0, 1), (2, 3)]);
        for _ in 0..7 {
            let wait = world.between((0, 1_000));
            world.join(painter(), wait);
        }
        assert!(world.run_until(40_000, World::one_committee), "seed {seed}");
    }
    let mut world = World::new(7);
    world.apart.insert((0, 1));
    for _ in 0..4 {
        world.join(painter(), 0);
    }
    world.run(60_000);
    assert!(world.committees().is_empty(), "only four, and two of them cannot meet");
    assert_eq!(world.snapshot(0).why, Why::NoDirectLinks);
}

#[test]
fn of_two_committees_one_makes_way() {
    for seed in 0..20 {
        // Two groups that cannot see each other at first.
        let mut world = World::new(seed);
        for a in 0..4 {
            world.apart.extend((4..8).map(|b| (a, b)));
        }
        world.split = true;
        for _ in 0..8 {
            let wait = world.between((0, 500));
            world.join(both(16), wait);
        }
        let two = world.run_until(30_000, |world| world.committees().len() == 2);
        assert!(two, "seed {seed}");
        world.run(10_000);
        world.apart.clear();
        world.split = false;
        let end = world.now + 60_000;
        assert!(world.run_until(end, World::one_committee), "seed {seed}");
        world.run(20_000);
        assert!(world.one_committee(), "seed {seed}");
    }
}

#[test]
fn a_silent_proposer_is_passed_over() {
    for seed in 0..20 {
        let mut world = World::with(seed, 6, painter());
        for node in 0..2 {
            world.nodes[node].manner = Manner::ShyProposer;
        }
        assert!(world.run_until(40_000, World::one_committee), "seed {seed}");
    }
}

#[test]
fn a_silent_painter_is_replaced() {
    for seed in 0..20 {
        let mut world = World::with(seed, 6, both(16));
        assert!(world.run_until(40_000, |world| world.round() >= 1), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        let silent = world.committees().into_values().next().expect("one sits")[0];
        world.nodes[silent].manner = Manner::SilentFrom(world.now);
        let end = world.now + 150_000;
        let goes_on = world.run_until(end, |world| {
            world.went_on(&artist, before + 3)
                && !world.committees().values().any(|seats| seats.contains(&silent))
        });
        assert!(goes_on, "seed {seed}: {:?}", world.committees());
    }
}

#[test]
fn a_silent_teacher_costs_a_round_and_then_rests() {
    let mut world = World::with(3, 4, both(20));
    let lazy = world.join(teacher(30), 0);
    world.nodes[lazy].manner = Manner::LazyTeacher;
    world.join(teacher(30), 0);
    assert!(world.run_until(20_000, World::one_committee));
    let from = world.round();
    world.run(60_000);
    assert!(world.round() > from + 15, "{}", world.round());
}

#[test]
fn a_liar_does_no_worse_than_end_terms() {
    let mut alone = 0;
    for seed in 0..30 {
        let mut world = World::with(seed, 7, both(16));
        world.engines.liars = true;
        let liar = seed as usize % 7;
        world.nodes[liar].manner = Manner::Liar;
        // The world checks order, shapes and seats at every step.
        let mut learnt = world.run_until(240_000, |world| world.round() >= 5);
        if !learnt {
            // Terms that end use members up, each for one seat, until the liar may be the only one for one of them. The
            // artist is not given up for that: it waits until another visitor comes, and the liar goes.
            alone += 1;
            world.leave(liar);
            world.join(both(16), 0);
            let end = world.now + 240_000;
            learnt = world.run_until(end, |world| world.round() >= 5);
        }
        assert!(learnt, "seed {seed}: {:?}", world.artist());
    }
    assert!(alone <= 5, "of 30 worlds {alone} needed one more");
}

#[test]
fn garbage_and_replays_are_dropped_and_counted() {
    let mut world = World::with(5, 5, both(16));
    assert!(world.run_until(40_000, |world| world.round() >= 2));
    let seats = world.committees().into_values().next().expect("one sits");
    let (target, other) = (seats[0], seats[1]);
    let peer = world.nodes[other].key;
    for lane in [Lane::Control, Lane::Bulk] {
        for length in [0, 1, 7, 14, 100, 5_000] {
            for first in [0, 1, 2, 255] {
                let mut message = vec![first; length];
                if length > 3 {
                    message[1] = length as u8;
                }
                let event = node::Event::Message { peer, lane, message: message.into() };
                world.send(target, Input::Node(event));
            }
        }
    }
    let stranger = abraham_messages::PeerKey([3; 33]);
    for message in [vec![], vec![9], vec![1, 77], vec![1; 4_000], vec![1; 40_000]] {
        world.send(target, Input::Node(node::Event::Gossip { from: stranger, message }));
    }
    let rejections: u64 = world.snapshot(target).rejections.iter().map(|rejection| rejection.count).sum();
    assert!(rejections > 40, "{rejections}");
    let before = world.round();
    let end = world.now + 30_000;
    assert!(world.run_until(end, |world| world.round() > before + 5), "and nothing stalls");
}

/// A page that was reloaded after an update has another recipe than one that was not.
#[test]
fn members_of_two_recipes_form_two_committees_and_are_told_of_each_other() {
    const OTHER: RecipeId = RecipeId([5; 32]);
    for seed in 0..5 {
        let mut world = World::new(seed);
        for node in 0..9 {
            let wait = world.between((0, 1_000));
            match node % 2 {
                0 => world.join(both(30), wait),
                _ => world.join_by(OTHER, both(30), wait),
            };
        }
        assert!(
            world.run_until(60_000, |world| {
                let committees = world.committees();
                committees.len() == 2 && (0..9).all(|node| world.snapshot(node).term.is_some())
            }),
            "seed {seed}: {:?}",
            world.committees()
        );
        for seats in world.committees().into_values() {
            let parity: Vec<usize> = seats.iter().map(|seat| seat % 2).collect();
            assert!(parity.iter().all(|side| *side == parity[0]), "seed {seed}: {seats:?}");
        }
        for node in 0..9 {
            let snapshot = world.snapshot(node);
            let (own, foreign) = if node % 2 == 0 { (5, 4) } else { (4, 5) };
            assert_eq!(
                (snapshot.member_count, snapshot.foreign_count),
                (own, foreign),
                "seed {seed}, {node}"
            );
        }
    }
}

#[test]
fn ten_thousand_presences_change_nothing_for_those_who_know_each_other() {
    use abraham_messages::collective::{BackendKind, Gossip, Presence};
    let mut world = World::with(6, 5, both(16));
    assert!(world.run_until(40_000, |world| world.round() >= 1));
    let presence = |n: u64| Presence {
        sequence: n,
        recipe: crate::world::RECIPE,
        paint: true,
        pictures: 1_000,
        backend: BackendKind::Gpu,
        addresses: vec!["/nowhere".into()],
        links: (0..24).map(|_| abraham_messages::PeerKey([2; 33])).collect(),
        holding: None,
        seated: None,
        known_term: 1 << 19,
    };
    for n in 0..10_000_u64 {
        let mut key = [2; 33];
        key[1..9].copy_from_slice(&n.to_le_bytes());
        let message = Gossip::Presence(presence(1)).encode();
        for node in 0..5 {
            let event =
                node::Event::Gossip { from: abraham_messages::PeerKey(key), message: message.clone() };
            world.send(node, Input::Node(event));
        }
    }
    let snapshot = world.snapshot(0);
    assert!(snapshot.member_count <= abraham_collective::limits::MAX_MEMBERS + 1);
    assert!(snapshot.members.len() <= abraham_collective::limits::MAX_SNAPSHOT_MEMBERS);
    let before = world.round();
    let end = world.now + 60_000;
    assert!(world.run_until(end, |world| world.round() > before + 5), "{}", world.round());
}

#[test]
fn without_a_relay_the_committee_goes_on() {
    for seed in 0..5 {
        let mut world = World::with(seed, 5, both(16));
        assert!(world.run_until(40_000, |world| world.round() >= 1), "seed {seed}");
        world.relay(false);
        world.run(5_000);
        let before = world.round();
        world.run(60_000);
        assert!(world.round() > before + 10, "seed {seed}: links stay");
        assert!(matches!(world.snapshot(0).connection, Connection::Offline { .. }));
        world.relay(true);
        world.run(10_000);
        let late = world.join(teacher(20), 0);
        let end = world.now + 30_000;
        assert!(world.run_until(end, |world| world.snapshot(late).done.rounds_taught > 0), "seed {seed}");
    }
}

#[test]
fn links_that_break_at_any_moment_stop_nothing_for_long() {
    for seed in 0..10 {
        let mut world = World::with(seed, 6, both(16));
        world.run(3_000);
        for _ in 0..30 {
            let (a, b) = (world.between((0, 5)) as usize, world.between((0, 5)) as usize);
            if a != b {
                world.cut(a, b, 300);
            }
            let wait = world.between((0, 4_000));
            world.run(wait);
        }
        let before = world.round();
        let end = world.now + 90_000;
        let goes_on = world.run_until(end, |world| world.one_committee() && world.round() >= before + 3);
        assert!(goes_on, "seed {seed}: {:?} {:?}", world.committees(), world.artist());
    }
}

#[test]
fn a_painter_that_pauses_leaves_between_two_rounds_without_blame() {
    let mut world = World::with(2, 5, both(16));
    assert!(world.run_until(40_000, |world| world.round() >= 2));
    let seats = world.committees().into_values().next().expect("one sits");
    let pauses = seats[2];
    world.set(pauses, teacher(16));
    let end = world.now + 10_000;
    assert!(world.run_until(end, |world| !world.sits(pauses)));
    assert_eq!(world.snapshot(pauses).last_end, Some(EndCause::Left));
    world.run(1_000);
    for seat in seats.iter().filter(|seat| **seat != pauses) {
        let snapshot = world.snapshot(*seat);
        assert!(snapshot.suspects.is_empty());
        assert!(matches!(snapshot.last_end, Some(EndCause::Departed { .. })), "{:?}", snapshot.last_end);
    }
}
