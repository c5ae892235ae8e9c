//! What strangers do to one member by raw messages, and what it refuses.

use abraham_messages::{
    ArtistName, Commitment, Nonce, PeerKey, StateId, TermId,
    collective::{
        BackendKind, Certificate, Control, Gossip, HeldArtist, Holding, Holds, Presence, Proposal,
        ProposedOrigin, Seated, StateStatement,
    },
    node::{self, Command},
};
use abraham_provenance::{Signer, state_name};
use zeroize::Zeroizing;

use crate::{
    Collective, Done, Event, Input, Millis, Output, Settings, Work,
    context::Around,
    election::{candidates::Candidates, forming},
    fixtures::{config, control, drain, presence},
    limits,
    snapshot::{Connection, WaitsFor, Why},
};

const A: ArtistName = ArtistName([0xA; 32]);
const B: ArtistName = ArtistName([0xB; 32]);

fn member(n: u8) -> Collective {
    let settings = Settings { paint: true, pictures: 0, backend: BackendKind::Cpu, pace: 100 };
    let mut member = Collective::new(config(), settings, &Zeroizing::new([n; 32]), [n; 32], 0).unwrap();
    member.handle(0, Input::Node(node::Event::Online { addresses: vec!["/memory/0".into()] }));
    member
}

fn refusals(outputs: &[Output]) -> Vec<&'static str> {
    let refused = outputs.iter().filter_map(|output| match output {
        Output::Event(Event::Refused { reason, .. }) => Some(*reason),
        _ => None,
    });
    refused.collect()
}

fn signers(names: std::ops::Range<u8>) -> Vec<Signer> {
    names.map(|n| Signer::new(&[n; 32]).unwrap()).collect()
}

/// A certificate by these four, at these seats.
fn certified(painters: [&Signer; 4], artist: ArtistName, round: u64, seed: u8) -> Certificate {
    let seats = painters.map(Signer::public_key);
    let statement = StateStatement {
        artist,
        round,
        generation: 0,
        commitments: [Commitment([seed; 32]); 4],
        term: TermId([6; 32]),
        seats,
    };
    let signatures = painters.map(|painter| Some(painter.sign(&statement)));
    Certificate { statement, signatures }
}

fn holds(certificate: &Certificate) -> Control {
    let artist = HeldArtist { states: vec![certificate.clone()], chain: Vec::new() };
    Control::Holds(Holds { artists: vec![artist], ..Holds::default() })
}

/// A member, linked with strangers who say that they are linked with each other.
struct Scene {
    member: Collective,
    /// The member's own key first.
    honest: Vec<Signer>,
    strangers: Vec<Signer>,
    sequence: u64,
}

impl Scene {
    /// The member holds nothing.
    fn newcomer() -> Self {
        let (mut member, strangers) = (member(1), signers(11..16));
        for stranger in &strangers {
            member.handle(0, Input::Node(node::Event::LinkUp { peer: stranger.public_key() }));
        }
        let mut scene = Self { member, honest: signers(1..5), strangers, sequence: 0 };
        scene.present(1, |_, _| ());
        drain(&mut scene.member);
        scene
    }

    /// The member holds artist A at seat 0, at rounds 9 and 10.
    fn holder() -> Self {
        let mut scene = Self::newcomer();
        let [a, b, c, d] = [0, 1, 2, 3].map(|i: usize| &scene.honest[i]);
        for round in [9, 10] {
            scene.member.parts.keeping.certify(0, certified([a, b, c, d], A, round, round as u8));
        }
        scene
    }

    /// All strangers but three go.
    fn three_strangers(&mut self) {
        for gone in self.strangers.drain(3..) {
            let down = node::Event::LinkDown { peer: gone.public_key(), reason: "gone".into() };
            self.member.handle(1, Input::Node(down));
        }
    }

    /// All strangers say how they are.
    fn present(&mut self, now: Millis, change: impl Fn(usize, &mut Presence)) {
        let mut links: Vec<PeerKey> = self.strangers.iter().map(Signer::public_key).collect();
        links.push(self.member.me());
        self.sequence += 1;
        for i in 0..self.strangers.len() {
            let mut presence = presence(self.sequence, &links);
            change(i, &mut presence);
            let from = self.strangers[i].public_key();
            control(&mut self.member, now, from, &Control::Presence(presence));
        }
    }

