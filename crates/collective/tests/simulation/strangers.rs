//! Strangers with free keys and raw messages, who would stop everyone, ask for what is not theirs, or be believed.

use std::{cell::RefCell, rc::Rc};

use abraham_collective::{BackendKind, Event, limits};
use abraham_messages::{
    ArtistName, BatchId, Commitment, Latent, Nonce, PainterSignature, PeerKey, SignedPiece, TermId,
    collective::{
        Bulk, BulkKind, Certificate, Control, Gossip, Notice, Presence, Proposal, ProposedOrigin, Seated,
        StateStatement,
    },
    node::Lane,
};
use abraham_provenance::{Signer, Unsigned};
use zeroize::Zeroizing;

use crate::world::{RECIPE, World, both, painter, teacher};

/// As honest members do.
const EVERY: u64 = limits::PRESENCE_INTERVAL;

fn presence(world: &World) -> Presence {
    Presence {
        sequence: world.now + 1,
        recipe: RECIPE,
        paint: true,
        pictures: 0,
        backend: BackendKind::Cpu,
        addresses: vec!["/memory/0".into()],
        links: Vec::new(),
        holding: None,
        seated: None,
        known_term: 0,
    }
}

fn says(world: &mut World, stranger: usize, presence: Presence) {
    world.publish(stranger, Gossip::Presence(presence).encode());
}

fn signer(world: &World, stranger: usize) -> Signer {
    Signer::new(world.secret(stranger)).expect("a good secret")
}

/// Four strangers' own term: its proposal, and a certificate of any state.
struct MadeUp {
    strangers: [usize; 4],
    proposal: Proposal,
    certificate: Certificate,
}

impl MadeUp {
    fn new(world: &World, strangers: [usize; 4], round: u64) -> Self {
        let seats = strangers.map(|stranger| world.nodes[stranger].key);
        let proposal = Proposal {
            number: 1,
            recipe: RECIPE,
            seats,
            origin: ProposedOrigin::Genesis,
            nonce: Nonce([7; 32]),
        };
        let term = TermId(*blake3::hash(&proposal.term_bytes()).as_bytes());
        let statement = StateStatement {
            artist: ArtistName([8; 32]),
            round,
            generation: 0,
            commitments: [Commitment([9; 32]); 4],
            term,
            seats,
        };
        let signatures = strangers.map(|stranger| Some(signer(world, stranger).sign(&statement)));
        Self { strangers, proposal, certificate: Certificate { statement, signatures } }
    }

    fn say_that_they_sit(&self, world: &mut World) {
        let StateStatement { artist, round, term, .. } = self.certificate.statement;
        for (seat, stranger) in self.strangers.into_iter().enumerate() {
            let seated = Seated { term, number: self.proposal.number, seat: seat as u8, artist, round };
            let presence = Presence { seated: Some(seated), ..presence(world) };
            says(world, stranger, presence);
        }
    }

    fn show(&self, world: &mut World, to: usize) {
        let (proposal, certificate) = (self.proposal.clone(), Box::new(self.certificate.clone()));
        let message: abraham_messages::Payload = Control::Sits { proposal, certificate }.encode().into();
        for stranger in self.strangers {
            world.carry(stranger, to, Lane::Control, message.clone());
        }
    }
}

#[test]
fn who_only_says_that_it_sits_stops_no_election() {
    for seed in 0..10 {
        let mut world = World::with(seed, 8, painter());
        let keys: Vec<usize> = (0..30).map(|_| world.stranger(false)).collect();
        // Three say so all the time; and every few seconds, three under other keys that they sit elsewhere.
        world.every(EVERY, move |world| {
            let turn = (world.now / 10_000) as usize;
            for (term, first) in [(1, 0), (2 + turn as u8, 3 + 3 * (turn % 9))] {
                for seat in 0..3 {
                    let seated = Seated {
                        term: TermId([term; 32]),
                        number: 9,
                        seat: seat as u8,
                        artist: ArtistName([1; 32]),
                        round: 1 << 40,
                    };
                    let presence = Presence { seated: Some(seated), ..presence(world) };
                    says(world, keys[first + seat], presence);
                }
            }
        });
        let end = limits::UNSHOWN_TERM_TIMEOUT + 10_000;
        assert!(world.run_until(end, World::one_committee), "seed {seed}");
        world.run(60_000);
        assert!(world.one_committee(), "and it stays: seed {seed}");
    }
}

/// The place that a key has in the order for some purpose, which anybody can try keys for.
fn place(purpose: &[u8], key: &PeerKey) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 order of members v1");
    hasher.update(&(purpose.len() as u64).to_le_bytes()).update(purpose).update(&key.0);
    *hasher.finalize().as_bytes()
}

/// So many strangers whose keys come before those of all who are here.
fn first_in(world: &mut World, purpose: &[u8], count: usize, answer: bool) -> Vec<usize> {
    let first = world.nodes.iter().map(|node| place(purpose, &node.key)).min().expect("somebody is here");
    let mut strangers = Vec::new();
    while strangers.len() < count {
        let mut secret = Zeroizing::new([0; 32]);
        secret[..8].copy_from_slice(&world.between((1, u64::MAX - 1)).to_le_bytes());
        let key = Signer::new(&secret).expect("a good secret").public_key();
        if place(purpose, &key) < first {
            strangers.push(world.stranger_of(secret, answer));
        }
    }
    strangers
}

