//! What strangers with free keys and raw messages, and painters who lie, cannot do to one member.

use abraham_messages::{
    ArtistName, BatchId, Commitment, Latent, Nonce, PainterSignature, PeerKey, SignedPiece, StateId,
    StepsHash, TermId,
    collective::{
        BackendKind, Certificate, Control, Farewell, Gossip, HeldArtist, Holds, Notice, Presence, Proposal,
        ProposedOrigin, Ready, Seated, StateStatement, Step,
    },
    node::{self, Lane},
};
use abraham_provenance::{Signer, Unsigned, artist_name, state_name};
use zeroize::Zeroizing;

use crate::{
    Collective, Done, EndCause, Event, Input, Millis, Output, Settings, Term, Work,
    election::forming::term_id,
    fixtures::{config, control, drain, presence},
    keeping::certificate,
    limits,
    members::presence::SeenTerm,
    term::round,
};

fn settings() -> Settings {
    let backend = BackendKind::Cpu;
    Settings { paint: true, pictures: 0, backend, pace: 100 }
}

fn signers(first: u8) -> [Signer; 4] {
    [0, 1, 2, 3].map(|n| Signer::new(&[first + n; 32]).unwrap())
}

fn keys(signers: &[Signer; 4]) -> [PeerKey; 4] {
    signers.each_ref().map(Signer::public_key)
}

fn member(n: u8, now: Millis) -> Collective {
    let mut member = Collective::new(config(), settings(), &Zeroizing::new([n; 32]), [n; 32], now).unwrap();
    let addresses = vec!["/memory/1".into()];
    member.handle(now, Input::Node(node::Event::Online { addresses }));
    member
}

/// A presence whose member says that it knows of so many terms.
fn knowing(known_term: u64, presence: Presence) -> Presence {
    Presence { known_term, ..presence }
}

fn heard(member: &mut Collective, now: Millis, from: PeerKey, presence: &Presence) {
    let message = Gossip::Presence(presence.clone()).encode();
    member.handle(now, Input::Node(node::Event::Gossip { from, message }));
}

fn link(member: &mut Collective, now: Millis, peer: PeerKey) {
    member.handle(now, Input::Node(node::Event::LinkUp { peer }));
}

/// A certificate of a state, signed by all four.
fn certified(term: TermId, artist: ArtistName, round: u64, painters: &[Signer; 4]) -> Certificate {
    let statement = StateStatement {
        artist,
        round,
        generation: 0,
        commitments: [Commitment([0xEE; 32]); 4],
        term,
        seats: keys(painters),
    };
    let signatures = painters.each_ref().map(|painter| Some(painter.sign(&statement)));
    Certificate { statement, signatures }
}

/// A term of four that a member does not sit in.
struct Others {
    painters: [Signer; 4],
    proposal: Proposal,
    certificate: Certificate,
}

fn others(first: u8, round: u64) -> Others {
    let painters = signers(first);
    let from = state_name(&certified(TermId([0; 32]), ArtistName([first; 32]), round, &painters).statement);
    let proposal = Proposal {
        number: 9,
        recipe: config().recipe,
        seats: keys(&painters),
        origin: ProposedOrigin::Continue { artist: ArtistName([first; 32]), from, holders: [true; 4] },
        nonce: Nonce([first; 32]),
    };
    let certificate = certified(term_id(&proposal), ArtistName([first; 32]), round, &painters);
    Others { painters, proposal, certificate }
}

impl Others {
    fn say_that_they_sit(&self, member: &mut Collective, now: Millis, sequence: u64) {
        let statement = &self.certificate.statement;
        for (seat, painter) in statement.seats.iter().enumerate() {
            let (term, artist, round) = (statement.term, statement.artist, statement.round);
            let seated = Seated { term, number: self.proposal.number, seat: seat as u8, artist, round };
            let presence = Presence { seated: Some(seated), ..presence(sequence, &[]) };
            heard(member, now, *painter, &presence);
        }
    }

    fn show(&self, member: &mut Collective, now: Millis, painter: usize) {
        let (proposal, certificate) = (self.proposal.clone(), Box::new(self.certificate.clone()));
        control(member, now, self.painters[painter].public_key(), &Control::Sits { proposal, certificate });
    }

    fn link(&self, member: &mut Collective, now: Millis, painter: usize) {
        link(member, now, self.painters[painter].public_key());
    }
}

