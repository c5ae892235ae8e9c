//! `tests/vectors/messages.json`: what other implementations must make of messages and frames. A plain JavaScript test
//! (`web/messages.test.mjs`) reads the same file. `UPDATE_VECTORS=1` writes it anew.
//!
//! "fields" are what a good message says: bytes in hex, integers that no double holds as text.

use std::{env, fs, path::PathBuf};

use abraham_messages::{
    ArtistName, BatchId, Commitment, ContentId, CreditsId, DecodeError, Frame, Kind, Latent, Nonce,
    PainterSignature, PeerKey, Piece, RecipeId, RecordId, SealId, SignedPiece, StateId, StepsHash, TermId,
    codec::hex,
    collective::{
        BackendKind, Bulk, BulkKind, Certificate, Control, Farewell, Gossip, HeldArtist, Holding, Holds,
        Notice, Presence, Proposal, ProposedOrigin, Ready, Seated, Signature, StateName, StateStatement,
        Step, TeacherOffer,
    },
    limits,
};
use base16ct::lower::decode_vec;
use serde_json::{Value, json};

fn key(n: u8) -> PeerKey {
    PeerKey([n; 33])
}

fn seats() -> [PeerKey; 4] {
    [0x21, 0x22, 0x23, 0x24].map(key)
}

fn signature(n: u8) -> Signature {
    Signature([n; 65])
}

fn state() -> StateName {
    StateName { round: 600, generation: 3, state: StateId([0xa4; 32]) }
}

fn certificate() -> Certificate {
    let commitments = [[1; 32], [2; 32], [3; 32], [4; 32]].map(Commitment);
    let statement = StateStatement {
        artist: ArtistName([0xa1; 32]),
        round: 600,
        generation: 3,
        commitments,
        term: TermId([0xa5; 32]),
        seats: seats(),
    };
    Certificate { statement, signatures: [Some(signature(6)), None, Some(signature(7)), Some(signature(8))] }
}

fn presence() -> Presence {
    let earlier = StateName { round: 599, ..state() };
    Presence {
        sequence: 300,
        recipe: RecipeId([0xa2; 32]),
        paint: true,
        pictures: 70_000,
        backend: BackendKind::Cpu,
        addresses: vec!["/ip4/127.0.0.1/tcp/4001/ws".into(), "/dns4/höhle.example/tcp/443/wss".into()],
        links: vec![key(0x25), key(0x26)],
        holding: Some(Holding { artist: ArtistName([0xa1; 32]), seat: 3, states: vec![state(), earlier] }),
        seated: Some(Seated {
            term: TermId([0xa5; 32]),
            number: 128,
            seat: 2,
            artist: ArtistName([0xa1; 32]),
            round: 16_384,
        }),
        known_term: 129,
    }
}

fn nothing_set() -> Presence {
    Presence {
        sequence: 0,
        recipe: RecipeId([0xa2; 32]),
        paint: false,
        pictures: 0,
        backend: BackendKind::Gpu,
        addresses: Vec::new(),
        links: Vec::new(),
        holding: None,
        seated: None,
        known_term: 0,
    }
}

fn piece() -> SignedPiece {
    let piece = Piece {
        artist: ArtistName([0xa1; 32]),
        recipe: RecipeId([0xa2; 32]),
        round: 600,
        latent: Latent([0xa3; 32]),
        state: StateId([0xa4; 32]),
        content: ContentId([0xa6; 32]),
        seal: SealId([0xa7; 32]),
        record: RecordId([0xa8; 32]),
        credits: CreditsId([0xa9; 32]),
    };
    let by = |painter| PainterSignature { painter, signature: signature(9) };
    SignedPiece { piece, content: vec![0, 127, 128, 255], signatures: seats().map(by).to_vec() }
}

fn proposal(origin: ProposedOrigin) -> Proposal {
    Proposal { number: 5, recipe: RecipeId([0xa2; 32]), seats: seats(), origin, nonce: Nonce([0xaa; 32]) }
}

fn continued(from: StateName) -> Proposal {
    let origin =
        ProposedOrigin::Continue { artist: ArtistName([0xa1; 32]), from, holders: [true, true, false, true] };
    proposal(origin)
}

fn farewell(why: Farewell) -> Control {
    Control::Farewell { term: TermId([0xa5; 32]), why }
}