/// How long eight members need to seat four among so many who are first in the pool's order and answer no dial.
fn first_committee(seed: u64, silent: usize) -> u64 {
    let mut world = World::with(seed, 8, painter());
    let strangers = first_in(&mut world, b"pool", silent, false);
    world.every(EVERY, move |world| {
        for stranger in &strangers {
            let presence = presence(world);
            says(world, *stranger, presence);
        }
    });
    assert!(world.run_until(120_000, World::one_committee), "seed {seed}, {silent} strangers");
    world.now
}

/// Median and longest of ten.
fn ten_first_committees(silent: usize) -> (u64, u64) {
    let mut times: Vec<u64> = (0..10).map(|seed| first_committee(seed, silent)).collect();
    times.sort_unstable();
    println!("{silent} silent strangers: first committee of 8 after {times:?} ms");
    (times[5], times[9])
}

#[test]
fn sixteen_strangers_that_answer_no_dial_keep_nobody_from_each_other() {
    let (median, longest) = ten_first_committees(16);
    assert!(median <= 5_000 && longest <= 5_000, "{median} {longest}");
}

#[test]
fn two_hundred_and_fifty_six_strangers_that_answer_no_dial_keep_nobody_from_each_other() {
    let (median, longest) = ten_first_committees(256);
    assert!(median <= 15_000 && longest <= 15_000, "{median} {longest}");
}

#[test]
fn strangers_that_take_every_link_keep_no_teacher_and_no_replacement_away() {
    for seed in 0..5 {
        let mut world = World::with(seed, 5, painter());
        assert!(world.run_until(20_000, World::one_committee), "seed {seed}");
        let seats = world.committees().into_values().next().expect("one sits");
        let strangers: Vec<usize> = (0..24).map(|_| world.stranger(true)).collect();
        let targets = seats.clone();
        world.every(1_000, move |world| {
            for stranger in &strangers {
                if world.now % EVERY < 1_000 {
                    let presence = Presence { paint: false, ..presence(world) };
                    says(world, *stranger, presence);
                }
                for target in &targets {
                    if !world.linked(*stranger, *target) {
                        world.dial(*stranger, *target);
                    }
                }
            }
        });
        world.run(10_000);
        let teachers = [(); 3].map(|()| world.join(teacher(30), 0));
        let end = world.now + 30_000;
        assert!(world.run_until(end, |world| world.round() >= 3), "seed {seed}: {:?}", world.artist());
        let taught = |world: &World, node: &usize| world.snapshot(*node).done.rounds_taught > 0;
        assert!(teachers.iter().all(|node| taught(&world, node)), "seed {seed}");
        let (artist, before) = world.artist().expect("it has a name");
        world.leave(seats[1]);
        let end = world.now + 60_000;
        assert!(world.run_until(end, |world| world.went_on(&artist, before + 2)), "seed {seed}");
    }
}

#[test]
fn a_teacher_is_no_oracle_for_whoever_links_with_it() {
    for shown in [false, true] {
        let mut world = World::with(1, 1, teacher(40));
        let strangers = [(); 4].map(|()| world.stranger(true));
        let made_up = MadeUp::new(&world, strangers, 4);
        for stranger in strangers {
            world.dial(stranger, 0);
        }
        world.run(2_000);
        let asked = Rc::new(RefCell::new(0_u64));
        let count = asked.clone();
        world.every(100, move |world| {
            if world.now % EVERY < 100 {
                made_up.say_that_they_sit(world);
                if shown {
                    made_up.show(world, 0);
                }
            }
            *count.borrow_mut() += 1;
            let StateStatement { artist, term, seats, .. } = made_up.certificate.statement;
            let cycle = *count.borrow() as u32;
            let payload = [cycle as u8; crate::engine::BATCH_BYTES];
            let batch = BatchId(*blake3::hash(&payload).as_bytes());
            let notice = Notice { term, cycle, seats, artist, round: 4 + u64::from(cycle), batch };
            for stranger in made_up.strangers {
                let signature = signer(world, stranger).sign(&notice);
                let message = Control::Notice { notice, signature }.encode().into();
                world.carry(stranger, 0, Lane::Control, message);
            }
            let bulk = Bulk { kind: BulkKind::Batch, term: [0; 8], cycle, payload: &payload };
            world.carry(made_up.strangers[0], 0, Lane::Bulk, bulk.encode());
        });
        world.run(60_000);
        let taught = world.snapshot(0).done.rounds_taught;
        assert!(*asked.borrow() > 500);
        match shown {
            false => assert_eq!(taught, 0, "links and keys are no committee"),
            true => assert!((1..=60_000 / limits::MIN_TEACHING_INTERVAL + 1).contains(&taught), "{taught}"),
        }
    }
}

