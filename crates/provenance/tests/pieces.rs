//! Pieces from signing to files, and what becomes of them where anything is changed.

use abraham_messages::{
    ArtistName, BatchId, Commitment, Latent, PainterSignature, PeerKey, RecipeId, SignedPiece, TermId,
    collective::{Notice, Signature, StateStatement},
    limits::{MAX_PIECE_FILE_BYTES, MAX_PIECE_TEXT_BYTES},
};
use abraham_provenance::{
    Error, Signer, Statement, StructHash, Unsigned, check, content_hash, file, from_text, hash_struct,
    recover, state_hash, state_name, to_text, verify,
};
use proptest::prelude::*;

const SIDE: u32 = 4;

fn signer(n: u8) -> Signer {
    Signer::new(&[n; 32]).expect("a scalar")
}

fn signed(painters: &[u8], channels: usize) -> SignedPiece {
    let side = SIDE as usize;
    let content: Vec<u8> = (0..side * side * channels).map(|i| (i * 5) as u8).collect();
    let piece = Unsigned {
        artist: ArtistName([1; 32]),
        recipe: RecipeId([2; 32]),
        round: 600,
        generation: 0,
        commitments: &[[3; 32], [4; 32], [5; 32], [6; 32]].map(Commitment),
        latent: Latent([7; 32]),
        content: &content,
    }
    .piece();
    let sign = |n: &u8| {
        let by = signer(*n);
        PainterSignature { painter: by.public_key(), signature: by.sign(&piece) }
    };
    SignedPiece { piece, content, signatures: painters.iter().map(sign).collect() }
}

#[test]
fn a_secret_has_the_public_key_that_sec1_says() {
    // The generator of secp256k1 (SEC 2, section 2.4.1), which the secret 1 has.
    let mut one = [0; 32];
    one[31] = 1;
    let mut g = [0; 33];
    let hex = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    base16ct::lower::decode(hex, &mut g).expect("hex");
    assert_eq!(Signer::new(&one).map(|signer| signer.public_key()), Ok(PeerKey(g)));
    assert_eq!(Signer::new(&[0; 32]).err(), Some(Error::Secret));
    assert_eq!(Signer::new(&[255; 32]).err(), Some(Error::Secret));
}

#[test]
fn a_signature_is_of_one_key_under_one_statement() {
    let piece = signed(&[1], 3).piece;
    let signature = signer(1).sign(&piece);
    assert!(verify(&signer(1).public_key(), &piece, &signature));
    assert!(!verify(&signer(2).public_key(), &piece, &signature));
    assert_eq!(recover(&piece, &signature), Ok(signer(1).public_key()));
    assert_eq!(signer(1).sign(&piece), signature, "deterministic");
    let mut later = piece;
    later.round += 1;
    assert!(!verify(&signer(1).public_key(), &later, &signature));
    for bad in [[0; 65], [255; 65]] {
        assert_eq!(recover(&piece, &Signature(bad)), Err(Error::Signature));
    }
    for bad in [[0; 33], [2; 33], [255; 33]] {
        assert!(!verify(&PeerKey(bad), &piece, &signature));
    }
}

/// EIP-2: of the two signatures that say the same, the one with the high s is refused.
#[test]
fn there_is_one_signature_not_two() {
    let piece = signed(&[1], 3).piece;
    let Signature(good) = signer(1).sign(&piece);
    // The curve's order minus s, and the other recovery id.
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let mut twin = good;
    base16ct::lower::decode(order, &mut twin[32..64]).expect("hex");
    let mut borrow = 0;
    for i in (32..64).rev() {
        let difference = i16::from(twin[i]) - i16::from(good[i]) - borrow;
        borrow = i16::from(difference < 0);
        twin[i] = difference.rem_euclid(256) as u8;
    }
    twin[64] = if good[64] == 27 { 28 } else { 27 };
    assert_eq!(recover(&piece, &Signature(twin)), Err(Error::Signature));
    for id in [0, 1, 26, 29, 30, 255] {
        let mut other = good;
        other[64] = id;
        assert_eq!(recover(&piece, &Signature(other)), Err(Error::Signature), "{id}");
    }
}