/// Seats a member with three friends, and has the four certify the first state of a new artist. Returns the term.
fn seat(member: &mut Collective, now: Millis, friends: &[Signer; 4], nonce: u8) -> Term {
    let mut seats = [member.me(), friends[0].public_key(), friends[1].public_key(), friends[2].public_key()];
    seats.sort_unstable();
    let mine = seats.iter().position(|seat| *seat == member.me()).unwrap();
    for friend in &friends[..3] {
        link(member, now, friend.public_key());
        let sequence = now + 1;
        control(member, now, friend.public_key(), &Control::Presence(presence(sequence, &seats)));
    }
    member.parts.election.handle_ready(0);
    let origin = ProposedOrigin::Genesis;
    let proposal = Proposal { number: 1, recipe: config().recipe, seats, origin, nonce: Nonce([nonce; 32]) };
    let id = term_id(&proposal);
    control(member, now, friends[0].public_key(), &Control::Proposal(proposal));
    for friend in &friends[..3] {
        control(member, now, friend.public_key(), &Control::Accept { term: id, certificate: None });
    }
    let ticket = drain(member).iter().find_map(|output| match output {
        Output::Work { ticket, work: Work::Begin { .. } } => Some(*ticket),
        _ => None,
    });
    let ticket = ticket.expect("it took the seat");
    let all = [Commitment([nonce; 32]); 4];
    let held = |seat: usize| std::array::from_fn(|c| (c != seat).then_some(all[c]));
    member.handle(
        now,
        Input::Answer { ticket, result: Ok(Done::Begun { commitments: held(mine), liars: Vec::new() }) },
    );
    let artist = artist_name(&config().recipe, &all);
    let statement = StateStatement { artist, round: 0, generation: 0, commitments: all, term: id, seats };
    let helds = helds(held);
    for friend in &friends[..3] {
        let at = seats.iter().position(|seat| *seat == friend.public_key()).unwrap();
        let step = Step::Held { commitments: held(at) };
        control(member, now, friend.public_key(), &Control::Step { term: id, cycle: 0, step });
    }
    for friend in &friends[..3] {
        let step = Step::Certify { helds, signature: friend.sign(&statement) };
        control(member, now, friend.public_key(), &Control::Step { term: id, cycle: 0, step });
    }
    let sitting = member.parts.seat.sitting().expect("it took the seat");
    assert!(sitting.is_between() && sitting.cycle() == 1);
    Term { id, number: 1, seats, seat: mine }
}

/// What painters hash who were told by each of the four that it holds this.
fn helds(held: impl Fn(usize) -> [Option<Commitment>; 4]) -> StepsHash {
    let steps = [0, 1, 2, 3].map(|seat| Step::Held { commitments: held(seat) });
    round::digest(steps.each_ref())
}

/// What a member says of itself.
fn told(member: &mut Collective, now: Millis) -> Presence {
    let (parts, context) = member.apart(now);
    let told = parts.told(&context);
    parts.members.presence(context.own, told)
}

/// Committees that count for a member.
fn terms(member: &Collective, now: Millis) -> Vec<SeenTerm> {
    member.parts.around(now, &member.own).terms()
}

fn sits(member: &Collective) -> bool {
    member.parts.seat.sitting().is_some()
}

#[test]
fn numbers_that_a_stranger_makes_up_shut_no_newcomer_out() {
    let stranger = signers(9)[0].public_key();
    let mut old = member(1, 0);
    for sequence in 1..9 {
        heard(&mut old, sequence * 300, stranger, &knowing(u64::MAX, presence(sequence, &[])));
    }
    let told = told(&mut old, 4_000);
    assert_eq!(told.known_term, 0, "an honest member only counts terms that it saw itself");
    let mut newcomer = member(2, 0);
    heard(&mut newcomer, 4_000, old.me(), &told);
    heard(&mut newcomer, 4_001, stranger, &knowing(u64::MAX, presence(20, &[])));
    assert_eq!(newcomer.parts.members.presences().len(), 2);
    // Whatever number it has heard of, a proposal with any other is as good.
    assert!(newcomer.parts.members.presences().known_term() > 0);
}

#[test]
fn numbers_that_a_linked_stranger_makes_up_make_no_member_unseen() {
    let stranger = signers(9)[0].public_key();
    let (mut victim, mut other) = (member(1, 0), member(2, 0));
    let first = told(&mut victim, 0);
    heard(&mut other, 0, victim.me(), &first);
    link(&mut victim, 0, stranger);
    for sequence in 1..9 {
        let lie = knowing(sequence << 20, presence(sequence, &[]));
        control(&mut victim, 10 * sequence, stranger, &Control::Presence(lie));
    }
    for n in 1..10 {
        let said = told(&mut victim, n * 5_000);
        heard(&mut other, n * 5_000, victim.me(), &said);
    }
    other.handle_timeout(60_000);
    assert!(other.parts.members.presences().get(&victim.me()).is_some());
}