    /// Strangers 0 and 1 show a state of an artist that they forged, with the keys of 2 and 3; the member is at seat 0
    /// of what they propose.
    fn forge(&mut self, now: Millis, artist: ArtistName, round: u64) -> Certificate {
        let [d, a, b, c] = [3, 0, 1, 2].map(|i: usize| &self.strangers[i]);
        let certificate = certified([d, a, b, c], artist, round, 0xEE);
        for stranger in 0..2 {
            let from = self.strangers[stranger].public_key();
            control(&mut self.member, now, from, &holds(&certificate));
        }
        certificate
    }

    fn proposal(&self, artist: ArtistName, certificate: &Certificate, holders: [bool; 4]) -> Proposal {
        let [a, b, c] = [0, 1, 2].map(|i: usize| self.strangers[i].public_key());
        let origin = ProposedOrigin::Continue { artist, from: state_name(&certificate.statement), holders };
        Proposal {
            number: self.sequence,
            recipe: config().recipe,
            seats: [self.member.me(), a, b, c],
            origin,
            nonce: Nonce([3; 32]),
        }
    }

    /// Strangers propose this, and accept it; whether the member takes a seat.
    fn takes(
        &mut self,
        now: Millis,
        proposal: &Proposal,
        certificate: Option<&Certificate>,
    ) -> Result<(), String> {
        drain(&mut self.member);
        let term = forming::term_id(proposal);
        let proposer = self.strangers[0].public_key();
        control(&mut self.member, now, proposer, &Control::Proposal(proposal.clone()));
        for i in 0..3 {
            let certificate = certificate.filter(|_| i < 2).map(|it| Box::new(it.clone()));
            let from = self.strangers[i].public_key();
            control(&mut self.member, now + 1, from, &Control::Accept { term, certificate });
        }
        match self.member.parts.seat.sitting() {
            Some(_) => Ok(()),
            None => Err(refusals(&drain(&mut self.member)).join(", ")),
        }
    }

    fn takes_forged(&mut self, artist: ArtistName, round: u64) -> Result<(), String> {
        let certificate = self.forge(500, artist, round);
        let proposal = self.proposal(artist, &certificate, [false, true, true, false]);
        self.takes(2_000, &proposal, Some(&certificate))
    }

    fn around(&self, now: Millis) -> Around<'_> {
        self.member.parts.around(now, &self.member.own)
    }

    fn candidates(&self, now: Millis) -> Candidates {
        self.member.parts.election.candidates(&self.around(now))
    }

    /// Whether an artist is waited for.
    fn waits(&self, now: Millis) -> bool {
        self.member.parts.election.waiting(&self.around(now)).is_some()
    }

    fn held(&self) -> Vec<(ArtistName, Vec<u64>)> {
        let held = self.member.parts.keeping.store().held().into_iter();
        held.map(|held| (held.artist, held.states.iter().map(|state| state.round).collect())).collect()
    }
}

/// Another artist, made up: who holds A goes on with no other.
#[test]
fn a_made_up_artist_erases_no_real_one() {
    let mut scene = Scene::holder();
    let refused = scene.takes_forged(B, 1_000).unwrap_err();
    assert!(refused.contains("another artist"), "{refused}");
    assert_eq!(scene.held(), [(A, vec![10, 9])]);
    // Its visitor may choose otherwise; even then nothing is erased.
    scene.present(3_000, |_, _| ());
    scene.member.handle(3_000, Input::BeginAnother(true));
    scene.takes_forged(B, 1_001).unwrap();
    assert_eq!(scene.held(), [(A, vec![10, 9])]);
}

#[test]
fn a_made_up_state_takes_no_artists_name_and_rolls_none_back() {
    for round in [1_000_000_000, 11, 10, 9, 3] {
        let mut scene = Scene::holder();
        scene.takes_forged(A, round).unwrap_err();
        assert_eq!(scene.held(), [(A, vec![10, 9])], "{round}");
    }
}

