//! The collective's messages on the wire: vectors that must decode, bytes that must not, and any bytes at all.

use abraham_messages::{
    ArtistName, BatchId, Commitment, ContentId, CreditsId, DecodeError, Latent, Nonce, PainterSignature,
    PeerKey, Piece, RecipeId, RecordId, SealId, SignedPiece, StateId, StepsHash, TermId,
    collective::{
        BackendKind, Bulk, BulkKind, Certificate, Control, Farewell, Gossip, HeldArtist, Holding, Holds,
        Notice, Presence, Proposal, ProposedOrigin, Ready, Seated, Signature, StateName, StateStatement,
        Step, TeacherOffer,
    },
    limits,
};
use proptest::prelude::*;

fn key(n: u8) -> PeerKey {
    PeerKey([n; 33])
}

fn seats() -> [PeerKey; 4] {
    [2, 3, 4, 5].map(key)
}

fn statement() -> StateStatement {
    StateStatement {
        artist: ArtistName([1; 32]),
        round: 7,
        generation: 0,
        commitments: [Commitment([2; 32]); 4],
        term: TermId([3; 32]),
        seats: seats(),
    }
}

fn presence() -> Presence {
    Presence {
        sequence: 300,
        recipe: RecipeId([6; 32]),
        paint: true,
        pictures: 12,
        backend: BackendKind::Gpu,
        addresses: vec!["/ip4/127.0.0.1/tcp/4001/ws".into()],
        links: vec![key(9)],
        holding: Some(Holding {
            artist: ArtistName([1; 32]),
            seat: 3,
            states: vec![StateName { round: 7, generation: 0, state: StateId([2; 32]) }],
        }),
        seated: Some(Seated {
            term: TermId([3; 32]),
            number: 4,
            seat: 2,
            artist: ArtistName([1; 32]),
            round: 7,
        }),
        known_term: 4,
    }
}

fn piece() -> SignedPiece {
    let piece = Piece {
        artist: ArtistName([0xab; 32]),
        recipe: RecipeId([0xab; 32]),
        round: 7,
        latent: Latent([0xab; 32]),
        state: StateId([0xab; 32]),
        content: ContentId([0xab; 32]),
        seal: SealId([0; 32]),
        record: RecordId([0; 32]),
        credits: CreditsId([0; 32]),
    };
    let by = |painter| PainterSignature { painter, signature: Signature([6; 65]) };
    SignedPiece { piece, content: vec![128; 32 * 32 * 3], signatures: seats().map(by).to_vec() }
}

fn gossip() -> Vec<Gossip> {
    vec![Gossip::Presence(presence()), Gossip::Leave { sequence: 300 }, Gossip::Piece(Box::new(piece()))]
}

fn control() -> Vec<Control> {
    let proposal = |origin| Proposal {
        number: 5,
        recipe: RecipeId([6; 32]),
        seats: seats(),
        origin,
        nonce: Nonce([9; 32]),
    };
    let from = StateName { round: 7, generation: 0, state: StateId([2; 32]) };
    let continued =
        ProposedOrigin::Continue { artist: ArtistName([1; 32]), from, holders: [true, true, false, true] };
    let certificate =
        Certificate { statement: statement(), signatures: [Some(Signature([6; 65])), None, None, None] };
    let step = |step| Control::Step { term: TermId([3; 32]), cycle: 8, step };
    let offer = TeacherOffer { peer: key(9), pictures: 30 };
    let notice = Notice {
        term: TermId([3; 32]),
        cycle: 8,
        seats: seats(),
        artist: ArtistName([1; 32]),
        round: 8,
        batch: BatchId([4; 32]),
    };
    vec![
        Control::Presence(presence()),
        Control::Proposal(proposal(ProposedOrigin::Genesis)),
        Control::Proposal(proposal(continued)),
        Control::Accept { term: TermId([3; 32]), certificate: None },
        Control::Accept { term: TermId([3; 32]), certificate: Some(Box::new(certificate)) },
        Control::Farewell { term: TermId([3; 32]), why: Farewell::Silent(3) },
        Control::Farewell { term: TermId([3; 32]), why: Farewell::Suspects([0, 3]) },
        step(Step::Ready(Ready { leaves: false, piece_due: true, teachers: vec![offer; 24] })),
        step(Step::Planned { readies: StepsHash([5; 32]) }),
        step(Step::Have { batch: BatchId([4; 32]), updates: 0xff }),
        step(Step::Counted { haves: StepsHash([5; 32]) }),
        step(Step::Held {
            commitments: [None, Some([2; 32]), Some([2; 32]), Some([2; 32])].map(|held| held.map(Commitment)),
        }),
        step(Step::Certify { helds: StepsHash([5; 32]), signature: Signature([6; 65]) }),
        step(Step::Sign(Signature([6; 65]))),
        Control::Notice { notice, signature: Signature([6; 65]) },
        Control::Holds(Holds::default()),
        Control::Holds(holds(1, 1)),
        Control::Sits {
            proposal: proposal(continued),
            certificate: Box::new(Certificate {
                statement: statement(),
                signatures: [Some(Signature([6; 65])); 4],
            }),
        },
    ]
}