fn step(step: Step) -> Control {
    Control::Step { term: TermId([0xa5; 32]), cycle: 70_000, step }
}

fn ready(teachers: usize) -> Control {
    let teachers = vec![TeacherOffer { peer: key(0x27), pictures: 300 }; teachers];
    step(Step::Ready(Ready { leaves: false, piece_due: true, teachers }))
}

fn notice(round: u64) -> Control {
    let (term, artist, batch) = (TermId([0xa5; 32]), ArtistName([0xa1; 32]), BatchId([0xab; 32]));
    let notice = Notice { term, cycle: 70_000, seats: seats(), artist, round, batch };
    Control::Notice { notice, signature: signature(10) }
}

/// So many artists with so many states and a chain of so many each.
fn holds(artists: usize, states: usize, chain: usize) -> Holds {
    let artist = HeldArtist { states: vec![certificate(); states], chain: vec![certificate(); chain] };
    Holds {
        artists: vec![artist; artists],
        seats: vec![(ArtistName([0xa1; 32]), 3), (ArtistName([0xac; 32]), 0)],
        begins: true,
    }
}

fn frame(kind: Kind, sequence: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Frame::start(kind, sequence, payload.len());
    bytes.extend_from_slice(payload);
    bytes
}

fn bulk(kind: BulkKind, cycle: u32, payload: &[u8]) -> Vec<u8> {
    Bulk { kind, term: [0xa5; 8], cycle, payload }.encode().to_vec()
}

/// What bytes say, and the bytes by which it is said again.
fn read(kind: &str, bytes: &[u8]) -> Result<(Value, Vec<u8>), DecodeError> {
    let (fields, again) = match kind {
        "frame" => {
            let Frame { kind, sequence, payload } = Frame::decode(bytes)?;
            let fields = json!({ "kind": kind.name(), "sequence": sequence, "payload": payload });
            (fields, frame(kind, sequence, payload))
        }
        "gossip" => {
            let message = Gossip::decode(bytes)?;
            (json!(message), message.encode())
        }
        "control" => {
            let message = Control::decode(bytes)?;
            (json!(message), message.encode())
        }
        _ => {
            let message = Bulk::decode(bytes)?;
            let Bulk { kind, term, cycle, payload } = message;
            let kind = format!("{kind:?}");
            let fields = json!({ "kind": kind, "term": term, "cycle": cycle, "payload": payload });
            (fields, message.encode().to_vec())
        }
    };
    Ok((written(fields), again))
}

/// Lists of more than two numbers are bytes, and in hex; a double does not hold every integer above 2^53.
fn written(fields: Value) -> Value {
    match fields {
        Value::Array(items) if items.len() > 2 && items.iter().all(Value::is_u64) => {
            let bytes: Option<Vec<u8>> =
                items.iter().map(|item| item.as_u64().and_then(|byte| byte.try_into().ok())).collect();
            hex(&bytes.expect("bytes")).into()
        }
        Value::Array(items) => items.into_iter().map(written).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, written(value))).collect(),
        Value::Number(number) if number.as_u64() >= Some(1 << 53) => number.to_string().into(),
        other => other,
    }
}

fn code(error: &DecodeError) -> String {
    match error {
        DecodeError::Truncated { .. } => "truncated".into(),
        DecodeError::BytesLeftOver(_) => "bytes-left-over".into(),
        DecodeError::UnknownValue { field, .. } => format!("unknown-value: {field}"),
        DecodeError::TooLong { .. } => "too-long".into(),
        DecodeError::Malformed => "malformed".into(),
        other => panic!("no code for {other:?}"),
    }
}

fn good(kind: &str, name: &str, bytes: &[u8]) -> Value {
    let (fields, _) = read(kind, bytes).expect(name);
    json!({ "name": name, "kind": kind, "hex": hex(bytes), "fields": fields })
}

fn bad(kind: &str, name: &str, bytes: &[u8]) -> Value {
    let error = read(kind, bytes).expect_err(name);
    json!({ "name": name, "kind": kind, "hex": hex(bytes), "why": code(&error) })
}