#[test]
fn a_proposal_raises_nobodys_number_and_none_is_too_low_or_too_high() {
    for number in [0, 1, u64::MAX] {
        let friends = signers(11);
        let mut one = member(1, 0);
        let mut seats = [one.me(), friends[0].public_key(), friends[1].public_key(), friends[2].public_key()];
        seats.sort_unstable();
        for friend in &friends[..3] {
            link(&mut one, 0, friend.public_key());
            control(&mut one, 0, friend.public_key(), &Control::Presence(knowing(7, presence(1, &seats))));
        }
        one.parts.election.handle_ready(0);
        let proposal = Proposal {
            number,
            recipe: config().recipe,
            seats,
            origin: ProposedOrigin::Genesis,
            nonce: Nonce([3; 32]),
        };
        control(&mut one, 0, friends[0].public_key(), &Control::Proposal(proposal));
        assert!(one.parts.seat.forming().is_some(), "{number}");
        assert_eq!(one.parts.members.presences().known_term(), 7);
        assert_eq!(told(&mut one, 1).known_term, 0);
    }
}

#[test]
fn nobody_goes_on_from_a_round_that_no_artist_reaches() {
    let friends = signers(11);
    let mut one = member(1, 0);
    let seats = [one.me(), friends[0].public_key(), friends[1].public_key(), friends[2].public_key()];
    for friend in &friends[..3] {
        link(&mut one, 0, friend.public_key());
        control(&mut one, 0, friend.public_key(), &Control::Presence(presence(1, &seats)));
    }
    one.parts.election.handle_ready(0);
    let from = abraham_messages::collective::StateName {
        round: limits::MAX_ROUNDS + 1,
        generation: 0,
        state: StateId([1; 32]),
    };
    let origin =
        ProposedOrigin::Continue { artist: ArtistName([5; 32]), from, holders: [false, true, true, true] };
    let proposal = Proposal { number: 1, recipe: config().recipe, seats, origin, nonce: Nonce([3; 32]) };
    drain(&mut one);
    control(&mut one, 0, friends[0].public_key(), &Control::Proposal(proposal));
    assert!(one.parts.seat.is_free());
    assert!(!certificate::is_valid(
        &config().recipe,
        &certified(TermId([1; 32]), ArtistName([5; 32]), limits::MAX_ROUNDS + 1, &friends)
    ));
    assert!(certificate::is_valid(
        &config().recipe,
        &certified(TermId([1; 32]), ArtistName([5; 32]), limits::MAX_ROUNDS, &friends)
    ));
}

#[test]
fn a_term_that_is_only_said_to_be_counts_for_a_while_and_a_shown_one_as_long_as_it_lasts() {
    let mut one = member(1, 0);
    let said = others(20, 5);
    let says = |one: &mut Collective, now: Millis| {
        said.say_that_they_sit(one, now, now + 1);
        one.handle_timeout(now);
        !terms(one, now).is_empty()
    };
    assert!(says(&mut one, 0));
    // It looks around.
    let first = 100;
    assert!(says(&mut one, first));
    assert!(says(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT - 1));
    assert!(!says(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT));
    // Other terms under other keys are not believed any better.
    let more = others(30, 6);
    more.say_that_they_sit(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT + 1, 1);
    assert!(!says(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT + 1));
    // A link to one of its painters, who may only be setting up.
    said.link(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT + 2, 1);
    assert!(says(&mut one, first + limits::UNSHOWN_TERM_TIMEOUT + 3));
    assert!(says(&mut one, first + limits::BEGIN_TIMEOUT - 1));
    assert!(!says(&mut one, first + limits::BEGIN_TIMEOUT));
    said.show(&mut one, first + limits::BEGIN_TIMEOUT + 1, 1);
    for n in 1..20 {
        assert!(says(&mut one, limits::BEGIN_TIMEOUT + n * 10_000));
    }
    let terms = terms(&one, limits::BEGIN_TIMEOUT + 190_000);
    assert!(terms[0].shown && terms[0].number == 9);
}