/// So many artists with two states and a chain of so many each.
fn holds(artists: usize, chain: usize) -> Holds {
    let certificate = Certificate { statement: statement(), signatures: [Some(Signature([6; 65])); 4] };
    let states = vec![certificate.clone(); 2];
    let artist = HeldArtist { states, chain: vec![certificate; chain] };
    Holds { artists: vec![artist; artists], seats: vec![(ArtistName([1; 32]), 3)], begins: true }
}

/// Whoever counts one further than a round that was decoded must not overflow, whatever it came in.
#[test]
fn rounds_that_no_artist_reaches_are_refused_wherever_they_are() {
    for (round, taken) in [(limits::MAX_ROUNDS, true), (limits::MAX_ROUNDS + 1, false), (u64::MAX, false)] {
        let state = StateName { round, generation: 0, state: StateId([2; 32]) };
        let certificate =
            Certificate { statement: StateStatement { round, ..statement() }, signatures: [None; 4] };
        let notice = Notice {
            term: TermId([3; 32]),
            cycle: 8,
            seats: seats(),
            artist: ArtistName([1; 32]),
            round,
            batch: BatchId([4; 32]),
        };
        let origin =
            ProposedOrigin::Continue { artist: ArtistName([1; 32]), from: state, holders: [true; 4] };
        let controls = [
            Control::Sits {
                proposal: Proposal {
                    number: 5,
                    recipe: RecipeId([6; 32]),
                    seats: seats(),
                    origin: ProposedOrigin::Genesis,
                    nonce: Nonce([9; 32]),
                },
                certificate: Box::new(certificate.clone()),
            },
            Control::Holds(Holds {
                artists: vec![HeldArtist { states: vec![certificate.clone()], chain: Vec::new() }],
                ..Holds::default()
            }),
            Control::Holds(Holds {
                artists: vec![HeldArtist { states: Vec::new(), chain: vec![certificate.clone()] }],
                ..Holds::default()
            }),
            Control::Accept { term: TermId([3; 32]), certificate: Some(Box::new(certificate)) },
            Control::Notice { notice, signature: Signature([6; 65]) },
            Control::Proposal(Proposal {
                number: 5,
                recipe: RecipeId([6; 32]),
                seats: seats(),
                origin,
                nonce: Nonce([9; 32]),
            }),
        ];
        for control in controls {
            assert_eq!(Control::decode(&control.encode()).is_ok(), taken, "{control:?}");
        }
        let mut sits = presence();
        sits.seated = sits.seated.map(|seated| Seated { round, ..seated });
        let mut holds = presence();
        holds.holding = holds.holding.map(|holding| Holding { states: vec![state], ..holding });
        let mut painted = piece();
        painted.piece.round = round;
        let gossips = [Gossip::Presence(sits), Gossip::Presence(holds), Gossip::Piece(Box::new(painted))];
        for gossip in gossips {
            assert_eq!(Gossip::decode(&gossip.encode()).is_ok(), taken, "{gossip:?}");
        }
    }
    let counted = Presence { known_term: u64::MAX, ..presence() };
    assert!(Gossip::decode(&Gossip::Presence(counted).encode()).is_ok(), "terms only give an order");
}

/// As for rounds.
#[test]
fn generations_that_no_artist_reaches_are_refused_wherever_they_are() {
    let most = limits::MAX_GENERATIONS;
    for (generation, taken) in [(most, true), (most + 1, false), (u64::MAX, false)] {
        let state = StateName { round: 7, generation, state: StateId([2; 32]) };
        let statement = StateStatement { generation, ..statement() };
        let certificate = Certificate { statement, signatures: [None; 4] };
        let origin =
            ProposedOrigin::Continue { artist: ArtistName([1; 32]), from: state, holders: [true; 4] };
        let chain = vec![certificate.clone()];
        let controls = [
            Control::Holds(Holds {
                artists: vec![HeldArtist { states: Vec::new(), chain }],
                ..Holds::default()
            }),
            Control::Accept { term: TermId([3; 32]), certificate: Some(Box::new(certificate)) },
            Control::Proposal(Proposal {
                number: 5,
                recipe: RecipeId([6; 32]),
                seats: seats(),
                origin,
                nonce: Nonce([9; 32]),
            }),
        ];
        for control in controls {
            assert_eq!(Control::decode(&control.encode()).is_ok(), taken, "{control:?}");
        }
        let mut holds = presence();
        holds.holding = holds.holding.map(|holding| Holding { states: vec![state], ..holding });
        assert_eq!(Gossip::decode(&Gossip::Presence(holds).encode()).is_ok(), taken);
    }
}

