//! An artist is neither lost nor replaced while somebody in sight holds it.

use abraham_collective::snapshot::{Phase, WaitsFor, Why};
use abraham_messages::{ArtistName, codec::hex};

use crate::world::{World, both, painter, teacher};

fn seats(world: &World) -> Vec<usize> {
    world.committees().into_values().next().expect("one sits")
}

fn key(world: &World, node: usize) -> String {
    hex(&world.nodes[node].key.0)
}

fn name(artist: &str) -> ArtistName {
    ArtistName(std::array::from_fn(|i| u8::from_str_radix(&artist[2 * i..2 * i + 2], 16).expect("hex")))
}

/// A world whose `n` members have an artist that has learnt: its name, round and painters.
fn with_an_artist(seed: u64, n: usize) -> (World, String, u64, Vec<usize>) {
    let mut world = World::with(seed, n, both(30));
    assert!(world.run_until(60_000, |world| world.round() >= 5), "seed {seed}");
    let (artist, round) = world.artist().expect("it has a name");
    let seats = seats(&world);
    (world, artist, round, seats)
}

/// Five members; one rests for a while and comes back; then another closes its tab. No seat is left that the one who
/// came back may take, so the artist waits for one more visitor.
#[test]
fn one_rests_and_returns_another_closes_and_the_artist_waits_for_one_more_visitor() {
    for seed in 0..20 {
        let (mut world, artist, _, four) = with_an_artist(seed, 5);
        let (rests, closes) = (four[2], four[1]);
        world.set(rests, teacher(30));
        world.run(20_000);
        let (between, round) = world.artist().expect("it has a name");
        assert_eq!(between, artist, "seed {seed}");
        let now_sit = seats(&world);
        world.set(rests, both(30));
        world.run(20_000);
        world.leave(closes);
        world.run(200_000);
        assert!(world.committees().is_empty(), "seed {seed}: {:?}", world.artist());
        for node in (0..5).filter(|node| *node != closes) {
            let snapshot = world.snapshot(node);
            assert_eq!(snapshot.why, Why::WaitsForHolders, "seed {seed}");
            let waiting = snapshot.waiting.expect("something is waited for");
            assert_eq!((&waiting.artist, waiting.waits_for), (&artist, WaitsFor::Visitors), "seed {seed}");
            assert_eq!((waiting.visitors, waiting.seats_missing.len()), (1, 1), "seed {seed}");
            assert_eq!(waiting.bound.len(), 1, "seed {seed}: one of two that had the same seat");
            for holder in now_sit.iter().filter(|node| **node != closes) {
                assert!(waiting.holders.contains(&key(&world, *holder)), "seed {seed}");
            }
            assert!(snapshot.kept.iter().any(|kept| kept.artist == artist), "seed {seed}");
        }
        world.join(both(30), 0);
        let end = world.now + 30_000;
        assert!(
            world.run_until(end, |world| world.went_on(&artist, round)),
            "seed {seed}: {:?}",
            world.artist()
        );
    }
}

/// The four painters lose their links to each other at once, and dialling takes 12 to 25 s; three others are in
/// reserve.
#[test]
fn links_lost_at_once_and_slow_dials_replace_no_artist() {
    for seed in 0..20 {
        let (mut world, artist, _, _) = with_an_artist(seed, 7);
        world.run(5_000);
        let (four, round) = (seats(&world), world.round());
        world.net.dial = (12_000, 25_000);
        for a in 0..4 {
            for b in 0..a {
                world.cut(four[a], four[b], 200);
            }
        }
        let end = world.now + 120_000;
        let went_on = world.run_until(end, |world| {
            assert!(world.artist().is_none_or(|(now, _)| now == artist), "seed {seed}: {:?}", world.artist());
            world.went_on(&artist, round)
        });
        assert!(went_on, "seed {seed}: {:?}", world.artist());
    }
}