/// The same, told to one who holds nothing: it cannot know. It goes by what it was shown first.
#[test]
fn a_newcomer_goes_by_what_it_was_shown_first() {
    let mut scene = Scene::newcomer();
    scene.takes_forged(A, 77).unwrap();

    let mut scene = Scene::newcomer();
    let [a, b, c, d] = [0, 1, 2, 3].map(|i: usize| &scene.honest[i]);
    let true_one = certified([a, b, c, d], A, 10, 1);
    let holder = scene.honest[1].public_key();
    scene.member.handle(5, Input::Node(node::Event::LinkUp { peer: holder }));
    control(&mut scene.member, 5, holder, &holds(&true_one));
    scene.takes_forged(A, 77).unwrap_err();
    assert_eq!(scene.member.snapshot(2_000).waiting.unwrap().round, 10);
    // Once nobody has shown it for a while, it knows nothing of it again.
    scene.member.handle(2_000, Input::Node(node::Event::LinkDown { peer: holder, reason: "gone".into() }));
    scene.present(3_000 + limits::HOLDER_TIMEOUT, |_, _| ());
    scene.member.handle_timeout(4_000 + limits::HOLDER_TIMEOUT);
    scene.forge(5_000 + limits::HOLDER_TIMEOUT, A, 77);
    assert_eq!(scene.member.snapshot(5_000 + limits::HOLDER_TIMEOUT).waiting.unwrap().round, 77);
}

/// Certificates count where they are linked with what one has: directly, or over committees between.
#[test]
fn certificates_count_only_where_they_are_linked_with_what_one_has() {
    let counts = |painters: [usize; 4], unsigned: Option<usize>, chain: &[[usize; 4]]| {
        let mut scene = Scene::holder();
        let all: Vec<&Signer> = scene.honest.iter().chain(&scene.strangers).collect();
        let mut certificate = certified(painters.map(|i| all[i]), A, 12, 0xEE);
        if let Some(seat) = unsigned {
            certificate.signatures[seat] = None;
        }
        let chain = chain.iter().map(|painters| certified(painters.map(|i| all[i]), A, 11, 0xDD)).collect();
        let from = all[painters[3]].public_key();
        let artists = vec![HeldArtist { states: vec![certificate], chain }];
        control(&mut scene.member, 5, from, &Control::Holds(Holds { artists, ..Holds::default() }));
        scene.member.parts.keeping.counted().get(&from).is_some_and(|held| !held.is_empty())
    };
    // Painters 0 to 3 are those of what the member has; 4 to 8 are linked with it.
    assert!(counts([0, 1, 2, 4], None, &[]), "one seat was filled");
    assert!(counts([0, 1, 2, 4], Some(0), &[]), "one did not sign");
    assert!(counts([0, 1, 5, 4], None, &[]), "two seats were filled, and both who stayed signed");
    assert!(!counts([0, 1, 5, 4], Some(0), &[]), "one who stayed is not enough: it may lie");
    assert!(!counts([0, 6, 5, 4], None, &[]));
    assert!(!counts([7, 6, 5, 4], None, &[]), "nobody stayed");
    assert!(counts([7, 6, 5, 4], None, &[[0, 7, 5, 4], [0, 1, 5, 4]]), "one after the other");
    assert!(!counts([7, 6, 5, 4], None, &[[8, 7, 5, 4], [0, 8, 5, 4]]), "the chain is not linked with it");
}

/// Beside a state that counts another that does not is worth nothing.
#[test]
fn of_two_states_that_are_shown_each_must_be_linked_itself() {
    let mut scene = Scene::holder();
    let all: Vec<&Signer> = scene.honest.iter().chain(&scene.strangers).collect();
    let far = certified([7, 6, 5, 4].map(|i| all[i]), A, 1_000, 0xEE);
    let near = certified([0, 1, 2, 4].map(|i| all[i]), A, 11, 0xDD);
    let from = all[4].public_key();
    let artists = vec![HeldArtist { states: vec![far, near.clone()], chain: Vec::new() }];
    control(&mut scene.member, 5, from, &Control::Holds(Holds { artists, ..Holds::default() }));
    let counted = scene.member.parts.keeping.counted();
    let states: Vec<_> = counted[&from].iter().flat_map(|held| held.states.clone()).collect();
    assert_eq!(states, [state_name(&near.statement)]);
}

