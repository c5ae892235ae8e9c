//! Learning learns: the real four-painter protocol, taught real flags, paints pictures that are nearer to flags it never
//! saw than at its genesis, and that differ from each other.

use abraham_artist::Architecture;
use abraham_learning::{
    CandleKernelSums, Curation, Pictures, Schedule,
    studio::{Entropy, Studio, StudioConfig},
};
use abraham_messages::Latent;
use abraham_provenance::Signer;
use abraham_ring::CpuBackend;

/// Small enough for a test: 8×8 colour, block averages of the 32×32 tiles of the demo set.
const SIDE: u32 = 8;
const TILE: u32 = 32;
const DIMENSION: usize = (SIDE * SIDE * 3) as usize;

const ROUNDS: u64 = 400;

type Picture = Vec<f64>;

/// The demo set's flags with values in [−1, 1].
fn flags() -> anyhow::Result<Vec<Picture>> {
    let sheet = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/demo/flags.png");
    let sheet = image::open(sheet)?.into_rgb8();
    let block = TILE / SIDE;
    let value = |tile: u32, sample: u32| {
        let (pixel, channel) = (sample / 3, (sample % 3) as usize);
        let columns = sheet.width() / TILE;
        let left = tile % columns * TILE + pixel % SIDE * block;
        let top = tile / columns * TILE + pixel / SIDE * block;
        let pixels =
            (0..block * block).map(|i| sheet.get_pixel(left + i % block, top + i / block).0[channel]);
        pixels.map(f64::from).sum::<f64>() / f64::from(block * block) / 127.5 - 1.0
    };
    Ok((0..270).map(|tile| (0..DIMENSION as u32).map(|sample| value(tile, sample)).collect()).collect())
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The mean distance between a picture of one set and one of the other; of a set with itself, without equal places.
fn mean_distance(a: &[Picture], b: &[Picture]) -> f64 {
    let itself = std::ptr::eq(a, b);
    let pairs =
        || (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j))).filter(|(i, j)| !itself || i != j);
    pairs().map(|(i, j)| distance(&a[i], &b[j])).sum::<f64>() / pairs().count() as f64
}

/// The energy distance 2·E|X − Y| − E|X − X'| − E|Y − Y'| (Székely and Rizzo 2013): 0 only for equal distributions.
fn energy_distance(a: &[Picture], b: &[Picture]) -> f64 {
    2.0 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)
}

fn painted(studio: &mut Studio<CpuBackend>, count: u8) -> anyhow::Result<Vec<Picture>> {
    let signer = Signer::new(&[7; 32])?;
    let mut pictures = Vec::new();
    for sample in 0..count {
        let (piece, _) = pollster::block_on(studio.paint(Latent([sample; 32]), &signer))?;
        pictures.push(piece.content.iter().map(|byte| f64::from(*byte) / 127.5 - 1.0).collect());
    }
    Ok(pictures)
}

#[test]
fn rounds_bring_the_artist_nearer_to_pictures_that_it_never_saw() {
    // Every third flag is held out; the others are split among three teachers.
    let (mut held_out, mut taught) = (Vec::new(), Vec::new());
    for (number, flag) in flags().unwrap().into_iter().enumerate() {
        if number % 3 == 0 { held_out.push(flag) } else { taught.push(flag) }
    }
    let mut teachers: Vec<Pictures> = (0..3).map(|_| Pictures::new(SIDE as usize, 3).unwrap()).collect();
    for (number, flag) in taught.iter().enumerate() {
        let flag: Vec<f32> = flag.iter().map(|v| *v as f32).collect();
        teachers[number % 3].push(&flag).unwrap();
    }
    let teachers: Vec<&Pictures> = teachers.iter().collect();

    let config = StudioConfig {
        architecture: Architecture::new(8, &[64, 32], SIDE as usize, 3).unwrap(),
        batch: 32,
        inner: 1,
        schedule: Schedule::to_zero(ROUNDS),
    };
    let entropy = Entropy::new(std::array::from_fn(|i| [i as u8; 32]), [4; 32]);
    let mut studio = pollster::block_on(Studio::genesis(config, [CpuBackend; 4], entropy)).unwrap();
    let before = energy_distance(&painted(&mut studio, 90).unwrap(), &held_out);
    for _ in 0..ROUNDS {
        pollster::block_on(studio.learn(&teachers, &CandleKernelSums, &Curation::default())).unwrap();
    }
    let samples = painted(&mut studio, 90).unwrap();
    let after = energy_distance(&samples, &held_out);
    let real = energy_distance(&taught, &held_out);
    let (spread, flags) = (mean_distance(&samples, &samples), mean_distance(&held_out, &held_out));
    println!(
        "energy distance {before:.2} -> {after:.2}, of real flags {real:.2}; spread {spread:.2} of {flags:.2}"
    );
    assert!(after < before / 10.0, "{before} -> {after}");
    assert!(spread > 0.45 * flags, "{spread} of {flags}");
}
