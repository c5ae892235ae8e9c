//! Teaches an artist a folder of pictures with the real four-painter protocol, in one process, and paints samples.
//!
//! `cargo run --release -p abraham-bench --bin learn -- --images DIR --out DIR`; `--help` lists the rest.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use abraham_artist::Architecture;
use abraham_learning::{
    CandleKernelSums, Curation, Pictures, Schedule,
    studio::{Entropy, Studio, StudioConfig},
};
use abraham_messages::{Latent, codec::hex};
use abraham_provenance::{Signer, to_text};
use abraham_ring::CpuBackend;
use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use cpu_time::ProcessTime;
use image::{ImageReader, RgbImage, imageops};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// Rounds between two checkpoints, so that a power cut costs little.
const ROUNDS_A_CHECKPOINT: u64 = 50;

/// Memory that decoding one file may take.
const DECODER_BYTES: u64 = 1 << 30;

/// Teach an artist that exists only as four secret shares a folder of pictures, and let it paint.
#[derive(Parser)]
struct Options {
    /// Folder of pictures (PNG, JPEG, GIF, WebP); files that are not are named and skipped.
    #[arg(long)]
    images: PathBuf,
    /// Learning rounds in all; the learning rate falls to 0 at the last.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rounds: u64,
    /// Pictures painted in a round.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(2..=1024))]
    batch: u64,
    /// Learning steps a round, all towards the same updates.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    inner: u64,
    /// Teachers that the folder is split among.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    teachers: u64,
    /// Teachers present in a round, drawn anew each time; all of them unless given.
    #[arg(long)]
    present: Option<u64>,
    /// What everything random comes from. A run is the same bit for bit under the same seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Width and height of the artist's pictures, in pixels.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(4..=128))]
    side: u64,
    /// Folder for samples, grid, report and checkpoint; it is made where it is missing.
    #[arg(long)]
    out: PathBuf,
    /// Sample pictures to paint at the end.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(0..=4096))]
    samples: u64,
    /// Goes on from the checkpoint in the folder for samples; the other options must be the same.
    #[arg(long)]
    resume: bool,
}

/// What a run must have in common with the run that it resumes.
#[derive(Debug, PartialEq, Eq, Clone, Serialize, Deserialize)]
struct Settings {
    rounds: u64,
    batch: u64,
    inner: u64,
    teachers: u64,
    present: u64,
    seed: u64,
    side: u64,
    channels: u64,
    /// Hash of all pictures in their order.
    pictures: String,
}

/// What a run cost so far.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Cost {
    protocol_rounds: u64,
    bytes: BTreeMap<String, u64>,
    uploaded_bytes: u64,
    cpu_seconds: f64,
}

/// What a checkpoint's folder says about itself; it names the shares that belong to it, so it is written last.
#[derive(Serialize, Deserialize)]
struct Progress {
    settings: Settings,
    round: u64,
    cost: Cost,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let teachers = options.teachers as usize;
    let present = options.present.unwrap_or(options.teachers) as usize;
    ensure!((1..=teachers).contains(&present), "--present must be 1 to {teachers}, the number of teachers");
    let (sets, hash) = pictures(options)?;
    let channels = sets[0].channels();
    let settings = Settings {
        rounds: options.rounds,
        batch: options.batch,
        inner: options.inner,
        teachers: options.teachers,
        present: present as u64,
        seed: options.seed,
        side: options.side,
        channels: channels as u64,
        pictures: hash,
    };
    let config = StudioConfig {
        architecture: Architecture::new(8, &[256, 64], options.side as usize, channels)?,
        batch: options.batch as usize,
        inner: options.inner as usize,
        schedule: Schedule::to_zero(options.rounds * options.inner),
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nStopping after this round; press again to stop at once.");
    })
    .context("Ctrl-C cannot be caught")?;
    fs::create_dir_all(&options.out).with_context(|| format!("{} cannot be made", options.out.display()))?;

    let mut cost = Cost::default();
    let mut studio = match options.resume {
        true => {
            let (progress, shares) = read_checkpoint(&options.out, &settings)?;
            cost = progress.cost;
            let shares = shares.each_ref().map(Vec::as_slice);
            Studio::restore(config, [CpuBackend; 4], entropy(options.seed), shares)?
        }
        false => pollster::block_on(Studio::genesis(config, [CpuBackend; 4], entropy(options.seed)))?,
    };
    let finished =
        pollster::block_on(learn(&mut studio, &sets, &settings, &mut cost, options, &interrupted))?;
    if !finished {
        eprintln!("Stopped after round {}; --resume goes on from there.", studio.round_number());
        return Ok(());
    }
    pollster::block_on(paint(&mut studio, &settings, &cost, options))
}

