//! What the worst single update does: over the real four-painter protocol one malicious teacher sends integers that no
//! pictures give, and the artist is back within 50 honest rounds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abraham_artist::{Architecture, PICTURE_BITS, latents};
use abraham_learning::{
    CandleKernelSums, Curation, GRADIENT_FRACTION_BITS, KernelSums as _, Pictures, Schedule, TEMPERATURES,
    clamped, distance_scale, quantise, reals,
    seat::{Learnt, Recipe, Seat},
};
use abraham_messages::{ArtistName, Commitment, TermId};
use abraham_mpc::{
    PainterId, Scale, UpdateShare,
    channel::memory::{self, MemoryChannel},
    split_update,
};
use abraham_ring::{CpuBackend, RingTensor};
use futures::future::try_join_all;

const SIDE: usize = 4;
const SAMPLES: usize = SIDE * SIDE * 3;
const BATCH: usize = 16;
/// Rounds before the attack: the rate is then near its highest.
const BEFORE: u64 = 80;
const ARTIST: ArtistName = ArtistName([1; 32]);
const TERM: TermId = TermId([2; 32]);

type Picture = Vec<f64>;

fn recipe() -> Recipe {
    Recipe {
        architecture: Architecture::new(4, &[24, 16], SIDE, 3).unwrap(),
        batch: BATCH,
        inner: 1,
        schedule: Schedule::to_zero(600),
    }
}

/// A family of pictures: a slope in a direction and a colour of its own.
fn pictures(seed: u8) -> Pictures {
    let mut pictures = Pictures::new(SIDE, 3).unwrap();
    let drawn = latents(&[seed; 32], 30, 5);
    for picture in 0..30 {
        let drawn: Vec<f32> =
            drawn.row(picture).iter().map(|x| x.cast_signed() as f32 / 16_777_216.0).collect();
        let values = (0..SAMPLES).map(|sample| {
            let (pixel, channel) = (sample / 3, sample % 3);
            let (x, y) = ((pixel % SIDE) as f32 / 1.5 - 1.0, (pixel / SIDE) as f32 / 1.5 - 1.0);
            (0.4 * drawn[channel] + 0.25 * (drawn[3] * x + drawn[4] * y)).clamp(-1.0, 1.0)
        });
        pictures.push(&values.collect::<Vec<f32>>()).unwrap();
    }
    pictures
}

struct Committee {
    seats: Vec<Seat<MemoryChannel, CpuBackend>>,
    teachers: Vec<Pictures>,
    updates: u8,
}

impl Committee {
    fn new() -> Self {
        let joins = PainterId::ALL.into_iter().zip(memory::network());
        let joins = joins
            .map(|(id, channel)| Seat::join(id, channel, CpuBackend, [id.index() as u8; 32], recipe(), None));
        let seats = pollster::block_on(async {
            let mut seats = try_join_all(joins).await.unwrap();
            try_join_all(seats.iter_mut().map(Seat::genesis)).await.unwrap();
            seats
        });
        Self { seats, teachers: [11, 12, 13].map(pictures).into(), updates: 0 }
    }

    /// One round with all honest teachers and, where there is one, a malicious one; what was painted, and what came of it.
    fn round(&mut self, malicious: Option<&RingTensor>) -> (Vec<Picture>, Learnt) {
        pollster::block_on(async {
            let batches = self.seats.iter_mut().map(|seat| seat.paint_batch(&ARTIST, &TERM));
            let batch = try_join_all(batches).await.unwrap()[0].clone();
            let seen = reals(&clamped(&batch));
            let mut updates = Vec::new();
            for teacher in &self.teachers {
                let scale = distance_scale(SIDE, 3);
                let sums = CandleKernelSums.kernel_sums(&seen, teacher, scale, &TEMPERATURES).await.unwrap();
                updates.push(quantise(&sums).unwrap().joined());
            }
            updates.extend(malicious.cloned());
            let mut held: [Vec<Option<UpdateShare>>; 4] = Default::default();
            for update in updates {
                self.updates = self.updates.wrapping_add(1);
                let seeds = [0, 1, 2].map(|c| [self.updates, c].repeat(16).try_into().unwrap());
                let scale = Scale::full(GRADIENT_FRACTION_BITS);
                let shares = split_update(&update, scale, seeds, &CpuBackend).await.unwrap();
                for (held, share) in held.iter_mut().zip(shares) {
                    held.push(Some(share));
                }
            }
            let curation = Curation::default();
            let learning = self.seats.iter_mut().zip(held).map(|(seat, held)| seat.learn(held, 3, &curation));
            let learnt = try_join_all(learning).await.unwrap().swap_remove(0);
            let unit = f64::from(1 << PICTURE_BITS);
            let real = |x: &u64| x.cast_signed() as f64 / unit;
            let rows = (0..batch.rows()).map(|row| batch.row(row).iter().map(real).collect());
            (rows.collect(), learnt)
        })
    }