/// As many of the four as can close at once close at once. With fewer than two left nobody can go on, and nobody
/// replaces what the one that is left holds.
#[test]
fn of_four_that_close_at_once_two_may() {
    for (k, others) in [(1, 4), (2, 4), (3, 4)] {
        for seed in 0..20 {
            let (mut world, artist, round, four) = with_an_artist(seed, 4 + others);
            for seat in &four[..k] {
                world.leave(*seat);
            }
            let end = world.now + 60_000;
            let went_on = world.run_until(end, |world| world.went_on(&artist, round + 1));
            assert_eq!(went_on, k < 3, "seed {seed}, {k} of four: {:?}", world.artist());
            if k == 3 {
                assert!(world.committees().is_empty(), "seed {seed}");
                let waiting = world.snapshot(four[3]).waiting.expect("it waits");
                assert_eq!((waiting.artist, waiting.waits_for), (artist, WaitsFor::Holders), "seed {seed}");
                assert_eq!(waiting.holders, [key(&world, four[3])], "seed {seed}");
            }
        }
    }
}

/// One who holds an artist among three newcomers keeps it, until the visitors of all four choose another beside it;
/// then it keeps both, and the first goes on when another who holds it comes back.
#[test]
fn a_lone_holder_keeps_its_artist_also_beside_another_that_visitors_choose_to_begin() {
    for seed in 0..10 {
        let (mut world, artist, _, four) = with_an_artist(seed, 4);
        let (stays, sleeps) = (four[0], four[1]);
        world.set(sleeps, teacher(0));
        world.leave(four[2]);
        world.leave(four[3]);
        // The other who holds it is out of sight.
        world.run(1_000);
        let everyone = [stays, world.join(both(30), 0), world.join(both(30), 100), world.join(both(30), 200)];
        world.apart.extend(everyone.map(|other| (other.min(sleeps), other.max(sleeps))));
        world.split = true;
        for other in everyone {
            world.cut(sleeps, other, 100);
        }
        world.run(150_000);
        assert!(world.committees().is_empty(), "seed {seed}: {:?}", world.artist());
        world.begin_another(&everyone[..3]);
        world.run(20_000);
        assert!(world.committees().is_empty(), "seed {seed}: one has not chosen");
        assert!(world.snapshot(stays).waiting.is_some_and(|waiting| waiting.begins), "seed {seed}");
        world.begin_another(&everyone[3..]);
        let end = world.now + 60_000;
        assert!(world.run_until(end, |world| world.round() >= 2), "seed {seed}");
        let (other, _) = world.artist().expect("it has a name");
        assert_ne!(other, artist, "seed {seed}");
        let kept: Vec<String> = world.snapshot(stays).kept.into_iter().map(|kept| kept.artist).collect();
        assert_eq!(kept, [other, artist.clone()], "seed {seed}");
        // The other who holds the first comes back; the second ends. Two newcomers have no seat of the first.
        world.apart.clear();
        world.split = false;
        world.set(sleeps, both(30));
        world.run(5_000);
        world.leave(everyone[3]);
        world.join(both(30), 0);
        let end = world.now + 120_000;
        let either = world.run_until(end, |world| world.artist().is_some());
        assert!(either, "seed {seed}");
        let kept = world.snapshot(stays).kept;
        assert!(kept.iter().any(|kept| kept.artist == artist), "seed {seed}: nothing is erased");
    }
}

/// Four machines so slow that their pairs are named again and again keep their artist.
#[test]
fn four_slow_phones_keep_their_artist() {
    for seed in 0..10 {
        let (mut world, artist, _, _) = with_an_artist(seed, 4);
        let round = world.round();
        world.engines.slow = 6;
        world.engines.liars = true;
        let end = world.now + 900_000;
        let went_on = world.run_until(end, |world| {
            assert!(world.artist().is_none_or(|(now, _)| now == artist), "seed {seed}: {:?}", world.artist());
            world.engines.slow == 0 && world.went_on(&artist, round + 3)
        });
        assert!(went_on, "seed {seed}: {:?}, still slow {}", world.artist(), world.engines.slow);
    }
}

