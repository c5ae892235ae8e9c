use abraham_collective::{Event, view::Role};

use crate::world::{Manner, World, both, painter, teacher};

#[test]
fn exactly_one_committee_forms() {
    for n in [4, 5, 8, 20] {
        for seed in 0..50 {
            let mut world = World::with(seed, n, painter());
            assert!(world.run_until(20_000, World::one_committee), "{n} members, seed {seed}");
            world.run(5_000);
            assert!(world.one_committee(), "it stays: {n} members, seed {seed}");
        }
    }
}