/// Runs the rounds that are left; false where Ctrl-C stopped them before the last.
async fn learn(
    studio: &mut Studio<CpuBackend>,
    sets: &[Pictures],
    settings: &Settings,
    cost: &mut Cost,
    options: &Options,
    interrupted: &AtomicBool,
) -> Result<bool> {
    let first = studio.round_number();
    #[expect(
        clippy::disallowed_methods,
        reason = "this program is a shell: it tells people how long it takes"
    )]
    let start = Instant::now();
    while studio.round_number() < settings.rounds {
        if interrupted.load(Ordering::Relaxed) {
            // Nothing is learnt before the first round, and a run that starts anew gets the same artist.
            if studio.round_number() > 0 {
                write_checkpoint(&options.out, studio, settings, cost)?;
            }
            return Ok(false);
        }
        let teachers = present(settings, studio.round_number());
        let teachers: Vec<&Pictures> = teachers.into_iter().map(|place| &sets[place]).collect();
        let cpu = ProcessTime::now();
        let report = studio.learn(&teachers, &CandleKernelSums, &Curation::default()).await?;
        cost.cpu_seconds += cpu.elapsed().as_secs_f64();
        cost.protocol_rounds += report.meter.rounds;
        cost.uploaded_bytes += report.uploaded;
        for (kind, bytes) in report.meter.by_kind() {
            *cost.bytes.entry(kind.to_owned()).or_default() += bytes;
        }
        let round = report.round;
        if report.refused {
            eprintln!("\nround {round} taught nothing: the norm of a gradient was out of its bounds");
        }
        let seconds = start.elapsed().as_secs_f64() / (round - first) as f64;
        let left = seconds * (settings.rounds - round) as f64;
        eprint!("\rround {round} of {}, {seconds:.2} s each, {left:.0} s left   ", settings.rounds);
        if round.is_multiple_of(ROUNDS_A_CHECKPOINT) || round == settings.rounds {
            write_checkpoint(&options.out, studio, settings, cost)?;
        }
    }
    eprintln!();
    Ok(true)
}

