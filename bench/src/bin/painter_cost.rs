//! Measures what a painter computes and sends, natively and in memory: one JSON object a line.
//!
//! CPU is the process's own time (all four painters run on one thread) divided by four, the median of several runs.
//! Bytes and rounds are counted by the painters' meters; they do not depend on the machine.

use abraham_artist::{Architecture, Artist, Painting, Rates, genesis, latents, paint, paint_to_learn};
use abraham_learning::{
    CandleKernelSums, CrowdSums, Curation, KernelSums as _, Pictures, PublicDrift, TEMPERATURES, clamped,
    distance_scale, quantise, reals, step, take_in,
};
use abraham_mpc::{
    Meter, Painter, PainterId, Scale, Sharing,
    channel::memory::{self, MemoryChannel},
    split_update,
};
use abraham_ring::{Backend as _, CpuBackend, Matmul, Operand, RingTensor};
use anyhow::Context as _;
use cpu_time::ProcessTime;
use futures::future::try_join_all;

type Seat = Painter<MemoryChannel, CpuBackend>;

const REPEATS: usize = 9;

fn main() -> anyhow::Result<()> {
    pollster::block_on(measure())
}

fn row(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": value, "unit": unit }));
}

/// The committee that is measured: colour 32×32, three teachers.
struct Committee {
    painters: Vec<Seat>,
    artists: Vec<Artist<Sharing>>,
}

impl Committee {
    async fn seat(architecture: &Architecture) -> anyhow::Result<Self> {
        let joins = PainterId::ALL.into_iter().zip(memory::network());
        let joins = joins.map(|(id, channel)| Painter::join(id, channel, CpuBackend, [id.index() as u8; 32]));
        let mut painters = try_join_all(joins).await?;
        let drawn = painters.iter_mut().map(|painter| genesis(painter, architecture));
        let artists = try_join_all(drawn).await?;
        let mut committee = Self { painters, artists };
        committee.meter();
        Ok(committee)
    }

    fn meter(&mut self) -> Meter {
        let mut all = Meter::default();
        for painter in &mut self.painters {
            all.beside(&painter.take_meter());
        }
        all
    }

    async fn paint(&mut self, z: &RingTensor) -> anyhow::Result<()> {
        let paintings = self.painters.iter_mut().zip(&self.artists);
        try_join_all(paintings.map(|(painter, artist)| paint(painter, artist, z))).await?;
        Ok(())
    }

    async fn paint_to_learn(&mut self, z: &RingTensor) -> anyhow::Result<Vec<Painting<Sharing>>> {
        let paintings = self.painters.iter_mut().zip(&self.artists);
        Ok(try_join_all(paintings.map(|(painter, artist)| paint_to_learn(painter, artist, z))).await?)
    }

    async fn step(
        &mut self,
        z: &RingTensor,
        paintings: &[Painting<Sharing>],
        sums: &[CrowdSums],
    ) -> anyhow::Result<()> {
        let curation = Curation::default();
        let drift = PublicDrift {
            temperatures: &TEMPERATURES,
            distance_scale: distance_scale(32, 3),
            curation: &curation,
        };
        let rates = Rates { output: 328, hidden: 52 };
        let steps = self.painters.iter_mut().zip(&mut self.artists).zip(paintings).zip(sums);
        let steps = steps.map(|(((painter, artist), painting), sums)| {
            step(painter, artist, z, painting, sums, drift, rates)
        });
        try_join_all(steps).await?;
        Ok(())
    }

    async fn teach(&mut self, batch: &RingTensor, teachers: usize) -> anyhow::Result<Vec<CrowdSums>> {
        let seen = reals(&clamped(batch));
        let mut updates: [Vec<_>; 4] = Default::default();
        for teacher in 0..teachers {
            let mut pictures = Pictures::new(32, 3)?;
            let noise = latents(&[teacher as u8; 32], 30, 3072);
            for picture in 0..30 {
                pictures.push(&reals(&RingTensor::new(1, 3072, noise.row(picture).to_vec())?))?;
            }
            let sums =
                CandleKernelSums.kernel_sums(&seen, &pictures, distance_scale(32, 3), &TEMPERATURES).await?;
            let joined = quantise(&sums)?.joined();
            let seeds = std::array::from_fn(|c| [(7 * teacher + c) as u8; 32]);
            let shares = split_update(&joined, Scale::full(24), seeds, &CpuBackend).await?;
            for (mine, share) in updates.iter_mut().zip(shares) {
                mine.push(Some(share));
            }
        }
        let shape = (batch.rows(), batch.cols() + 1);
        let taken = self.painters.iter_mut().zip(updates);
        Ok(try_join_all(taken.map(|(painter, updates)| take_in(painter, updates, shape))).await?)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn measure() -> anyhow::Result<()> {
    let architecture = Architecture::new(8, &[256, 64], 32, 3)?;
    let mut committee = Committee::seat(&architecture).await?;
    for (batch, name) in [(1, "paint"), (64, "paint64")] {
        let z = latents(&[9; 32], batch, 8);
        committee.paint(&z).await?;
        let meter = committee.meter();
        let mut times = Vec::new();
        for _ in 0..REPEATS {
            let start = ProcessTime::now();
            committee.paint(&z).await?;
            times.push(start.elapsed().as_secs_f64() * 1e3 / 4.0);
        }
        committee.meter();
        row(&format!("{name}_cpu_ms_per_painter"), median(times), "ms");
        row(&format!("{name}_bytes_total"), meter.bytes() as f64, "bytes");
        if batch == 1 {
            row("paint_rounds", meter.rounds as f64, "rounds");
        }
    }

    let z = latents(&[10; 32], 64, 8);
    committee.paint(&z).await?;
    let painted = committee.meter();
    let mut paintings = committee.paint_to_learn(&z).await?;
    let painted_to_learn = committee.meter();
    let sums = committee.teach(&paintings[0].picture.clone(), 3).await?;
    committee.meter();
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..REPEATS {
        let start = ProcessTime::now();
        committee.step(&z, &paintings, &sums).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3 / 4.0);
        bytes = committee.meter().bytes();
        paintings = committee.paint_to_learn(&z).await?;
        committee.meter();
    }
    row("step64_cpu_ms_per_painter", median(times), "ms");
    // The derivatives that only learning needs travel while the batch is painted; they are the step's.
    row("step64_bytes_total", (bytes + painted_to_learn.bytes() - painted.bytes()) as f64, "bytes");

    let side = 512;
    let [a, b] = [1, 2].map(|seed: u8| latents(&[seed; 32], side, side));
    let operand = |tensor| Operand { tensor, transposed: false };
    let job = [Matmul { terms: vec![(operand(&a), operand(&b))] }];
    let mut rates = Vec::new();
    for _ in 0..REPEATS {
        let start = ProcessTime::now();
        let product = CpuBackend.matmul(&job).await?;
        let elapsed = start.elapsed().as_secs_f64();
        product.first().context("a product")?;
        rates.push((side * side * side) as f64 / elapsed / 1e9);
    }
    row("ring_matmul512_gmacs_native", median(rates), "GMAC/s");
    Ok(())
}
