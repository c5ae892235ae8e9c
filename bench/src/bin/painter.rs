//! A visitor without a browser: joins a collective, paints and teaches, and prints what happens as JSON, one object a
//! line.
//!
//! `cargo run --release -p abraham-bench --bin painter -- --relay /ip4/…/tcp/…/p2p/… --listen /ip4/…/tcp/0`;
//! `--help` lists the rest. Ctrl-C says goodbye and stops.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    time::Duration,
};

use abraham_artist::Architecture;
use abraham_collective::{BackendKind, Event as News, Millis};
use abraham_learning::{CandleKernelSums, Pictures, Schedule, seat::Recipe};
use abraham_messages::node::Command;
use abraham_p2p::{Config, Node, Secret};
use abraham_ring::CpuBackend;
use abraham_visitor::{Event, Network, Offer, Timer, Tools, Visitor};
use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use futures::{StreamExt as _, channel::mpsc};
use image::imageops;
use tokio::{task::LocalSet, time::Instant};
use zeroize::Zeroizing;

/// Side of the pictures, in pixels; they are in colour.
const SIDE: usize = 32;

/// Join a collective: paint, teach, and print what happens.
#[derive(Parser)]
struct Options {
    /// A relay's multiaddr with its /p2p/ part; may be given several times.
    #[arg(long)]
    relay: Vec<String>,
    /// Where others reach this visitor.
    #[arg(long, default_value = "/ip4/127.0.0.1/tcp/0")]
    listen: Vec<String>,
    /// Folder of pictures to teach with (PNG, JPEG, GIF, WebP); files that are not are skipped.
    #[arg(long, conflicts_with = "synthetic")]
    images: Option<PathBuf>,
    /// Teach with so many invented flags instead.
    #[arg(long, default_value_t = 0)]
    synthetic: u32,
    /// Which flags are invented.
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Teach only, take no seat.
    #[arg(long)]
    no_paint: bool,
    /// Pictures painted in a round; the same for all of a collective.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(2..=128))]
    batch: u64,
    /// Share of the time to work, in per cent.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(10..=100))]
    pace: u8,
    /// Stop after so many rounds in which this visitor held a seat.
    #[arg(long)]
    rounds: Option<u64>,
}

/// Time since the program began.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Timer for Clock {
    fn now(&self) -> Millis {
        self.0.elapsed().as_millis() as Millis
    }

    async fn sleep_until(&self, at: Millis) {
        tokio::time::sleep_until(self.0 + Duration::from_millis(at)).await;
    }
}

/// Commands wait here for the node; the visitor keeps to the lanes' windows, so they are few.
struct Port(mpsc::UnboundedSender<Command>);

impl Network for Port {
    fn send(&self, command: Command) {
        // A node that ended says so by the end of its events.
        let _ = self.0.unbounded_send(command);
    }
}

fn main() -> ExitCode {
    let run = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(LocalSet::new().run_until(take_part(Options::parse())))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn random() -> Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(bytes)
}

async fn take_part(options: Options) -> Result<()> {
    let secret = random()?;
    let mut config = Config::new(Secret::new(*secret)?);
    config.relays.clone_from(&options.relay);
    config.listen.clone_from(&options.listen);
    // For measuring, among processes of one's own.
    config.private_addresses = true;
    let (mut commands, node_events) = Node::start(config)?;
    let (port, mut waiting) = mpsc::unbounded();
    tokio::spawn(async move {
        while let Some(command) = waiting.next().await {
            if commands.send(command).await.is_err() {
                return;
            }
        }
    });
    let recipe = Recipe {
        architecture: Architecture::new(8, &[256, 64], SIDE, 3)?,
        batch: options.batch as usize,
        inner: 1,
        schedule: Schedule::open_ended(1_000),
    };
    let clock = Clock(Instant::now());
    let seeds = || {
        random().unwrap_or_else(|error| {
            // Without keys there is nothing that could be done safely.
            eprintln!("{error:#}");
            std::process::exit(1)
        })
    };
    let tools =
        Tools { network: Port(port), timer: clock, backend: CpuBackend, kernel: CandleKernelSums, seeds };
    let backend = BackendKind::Cpu;
    let offer = Offer { paint: !options.no_paint, backend, pace: options.pace };
    let (visitor, handle) = Visitor::new(recipe, &secret, offer, tools)?;
    let pictures = match &options.images {
        Some(folder) => read(folder)?,
        None => flags(options.seed, options.synthetic)?,
    };
    print(clock, "joined", serde_json::json!({ "me": visitor.me().to_string(), "pictures": pictures.len() }));
    handle.pictures(Some(Rc::new(pictures)));
    let stop = handle.clone();
    tokio::task::spawn_local(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    });
    let mut report =
        Report { clock, rounds: Vec::new(), sent: 0, received: 0, bulk: 0, role: serde_json::Value::Null };
    let visit = visitor.run(node_events, |event| {
        report.take(event);
        if options.rounds.is_some_and(|rounds| report.rounds.len() as u64 >= rounds) {
            handle.stop();
        }
    });
    visit.await;
    // The node says goodbye on its own thread.
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(())
}