#[test]
fn statements_of_different_kinds_are_never_the_same() {
    let seats = [1, 2, 3, 4].map(|n| PeerKey([n; 33]));
    let state = StateStatement {
        artist: ArtistName([1; 32]),
        round: 7,
        generation: 0,
        commitments: [Commitment([2; 32]); 4],
        term: TermId([3; 32]),
        seats,
    };
    let notice = Notice {
        term: TermId([3; 32]),
        cycle: 8,
        seats,
        artist: ArtistName([1; 32]),
        round: 8,
        batch: BatchId([4; 32]),
    };
    let hashes = |all: &[StructHash]| all.iter().collect::<std::collections::BTreeSet<_>>().len();
    let elsewhere = StateStatement { term: TermId([4; 32]), ..state };
    let anew = StateStatement { generation: 1, ..state };
    let later = Notice { cycle: 9, ..notice };
    let all = [
        hash_struct(&signed(&[1], 3).piece),
        hash_struct(&state),
        hash_struct(&elsewhere),
        hash_struct(&anew),
        hash_struct(&notice),
        hash_struct(&later),
    ];
    assert_eq!(hashes(&all), all.len());
    assert_eq!(state.encode_data().len(), 6);
    assert_eq!(state_name(&state).state, state_hash(&state.commitments, 7, 0));
    assert_ne!(state_name(&state).state, state_name(&anew).state);
}

#[test]
fn one_tab_or_four_painters_sign() {
    assert_eq!(check(&signed(&[1], 3)), Ok(()));
    assert_eq!(check(&signed(&[1, 2, 3, 4], 3)), Ok(()));
    for painters in [&[][..], &[1, 2], &[1, 2, 3]] {
        assert_eq!(check(&signed(painters, 3)), Err(Error::SignatureCount { found: painters.len() }));
    }
    assert_eq!(check(&signed(&[1, 2, 3, 1], 3)), Err(Error::PainterTwice));
    assert_eq!(check(&signed(&[1, 2, 3, 4, 5], 3)), Err(Error::Record));
}

type Change<'a> = &'a dyn Fn(&mut SignedPiece);

#[test]
fn whatever_is_changed_is_told() {
    let told = |change: Change<'_>| {
        let mut piece = signed(&[1, 2, 3, 4], 3);
        change(&mut piece);
        check(&piece).err()
    };
    assert_eq!(told(&|it| it.content[0] ^= 1), Some(Error::Content));
    assert_eq!(told(&|it| it.content.push(0)), Some(Error::Content));
    assert_eq!(told(&|it| it.signatures[3].signature.0[0] ^= 1), Some(Error::Signature));
    assert_eq!(told(&|it| it.signatures[3].painter.0[1] ^= 1), Some(Error::Signature));
    let fields: [Change<'_>; 8] = [
        &|it| it.piece.artist.0[0] ^= 1,
        &|it| it.piece.recipe.0[0] ^= 1,
        &|it| it.piece.round ^= 1,
        &|it| it.piece.latent.0[0] ^= 1,
        &|it| it.piece.state.0[0] ^= 1,
        &|it| it.piece.seal.0[0] ^= 1,
        &|it| it.piece.record.0[0] ^= 1,
        &|it| it.piece.credits.0[0] ^= 1,
    ];
    assert!(fields.iter().all(|change| told(change) == Some(Error::Signature)));
    // A picture that was changed with the hash in the record.
    let all = told(&|it| {
        it.content[0] ^= 1;
        it.piece.content = content_hash(&it.content);
    });
    assert_eq!(all, Some(Error::Signature));
}

#[test]
fn a_piece_survives_text_and_file() {
    for (painters, channels) in [(&[1][..], 1), (&[1][..], 3), (&[1, 2, 3, 4][..], 3)] {
        let piece = signed(painters, channels);
        assert_eq!(from_text(&to_text(&piece)), Ok(piece.clone()));
        let file = file::write(&piece, SIDE).expect("it can be written");
        assert_eq!(file::open(&file), Ok(piece.clone()));
        assert_eq!(file::record(&file), Ok(to_text(&piece)));
        assert_eq!(file::write(&piece, SIDE + 1), Err(Error::Size { bytes: piece.content.len(), side: 5 }));
    }
    let source = b"digitalsourcetype/trainedAlgorithmicMedia";
    let file = file::write(&signed(&[1], 3), SIDE).expect("it can be written");
    assert!(file.windows(source.len()).any(|bytes| bytes == source));
}