fn good_ones() -> Vec<Value> {
    let gossip = |name, message: Gossip| good("gossip", name, &message.encode());
    let control = |name, message: Control| good("control", name, &message.encode());
    let frame = |name, kind, sequence, payload: &[u8]| good("frame", name, &frame(kind, sequence, payload));
    let bulk = |name, kind, cycle, payload: &[u8]| good("bulk", name, &bulk(kind, cycle, payload));
    let certificate = || Box::new(certificate());
    vec![
        frame("the first frame of a link", Kind::Keys, 0, &[1, 2, 3]),
        frame("products", Kind::Multiply, 70_000, &[255; 16]),
        frame("an opening, far on", Kind::Open, 7 << 40, &[0; 5]),
        frame("the last number of a frame", Kind::Update, u64::MAX, &[1, 2, 3]),
        frame("a stop", Kind::Abort, 255, &[0, 3, 0, 0]),
        gossip("presence with everything set", Gossip::Presence(presence())),
        gossip("presence with nothing set", Gossip::Presence(nothing_set())),
        gossip("leave", Gossip::Leave { sequence: 300 }),
        gossip("leave, with the last number", Gossip::Leave { sequence: u64::MAX }),
        gossip("a piece", Gossip::Piece(Box::new(piece()))),
        control("presence between linked members", Control::Presence(presence())),
        control("a new artist proposed", Control::Proposal(proposal(ProposedOrigin::Genesis))),
        control("an artist's next term proposed", Control::Proposal(continued(state()))),
        control("accept", Control::Accept { term: TermId([0xa5; 32]), certificate: None }),
        control(
            "accept as a holder",
            Control::Accept { term: TermId([0xa5; 32]), certificate: Some(certificate()) },
        ),
        control("farewell: refuse", farewell(Farewell::Refuse)),
        control("farewell: leave", farewell(Farewell::Leave)),
        control("farewell: silent", farewell(Farewell::Silent(3))),
        control("farewell: suspects", farewell(Farewell::Suspects([0, 3]))),
        control("farewell: disagreement", farewell(Farewell::Disagreement)),
        control("farewell: dissolve", farewell(Farewell::Dissolve)),
        control("step: ready", ready(2)),
        control("step: ready, with as many teachers as links", ready(limits::MAX_LINKS)),
        control("step: planned", step(Step::Planned { readies: StepsHash([0xad; 32]) })),
        control("step: have", step(Step::Have { batch: BatchId([0xab; 32]), updates: u32::MAX })),
        control("step: counted", step(Step::Counted { haves: StepsHash([0xae; 32]) })),
        control(
            "step: held",
            step(Step::Held {
                commitments: [Some([1; 32]), Some([2; 32]), None, Some([4; 32])]
                    .map(|held| held.map(Commitment)),
            }),
        ),
        control(
            "step: certify",
            step(Step::Certify { helds: StepsHash([0xaf; 32]), signature: signature(11) }),
        ),
        control("step: sign", step(Step::Sign(signature(12)))),
        control("notice", notice(601)),
        control("notice of the last round", notice(limits::MAX_ROUNDS)),
        control("holds nothing", Control::Holds(Holds::default())),
        control("holds an artist", Control::Holds(holds(1, 2, 1))),
        control("sits", Control::Sits { proposal: continued(state()), certificate: certificate() }),
        bulk("a batch", BulkKind::Batch, 70_000, &[1, 2, 3]),
        bulk("an update", BulkKind::Update, 0x0102_0304, &[255; 8]),
    ]
}

fn bad_frames_and_bulk() -> Vec<Value> {
    let batch = bulk(BulkKind::Batch, 8, &[]);
    let first_byte = |first: u8, of: &[u8]| [&[first], &of[1..]].concat();
    let keys = frame(Kind::Keys, 7, &[]);
    vec![
        bad("frame", "empty", &[]),
        bad("frame", "cut short in its number", &keys[..8]),
        bad("frame", "unknown kind 0", &first_byte(0, &keys)),
        bad("frame", "unknown kind 11", &first_byte(11, &keys)),
        bad("bulk", "empty", &[]),
        bad("bulk", "wrong version", &first_byte(2, &batch)),
        bad("bulk", "unknown kind 0", &[&[batch[0], 0], &batch[2..]].concat()),
        bad("bulk", "unknown kind 3", &[&[batch[0], 3], &batch[2..]].concat()),
        bad("bulk", "cut short in its cycle", &batch[..13]),
    ]
}

