//! The studio as its shells use it: it goes on where it stopped, refuses what is not its own, and costs exactly the
//! rounds and bytes that the documents state.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abraham_artist::{Architecture, latents};
use abraham_learning::{
    CandleKernelSums, Curated, Curation, Error, MIN_SOLO_PICTURES, Pictures, Schedule, reals,
    studio::{Entropy, RoundReport, Studio, StudioConfig, samples},
};
use abraham_messages::Latent;
use abraham_provenance::{Signer, check};
use abraham_ring::{CpuBackend, RingTensor};

fn config(channels: usize) -> StudioConfig {
    StudioConfig {
        architecture: Architecture::new(4, &[24, 16], 6, channels).unwrap(),
        batch: 6,
        inner: 2,
        schedule: Schedule::to_zero(40),
    }
}

fn entropy(seed: u8) -> Entropy {
    Entropy::new(std::array::from_fn(|i| [seed + i as u8; 32]), [seed + 4; 32])
}

fn genesis(config: StudioConfig, seed: u8) -> Studio<CpuBackend> {
    pollster::block_on(Studio::genesis(config, [CpuBackend; 4], entropy(seed))).unwrap()
}

fn restore(
    config: StudioConfig,
    seed: u8,
    files: &[Vec<u8>; 4],
) -> Result<Studio<CpuBackend>, abraham_learning::Error> {
    Studio::restore(config, [CpuBackend; 4], entropy(seed), std::array::from_fn(|i| files[i].as_slice()))
}

fn teacher(side: usize, channels: usize, count: usize, seed: u8) -> Pictures {
    let mut pictures = Pictures::new(side, channels).unwrap();
    let noise = latents(&[seed; 32], count, side * side * channels);
    for picture in 0..count {
        let row = RingTensor::new(1, noise.cols(), noise.row(picture).to_vec()).unwrap();
        pictures.push(&reals(&row)).unwrap();
    }
    pictures
}

fn learn(studio: &mut Studio<CpuBackend>, teachers: &[&Pictures]) -> RoundReport {
    pollster::block_on(studio.learn(teachers, &CandleKernelSums, &Curation::default())).unwrap()
}

#[test]
fn a_restored_studio_goes_on_bit_for_bit() {
    let teachers = [teacher(6, 3, 20, 1), teacher(6, 3, 9, 2)];
    let teachers = [&teachers[0], &teachers[1]];
    let mut whole = genesis(config(3), 10);
    let mut files = None;
    for round in 0..6 {
        learn(&mut whole, &teachers);
        if round == 2 {
            files = Some(whole.checkpoint().unwrap());
        }
    }
    let mut resumed = restore(config(3), 10, &files.unwrap()).unwrap();
    assert_eq!((resumed.round_number(), resumed.genesis_id()), (3, whole.genesis_id()));
    for _ in 0..3 {
        learn(&mut resumed, &teachers);
    }
    assert!(whole.checkpoint().unwrap() == resumed.checkpoint().unwrap());
}

#[test]
fn fresh_entropy_changes_the_shares_and_not_the_artist() {
    let mut studio = genesis(config(3), 20);
    learn(&mut studio, &[&teacher(6, 3, 20, 1)]);
    let files = studio.checkpoint().unwrap();
    let signer = Signer::new(&[7; 32]).unwrap();
    let (piece, _) = pollster::block_on(studio.paint(Latent([5; 32]), &signer)).unwrap();
    let mut again = restore(config(3), 90, &files).unwrap();
    let (same, _) = pollster::block_on(again.paint(Latent([5; 32]), &signer)).unwrap();
    // Opened values may differ by the bounded rounding of the shares: 3 units of 2^-8 each, together 3 levels of 255.
    let apart = piece.content.iter().zip(&same.content).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(apart <= Some(3), "{apart:?}");
    assert_eq!((piece.piece.artist, piece.piece.state), (same.piece.artist, same.piece.state));
    assert_eq!(
        (check(&piece), check(&same)),
        (Ok(()), Ok(())),
        "one tab's signature is enough for its own artist"
    );
}