#[test]
fn every_message_survives_the_wire_within_its_limit() {
    for message in gossip() {
        let bytes = message.encode();
        assert!(bytes.len() <= limits::MAX_GOSSIP_BYTES, "{}", bytes.len());
        assert_eq!(Gossip::decode(&bytes), Ok(message));
    }
    for message in control() {
        let bytes = message.encode();
        assert!(bytes.len() <= 2_048, "a message is short: {}", bytes.len());
        assert_eq!(Control::decode(&bytes), Ok(message));
    }
    for kind in [BulkKind::Batch, BulkKind::Update] {
        let bulk = Bulk { kind, term: [3; 8], cycle: 8, payload: &[1, 2, 3] };
        assert_eq!(Bulk::decode(&bulk.encode()), Ok(bulk));
    }
}

#[test]
fn messages_cut_short_or_with_more_behind_are_refused() {
    for message in control() {
        let bytes = message.encode();
        for end in 0..bytes.len() {
            assert!(Control::decode(&bytes[..end]).is_err(), "{message:?} cut to {end}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Control::decode(&longer), Err(DecodeError::BytesLeftOver(1)));
    }
    let bytes = Gossip::Presence(presence()).encode();
    for end in 0..bytes.len() {
        assert!(Gossip::decode(&bytes[..end]).is_err());
    }
}

/// With the 612 bytes and two rounds in which painters compare their transcripts before a state leaves the protocol, all
/// checks of a learning round without a dispute stay below a kilobyte, and add no step.
#[test]
fn comparing_what_the_four_hold_costs_a_hash_a_message() {
    let step = |step| Control::Step { term: TermId([3; 32]), cycle: 8, step }.encode().len();
    let certify = step(Step::Certify { helds: StepsHash([5; 32]), signature: Signature([6; 65]) });
    let compared = certify - step(Step::Sign(Signature([6; 65])));
    assert_eq!(compared, 32);
    assert!(612 + 12 * compared <= 1_000);
}

/// Bytes that other implementations must make and take: version, variant, fields; integers as LEB128.
#[test]
fn vectors() {
    assert_eq!(Gossip::Leave { sequence: 300 }.encode(), [4, 1, 0xac, 0x02]);
    let mut farewell = vec![4, 3];
    farewell.extend([3; 32]);
    assert_eq!(
        Control::decode(&[&farewell[..], &[2, 3]].concat()),
        Ok(Control::Farewell { term: TermId([3; 32]), why: Farewell::Silent(3) })
    );
    let mut planned = vec![4, 4];
    planned.extend([3; 32]);
    planned.extend([8, 1]);
    planned.extend([5; 32]);
    assert_eq!(
        Control::decode(&planned),
        Ok(Control::Step {
            term: TermId([3; 32]),
            cycle: 8,
            step: Step::Planned { readies: StepsHash([5; 32]) }
        })
    );
    let bulk = Bulk { kind: BulkKind::Update, term: [7; 8], cycle: 0x0102_0304, payload: &[9] };
    assert_eq!(*bulk.encode(), [4, 2, 7, 7, 7, 7, 7, 7, 7, 7, 4, 3, 2, 1, 9]);
}

#[test]
fn other_versions_kinds_counts_and_seats_are_refused() {
    let version = |value| DecodeError::UnknownValue { field: "version", value };
    assert_eq!(Gossip::decode(&[1, 1, 0]), Err(version(1)));
    assert_eq!(Control::decode(&[0, 3]), Err(version(0)));
    assert_eq!(Bulk::decode(&[9; 20]), Err(version(9)));
    assert_eq!(Gossip::decode(&[]), Err(DecodeError::Truncated { missing: 1 }));
    assert_eq!(Gossip::decode(&[4, 77]), Err(DecodeError::Malformed));
    assert_eq!(Control::decode(&[4, 77]), Err(DecodeError::Malformed));
    let kind = DecodeError::UnknownValue { field: "bulk kind", value: 3 };
    assert_eq!(Bulk::decode(&[4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(kind));
    assert_eq!(Bulk::decode(&[4, 1, 0]), Err(DecodeError::Truncated { missing: 7 }));

    let refused = |field, value| Err(DecodeError::UnknownValue { field, value });
    let with = |change: &dyn Fn(&mut Presence)| {
        let mut presence = presence();
        change(&mut presence);
        Gossip::decode(&Gossip::Presence(presence).encode())
    };
    let signed = |change: &dyn Fn(&mut SignedPiece)| {
        let mut piece = piece();
        change(&mut piece);
        Gossip::decode(&Gossip::Piece(Box::new(piece)).encode())
    };
    assert_eq!(signed(&|p| p.signatures.extend(p.signatures.clone())), refused("signatures", 8));
    assert_eq!(
        signed(&|p| p.content = vec![0; limits::MAX_CONTENT_BYTES + 1]),
        refused("content length", 12_289)
    );
    assert_eq!(with(&|p| p.links = vec![key(1); limits::MAX_LINKS + 1]), refused("links", 25));
    assert_eq!(with(&|p| p.addresses = vec![String::new(); 4]), refused("addresses", 4));
    assert_eq!(with(&|p| p.addresses = vec!["a".repeat(257)]), refused("address length", 257));
    assert_eq!(with(&|p| p.seated.iter_mut().for_each(|s| s.seat = 4)), refused("seat", 4));
    assert_eq!(with(&|p| p.holding.iter_mut().for_each(|h| h.seat = 200)), refused("seat", 200));
    let three = vec![StateName { round: 1, generation: 0, state: StateId([0; 32]) }; 3];
    assert_eq!(with(&|p| p.holding.iter_mut().for_each(|h| h.states = three.clone())), refused("states", 3));
    let long = with(&|p| p.addresses = vec!["a".repeat(2_100)]);
    assert!(matches!(long, Err(DecodeError::TooLong { .. })), "{long:?}");

    let silent = Control::Farewell { term: TermId([0; 32]), why: Farewell::Silent(4) };
    assert_eq!(Control::decode(&silent.encode()).err(), refused("seat", 4).err());
    let suspects = Control::Farewell { term: TermId([0; 32]), why: Farewell::Suspects([0, 9]) };
    assert_eq!(Control::decode(&suspects.encode()).err(), refused("seat", 9).err());
    let teachers = vec![TeacherOffer { peer: key(1), pictures: 1 }; limits::MAX_LINKS + 1];
    let ready = Step::Ready(Ready { leaves: false, piece_due: false, teachers });
    let ready = Control::Step { term: TermId([0; 32]), cycle: 0, step: ready };
    assert_eq!(Control::decode(&ready.encode()).err(), refused("teachers", 25).err());
}

#[test]
fn what_is_held_is_bounded_and_fits_a_message() {
    let most = Holds {
        seats: vec![(ArtistName([1; 32]), 3); limits::MAX_SEATS_TOLD],
        ..holds(limits::MAX_ARTISTS, limits::MAX_CHAIN)
    };
    let decoded = |change: &dyn Fn(&mut Holds)| {
        let mut holds = most.clone();
        change(&mut holds);
        Control::decode(&Control::Holds(holds).encode())
    };
    let bytes = Control::Holds(most.clone()).encode();
    assert!(bytes.len() <= 26_000, "{}", bytes.len());
    assert_eq!(decoded(&|_| ()), Ok(Control::Holds(most.clone())));
    let refused = |field, value| Err(DecodeError::UnknownValue { field, value });
    assert_eq!(decoded(&|it| it.artists.extend(holds(1, 0).artists)), refused("artists", 5));
    assert_eq!(
        decoded(&|it| it.artists[1].chain.extend(holds(1, 1).artists[0].chain.clone())),
        refused("chain", 9)
    );
    assert_eq!(
        decoded(&|it| it.artists[3].states.extend(holds(1, 1).artists[0].chain.clone())),
        refused("states", 3)
    );
    assert_eq!(decoded(&|it| it.seats.push((ArtistName([2; 32]), 0))), refused("seats", 17));
    assert_eq!(decoded(&|it| it.seats[5].1 = 4), refused("seat", 4));
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..600), version in 1..4u8) {
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        let _ = Gossip::decode(&bytes);
        let _ = Control::decode(&bytes);
        let _ = Bulk::decode(&bytes);
    }

    #[test]
    fn one_changed_byte_makes_no_decoder_panic(which in 0..17usize, place in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = control()[which].encode();
        let place = place.index(bytes.len());
        bytes[place] = to;
        if let Ok(message) = Control::decode(&bytes) {
            // What was taken can be said again.
            prop_assert_eq!(Control::decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn a_length_that_is_not_there_allocates_nothing(length in any::<u64>()) {
        // The variant of a piece, then a length for the first string.
        let mut bytes = vec![2, 2];
        let mut rest = length | 1 << 40;
        while rest > 0 {
            bytes.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        bytes.push(0);
        prop_assert!(Gossip::decode(&bytes).is_err());
    }
}