fn bad_gossip() -> Vec<Value> {
    /// Where [`nothing_set`] has its first flag: after version, variant, number and recipe.
    const PAINT: usize = 3 + 32;
    let bytes = |name, bytes: &[u8]| bad("gossip", name, bytes);
    let with = |name, change: &dyn Fn(&mut Presence)| {
        let mut presence = presence();
        change(&mut presence);
        bad("gossip", name, &Gossip::Presence(presence).encode())
    };
    let signed = |name, change: &dyn Fn(&mut SignedPiece)| {
        let mut piece = piece();
        change(&mut piece);
        bad("gossip", name, &Gossip::Piece(Box::new(piece)).encode())
    };
    let held = |it: &mut Presence| it.holding.take().expect("it holds");
    let far = |from: StateName| StateName { round: limits::MAX_ROUNDS + 1, ..from };
    let version = Gossip::Leave { sequence: 0 }.encode()[0];
    let (everything, nothing) =
        (Gossip::Presence(presence()).encode(), Gossip::Presence(nothing_set()).encode());
    let changed = |of: &[u8], place: usize, to: u8| [&of[..place], &[to], &of[place + 1..]].concat();
    vec![
        bytes("empty", &[]),
        bytes("an earlier version", &[version - 1, 1, 0]),
        bytes("a later version", &[version + 1, 1, 0]),
        bytes("a version alone", &[version]),
        bytes("unknown variant 3", &[version, 3, 0]),
        bytes("presence cut short", &everything[..everything.len() - 1]),
        bytes("presence and one byte more", &[&everything[..], &[0]].concat()),
        bytes("leave and one byte more", &[version, 1, 0, 0]),
        bytes("a number of 65 bits", &[&[version, 1], &[255; 9][..], &[2]].concat()),
        bytes("a number of eleven bytes", &[&[version, 1], &[128; 10][..], &[0]].concat()),
        bytes("a flag of 2", &changed(&nothing, PAINT, 2)),
        bytes("unknown backend 2", &changed(&nothing, PAINT + 2, 2)),
        bytes("a holding that is neither there nor not", &changed(&nothing, nothing.len() - 3, 2)),
        bytes("more links than there are bytes", &changed(&nothing, nothing.len() - 4, 127)),
        bytes(
            "an address that is no text",
            &[&nothing[..PAINT + 3], &[1, 2, 0xc3, 0x28], &nothing[PAINT + 4..]].concat(),
        ),
        with("too many links", &|it| it.links = vec![key(0x25); limits::MAX_LINKS + 1]),
        with("too many addresses", &|it| it.addresses = vec![String::new(); limits::MAX_ADDRESSES + 1]),
        with("an address too long", &|it| it.addresses = vec!["a".repeat(limits::MAX_ADDRESS_BYTES + 1)]),
        with("longer than any presence", &|it| it.addresses = vec!["a".repeat(limits::MAX_PRESENCE_BYTES)]),
        with("holding seat 4", &|it| it.holding = Some(Holding { seat: 4, ..held(it) })),
        with("holding three states", &|it| {
            it.holding = Some(Holding { states: vec![state(); 3], ..held(it) });
        }),
        with("holding round 2^48 + 1", &|it| {
            it.holding = Some(Holding { states: vec![far(state())], ..held(it) });
        }),
        with("holding generation 2^48 + 1", &|it| {
            let far = StateName { generation: limits::MAX_GENERATIONS + 1, ..state() };
            it.holding = Some(Holding { states: vec![far], ..held(it) });
        }),
        with("sitting in seat 4", &|it| it.seated.iter_mut().for_each(|seated| seated.seat = 4)),
        with("sitting at round 2^48 + 1", &|it| {
            it.seated.iter_mut().for_each(|seated| seated.round = limits::MAX_ROUNDS + 1);
        }),
        signed("a piece of round 2^48 + 1", &|it| it.piece.round = limits::MAX_ROUNDS + 1),
        signed("a piece with too many signatures", &|it| it.signatures.push(it.signatures[0])),
    ]
}