/// A link that breaks while a seat is filled makes nobody a suspect.
#[test]
fn a_link_that_breaks_while_a_seat_is_filled_marks_nobody() {
    let mut broken = 0;
    for seed in 0..64 {
        let (mut world, artist, round, four) = with_an_artist(seed, 6);
        world.leave(four[seed as usize % 4]);
        let end = world.now + 30_000;
        // One who is new and one who holds the artist, both at it, before the last of the four begins: none is filled.
        let fills = |world: &World| -> Option<(usize, usize)> {
            let filling = |node: &&usize| {
                world.snapshot(**node).term.is_some_and(|term| term.phase == Phase::SettingUp)
            };
            world.committees().values().filter(|seats| seats.len() < 4).find_map(|seats| {
                let (holders, new): (Vec<usize>, Vec<usize>) =
                    seats.iter().filter(filling).partition(|node| four.contains(node));
                Some((*holders.first()?, *new.first()?))
            })
        };
        // It may be over between two looks.
        let over = |world: &World| world.went_on(&artist, round);
        assert!(world.run_until(end, |world| fills(world).is_some() || over(world)), "seed {seed}");
        let Some((holder, new)) = fills(&world) else { continue };
        broken += 1;
        let broken_term = world.snapshot(new).term.expect("it sits").id;
        for node in [holder, new] {
            let term = world.snapshot(node).term.expect("it sits");
            assert_eq!(term.artist.as_ref(), Some(&artist), "seed {seed}: it is no new one");
            assert!(term.round + 1 >= round, "seed {seed}: {}", term.round);
        }
        // One who refused a proposal before, or does in the election that follows, has a fault for it.
        let faults = |world: &World| {
            [holder, new]
                .map(|node| world.snapshot(node).suspects.iter().map(|suspect| suspect.faults).sum::<u32>())
        };
        let before = faults(&world);
        world.cut(holder, new, 0);
        // Long enough for all four to know, and too short for another election.
        world.run(300);
        assert!(!world.committees().contains_key(&broken_term), "seed {seed}: the term is over");
        assert!(faults(&world).iter().zip(&before).all(|(now, before)| now <= before), "seed {seed}");
        let end = world.now + 60_000;
        assert!(world.run_until(end, |world| world.went_on(&artist, round)), "seed {seed}");
    }
    assert!(broken >= 8, "{broken} of 64");
}

/// Two tabs, with two keys more, that say they hold the artist at round 10^9 are among eight honest members; one
/// honest painter closes. The artist goes on with what honest members have.
#[test]
fn two_tabs_that_claim_a_later_state_take_no_artist_over() {
    const FAR: u64 = 1_000_000_000;
    for seed in 0..20 {
        let (mut world, artist, _, _) = with_an_artist(seed, 8);
        let tabs = [world.join(painter(), 0), world.join(painter(), 300)];
        world.forge(tabs, name(&artist), FAR);
        world.run(20_000);
        let (four, before) = (seats(&world), world.round());
        world.leave(four[seed as usize % 4]);
        // They propose it to all pairs of honest members, as soon as these see nobody paint.
        for turn in 0..40 {
            let honest: Vec<usize> = (0..8).filter(|node| world.nodes[*node].alive).collect();
            for (i, a) in honest.iter().enumerate() {
                let b = honest[(i + 1 + turn) % honest.len()];
                if *a != b {
                    world.grab(tabs, [*a, b], 1_000 + turn as u64);
                }
            }
            world.run(250);
        }
        let end = world.now + 60_000;
        assert!(
            world.run_until(end, |world| world.went_on(&artist, before)),
            "seed {seed}: {:?}",
            world.artist()
        );
        for node in 0..8 {
            let snapshot = world.snapshot(node);
            assert!(snapshot.kept.iter().all(|kept| kept.round < FAR), "seed {seed}: {:?}", snapshot.kept);
            assert!(snapshot.term.is_none_or(|term| term.round < FAR), "seed {seed}");
        }
        assert!(tabs.iter().all(|tab| !seats(&world).contains(tab)), "seed {seed}: they are given no seat");
    }
}