#[test]
fn a_term_is_shown_by_its_painters_over_a_link_with_their_proposal_and_signatures() {
    let mut one = member(1, 0);
    let (term, mine) = (others(20, 5), others(30, 5));
    let shown = |one: &Collective, of: &Others| {
        one.parts.members.witness().sits(&of.certificate.statement.term).is_some()
    };
    for n in 0..4 {
        term.link(&mut one, 0, n);
        mine.link(&mut one, 0, n);
    }
    let mut now = 0;
    let mut show = |one: &mut Collective, from: &Signer, proposal: &Proposal, certificate: &Certificate| {
        now += limits::MIN_SHOWN_INTERVAL;
        let (proposal, certificate) = (proposal.clone(), Box::new(certificate.clone()));
        control(one, now, from.public_key(), &Control::Sits { proposal, certificate });
    };
    show(&mut one, &mine.painters[0], &term.proposal, &term.certificate);
    assert!(!shown(&one, &term), "not by one of its painters");
    // Whoever signs with four keys of its own that they sat in a term of others does not have its proposal.
    let stolen = certified(term.certificate.statement.term, ArtistName([30; 32]), 5, &mine.painters);
    show(&mut one, &mine.painters[0], &mine.proposal, &stolen);
    assert!(!shown(&one, &term));
    let mut two = term.certificate.clone();
    (two.signatures[0], two.signatures[1]) = (None, None);
    show(&mut one, &term.painters[2], &term.proposal, &two);
    assert!(!shown(&one, &term), "two signatures");
    let another = certified(term.certificate.statement.term, ArtistName([77; 32]), 5, &term.painters);
    show(&mut one, &term.painters[2], &term.proposal, &another);
    assert!(!shown(&one, &term), "another artist than the one that was proposed");
    show(&mut one, &term.painters[2], &term.proposal, &term.certificate);
    assert!(shown(&one, &term));
    // Each check costs four verifications.
    let before = one.parts.members.rejections().map(|(_, count)| count).sum::<u64>();
    mine.show(&mut one, 90_000, 0);
    others(40, 1).show(&mut one, 90_000, 0);
    assert!(shown(&one, &mine));
    let bad = Others { certificate: two, ..others(30, 6) };
    bad.show(&mut one, 90_000, 0);
    assert!(one.parts.members.rejections().map(|(_, count)| count).sum::<u64>() > before);
}

#[test]
fn what_was_shown_of_terms_that_nobody_speaks_of_makes_room_and_terms_in_sight_stay() {
    let mut one = member(1, 0);
    let seen = others(20, 5);
    seen.link(&mut one, 0, 0);
    seen.show(&mut one, 0, 0);
    seen.say_that_they_sit(&mut one, 0, 1);
    let crowd = signers(60);
    link(&mut one, 0, crowd[0].public_key());
    let seats = keys(&crowd);
    for n in 0..2 * limits::MAX_SHOWN_TERMS as u64 {
        let mut nonce = Nonce([9; 32]);
        nonce.0[..8].copy_from_slice(&n.to_le_bytes());
        let proposal =
            Proposal { number: 1, recipe: config().recipe, seats, origin: ProposedOrigin::Genesis, nonce };
        let certificate = Box::new(certified(term_id(&proposal), ArtistName([9; 32]), 1, &crowd));
        let now = (n + 1) * limits::MIN_SHOWN_INTERVAL;
        seen.say_that_they_sit(&mut one, now, n + 2);
        control(&mut one, now, crowd[0].public_key(), &Control::Sits { proposal, certificate });
    }
    assert!(one.parts.members.witness().sits(&seen.certificate.statement.term).is_some());
}

#[test]
fn a_committee_makes_way_only_for_one_that_two_linked_painters_sit_in_and_one_of_them_showed() {
    let friends = signers(11);
    let mut one = member(1, 0);
    seat(&mut one, 1_000, &friends, 1);
    let more = others(20, 1 << 30);
    let mut now = 1_000;
    let mut wait = |one: &mut Collective| {
        for _ in 0..3 {
            now += 400;
            more.say_that_they_sit(one, now, now);
            one.handle_timeout(now);
        }
        now
    };
    wait(&mut one);
    assert!(sits(&one), "presences are free");
    more.link(&mut one, 2_200, 0);
    more.show(&mut one, 2_200, 0);
    wait(&mut one);
    assert!(sits(&one), "one link to another committee's painter is not enough");
    let other = signers(90);
    link(&mut one, 3_400, other[0].public_key());
    wait(&mut one);
    assert!(sits(&one));
    more.link(&mut one, 4_600, 1);
    wait(&mut one);
    assert!(!sits(&one));
    assert_eq!(one.parts.status.last_end(), Some(&EndCause::Dissolved));
}

#[test]
fn two_links_to_painters_who_show_nothing_dissolve_no_committee() {
    let friends = signers(11);
    let mut one = member(1, 0);
    seat(&mut one, 1_000, &friends, 1);
    let more = others(20, 1 << 40);
    (0..4).for_each(|painter| more.link(&mut one, 1_000, painter));
    for n in 0..50 {
        let now = 1_000 + n * 400;
        more.say_that_they_sit(&mut one, now, now);
        one.handle_timeout(now);
    }
    assert_ne!(one.parts.status.last_end(), Some(&EndCause::Dissolved), "rounds are what they say");
}