#[test]
fn damaged_and_foreign_checkpoints_are_refused_with_the_reason() {
    let mut studio = genesis(config(3), 30);
    let first = studio.checkpoint().unwrap();
    learn(&mut studio, &[&teacher(6, 3, 20, 1)]);
    let good = studio.checkpoint().unwrap();
    assert!(restore(config(3), 30, &good).is_ok());

    // One bit anywhere: in the length, the header, the first tensor, the last byte.
    let last = good[1].len() - 1;
    for place in [0, 3, 20, 300, last / 2, last] {
        let mut bad = good.clone();
        bad[1][place] ^= 1;
        let refused = restore(config(3), 30, &bad).err();
        assert!(matches!(refused, Some(Error::Checkpoint(_))), "bit at {place}: {refused:?}");
    }
    for length in [0, 7, 8, 100, last] {
        let mut bad = good.clone();
        bad[2].truncate(length);
        assert!(matches!(restore(config(3), 30, &bad), Err(Error::Checkpoint(_))), "cut to {length}");
    }
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    let refused = restore(config(3), 30, &swapped).err().unwrap().to_string();
    assert!(refused.contains("painter is 1, not 0"), "{refused}");
    let refused = restore(config(1), 30, &good).err().unwrap().to_string();
    assert!(refused.contains("sizes is 4-24-16-6x6x3, not 4-24-16-6x6x1"), "{refused}");
    let mut mixed = good.clone();
    mixed[3].clone_from(&first[3]);
    assert!(matches!(restore(config(3), 30, &mixed), Err(Error::MixedCheckpoints)));
    let other = genesis(config(3), 60).checkpoint().unwrap();
    let mut mixed = first;
    mixed[0].clone_from(&other[0]);
    assert!(matches!(restore(config(3), 30, &mixed), Err(Error::MixedCheckpoints)));
}

#[test]
fn too_few_pictures_leave_the_artist_as_it_was() {
    let mut studio = genesis(config(1), 40);
    let before = studio.checkpoint().unwrap();
    let few = teacher(6, 1, MIN_SOLO_PICTURES - 1, 1);
    let refused = pollster::block_on(studio.learn(&[&few], &CandleKernelSums, &Curation::default()));
    assert!(matches!(refused, Err(Error::TooFewPictures { .. })));
    assert!(studio.checkpoint().unwrap() == before);
}

#[test]
fn backed_pieces_attract_and_rejected_ones_repel() {
    // Two artists of one genesis learn the same noise; one is curated towards white, the other away from it.
    let white = vec![255; 36];
    let brightness = |curation: Curation| {
        let mut studio = genesis(StudioConfig { schedule: Schedule::to_zero(60), ..config(1) }, 50);
        let teacher = teacher(6, 1, 40, 3);
        for _ in 0..30 {
            pollster::block_on(studio.learn(&[&teacher], &CandleKernelSums, &curation)).unwrap();
        }
        let report = learn(&mut studio, &[&teacher]);
        samples(&report.batch).iter().map(|v| f64::from(*v)).sum::<f64>()
    };
    let one = |backed: bool| {
        let piece = vec![Curated::from_bytes(&white, 1)];
        let (backed, rejected) = if backed { (piece, Vec::new()) } else { (Vec::new(), piece) };
        Curation { share_per_mille: 200, backed, rejected }
    };
    let (backed, plain, rejected) =
        (brightness(one(true)), brightness(Curation::default()), brightness(one(false)));
    assert!(backed > plain && plain > rejected, "{backed} {plain} {rejected}");
}

#[test]
fn a_round_costs_exactly_what_the_documents_say() {
    let studio_config = |batch| StudioConfig {
        architecture: Architecture::new(8, &[256, 64], 32, 3).unwrap(),
        batch,
        inner: 1,
        schedule: Schedule::to_zero(100),
    };
    let mut studio = genesis(studio_config(64), 70);
    let signer = Signer::new(&[7; 32]).unwrap();
    let (_, meter) = pollster::block_on(studio.paint(Latent([1; 32]), &signer)).unwrap();
    assert_eq!((meter.rounds, meter.bytes()), (8, 84_484));
    let report = learn(&mut studio, &[&teacher(32, 3, 16, 4)]);
    // 2 for keys, 8 to paint, 3 for the updates, 3 for their masses, 19 for the step, 2 to compare transcripts.
    assert_eq!(report.meter.rounds, 37);
    let kinds: Vec<_> = report.meter.by_kind().collect();
    let expected = [
        ("keys", 2_136),
        ("multiply", 7_029_348),
        ("sine", 1_966_188),
        ("truncate", 13_870_916),
        ("open", 1_573_652),
        ("transcript", 2_460),
        ("verdict", 2_616),
        ("update", 3_146_770),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(report.uploaded, 1_573_800);
    // Four teachers take as many rounds as one, and at a batch of 32 upload less than 0.8 MB each.
    let mut studio = genesis(studio_config(32), 70);
    let teachers = [4, 5, 6, 7].map(|seed| teacher(32, 3, 16, seed));
    let report = learn(&mut studio, &teachers.each_ref());
    assert_eq!((report.meter.rounds, report.uploaded), (37, 4 * 787_112));
}