#[test]
fn what_is_shown_must_be_certified_and_ones_own() {
    let shown = |change: &dyn Fn(&mut Holds)| {
        let mut scene = Scene::newcomer();
        let [d, a, b, c] = [3, 0, 1, 2].map(|i: usize| &scene.strangers[i]);
        let certificate = certified([d, a, b, c], A, 5, 1);
        let artists = vec![HeldArtist { states: vec![certificate], chain: Vec::new() }];
        let mut holds = Holds { artists, ..Holds::default() };
        change(&mut holds);
        let from = scene.strangers[0].public_key();
        control(&mut scene.member, 5, from, &Control::Holds(holds));
        let counts = scene.member.parts.keeping.counted().get(&from).map_or(0, Vec::len);
        (counts, scene.member.parts.members.faults().of(&from))
    };
    assert_eq!(shown(&|_| ()), (1, 0));
    let marked = (0, limits::NAMED_FAULT);
    let states =
        |holds: &mut Holds, change: &dyn Fn(&mut Certificate)| change(&mut holds.artists[0].states[0]);
    assert_eq!(shown(&|holds| states(holds, &|it| it.statement.round += 1)), marked);
    assert_eq!(shown(&|holds| states(holds, &|it| it.signatures[2].as_mut().unwrap().0[9] ^= 1)), marked);
    assert_eq!(shown(&|holds| holds.artists[0].states.clear()), marked);
    assert_eq!(shown(&|holds| holds.artists.push(holds.artists[0].clone())), marked, "twice the same");
    let other = |n: u8| {
        let all = signers(n..n + 4);
        certified([&all[0], &all[1], &all[2], &all[3]], A, 5, 1)
    };
    assert_eq!(shown(&|holds| holds.artists[0].states[0] = other(30)), marked, "it is no painter of it");
    assert_eq!(shown(&|holds| holds.artists[0].chain.push(other(30))), (1, 0));
    // More than can be checked at once is not looked at, and is no fault.
    let mut scene = Scene::newcomer();
    let from = scene.strangers[0].public_key();
    for n in 0..10 {
        let certificate = certified([0, 1, 2, 3].map(|i| &scene.strangers[i]), ArtistName([n; 32]), 1, n);
        let chain: Vec<Certificate> = (1..7)
            .map(|i| certified([0, 1, 2, 3].map(|j| &scene.strangers[j]), ArtistName([n; 32]), i, n))
            .collect();
        let artists = vec![HeldArtist { states: vec![certificate], chain }];
        control(&mut scene.member, 5, from, &Control::Holds(Holds { artists, ..Holds::default() }));
    }
    let rejections = scene.member.snapshot(5).rejections;
    assert!(
        rejections.iter().any(|rejection| rejection.cause == crate::Rejection::TooMany),
        "{rejections:?}"
    );
    assert_eq!(scene.member.parts.members.faults().of(&from), 0);
}

/// A mere claim gives nobody a place in the order, and nobody proposes what is only claimed.
#[test]
fn who_only_claims_most_rounds_is_not_first_in_turn() {
    let mut scene = Scene::holder();
    let [d, a, b, c] = [3, 0, 1, 2].map(|i: usize| &scene.strangers[i]);
    let state = state_name(&certified([d, a, b, c], ArtistName([0xC; 32]), 77, 0xEE).statement);
    let before = scene.candidates(500);
    scene.present(500, |i, presence| {
        presence.holding = (i < 2).then(|| Holding {
            artist: ArtistName([0xC; 32]),
            seat: 1 + i as u8,
            states: vec![state],
        });
    });
    let after = scene.candidates(500);
    for stranger in &scene.strangers {
        assert_eq!(before.rank(&stranger.public_key()), after.rank(&stranger.public_key()));
    }
    assert!(after.choose().is_none(), "the holder of A waits");
    // Nor where they show what cannot be linked with what is held.
    scene.forge(600, A, 1_000_000_000);
    let shown = scene.candidates(600);
    assert!(
        scene
            .strangers
            .iter()
            .all(|stranger| before.rank(&stranger.public_key()) == shown.rank(&stranger.public_key()))
    );
    assert!(shown.choose().is_none());
}

