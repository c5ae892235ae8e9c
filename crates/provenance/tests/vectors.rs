//! `tests/vectors/*.json`: what other implementations must make of pieces, states and notices. A plain JavaScript test
//! (`web/vectors.test.mjs`) checks the same files. `UPDATE_VECTORS=1` writes them anew.

use std::{env, fs, path::PathBuf};

use abraham_messages::{
    ArtistName, BatchId, Commitment, Latent, PainterSignature, PeerKey, RecipeId, SignedPiece, TermId,
    collective::{Notice, Signature, StateStatement},
};
use abraham_provenance::{
    Error, Signer, Statement, Unsigned, check, digest, domain_separator, from_text, hash_struct, state_hash,
    to_text,
};
use base16ct::lower::encode_string as hex;
use serde_json::{Value, json};

fn signers() -> [Signer; 4] {
    [1, 2, 3, 4].map(|n| Signer::new(&[n; 32]).expect("a scalar"))
}

fn piece(painters: usize) -> SignedPiece {
    let content: Vec<u8> = (0..48).map(|i| (i * 5) as u8).collect();
    let piece = Unsigned {
        artist: ArtistName([0xa1; 32]),
        recipe: RecipeId([0xa2; 32]),
        round: 600,
        generation: 3,
        commitments: &[[1; 32], [2; 32], [3; 32], [4; 32]].map(Commitment),
        latent: Latent([0xa3; 32]),
        content: &content,
    }
    .piece();
    let sign = |by: &Signer| PainterSignature { painter: by.public_key(), signature: by.sign(&piece) };
    let signatures = signers().iter().take(painters).map(sign).collect();
    SignedPiece { piece, content, signatures }
}

fn seats() -> [PeerKey; 4] {
    signers().each_ref().map(Signer::public_key)
}

fn state() -> StateStatement {
    let commitments = [[1; 32], [2; 32], [3; 32], [4; 32]].map(Commitment);
    StateStatement {
        artist: ArtistName([0xa1; 32]),
        round: 600,
        generation: 3,
        commitments,
        term: TermId([0xa4; 32]),
        seats: seats(),
    }
}

fn notice() -> Notice {
    Notice {
        term: TermId([0xa4; 32]),
        cycle: 70_000,
        seats: seats(),
        artist: ArtistName([0xa1; 32]),
        round: 601,
        batch: BatchId([0xa5; 32]),
    }
}

/// A statement with its hashes and the first signer's signature.
fn signed<S: Statement>(statement: &S, fields: Value) -> Value {
    let by = &signers()[0];
    json!({
        "type": S::TYPE,
        "fields": fields,
        "hashStruct": hex(&hash_struct(statement).0),
        "digest": hex(&digest(statement).0),
        "signer": hex(&by.public_key().0),
        "signature": hex(&by.sign(statement).0),
    })
}

fn record(piece: &SignedPiece) -> Value {
    serde_json::from_str(&to_text(piece)).expect("JSON")
}

/// A record that is not good any more, and the code of what is said of it.
fn bad(name: &str, change: impl FnOnce(&mut SignedPiece)) -> Value {
    let mut piece = piece(4);
    change(&mut piece);
    let error = check(&piece).expect_err(name);
    json!({ "name": name, "why": error.code(), "record": record(&piece) })
}

fn pieces() -> Value {
    let good = [("signed by one tab", 1), ("signed by four painters", 4)].map(|(name, painters)| {
        let piece = piece(painters);
        json!({ "name": name, "record": record(&piece), "digest": hex(&digest(&piece.piece).0) })
    });
    let bad = [
        bad("a bit of the content", |it| it.content[7] ^= 1),
        bad("a round more", |it| it.piece.round += 1),
        bad("another artist", |it| it.piece.artist.0[0] ^= 1),
        bad("another recipe", |it| it.piece.recipe.0[0] ^= 1),
        bad("another latent", |it| it.piece.latent.0[0] ^= 1),
        bad("another state", |it| it.piece.state.0[0] ^= 1),
        bad("a seal", |it| it.piece.seal.0[31] = 1),
        bad("a term record", |it| it.piece.record.0[31] = 1),
        bad("credits", |it| it.piece.credits.0[31] = 1),
        bad("a bit of a signature", |it| it.signatures[2].signature.0[5] ^= 1),
        bad("another recovery id", |it| it.signatures[2].signature.0[64] ^= 7),
        bad("two painters exchanged", |it| {
            let first = it.signatures[0].painter;
            it.signatures[0].painter = it.signatures[1].painter;
            it.signatures[1].painter = first;
        }),
        bad("one painter twice", |it| it.signatures[3] = it.signatures[0]),
        bad("three painters", |it| it.signatures.truncate(3)),
        bad("nobody", |it| it.signatures.clear()),
    ];
    json!({ "domain": hex(&domain_separator().0), "good": good, "bad": bad })
}

fn statements() -> Value {
    let (state, notice) = (state(), notice());
    let seats = state.seats.map(|seat| hex(&seat.0));
    let mut other = state;
    other.round += 1;
    let Signature(mut odd) = signers()[0].sign(&state);
    odd[64] ^= 7;
    json!({
        "domain": hex(&domain_separator().0),
        "state": signed(&state, json!({
            "artist": hex(&state.artist.0),
            "round": state.round,
            "generation": state.generation,
            "commitments": state.commitments.map(|commitment| hex(&commitment.0)),
            "term": hex(&state.term.0),
            "painters": seats,
        })),
        "stateHash": hex(&state_hash(&state.commitments, state.round, state.generation).0),
        "notice": signed(&notice, json!({
            "term": hex(&notice.term.0),
            "cycle": notice.cycle,
            "painters": seats,
            "artist": hex(&notice.artist.0),
            "round": notice.round,
            "batch": hex(&notice.batch.0),
        })),
        "notSignaturesOfState": [
            { "name": "under another state", "signature": hex(&signers()[0].sign(&other).0) },
            { "name": "under a notice", "signature": hex(&signers()[0].sign(&notice).0) },
            { "name": "by another", "signature": hex(&signers()[1].sign(&state).0) },
            { "name": "another recovery id", "signature": hex(&odd) },
        ],
    })
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
        "{} is stale: what is signed has changed. UPDATE_VECTORS=1 writes it anew",
        path.display()
    );
}

#[test]
fn pieces_are_as_their_vectors() {
    let vectors = pieces();
    same("pieces.json", &vectors);
    let read = |of: &Value| from_text(&of["record"].to_string());
    for good in vectors["good"].as_array().expect("a list") {
        assert_eq!(read(good).and_then(|piece| check(&piece)), Ok(()), "{}", good["name"]);
    }
    for bad in vectors["bad"].as_array().expect("a list") {
        let code = read(bad).and_then(|piece| check(&piece)).expect_err("bad").code();
        assert_eq!(code, bad["why"], "{}", bad["name"]);
    }
    let codes = [Error::Content, Error::Signature, Error::PainterTwice].map(|error| error.code());
    assert_eq!(codes, ["content", "signature", "painter-twice"], "pages have words for these");
}

#[test]
fn statements_are_as_their_vectors() {
    same("statements.json", &statements());
}