fn bad_control() -> Vec<Value> {
    let bytes = |name, bytes: &[u8]| bad("control", name, bytes);
    let message = |name, message: Control| bad("control", name, &message.encode());
    let told = |name, change: &dyn Fn(&mut Holds)| {
        let mut holds = holds(1, 1, 0);
        change(&mut holds);
        bad("control", name, &Control::Holds(holds).encode())
    };
    let far = || {
        let mut certificate = certificate();
        certificate.statement.round = limits::MAX_ROUNDS + 1;
        Box::new(certificate)
    };
    let made_anew = StateName { generation: limits::MAX_GENERATIONS + 1, ..state() };
    let genesis = Control::Proposal(proposal(ProposedOrigin::Genesis)).encode();
    let refuse = farewell(Farewell::Refuse).encode();
    let planned = step(Step::Planned { readies: StepsHash([0xad; 32]) }).encode();
    let version = refuse[0];
    // Version, variant, term, and the cycle's three bytes.
    let before_step = 2 + 32 + 3;
    let unknown_step = [&planned[..before_step], &[7], &planned[before_step + 1..]].concat();
    let signed = step(Step::Sign(signature(12))).encode();
    let short_signature = [&signed[..before_step + 1], &[64], &[12; 64][..]].concat();
    vec![
        bytes("empty", &[]),
        bytes("wrong version", &[&[version + 1], &refuse[1..]].concat()),
        bytes("unknown variant 8", &[version, 8]),
        bytes("unknown step 7", &unknown_step),
        bytes("unknown farewell 6", &[&refuse[..34], &[6]].concat()),
        bytes("farewell cut short", &refuse[..34]),
        bytes("farewell and one byte more", &[&refuse[..], &[0]].concat()),
        bytes("a key of 32 bytes", &[&genesis[..35], &[32], &genesis[37..]].concat()),
        bytes("a signature of 64 bytes", &short_signature),
        message("silent seat 4", farewell(Farewell::Silent(4))),
        message("suspects in seats 0 and 4", farewell(Farewell::Suspects([0, 4]))),
        message("too many teachers", ready(limits::MAX_LINKS + 1)),
        message("notice of round 2^48 + 1", notice(limits::MAX_ROUNDS + 1)),
        message("proposal from generation 2^48 + 1", Control::Proposal(continued(made_anew))),
        message(
            "accept with a certificate of round 2^48 + 1",
            Control::Accept { term: TermId([0xa5; 32]), certificate: Some(far()) },
        ),
        message(
            "sits with a certificate of round 2^48 + 1",
            Control::Sits { proposal: proposal(ProposedOrigin::Genesis), certificate: far() },
        ),
        told("too many artists", &|it| it.artists = holds(limits::MAX_ARTISTS + 1, 0, 0).artists),
        told("three states of an artist", &|it| it.artists = holds(1, 3, 0).artists),
        told("too long a chain", &|it| it.artists = holds(1, 0, limits::MAX_CHAIN + 1).artists),
        told("too many seats told", &|it| {
            it.seats = vec![(ArtistName([0xac; 32]), 0); limits::MAX_SEATS_TOLD + 1]
        }),
        told("seat 4 told", &|it| it.seats[1].1 = 4),
    ]
}

/// The file has exactly this.
fn same(name: &str, vectors: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    let text = serde_json::to_string_pretty(vectors).expect("JSON") + "\n";
    if env::var_os("UPDATE_VECTORS").is_some() {
        fs::write(&path, &text).expect("it can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{} is stale: a message has changed. UPDATE_VECTORS=1 writes it anew",
        path.display()
    );
}

#[test]
fn messages_are_as_their_vectors() {
    let bad = [bad_frames_and_bulk(), bad_gossip(), bad_control()].concat();
    let vectors = json!({ "good": good_ones(), "bad": bad });
    same("messages.json", &vectors);
    let list = |name| vectors[name].as_array().expect("a list");
    let text = |of: &Value, name| of[name].as_str().expect("text").to_owned();
    for good in list("good") {
        let bytes = decode_vec(text(good, "hex")).expect("hex");
        assert_eq!(
            read(&text(good, "kind"), &bytes),
            Ok((good["fields"].clone(), bytes)),
            "{}",
            good["name"]
        );
    }
    for bad in list("bad") {
        let bytes = decode_vec(text(bad, "hex")).expect("hex");
        let error = read(&text(bad, "kind"), &bytes).expect_err("bad");
        assert_eq!(code(&error), text(bad, "why"), "{}", bad["name"]);
    }
}