#[test]
fn a_member_makes_way_once_in_a_while() {
    let friends = signers(11);
    let mut one = member(1, 0);
    let mut now = 1_000;
    seat(&mut one, now, &friends, 1);
    let dissolves = |one: &mut Collective, now: &mut Millis, more: &Others| {
        (0..4).for_each(|painter| more.link(one, *now, painter));
        more.show(one, *now, 0);
        for _ in 0..4 {
            *now += 400;
            more.say_that_they_sit(one, *now, *now);
            one.handle_timeout(*now);
        }
        let gone = !sits(one);
        let painters = more.painters.iter().map(Signer::public_key);
        for peer in painters {
            one.handle(*now, Input::Node(node::Event::LinkDown { peer, reason: "gone".into() }));
        }
        *now += limits::MIN_PRESENCE_INTERVAL;
        one.handle_timeout(*now);
        *now += limits::REFUSAL_DURATION;
        gone
    };
    assert!(dissolves(&mut one, &mut now, &others(20, 100)));
    let first = now;
    now += limits::PRESENCE_TIMEOUT;
    one.handle_timeout(now);
    seat(&mut one, now, &friends, 2);
    assert!(!dissolves(&mut one, &mut now, &others(30, 100)), "not so soon again");
    assert!(now < first + limits::MIN_DISSOLVE_INTERVAL);
}

#[test]
fn members_that_flood_the_node_under_any_keys_fill_no_table() {
    let mut one = member(1, 0);
    let what = || "it floods".to_owned();
    for n in 0..5_000_u32 {
        let mut key = [2; 33];
        key[1..5].copy_from_slice(&n.to_le_bytes());
        one.handle(0, Input::Node(node::Event::Misbehaved { peer: PeerKey(key), what: what() }));
    }
    assert_eq!(one.parts.members.faults().iter().count(), 0);
    let linked = signers(9)[0].public_key();
    link(&mut one, 0, linked);
    one.handle(0, Input::Node(node::Event::Misbehaved { peer: linked, what: what() }));
    assert_eq!(one.parts.members.faults().of(&linked), limits::NAMED_FAULT);
}

#[test]
fn bad_pieces_and_pieces_of_made_up_committees_are_not_seen_and_good_ones_are() {
    let mut one = member(1, 0);
    let sitting = others(20, 4);
    let statement = sitting.certificate.statement;
    let piece = |artist: &ArtistName, painters: &[Signer; 4], latent: u8| {
        let (recipe, round, generation) = (config().recipe, 4, 0);
        let (commitments, content) = (&[Commitment([2; 32]); 4], vec![9; 16]);
        let (artist, latent) = (*artist, Latent([latent; 32]));
        let piece =
            Unsigned { artist, recipe, round, generation, commitments, latent, content: &content }.piece();
        let sign = |by: &Signer| PainterSignature { painter: by.public_key(), signature: by.sign(&piece) };
        SignedPiece { piece, content, signatures: painters.iter().map(sign).collect() }
    };
    let made_up = others(30, 4);
    sitting.link(&mut one, 0, 0);
    sitting.show(&mut one, 0, 0);
    let hear = |one: &mut Collective, now: Millis, from: PeerKey, piece: &SignedPiece| {
        let message = Gossip::Piece(Box::new(piece.clone())).encode();
        one.handle(now, Input::Node(node::Event::Gossip { from, message }));
        let shown = drain(one).iter().filter(|o| matches!(o, Output::Event(Event::Piece { .. }))).count();
        shown == 1
    };
    let mut seen = 0;
    for second in 0..60_u64 {
        let now = second * 1_000;
        if second % 5 == 0 {
            sitting.say_that_they_sit(&mut one, now, second + 1);
            made_up.say_that_they_sit(&mut one, now, second + 1);
        }
        let good = piece(&statement.artist, &sitting.painters, second as u8);
        let mut bad = good.clone();
        bad.signatures[0].signature.0[3] ^= 1;
        for n in 0..256_u16 {
            let mut key = [2; 33];
            key[1..3].copy_from_slice(&n.to_le_bytes());
            assert!(!hear(&mut one, now, PeerKey(key), &bad));
        }
        let from = made_up.painters[0].public_key();
        let hung = piece(&made_up.certificate.statement.artist, &made_up.painters, second as u8);
        assert!(!hear(&mut one, now, from, &hung), "a committee that nobody showed, beside one that was");
        let taken = piece(&statement.artist, &made_up.painters, second as u8);
        assert!(!hear(&mut one, now, from, &taken));
        seen += usize::from(hear(&mut one, now + 500, sitting.painters[0].public_key(), &good));
    }
    assert_eq!(seen, 60);
}