#[test]
fn text_that_is_no_record_is_refused() {
    let good = to_text(&signed(&[1, 2, 3, 4], 3));
    for bad in ["", "{}", "null", "[]", &good[1..], &good[..good.len() - 1], &format!("{good} {good}")] {
        assert_eq!(from_text(bad), Err(Error::Record), "{bad:.40}");
    }
    for (from, to) in [
        ("\"round\":600", "\"round\":-1"),
        ("\"round\":600", "\"round\":281474976710657"),
        ("\"round\":600", "\"owner\":\"me\",\"round\":600"),
        ("\"seal\":\"00", "\"seal\":\"0"),
        ("\"seal\":\"00", "\"seal\":\"0g"),
        ("\"seal\":\"00", "\"seal\":\"0é"),
        ("\"painter\":\"0", "\"painter\":\""),
    ] {
        assert!(good.contains(from));
        assert_eq!(from_text(&good.replacen(from, to, 1)), Err(Error::Record), "{to}");
    }
    let older = r#"{"protocol":"/abraham/painters/1.1.0","genesis":"00","round":600,"committee":"solo"}"#;
    assert_eq!(from_text(older), Err(Error::Older));
    let long = " ".repeat(MAX_PIECE_TEXT_BYTES + 1);
    assert_eq!(
        from_text(&long),
        Err(Error::TooLong { bytes: MAX_PIECE_TEXT_BYTES + 1, limit: MAX_PIECE_TEXT_BYTES })
    );
}

/// A picture file with these chunks of text.
fn picture(texts: &[(&str, &str)], (width, height): (u32, u32), samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    for (keyword, text) in texts {
        encoder.add_itxt_chunk((*keyword).into(), (*text).into()).expect("a text");
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).expect("a picture");
    writer.finish().expect("an end");
    out
}

#[test]
fn files_that_are_no_piece_say_why() {
    let piece = signed(&[1], 3);
    let text = to_text(&piece);
    let of = |texts: &[(&str, &str)], size, samples: &[u8]| file::open(&picture(texts, size, samples)).err();
    let key = "abraham-provenance";
    assert_eq!(of(&[(key, &text)], (4, 4), &piece.content), None);
    assert_eq!(of(&[], (4, 4), &piece.content), Some(Error::NoRecord));
    assert_eq!(of(&[("Comment", &text)], (4, 4), &piece.content), Some(Error::NoRecord));
    assert_eq!(of(&[(key, "{}")], (4, 4), &piece.content), Some(Error::Record));
    assert_eq!(of(&[(key, &text), (key, &text)], (4, 4), &piece.content), Some(Error::Record));
    assert_eq!(of(&[(key, &text)], (2, 8), &piece.content), Some(Error::Picture), "another shape");
    assert_eq!(of(&[(key, &text)], (4, 5), &[0; 60]), Some(Error::Picture), "another size");
    let mut other = piece.content.clone();
    other[7] ^= 1;
    assert_eq!(
        of(&[(key, &text)], (4, 4), &other),
        Some(Error::Picture),
        "another picture, and a whole file"
    );
    for none in [&b""[..], b"GIF89a", &[0; 100], "{}".as_bytes()] {
        assert_eq!(file::open(none), Err(Error::NoRecord));
    }
    let long = vec![0; MAX_PIECE_FILE_BYTES + 1];
    assert!(matches!(file::open(&long), Err(Error::TooLong { .. })));
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes(), &kind[..], data, &crc.sum().to_be_bytes()].concat()
}