/// Paints the samples and writes them with the grid and the report.
async fn paint(
    studio: &mut Studio<CpuBackend>,
    settings: &Settings,
    cost: &Cost,
    options: &Options,
) -> Result<()> {
    let mut tiles = Vec::new();
    let mut pieces = Vec::new();
    let signer = Signer::new(&derive("signer", settings.seed, 0))?;
    for sample in 0..options.samples {
        let (piece, _) = studio.paint(Latent(derive("sample", settings.seed, sample)), &signer).await?;
        let tile = rgb(&piece.content, settings.side as u32, settings.channels as usize)?;
        let name = format!("sample-{sample:04}.png");
        let path = options.out.join(&name);
        tile.save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        let record: serde_json::Value = serde_json::from_str(&to_text(&piece))?;
        pieces.push(serde_json::json!({ "file": name, "record": record }));
        tiles.push(tile);
    }
    if !tiles.is_empty() {
        let path = options.out.join("grid.png");
        grid(&tiles).save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let report = serde_json::json!({
        "settings": settings,
        "genesis": hex(&studio.genesis_id().0),
        "rounds": studio.round_number(),
        "protocol_rounds": cost.protocol_rounds,
        "bytes": cost.bytes,
        "bytes_total": cost.bytes.values().sum::<u64>(),
        "uploaded_bytes": cost.uploaded_bytes,
        "cpu_seconds": cost.cpu_seconds,
        "pieces": pieces,
    });
    let path = options.out.join("report.json");
    let text = serde_json::to_string_pretty(&report)?;
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    eprintln!("{} samples, grid.png and report.json are in {}", tiles.len(), options.out.display());
    Ok(())
}

/// Everything random comes from the seed: a run of this program is an experiment, not an artist to be kept secret.
fn derive(purpose: &str, seed: u64, number: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 learn example v1");
    hasher.update(purpose.as_bytes()).update(&seed.to_le_bytes()).update(&number.to_le_bytes());
    *hasher.finalize().as_bytes()
}

fn entropy(seed: u64) -> Entropy {
    Entropy::new(std::array::from_fn(|i| derive("painter", seed, i as u64)), derive("teachers", seed, 0))
}

/// Places of the teachers that are present in a round: a uniform draw without repetition, in order.
fn present(settings: &Settings, round: u64) -> Vec<usize> {
    let mut rng = ChaCha12Rng::from_seed(derive("present", settings.seed, round));
    let mut places: Vec<usize> = (0..settings.teachers as usize).collect();
    for i in 0..settings.present as usize {
        // The bias of the remainder is below 2^-53 for the number of teachers allowed.
        let j = i + (rng.next_u64() % (places.len() - i) as u64) as usize;
        places.swap(i, j);
    }
    places.truncate(settings.present as usize);
    places.sort_unstable();
    places
}

/// Reads the folder and splits it among the teachers, picture by picture; with a hash of all pictures.
fn pictures(options: &Options) -> Result<(Vec<Pictures>, String)> {
    let folder = options.images.display();
    let entries = fs::read_dir(&options.images).with_context(|| format!("{folder} cannot be read"))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut decoded = Vec::new();
    for path in paths.into_iter().filter(|path| path.is_file()) {
        match decode(&path, options.side as u32) {
            Ok(picture) => decoded.push(picture),
            Err(error) => eprintln!("{} is skipped: {error:#}", path.display()),
        }
    }
    ensure!(!decoded.is_empty(), "{folder} holds no picture that can be read");
    let teachers = options.teachers as usize;
    ensure!(decoded.len() >= teachers, "{folder} holds fewer pictures than there are teachers");
    let grey = decoded.iter().all(|picture| picture.pixels().all(|p| p[0] == p[1] && p[1] == p[2]));
    let channels = if grey { 1 } else { 3 };
    let mut hasher = blake3::Hasher::new();
    let mut sets = Vec::new();
    for _ in 0..teachers {
        sets.push(Pictures::new(options.side as usize, channels)?);
    }
    for (number, picture) in decoded.iter().enumerate() {
        hasher.update(picture);
        let rgba: Vec<u8> = picture.pixels().flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        sets[number % teachers].push_rgba(&rgba)?;
    }
    let kind = if grey { "grey" } else { "colour" };
    eprintln!("{} pictures in {kind}, {teachers} teachers", decoded.len());
    Ok((sets, hasher.finalize().to_hex().to_string()))
}

/// One file (of an animation the first frame), laid over white, its middle square scaled to side × side.
fn decode(path: &Path, side: u32) -> Result<RgbImage> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    ensure!(reader.format().is_some(), "it is not a picture of a known format");
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODER_BYTES);
    reader.limits(limits);
    let rgba = reader.decode()?.into_rgba8();
    let over_white = RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, opacity] = rgba.get_pixel(x, y).0.map(u32::from);
        let over_white = |c: u32| ((opacity * c + (255 - opacity) * 255 + 127) / 255) as u8;
        image::Rgb([red, green, blue].map(over_white))
    });
    let edge = rgba.width().min(rgba.height());
    let (left, top) = ((rgba.width() - edge) / 2, (rgba.height() - edge) / 2);
    let square = imageops::crop_imm(&over_white, left, top, edge, edge).to_image();
    if edge == side {
        return Ok(square);
    }
    Ok(imageops::resize(&square, side, side, imageops::FilterType::Triangle))
}