/// Both sides of an accusation of silence are as likely to blame.
#[test]
fn who_gives_a_term_up_over_another_is_blamed_with_it_and_nobody_else_is() {
    let friends = signers(11);
    let mut one = member(1, 0);
    let term = seat(&mut one, 0, &friends, 7);
    let [by, accused, other] = [0, 1, 2].map(|i: usize| friends[i].public_key());
    let silent = seat_of(&term, &friends[1]);
    control(&mut one, 1, by, &Control::Farewell { term: term.id, why: Farewell::Silent(silent) });
    assert_eq!(
        [by, accused, other].map(|peer| one.parts.members.faults().of(&peer)),
        [limits::FAULT, limits::FAULT, 0]
    );
}

#[test]
fn a_term_that_waits_in_vain_blames_exactly_those_who_are_silent() {
    for silent in 0..3 {
        let friends = signers(11);
        let mut one = member(1, 0);
        let term = seat(&mut one, 0, &friends, 7);
        for friend in (0..3).filter(|friend| *friend != silent) {
            let ready = Ready { leaves: false, piece_due: false, teachers: Vec::new() };
            let step = Control::Step { term: term.id, cycle: 1, step: Step::Ready(ready) };
            control(&mut one, 1, friends[friend].public_key(), &step);
        }
        while sits(&one) {
            let next = one.next_deadline().expect("a term has a deadline");
            one.handle_timeout(next);
        }
        assert_eq!(
            one.parts.status.last_end(),
            Some(&EndCause::Silent { seat: seat_of(&term, &friends[silent]) })
        );
        for (friend, signer) in friends[..3].iter().enumerate() {
            assert_eq!(
                one.parts.members.faults().of(&signer.public_key()) > 0,
                friend == silent,
                "{friend} {silent}"
            );
        }
    }
}

fn seat_of(term: &Term, signer: &Signer) -> u8 {
    term.seats.iter().position(|seat| *seat == signer.public_key()).unwrap() as u8
}

#[test]
fn nobody_joins_another_committee_while_one_sits_and_who_only_says_so_stops_nobody() {
    for shown in [false, true] {
        let friends = signers(11);
        let mut one = member(1, 0);
        let sitting = others(20, 4);
        sitting.link(&mut one, 0, 0);
        if shown {
            sitting.show(&mut one, 0, 0);
        }
        one.handle(
            0,
            Input::Node(node::Event::LinkDown { peer: sitting.proposal.seats[0], reason: "gone".into() }),
        );
        let mut now = 0;
        for n in 1..=20 {
            now = n * 1_000;
            sitting.say_that_they_sit(&mut one, now, n);
            one.handle_timeout(now);
        }
        assert!(now > limits::UNSHOWN_TERM_TIMEOUT);
        let mut seats = [one.me(), friends[0].public_key(), friends[1].public_key(), friends[2].public_key()];
        seats.sort_unstable();
        for friend in &friends[..3] {
            link(&mut one, now, friend.public_key());
            control(&mut one, now, friend.public_key(), &Control::Presence(presence(1, &seats)));
        }
        one.parts.election.handle_ready(0);
        let proposal = Proposal {
            number: 1,
            recipe: config().recipe,
            seats,
            origin: ProposedOrigin::Genesis,
            nonce: Nonce([3; 32]),
        };
        control(&mut one, now, friends[0].public_key(), &Control::Proposal(proposal));
        assert_eq!(one.parts.seat.forming().is_some(), !shown);
    }
}

#[test]
fn a_teacher_answers_only_painters_of_a_term_that_it_was_shown() {
    let mut one = member(1, 0);
    one.handle(0, Input::Settings(Settings { paint: false, pictures: 40, ..settings() }));
    let term = others(20, 4);
    (0..4).for_each(|painter| term.link(&mut one, 0, painter));
    let batch = [5; 64];
    let statement = term.certificate.statement;
    let ask = |one: &mut Collective, now: Millis, cycle: u32, artist: ArtistName| {
        let notice = Notice {
            term: statement.term,
            cycle,
            seats: statement.seats,
            artist,
            round: 5 + u64::from(cycle),
            batch: BatchId(*blake3::hash(&batch).as_bytes()),
        };
        let bulk = abraham_messages::collective::Bulk {
            kind: abraham_messages::collective::BulkKind::Batch,
            term: [0; 8],
            cycle,
            payload: &batch,
        };
        for painter in &term.painters[..3] {
            let signature = painter.sign(&notice);
            control(one, now, painter.public_key(), &Control::Notice { notice, signature });
        }
        let (peer, message) = (statement.seats[0], bulk.encode());
        one.handle(now, Input::Node(node::Event::Message { peer, lane: Lane::Bulk, message }));
        drain(one).iter().any(|o| matches!(o, Output::Work { work: Work::Teach { .. }, .. }))
    };
    assert!(!ask(&mut one, 10, 1, statement.artist), "three keys and three links are not a committee");
    term.show(&mut one, 20, 2);
    assert!(!ask(&mut one, 30, 2, ArtistName([1; 32])), "of another artist");
    assert!(ask(&mut one, 40, 3, statement.artist));
}