fn print(clock: Clock, what: &str, more: serde_json::Value) {
    println!("{}", serde_json::json!({ "ms": clock.now(), "event": what, "of": more }));
}

/// What is printed of what happens.
struct Report {
    clock: Clock,
    /// When each round was certified that this visitor had a part in.
    rounds: Vec<Millis>,
    sent: u64,
    received: u64,
    bulk: u64,
    role: serde_json::Value,
}

impl Report {
    /// Rounds a second over the last ten.
    fn rate(&self) -> Option<f64> {
        let last = self.rounds.last()?;
        let first = self.rounds[self.rounds.len().saturating_sub(11)];
        let count = (self.rounds.len() - 1).min(10);
        (last > &first).then(|| count as f64 * 1_000.0 / (last - first) as f64)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Snapshot { snapshot, frames, .. } => {
                (self.sent, self.received) = (frames.sent, frames.received);
                self.bulk = snapshot.done.bulk_bytes_sent;
                let (role, why) = (format!("{:?}", snapshot.role), format!("{:?}", snapshot.why));
                let of = serde_json::json!({ "role": role, "why": why });
                if of != self.role {
                    print(self.clock, "role", of.clone());
                    self.role = of;
                }
            }
            Event::Collective(News::Learned { round, teachers, dropped, .. }) => {
                self.rounds.push(self.clock.now());
                let of = serde_json::json!({
                    "round": round, "teachers": teachers, "dropped": dropped, "rounds_a_second": self.rate(),
                    "frame_bytes_sent": self.sent, "frame_bytes_received": self.received,
                    "bulk_bytes_sent": self.bulk,
                });
                print(self.clock, "learned", of);
            }
            Event::Collective(News::Taught { bytes, .. }) => {
                print(self.clock, "taught", serde_json::json!({ "bytes": bytes }));
            }
            Event::Collective(News::TermBegan(term)) => {
                print(self.clock, "term", serde_json::json!({ "number": term.number, "seat": term.seat }));
            }
            Event::Collective(News::TermEnded { cause, .. }) => {
                print(self.clock, "term ended", serde_json::json!({ "cause": format!("{cause:?}") }));
            }
            Event::Collective(News::Suspected { peer, what }) => {
                print(self.clock, "suspected", serde_json::json!({ "peer": peer.to_string(), "what": what }));
            }
            Event::Piece { piece, helped } => {
                let of = serde_json::json!({ "helped": helped, "round": piece.piece.round });
                print(self.clock, "piece", of);
            }
            Event::Failed { reason } => print(self.clock, "failed", serde_json::json!({ "reason": reason })),
            Event::Stopped => print(self.clock, "stopped", serde_json::Value::Null),
            _ => {}
        }
    }
}

/// Invented flags: three stripes of colours that a small generator of numbers gives.
fn flags(seed: u32, count: u32) -> Result<Pictures> {
    let mut pictures = Pictures::new(SIDE, 3)?;
    for flag in 0..count {
        let colour = |stripe: usize, c: usize| {
            let x = (seed * 1_009 + flag * 31 + stripe as u32 * 7 + c as u32).wrapping_mul(2_654_435_761);
            (x >> 24) as f32 / 127.5 - 1.0
        };
        let upright = flag % 2 == 0;
        let values = (0..SIDE * SIDE * 3).map(|i| {
            let (row, column, c) = (i / 3 / SIDE, i / 3 % SIDE, i % 3);
            let along = if upright { column } else { row };
            colour(3 * along / SIDE, c)
        });
        pictures.push(&values.collect::<Vec<_>>())?;
    }
    Ok(pictures)
}

/// Reads a folder: of each picture the middle square, scaled.
fn read(folder: &Path) -> Result<Pictures> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).with_context(|| format!("{shown} cannot be read"))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut pictures = Pictures::new(SIDE, 3)?;
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let decoded = match image::open(&path) {
            Ok(decoded) => decoded.into_rgba8(),
            Err(error) => {
                eprintln!("{} is skipped: {error}", path.display());
                continue;
            }
        };
        let edge = decoded.width().min(decoded.height());
        let (left, top) = ((decoded.width() - edge) / 2, (decoded.height() - edge) / 2);
        let square = imageops::crop_imm(&decoded, left, top, edge, edge).to_image();
        let side = SIDE as u32;
        let scaled = imageops::resize(&square, side, side, imageops::FilterType::Triangle);
        pictures.push_rgba(&scaled)?;
    }
    ensure!(!pictures.is_empty(), "{shown} holds no picture that can be read");
    Ok(pictures)
}