/// One holder and three newcomers: it keeps its artist and says for whom it waits, however long that takes.
#[test]
fn a_lone_holder_keeps_its_artist_among_newcomers() {
    let mut scene = Scene::holder();
    scene.three_strangers();
    for now in (1_000..600_000).step_by(1_000) {
        scene.member.handle_timeout(now);
    }
    let outputs = drain(&mut scene.member);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Work { work: Work::Forget, .. })));
    assert!(scene.member.parts.seat.is_free(), "it proposes nothing");
    let snapshot = scene.member.snapshot(600_000);
    assert_eq!(snapshot.why, Why::WaitsForHolders);
    let waiting = snapshot.waiting.unwrap();
    assert_eq!((waiting.waits_for, waiting.round), (WaitsFor::Holders, 10));
    assert_eq!(waiting.holders, [abraham_messages::codec::hex(&scene.member.me().0)]);
    let genesis = |scene: &Scene, number| {
        let [a, b, c] = [0, 1, 2].map(|i: usize| scene.strangers[i].public_key());
        let seats = [scene.member.me(), a, b, c];
        Proposal {
            number,
            recipe: config().recipe,
            seats,
            origin: ProposedOrigin::Genesis,
            nonce: Nonce([3; 32]),
        }
    };
    let proposal = genesis(&scene, 5);
    let refused = scene.takes(600_000, &proposal, None).unwrap_err();
    assert!(refused.contains("waited for"), "{refused}");
    // By its visitor's choice it begins another, and keeps the first.
    scene.member.handle(601_000, Input::BeginAnother(true));
    let proposal = genesis(&scene, 6);
    scene.takes(601_000, &proposal, None).unwrap();
    assert!(!scene.member.parts.election.begins(), "the choice is over");
    let ticket = drain(&mut scene.member).into_iter().find_map(|output| match output {
        Output::Work { ticket, work: Work::Begin { .. } } => Some(ticket),
        _ => None,
    });
    let commitments =
        [None, Some([0x22; 32]), Some([0x22; 32]), Some([0x22; 32])].map(|held| held.map(Commitment));
    let result = Ok(Done::Begun { commitments, liars: Vec::new() });
    scene.member.handle(602_000, Input::Answer { ticket: ticket.unwrap(), result });
    assert_eq!(scene.held(), [(A, vec![10, 9])]);
}

/// One alone who has a certificate of a first state, over which its term ended, does not wait for others: nobody else
/// will ever have one, and nothing was learnt.
#[test]
fn a_lone_holder_of_what_has_learnt_nothing_begins_anew() {
    let mut scene = Scene::newcomer();
    let [a, b, c, d] = [0, 1, 2, 3].map(|i: usize| &scene.honest[i]);
    scene.member.parts.keeping.certify(0, certified([a, b, c, d], A, 0, 1));
    assert!(!scene.waits(1_000));
    scene.three_strangers();
    let [a, b, c] = [0, 1, 2].map(|i: usize| scene.strangers[i].public_key());
    let seats = [scene.member.me(), a, b, c];
    let proposal = Proposal {
        number: 3,
        recipe: config().recipe,
        seats,
        origin: ProposedOrigin::Genesis,
        nonce: Nonce([3; 32]),
    };
    scene.takes(2_000, &proposal, None).unwrap();
    assert_eq!(scene.held(), [(A, vec![0])], "nor is it erased");
}