    /// Honest rounds; how far the last four batches are from the taught pictures.
    fn honest(&mut self, rounds: u64) -> f64 {
        let mut painted = Vec::new();
        for round in 0..rounds {
            let (batch, learnt) = self.round(None);
            assert!(!learnt.refused && learnt.dropped.is_empty() && learnt.teachers == 3);
            if round + 4 >= rounds {
                painted.extend(batch);
            }
        }
        let taught: Vec<Picture> = self
            .teachers
            .iter()
            .flat_map(|teacher| teacher.values().chunks(SAMPLES))
            .map(|picture| picture.iter().map(|x| f64::from(*x)).collect())
            .collect();
        energy_distance(&painted, &taught)
    }

    fn commitments(&self) -> Vec<[Option<Commitment>; 4]> {
        self.seats.iter().map(|seat| seat.state().unwrap().state_commitments()).collect()
    }
}

fn mean_distance(a: &[Picture], b: &[Picture]) -> f64 {
    let distance =
        |a: &Picture, b: &Picture| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let sum: f64 = a.iter().flat_map(|a| b.iter().map(move |b| distance(a, b))).sum();
    sum / (a.len() * b.len()) as f64
}

/// 2·E|X − Y| − E|X − X'| − E|Y − Y'| (Székely and Rizzo 2013): 0 only for equal distributions.
fn energy_distance(a: &[Picture], b: &[Picture]) -> f64 {
    2.0 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)
}

/// An update of mass 1 with these numerators.
fn update(numerator: impl Fn(usize, usize) -> u64) -> RingTensor {
    RingTensor::from_fn(BATCH, SAMPLES + 1, |row, col| match (row, col == SAMPLES) {
        (0, true) => 1 << 16,
        (_, true) => 0,
        _ => numerator(row, col),
    })
}

fn alternating(row: usize, col: usize, size: u64) -> u64 {
    if (row + col).is_multiple_of(2) { size } else { size.wrapping_neg() }
}

/// Whatever is sent, the round is refused and changes nothing, or its step is as long as any other.
#[test]
fn after_the_worst_update_the_artist_is_back_within_fifty_rounds() {
    let one = |size: u64| update(|row, col| if (row, col) == (3, 17) { size } else { 0 });
    let all = |size: u64| update(|_, _| size);
    let mut masses = update(|_, _| 0);
    for row in 0..BATCH {
        let mass = alternating(row, 0, 1 << 62);
        masses.data_mut()[row * (SAMPLES + 1) + SAMPLES] = if row == 0 { mass + (1 << 16) } else { mass };
    }
    let noise = latents(&[77; 32], BATCH, SAMPLES + 1);
    let attacks = [
        ("one entry of 2^32", one(1 << 32)),
        ("all of 2^32", all(1 << 32)),
        ("one entry of 2^62", one(1 << 62)),
        ("all of 2^62", all(1 << 62)),
        ("one entry of 2^63", one(1 << 63)),
        ("alternating signs, 2^32", update(|row, col| alternating(row, col, 1 << 32))),
        ("alternating signs, 2^62", update(|row, col| alternating(row, col, 1 << 62))),
        ("entries of any size", update(|row, col| noise.row(row)[col].wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        ("masses of 2^62 that add up to 1", masses),
        // A column whose sum leaves the gradients' ring and comes back within the bounds: 16 rows of it are 65.25 for
        // one of four teachers, of which 64 vanish.
        ("a wrapped norm inside the bounds", update(|_, col| if col == 5 { 273_678_336 } else { 0 })),
        // Squares of 2^64: the norm as it was once taken, modulo 2^64, did not change by them.
        (
            "a norm that vanishes modulo 2^64",
            update(|row, col| if (row, col) == (0, 0) { 1 << 36 } else { 0 }),
        ),
    ];
    let (mut refused, mut taken) = (0, 0);
    for (name, attack) in attacks {
        let mut committee = Committee::new();
        let before = committee.honest(BEFORE);
        let shares = committee.commitments();
        let (_, learnt) = committee.round(Some(&attack));
        if learnt.refused {
            refused += 1;
            assert_eq!(learnt.dropped, [0, 1, 2, 3], "{name}: all are told that nothing counted");
            assert_eq!(committee.commitments(), shares, "{name}: a refused round changes nothing");
        } else {
            taken += 1;
        }
        let at_once = committee.honest(4);
        let after = committee.honest(46);
        println!("{name}: refused {}, {before:.3} -> {at_once:.3} -> {after:.3}", learnt.refused);
        assert!(after < 1.1 * before, "{name}: {before} -> {after}");
    }
    assert!(refused > 0 && taken > 0, "{refused} refused, {taken} taken");
}