/// A good file with something more before the chunk of this type.
fn with(before: &[u8; 4], more: &[u8]) -> Vec<u8> {
    let file = file::write(&signed(&[1], 3), SIDE).expect("it can be written");
    let place = file.windows(4).position(|bytes| bytes == before).expect("there is one") - 4;
    [&file[..place], more, &file[place..]].concat()
}

/// A file whose animation shows another picture after the signed one.
fn animation(piece: &SignedPiece) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(2, 0).expect("two frames");
    encoder.add_itxt_chunk("abraham-provenance".into(), to_text(piece)).expect("a text");
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&piece.content).expect("the signed picture");
    writer.write_image_data(&[0; 48]).expect("another one");
    writer.finish().expect("an end");
    out
}

/// The picture that is seen is the one that was signed, whatever else a file has.
#[test]
fn a_file_that_looks_otherwise_than_its_samples_is_told() {
    let opened = |more: &[u8]| file::open(&with(b"IDAT", more)).err();
    assert_eq!(opened(&chunk(b"tEXt", b"Comment\0by a program")), None);
    assert_eq!(opened(&chunk(b"tIME", &[7, 234, 11, 30, 12, 0, 0])), None);
    assert_eq!(file::open(&animation(&signed(&[1], 3))), Err(Error::Picture));
    let gamma = 100_000_u32.to_be_bytes();
    for (kind, data) in
        [(b"tRNS", &[0, 0, 0, 5, 0, 10][..]), (b"gAMA", &gamma), (b"eXIf", b"MM"), (b"prIV", b"x")]
    {
        assert_eq!(opened(&chunk(kind, data)), Some(Error::Picture), "{}", String::from_utf8_lossy(kind));
    }
    let file = file::write(&signed(&[1], 3), SIDE).expect("it can be written");
    assert_eq!(file::open(&[&file[..], b"more"].concat()), Err(Error::Damaged));
}

#[test]
fn a_second_record_wherever_it_lies_and_a_compressed_one_are_refused() {
    let text = to_text(&signed(&[1], 3));
    let record = |flags: &[u8]| [b"abraham-provenance\0", flags, text.as_bytes()].concat();
    let plain = chunk(b"iTXt", &record(&[0, 0, 0, 0]));
    let latin = chunk(b"tEXt", &record(&[]));
    for (before, more) in [(b"IDAT", &plain), (b"IEND", &plain), (b"IDAT", &latin), (b"IEND", &latin)] {
        assert_eq!(file::open(&with(before, more)), Err(Error::Record));
    }
    let bare = picture(&[], (4, 4), &signed(&[1], 3).content);
    let place = |kind: &[u8; 4]| bare.windows(4).position(|bytes| bytes == kind).expect("there is one") - 4;
    let put = |at: usize, more: &[u8]| [&bare[..at], more, &bare[at..]].concat();
    assert_eq!(file::open(&put(place(b"IDAT"), &plain)), Ok(signed(&[1], 3)));
    assert_eq!(file::open(&put(place(b"IEND"), &plain)), Err(Error::Record), "behind the picture");
    // Sixteen kilobytes that would become sixteen megabytes.
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![b' '; 16 << 20]).expect("memory");
    let bomb = [&b"abraham-provenance\0\x01\0\0\0"[..], &bomb.finish().expect("memory")].concat();
    assert_eq!(file::open(&put(place(b"IDAT"), &chunk(b"iTXt", &bomb))), Err(Error::Record));
}

/// A flipped bit anywhere in a file is told: no file but the one that was written opens.
#[test]
fn a_flipped_bit_anywhere_in_a_file_is_told() {
    let file = file::write(&signed(&[1, 2, 3, 4], 3), SIDE).expect("it can be written");
    for place in 0..file.len() {
        let mut bad = file.clone();
        bad[place] ^= 1 << (place % 8);
        assert!(file::open(&bad).is_err(), "byte {place} of {}", file.len());
    }
    for end in 0..file.len() {
        assert!(file::open(&file[..end]).is_err(), "cut to {end} of {}", file.len());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = file::open(&bytes);
        let png = [&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat();
        prop_assert!(file::open(&png).is_err());
        let _ = from_text(&String::from_utf8_lossy(&bytes));
    }
}