#[test]
fn nobody_hangs_a_picture_on_everybodys_wall() {
    let mut world = World::with(2, 6, both(16));
    assert!(world.run_until(40_000, |world| world.round() >= 2));
    let strangers = [(); 4].map(|()| world.stranger(true));
    let made_up = MadeUp::new(&world, strangers, 1 << 20);
    let (artist, _) = world.artist().expect("it has a name");
    let onlooker = world.join(teacher(0), 0);
    world.run(5_000);
    assert!(world.snapshot(onlooker).term.is_some(), "it sees the committee");
    let mut true_artist = [0; 32];
    base16ct::lower::decode(artist, &mut true_artist).expect("a name in hex");
    world.every(EVERY, move |world| {
        made_up.say_that_they_sit(world);
        for artist in [[8; 32], true_artist].map(ArtistName) {
            let content = vec![world.between((0, 255)) as u8; crate::engine::CONTENT_BYTES];
            let piece = Unsigned {
                artist,
                recipe: RECIPE,
                round: 9,
                generation: 0,
                commitments: &[Commitment([0; 32]); 4],
                latent: Latent([1; 32]),
                content: &content,
            }
            .piece();
            let signatures = made_up.strangers.map(|stranger| {
                let by = signer(world, stranger);
                PainterSignature { painter: by.public_key(), signature: by.sign(&piece) }
            });
            let piece = Box::new(SignedPiece { piece, content, signatures: signatures.to_vec() });
            world.publish(made_up.strangers[0], Gossip::Piece(piece).encode());
        }
    });
    world.run(60_000);
    let pieces = |node: usize| {
        world.nodes[node].events.iter().filter_map(|event| match event {
            Event::Piece { piece, .. } => Some(piece),
            _ => None,
        })
    };
    for node in (0..world.nodes.len()).filter(|node| !world.is_stranger(*node)) {
        let theirs = world.nodes[strangers[0]].key;
        let hung = pieces(node).filter(|piece| piece.signatures.iter().any(|by| by.painter == theirs));
        assert_eq!(hung.count(), 0, "{node}");
    }
    assert!(pieces(onlooker).count() >= 1, "the committee's own are seen");
}

#[test]
fn who_says_that_it_has_learnt_for_longer_dissolves_no_committee() {
    let mut world = World::with(4, 6, both(16));
    assert!(world.run_until(40_000, |world| world.round() >= 2));
    let strangers = [(); 4].map(|()| world.stranger(true));
    let made_up = MadeUp::new(&world, strangers, 1 << 40);
    let seats = world.committees().into_values().next().expect("one sits");
    for stranger in strangers {
        seats.iter().for_each(|seat| world.dial(stranger, *seat));
    }
    world.every(EVERY, move |world| made_up.say_that_they_sit(world));
    let (artist, before) = world.artist().expect("it has a name");
    world.run(120_000);
    assert!(world.went_on(&artist, before + 20), "{:?}", world.artist());
    assert_eq!(world.committees().into_values().next(), Some(seats));
}

#[test]
fn a_stranger_that_never_accepts_delays_an_election_under_each_key_once() {
    for seed in 0..10 {
        let mut world = World::with(seed, 8, painter());
        // The order of turns for a new artist, while no term has counted.
        let strangers = first_in(&mut world, &[0; 40], 12, true);
        // A fresh key every five seconds, first in turn and linked with all, that would paint and answers no proposal.
        world.every(1_000, move |world| {
            let turn = (world.now / 5_000) as usize;
            let stranger = strangers[turn % strangers.len()];
            let last = strangers[(turn + strangers.len() - 1) % strangers.len()];
            (0..8).for_each(|node| world.cut(last, node, 100));
            for node in 0..8 {
                if !world.linked(stranger, node) {
                    world.dial(stranger, node);
                }
            }
            let links = world.nodes[..8].iter().map(|node| node.key).collect();
            let presence = Presence { links, ..presence(world) };
            says(world, stranger, presence);
        });
        assert!(world.run_until(30_000, World::one_committee), "seed {seed}");
        println!("beside a stranger that never accepts: first committee of 8 after {} ms", world.now);
    }
}

#[test]
fn numbers_near_the_last_change_nothing() {
    for seed in 0..5 {
        let mut world = World::with(seed, 6, both(16));
        let stranger = world.stranger(true);
        world.every(250, move |world| {
            let presence = Presence { known_term: u64::MAX, ..presence(world) };
            let message = Control::Presence(Presence { sequence: world.now + 2, ..presence.clone() });
            says(world, stranger, presence);
            for node in 0..6 {
                if world.linked(stranger, node) {
                    world.carry(stranger, node, Lane::Control, message.encode().into());
                } else {
                    world.dial(stranger, node);
                }
            }
        });
        assert!(world.run_until(60_000, |world| world.round() >= 2), "seed {seed}");
        let late = world.join(both(16), 0);
        let seats = world.committees().into_values().next().expect("one sits");
        let (artist, before) = world.artist().expect("it has a name");
        world.run(5_000);
        assert!(world.snapshot(late).member_count >= 7, "a newcomer sees all: seed {seed}");
        world.leave(seats[0]);
        let end = world.now + 60_000;
        assert!(world.run_until(end, |world| world.went_on(&artist, before + 2)), "seed {seed}");
    }
}
