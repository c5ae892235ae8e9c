//! Clocks that are wrong, stand still or jump.

use abraham_collective::{Event, limits, snapshot::Role};
use abraham_messages::codec::hex;

use crate::{
    sleep::Waking,
    world::{World, both, teacher},
};

const HOUR: u64 = 3_600_000;

fn seats(world: &World) -> Vec<usize> {
    world.committees().into_values().next().unwrap_or_default()
}

fn knows(world: &World, node: usize, other: usize) -> bool {
    let key = hex(&world.nodes[other].key.0);
    world.snapshot(node).members.iter().any(|member| member.key == key)
}

/// Every way to wake, one after the other.
fn waking(seed: u64) -> Waking {
    Waking {
        clock_went_on: seed & 1 == 0,
        timers_first: seed & 2 == 0,
        noticed: if seed & 4 == 0 { 100 } else { 20_000 },
    }
}

#[test]
fn clocks_that_are_hours_apart_change_nothing() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        // Who misses nothing knows exactly when a member has expired.
        world.net.loss = 0;
        let clocks = [0, HOUR, 2 * HOUR, 26 * HOUR, 7 * HOUR];
        for clock in clocks {
            let wait = world.between((0, 1_000));
            world.join_at(both(16), wait, clock);
        }
        // It neither paints nor teaches, so nobody keeps a link to it: only presence tells of it.
        let onlooker = world.join_at(teacher(0), 0, HOUR / 2);
        assert!(world.run_until(15_000, World::one_committee), "seed {seed}");
        let end = world.now + 45_000;
        assert!(world.run_until(end, |world| world.round() >= 10), "seed {seed}: {}", world.round());
        for node in 0..clocks.len() {
            assert!(knows(&world, node, onlooker), "seed {seed}: {node}");
            assert_eq!(world.snapshot(node).done.terms > 0, world.sits(node), "seed {seed}: {node}");
        }
        world.kill(onlooker, 0);
        world.run(limits::PRESENCE_TIMEOUT / 2);
        assert!((0..clocks.len()).all(|node| knows(&world, node, onlooker)), "seed {seed}: too early");
        world.run(limits::PRESENCE_TIMEOUT / 2 + 2_000);
        assert!((0..clocks.len()).all(|node| !knows(&world, node, onlooker)), "seed {seed}: too late");
    }
}

#[test]
fn a_painter_that_sleeps_in_a_round_is_replaced_and_takes_a_seat_again_when_it_wakes() {
    for seed in 0..16 {
        let mut world = World::with(seed, 5, both(16));
        assert!(world.run_until(60_000, |world| world.round() >= 2), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        let first = seats(&world);
        let sleeper = first[seed as usize % 4];
        // In some phase or other.
        let wait = world.between((0, 3_000));
        world.run(wait);
        world.close_lid(sleeper);
        let opens = world.now + world.between((60_000, 300_000));
        let goes_on =
            world.run_until(opens.min(world.now + 60_000), |world| world.went_on(&artist, before + 2));
        assert!(goes_on, "seed {seed}: {:?}, was {artist} {before}", world.artist());
        let replacement = seats(&world).into_iter().find(|node| !first.contains(node));
        let replacement = replacement.expect("the fifth took the seat");
        world.run(opens - world.now);

        let before = world.round();
        world.open_lid(sleeper, waking(seed));
        let end = world.now + 30_000;
        let back = world.run_until(end, |world| {
            !world.sits(sleeper) && (0..5).all(|node| node == sleeper || knows(world, node, sleeper))
        });
        assert!(back, "seed {seed}: {:?}", world.snapshot(sleeper).last_end);
        assert_ne!(world.snapshot(sleeper).role, Role::Painter);
        world.run(20_000);
        assert!(world.one_committee(), "seed {seed}: {:?}", world.committees());
        assert!(world.round() > before + 5, "seed {seed}: it stalls nobody");
        let terms = |world: &World, node: usize| world.snapshot(node).done.terms;
        assert!((0..5).all(|node| node == sleeper || terms(&world, node) <= 2), "seed {seed}");

        // Without the replacement there are no other four.
        world.kill(replacement, 1_000);
        let (before, end) = (world.round(), world.now + 60_000);
        let goes_on = world
            .run_until(end, |world| seats(world).contains(&sleeper) && world.went_on(&artist, before + 2));
        assert!(goes_on, "seed {seed}: {:?}", world.artist());
    }
}

#[test]
fn four_of_whom_one_sleeps_wait_and_go_on_when_it_wakes() {
    for seed in 0..16 {
        let mut world = World::with(seed, 4, both(16));
        assert!(world.run_until(60_000, |world| world.round() >= 2), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        let wait = world.between((0, 3_000));
        world.run(wait);
        world.close_lid(3);
        let sleep = world.between((30_000, 300_000));
        world.run(sleep);
        assert!(world.committees().is_empty(), "seed {seed}: {:?}", world.committees());
        world.open_lid(3, waking(seed));
        let end = world.now + 60_000;
        let goes_on = world.run_until(end, |world| world.went_on(&artist, before + 2));
        assert!(goes_on, "seed {seed}: {:?}, was {artist} {before}", world.artist());
    }
}

#[test]
fn a_short_sleep_within_the_links_patience_costs_at_most_the_term() {
    for seed in 0..16 {
        let mut world = World::with(seed, 4, both(16));
        assert!(world.run_until(60_000, |world| world.round() >= 2), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        let wait = world.between((0, 3_000));
        world.run(wait);
        world.close_lid(2);
        let sleep = world.between((500, 14_000));
        world.run(sleep);
        world.open_lid(2, waking(seed));
        let end = world.now + 60_000;
        let goes_on = world.run_until(end, |world| world.went_on(&artist, before + 3));
        assert!(goes_on, "seed {seed}: {:?}, was {artist} {before}", world.artist());
        let suspected = |node: &crate::world::Node| {
            node.events.iter().any(|event| matches!(event, Event::Suspected { .. }))
        };
        assert!(!world.nodes.iter().any(suspected), "seed {seed}: sleep is no lie");
    }
}