/// A member that sits with three who say what a test wants, before any of them has said what it holds.
struct Table {
    one: Collective,
    friends: [Signer; 4],
    seats: [PeerKey; 4],
    mine: usize,
    id: TermId,
    commitments: [Commitment; 4],
}

impl Table {
    /// `continued` is the round of a state that the three hold.
    fn new(continued: Option<u64>) -> Self {
        let (friends, mut one) = (signers(11), member(1, 0));
        one.handle(0, Input::Settings(Settings { pictures: 30, ..settings() }));
        let mut seats = [one.me(), friends[0].public_key(), friends[1].public_key(), friends[2].public_key()];
        seats.sort_unstable();
        let mine = seats.iter().position(|seat| *seat == one.me()).unwrap();
        for friend in &friends[..3] {
            link(&mut one, 0, friend.public_key());
            let presence = Presence { pictures: 30, ..presence(1, &seats) };
            control(&mut one, 0, friend.public_key(), &Control::Presence(presence));
        }
        one.parts.election.handle_ready(0);
        let commitments = [Commitment([3; 32]); 4];
        let artist = artist_name(&config().recipe, &commitments);
        let certificate = continued.map(|round| {
            let statement =
                StateStatement { artist, round, generation: 0, commitments, term: TermId([1; 32]), seats };
            let sign = |peer: &PeerKey| {
                let friend = friends.iter().find(|friend| friend.public_key() == *peer)?;
                Some(friend.sign(&statement))
            };
            Box::new(Certificate { statement, signatures: seats.each_ref().map(sign) })
        });
        if let Some(certificate) = &certificate {
            for friend in &friends[..3] {
                let artist = HeldArtist { states: vec![(**certificate).clone()], chain: Vec::new() };
                let holds = Holds { artists: vec![artist], ..Holds::default() };
                control(&mut one, 0, friend.public_key(), &Control::Holds(holds));
            }
        }
        let origin = certificate.as_ref().map_or(ProposedOrigin::Genesis, |certificate| {
            let from = state_name(&certificate.statement);
            ProposedOrigin::Continue { artist, from, holders: std::array::from_fn(|seat| seat != mine) }
        });
        let proposal = Proposal { number: 1, recipe: config().recipe, seats, origin, nonce: Nonce([1; 32]) };
        let id = term_id(&proposal);
        control(&mut one, 0, friends[0].public_key(), &Control::Proposal(proposal));
        for friend in &friends[..3] {
            let certificate = certificate.clone();
            control(&mut one, 0, friend.public_key(), &Control::Accept { term: id, certificate });
        }
        let mut table = Self { one, friends, seats, mine, id, commitments };
        let held = table.held(mine);
        table.answer(Done::Begun { commitments: held, liars: Vec::new() });
        table
    }

    fn held(&self, seat: usize) -> [Option<Commitment>; 4] {
        std::array::from_fn(|c| (c != seat).then_some(self.commitments[c]))
    }

    fn answer(&mut self, done: Done) -> Vec<Step> {
        let outputs = drain(&mut self.one);
        let ticket = outputs.iter().rev().find_map(|output| match output {
            Output::Work { work: Work::Expect { .. } | Work::End { .. } | Work::Forget, .. } => None,
            Output::Work { ticket, .. } => Some(*ticket),
            _ => None,
        });
        let ticket = ticket.expect("its engine is at work");
        self.one.handle(0, Input::Answer { ticket, result: Ok(done) });
        self.said()
    }

    /// What the member said to one of the three since it was asked last.
    fn said(&mut self) -> Vec<Step> {
        let to = self.friends[0].public_key();
        let outputs = drain(&mut self.one);
        let said = outputs.iter().filter_map(|output| match output {
            Output::Command(node::Command::Send { peer, lane: Lane::Control, message }) if *peer == to => {
                match Control::decode(message) {
                    Ok(Control::Step { step, .. }) => Some(step),
                    _ => None,
                }
            }
            _ => None,
        });
        said.collect()
    }