fn rgb(samples: &[u8], side: u32, channels: usize) -> Result<RgbImage> {
    let pixels = samples.chunks_exact(channels).flat_map(|p| [p[0], p[channels / 2], p[channels - 1]]);
    RgbImage::from_raw(side, side, pixels.collect()).context("a piece has another size than its artist")
}

/// All samples on white, three times enlarged.
fn grid(tiles: &[RgbImage]) -> RgbImage {
    const ENLARGED: u32 = 3;
    const GAP: u32 = 6;
    let columns = (tiles.len() as f64).sqrt().ceil() as u32;
    let rows = (tiles.len() as u32).div_ceil(columns);
    let edge = tiles[0].width() * ENLARGED;
    let length = |count: u32| count * (edge + GAP) + GAP;
    let mut grid = RgbImage::from_pixel(length(columns), length(rows), image::Rgb([255; 3]));
    for (number, tile) in (0..).zip(tiles) {
        let tile = imageops::resize(tile, edge, edge, imageops::FilterType::Nearest);
        let place = |at: u32| i64::from(GAP + at * (edge + GAP));
        imageops::replace(&mut grid, &tile, place(number % columns), place(number / columns));
    }
    grid
}

fn shares_folder(out: &Path, round: u64) -> PathBuf {
    out.join("checkpoint").join(format!("round-{round:08}"))
}

fn share_file(folder: &Path, painter: usize) -> PathBuf {
    folder.join(format!("painter-{painter}.safetensors"))
}

/// Writes the four painters' shares, then replaces the file that names them, then drops the older ones: whenever this
/// is interrupted, a whole checkpoint is left.
fn write_checkpoint(out: &Path, studio: &Studio<CpuBackend>, settings: &Settings, cost: &Cost) -> Result<()> {
    let folder = shares_folder(out, studio.round_number());
    let write = || -> Result<()> {
        fs::create_dir_all(&folder)?;
        for (painter, share) in studio.checkpoint()?.into_iter().enumerate() {
            fs::write(share_file(&folder, painter), share)?;
        }
        let progress =
            Progress { settings: settings.clone(), round: studio.round_number(), cost: cost.clone() };
        let parent = out.join("checkpoint");
        fs::write(parent.join("progress.new"), serde_json::to_string_pretty(&progress)?)?;
        fs::rename(parent.join("progress.new"), parent.join("progress.json"))?;
        for entry in fs::read_dir(&parent)? {
            let path = entry?.path();
            if path.is_dir() && path != folder {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    };
    write().with_context(|| format!("the checkpoint in {} cannot be written", out.display()))
}

fn read_checkpoint(out: &Path, settings: &Settings) -> Result<(Progress, [Vec<u8>; 4])> {
    let path = out.join("checkpoint").join("progress.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("there is no checkpoint at {}", path.display()))?;
    let progress: Progress = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged; start anew without --resume", path.display()))?;
    if progress.settings != *settings {
        bail!(
            "the checkpoint is of another run; give the same options and pictures, or start anew without \
             --resume\nthen: {:?}\nnow:  {settings:?}",
            progress.settings
        );
    }
    let folder = shares_folder(out, progress.round);
    let mut shares: [Vec<u8>; 4] = Default::default();
    for (painter, share) in shares.iter_mut().enumerate() {
        let path = share_file(&folder, painter);
        *share = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    Ok((progress, shares))
}