/// A claim that nobody can check is waited for a while, and again for each change; not for ever.
#[test]
fn mere_claims_are_waited_for_no_longer_than_two_dials_take() {
    const { assert!(limits::HOLDER_TIMEOUT >= 2 * (limits::DIAL_TIMEOUT + limits::DIAL_BACKOFF.min)) };
    let mut scene = Scene::newcomer();
    let far = PeerKey([2; 33]);
    let say = |scene: &mut Scene, now, sequence, round| {
        let mut said = presence(sequence, &[]);
        let states =
            vec![abraham_messages::collective::StateName { round, generation: 0, state: StateId([1; 32]) }];
        said.holding = Some(Holding { artist: A, seat: 1, states });
        let message = Gossip::Presence(said).encode();
        scene.member.handle(now, Input::Node(node::Event::Gossip { from: far, message }));
    };
    say(&mut scene, 10, 1, 3);
    let seen = 1_100;
    scene.member.handle_timeout(seen);
    assert!(scene.waits(seen + limits::HOLDER_TIMEOUT - 1));
    assert!(!scene.waits(seen + limits::HOLDER_TIMEOUT));
    assert!(scene.candidates(seen + 1).waits);
    assert_eq!(scene.member.snapshot(seen + 1).waiting.unwrap().waits_for, WaitsFor::Claims);
    // It goes out of candidates, without a goodbye: that is a change.
    let mut now = seen;
    while scene.member.parts.members.presences().get(&far).is_some() {
        now += 1_000;
        scene.member.handle_timeout(now);
    }
    assert!(now < seen + limits::HOLDER_TIMEOUT);
    assert!(scene.waits(now - 1_000 + limits::HOLDER_TIMEOUT));
    // One that says goodbye is not waited for.
    say(&mut scene, now, 5, 3);
    scene.member.handle_timeout(now + 2_000);
    let message = Gossip::Leave { sequence: 9 }.encode();
    scene.member.handle(now + 2_000, Input::Node(node::Event::Gossip { from: far, message }));
    assert!(!scene.waits(now + 2_001));
    // However often they change, they are not waited for ever.
    for sequence in 0..600 {
        say(&mut scene, now + 3_000 + sequence * 1_000, 10 + sequence, sequence);
        scene.member.handle_timeout(now + 3_500 + sequence * 1_000);
    }
    assert!(!scene.waits(now + 603_000));
}

// Each reason against a proposal, alone.

/// The member holds A together with strangers 0 and 1, who can be linked with what it has.
fn together() -> (Scene, Certificate, Proposal) {
    let mut scene = Scene::newcomer();
    let [a, b, c] = [0, 1, 2].map(|i: usize| &scene.strangers[i]);
    let certificate = certified([&scene.honest[0], a, b, c], A, 10, 1);
    scene.member.parts.keeping.certify(0, certificate.clone());
    for i in 0..2 {
        let from = scene.strangers[i].public_key();
        control(&mut scene.member, 5, from, &holds(&certificate));
    }
    let proposal = scene.proposal(A, &certificate, [true, true, true, false]);
    (scene, certificate, proposal)
}

#[test]
fn what_fits_is_accepted() {
    let (mut scene, certificate, proposal) = together();
    scene.takes(2_000, &proposal, Some(&certificate)).unwrap();
}

#[test]
fn a_member_accepts_nothing_while_it_sees_a_committee() {
    let (mut scene, certificate, proposal) = together();
    // Three others sit, out of this member's reach.
    for n in 0..3_u8 {
        let mut said = presence(1, &[]);
        said.seated = Some(Seated { term: TermId([9; 32]), number: 1, seat: n, artist: A, round: 10 });
        let message = Gossip::Presence(said).encode();
        let from = PeerKey([50 + n; 33]);
        scene.member.handle(10, Input::Node(node::Event::Gossip { from, message }));
    }
    let refused = scene.takes(2_000, &proposal, Some(&certificate)).unwrap_err();
    assert!(refused.contains("a committee is in sight"), "{refused}");
}

#[test]
fn a_member_that_sits_or_would_not_paint_is_not_proposed() {
    type Change = fn(&mut Presence);
    let changes: [Change; 2] = [
        |presence| presence.paint = false,
        |presence| {
            presence.seated =
                Some(Seated { term: TermId([9; 32]), number: 1, seat: 1, artist: A, round: 10 });
        },
    ];
    for change in changes {
        let (mut scene, certificate, proposal) = together();
        scene.present(20, |i, presence| {
            if i == 2 {
                change(presence)
            }
        });
        let refused = scene.takes(2_000, &proposal, Some(&certificate)).unwrap_err();
        assert!(refused.contains("would not paint"), "{refused}");
        // Nor for a new artist.
        let mut scene = Scene::newcomer();
        scene.present(20, |i, presence| {
            if i == 2 {
                change(presence)
            }
        });
        let proposal = Proposal { number: 1, origin: ProposedOrigin::Genesis, ..proposal };
        let refused = scene.takes(2_000, &proposal, None).unwrap_err();
        assert!(refused.contains("would not paint"), "{refused}");
    }
}