    /// Each of the three says a step.
    fn say(&mut self, cycle: u32, mut step: impl FnMut(usize, &Signer) -> Step) {
        for friend in 0..3 {
            let peer = self.friends[friend].public_key();
            let seat = self.seats.iter().position(|seat| *seat == peer).unwrap();
            let step = step(seat, &self.friends[friend]);
            control(&mut self.one, 0, peer, &Control::Step { term: self.id, cycle, step });
        }
    }

    fn statement(&self, round: u64) -> StateStatement {
        let artist = artist_name(&config().recipe, &self.commitments);
        let commitments = self.commitments;
        StateStatement { artist, round, generation: 0, commitments, term: self.id, seats: self.seats }
    }
}

#[test]
fn a_continued_term_certifies_no_other_state_than_the_one_it_began_with() {
    for honest in [true, false] {
        let mut table = Table::new(Some(6));
        let (mine, held) = (table.mine, [0, 1, 2, 3].map(|seat| table.held(seat)));
        table.say(0, |seat, _| {
            let mut commitments = held[seat];
            if !honest {
                // Of the component that this member does not hold the others can say anything.
                commitments[mine] = Some(Commitment([0xBB; 32]));
            }
            Step::Held { commitments }
        });
        let signs = table.said().iter().any(|step| matches!(step, Step::Certify { .. }));
        assert_eq!(signs, honest);
        assert_eq!(sits(&table.one), honest);
    }
}

#[test]
fn a_painter_whom_two_others_contradict_signs_nothing() {
    let mut table = Table::new(None);
    let (mine, held) = (table.mine, [0, 1, 2, 3].map(|seat| table.held(seat)));
    let other = (0..4).find(|c| *c != mine).unwrap();
    table.say(0, |seat, _| {
        let mut commitments = held[seat];
        commitments[other] = commitments[other].map(|_| Commitment([0xBB; 32]));
        Step::Held { commitments }
    });
    assert!(!table.said().iter().any(|step| matches!(step, Step::Certify { .. })));
    assert_eq!(table.one.parts.status.last_end(), Some(&EndCause::Disagreement));
}

#[test]
fn signatures_that_are_not_under_the_state_make_no_certificate() {
    for good in 0..4 {
        let mut table = Table::new(None);
        let held = [0, 1, 2, 3].map(|seat| table.held(seat));
        table.say(0, |seat, _| Step::Held { commitments: held[seat] });
        let statement = table.statement(0);
        let helds = helds(|seat| held[seat]);
        let mut left: usize = good;
        table.say(0, |_, friend| {
            let mut signature = friend.sign(&statement);
            if left == 0 {
                signature.0[9] ^= 1;
            }
            left = left.saturating_sub(1);
            Step::Certify { helds, signature }
        });
        let certified = good + 1 >= limits::CERTIFICATE_QUORUM;
        assert_eq!(table.one.parts.keeping.store().holding().is_some(), certified, "{good} and its own");
        assert_eq!(sits(&table.one), certified);
    }
}

#[test]
fn painters_that_opened_another_batch_do_not_learn_together() {
    for same in [true, false] {
        let mut table = Table::new(None);
        let held = [0, 1, 2, 3].map(|seat| table.held(seat));
        table.say(0, |seat, _| Step::Held { commitments: held[seat] });
        let statement = table.statement(0);
        let helds = helds(|seat| held[seat]);
        table.say(0, |_, friend| Step::Certify { helds, signature: friend.sign(&statement) });
        let said = table.said();
        let Some(Step::Ready(mine)) = said.last() else { panic!("it says who teaches") };
        let ready = Step::Ready(abraham_messages::collective::Ready { piece_due: false, ..mine.clone() });
        let mut readies = [(); 4].map(|()| ready.clone());
        readies[table.mine] = said.last().unwrap().clone();
        table.say(1, |_, _| ready.clone());
        let digest = round::digest(readies.each_ref());
        table.say(1, |_, _| Step::Planned { readies: digest });
        let bytes = vec![5; 64];
        let hash = BatchId(*blake3::hash(&bytes).as_bytes());
        table.answer(Done::Batch { bytes });
        table.one.handle_timeout(limits::TEACHING_TIMEOUT);
        assert!(matches!(table.said().last(), Some(Step::Have { batch, .. }) if *batch == hash));
        let batch = if same { hash } else { BatchId([0xBB; 32]) };
        table.say(1, |_, _| Step::Have { batch, updates: 0 });
        assert_eq!(sits(&table.one), same);
        if !same {
            assert_eq!(table.one.parts.status.last_end(), Some(&EndCause::Disagreement));
        }
    }
}