#[test]
fn a_member_is_no_holder_of_what_it_has_not_and_takes_no_other_seat() {
    // Its own state is a round older than theirs: it is filled, and holds nothing of it.
    let (mut scene, _, _) = together();
    let [a, b, c] = [0, 1, 2].map(|i: usize| &scene.strangers[i]);
    let newer = certified([&scene.honest[0], a, b, c], A, 11, 2);
    for i in 0..2 {
        let from = scene.strangers[i].public_key();
        control(&mut scene.member, 6, from, &holds(&newer));
    }
    let refuses = |scene: &mut Scene, holders, seat: usize| {
        let mut proposal = scene.proposal(A, &newer, holders);
        proposal.seats.swap(0, seat);
        let proposal = Proposal { number: scene.sequence + seat as u64 + 1, ..proposal };
        scene.takes(2_000, &proposal, Some(&newer))
    };
    let refused = refuses(&mut scene, [true, true, true, false], 0).unwrap_err();
    assert!(refused.contains("do not fit the seat"), "{refused}");
    let refused = refuses(&mut scene, [false, true, true, false], 3).unwrap_err();
    assert!(refused.contains("do not fit the seat"), "{refused}");
    refuses(&mut scene, [false, true, true, false], 0).unwrap();
}

#[test]
fn only_the_newest_state_that_two_of_the_four_have_shown_is_gone_on_with() {
    let (mut scene, certificate, proposal) = together();
    let [a, b, c] = [0, 1, 2].map(|i: usize| &scene.strangers[i]);
    let newer = certified([&scene.honest[0], a, b, c], A, 11, 2);
    for i in 0..2 {
        let from = scene.strangers[i].public_key();
        let artist = HeldArtist { states: vec![newer.clone(), certificate.clone()], chain: Vec::new() };
        control(
            &mut scene.member,
            6,
            from,
            &Control::Holds(Holds { artists: vec![artist], ..Holds::default() }),
        );
    }
    let refused = scene.takes(2_000, &proposal, Some(&certificate)).unwrap_err();
    assert!(refused.contains("the newest state"), "{refused}");
    // Nor one that they have not shown, if only they accept with its certificate.
    let (mut scene, certificate, proposal) = together();
    let from = scene.strangers[0].public_key();
    control(&mut scene.member, 6, from, &Control::Holds(Holds::default()));
    let refused = scene.takes(2_000, &proposal, Some(&certificate)).unwrap_err();
    assert!(refused.contains("hold the state"), "{refused}");
}

#[test]
fn what_the_node_says_of_the_relay_is_what_the_page_is_given() {
    let mut scene = Scene::newcomer();
    let mut connection = |event| {
        scene.member.handle(5, Input::Node(event));
        scene.member.snapshot(5).connection
    };
    let reason = String::from("the relay is gone");
    assert_eq!(connection(node::Event::Offline { reason: reason.clone() }), Connection::Offline { reason });
    assert_eq!(connection(node::Event::Connecting), Connection::Connecting);
    assert_eq!(connection(node::Event::Online { addresses: Vec::new() }), Connection::Online);
    assert_eq!(connection(node::Event::Stopped), Connection::Stopped);
}

#[test]
fn a_dial_that_fails_is_counted() {
    let mut scene = Scene::newcomer();
    let stranger = signers(30..31).remove(0);
    let presence = presence(1, &[]);
    let message = Gossip::Presence(presence).encode();
    scene.member.handle(1, Input::Node(node::Event::Online { addresses: vec!["/memory/1".into()] }));
    scene.member.handle(1, Input::Node(node::Event::Gossip { from: stranger.public_key(), message }));
    let peer = stranger.public_key();
    let dials = |member: &mut Collective| {
        std::iter::from_fn(|| member.poll_output())
            .any(|output| matches!(output, Output::Command(Command::Connect { peer: to, .. }) if to == peer))
    };
    let mut now = 1;
    while !dials(&mut scene.member) {
        now = scene.member.next_deadline().expect("it looks for others");
        assert!(now < 60_000, "a member that is here is dialled");
        scene.member.handle_timeout(now);
    }
    assert_eq!(scene.member.parts.links.failures(&peer), 0);
    scene.member.handle(now, Input::Node(node::Event::Unreachable { peer, reason: "no way".into() }));
    assert_eq!(scene.member.parts.links.failures(&peer), 1);
}
