//! Measures learning rounds over slow lines: painters in network namespaces of their own (Linux, as root).
//!
//! `cargo build --release -p abraham-relay -p abraham-visitor --examples && sudo target/release/examples/netem`.
//!
//! What delays and loses packets is not the kernel's netem but this program: every namespace has a TUN device, and
//! this program is the router between them. It forwards whole IP packets, each after half the round trip, so that TCP
//! sees a real delay and real losses; its timer is exact to a millisecond, and bandwidth is what one machine gives.

use std::{
    path::PathBuf,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tun_rs::{AsyncDevice, DeviceBuilder};

/// Packets that may be under way to one namespace; more are lost, as on a full line.
const UNDER_WAY: usize = 20_000;

/// Rounds before those that are measured: caches fill, windows open.
const WARM_UP: u64 = 3;

/// A setting ends after so long, whatever it reached.
const LONGEST: Duration = Duration::from_secs(240);

/// Measure learning rounds over slow lines.
#[derive(Parser)]
struct Options {
    /// Members, who all paint and teach.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(4..=8))]
    painters: u8,
    /// Settings: round trip in milliseconds, and packets lost of a thousand.
    #[arg(long, default_values = ["0:0", "20:0", "80:0", "80:10"], value_delimiter = ',')]
    settings: Vec<String>,
    /// Rounds to measure.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// Pictures painted in a round.
    #[arg(long, default_value_t = 32)]
    batch: u64,
}

fn main() -> ExitCode {
    let run =
        || tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(all(Options::parse()));
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn all(options: Options) -> Result<()> {
    for setting in &options.settings {
        let (trip, loss) = setting.split_once(':').context("a setting is ROUND_TRIP_MS:LOST_PER_MILLE")?;
        let line = Line { one_way: Duration::from_micros(500 * trip.parse::<u64>()?), loss: loss.parse()? };
        let measured = measure(&options, line).await;
        let result = measured.with_context(|| format!("round trip {trip} ms, {loss} ‰ lost"))?;
        println!(
            "{}",
            serde_json::json!({
                "emulated": "user-space IP router over TUN", "round_trip_ms": trip, "lost_per_mille": loss,
                "painters": options.painters, "batch": options.batch, "rounds": result.rounds,
                "rounds_a_second": result.rate, "seconds_to_first_round": result.first,
                "frame_bytes_sent_a_round": result.frame_bytes, "bulk_bytes_sent_a_round": result.bulk_bytes,
            })
        );
    }
    Ok(())
}

/// How packets travel.
#[derive(Clone, Copy)]
struct Line {
    one_way: Duration,
    /// Of a thousand packets.
    loss: u32,
}

/// What came of a setting; bytes are one painter's.
struct Measured {
    rounds: u64,
    rate: f64,
    first: f64,
    frame_bytes: f64,
    bulk_bytes: f64,
}

/// A network namespace; deleted when dropped.
struct Namespace(String);

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let status =
        std::process::Command::new("ip").args(arguments).status().context("ip of iproute2 is needed")?;
    ensure!(status.success(), "ip {} failed; this needs root", arguments.join(" "));
    Ok(())
}

fn address(member: usize) -> String {
    format!("10.77.0.{}", 10 + member)
}

/// A namespace with its device, whose other end is ours.
fn namespace(member: usize) -> Result<(Namespace, AsyncDevice)> {
    let (name, device_name) = (format!("abraham-{member}"), format!("abr{member}"));
    let device = DeviceBuilder::new().name(&device_name).mtu(1500).build_async()?;
    ip(&["netns", "add", &name])?;
    let namespace = Namespace(name.clone());
    ip(&["link", "set", &device_name, "netns", &name])?;
    ip(&["-n", &name, "addr", "add", &format!("{}/24", address(member)), "dev", &device_name])?;
    ip(&["-n", &name, "link", "set", &device_name, "up"])?;
    ip(&["-n", &name, "link", "set", "lo", "up"])?;
    Ok((namespace, device))
}

/// Carries packets between the devices until it is aborted.
async fn route(devices: Vec<AsyncDevice>, line: Line) {
    let devices: Vec<_> = devices.into_iter().map(std::sync::Arc::new).collect();
    let mut ways = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for device in &devices {
        let (sender, mut packets) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
        ways.push(sender);
        let device = device.clone();
        tasks.spawn(async move {
            while let Some((due, packet)) = packets.recv().await {
                if due > Instant::now() {
                    sleep_until(due).await;
                }
                let _ = device.send(&packet).await;
            }
        });
    }
    for (member, device) in devices.into_iter().enumerate() {
        let ways = ways.clone();
        tasks.spawn(async move {
            let mut buffer = vec![0; 2_048];
            // A linear congruence: which packets are lost need not be hard to guess.
            let mut dice = 12_345 + member as u32;
            while let Ok(length) = device.recv(&mut buffer).await {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let lost = (dice >> 16) % 1_000 < line.loss;
                // The last byte of an IPv4 packet's destination.
                let to = buffer.get(19).map(|last| usize::from(*last).wrapping_sub(10));
                let is_v4 = length >= 20 && buffer[0] >> 4 == 4;
                if let Some(way) = to.and_then(|to| ways.get(to)).filter(|_| is_v4 && !lost) {
                    let _ = way.try_send((Instant::now() + line.one_way, buffer[..length].to_vec()));
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

fn program(name: &str) -> Result<PathBuf> {
    let mine = std::env::current_exe()?;
    let folder = mine.parent().context("this program lies in a folder")?;
    let path = if name == "painter" { folder.join(name) } else { folder.join("..").join(name) };
    ensure!(path.exists(), "{} is not built; build it in the same profile", path.display());
    Ok(path)
}

fn spawn(member: usize, program: &PathBuf, arguments: &[String]) -> Result<Child> {
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", &format!("abraham-{member}")])
        .arg(program)
        .args(arguments)
        .env("NO_COLOR", "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
    Ok(command.spawn()?)
}

async fn measure(options: &Options, line: Line) -> Result<Measured> {
    let hub = usize::from(options.painters);
    let mut namespaces = Vec::new();
    let mut devices = Vec::new();
    for member in 0..=hub {
        let (namespace, device) = namespace(member)?;
        namespaces.push(namespace);
        devices.push(device);
    }
    let router = tokio::spawn(route(devices, line));
    let listen = format!("/ip4/{}/tcp/4001", address(hub));
    let arguments = ["--listen", "127.0.0.1:8080", "--p2p-listen", &listen].map(str::to_owned);
    let mut relay = spawn(hub, &program("abraham-relay")?, &arguments)?;
    let relay_address = timeout(Duration::from_secs(10), relay_address(&mut relay, &listen)).await??;
    let mut painters = Vec::new();
    for member in 0..hub {
        let listen = format!("/ip4/{}/tcp/0", address(member));
        let arguments = [
            "--relay",
            &relay_address,
            "--listen",
            &listen,
            "--synthetic",
            "30",
            "--seed",
            &member.to_string(),
            "--batch",
            &options.batch.to_string(),
        ];
        painters.push(spawn(member, &program("painter")?, &arguments.map(str::to_owned))?);
    }
    let result = timeout(LONGEST, watch(&mut painters[0], options.rounds)).await;
    for painter in &mut painters {
        let _ = painter.kill().await;
    }
    let _ = relay.kill().await;
    router.abort();
    let _ = router.await;
    match result {
        Ok(measured) => measured,
        Err(_) => bail!("{} rounds were not reached in {} s", options.rounds, LONGEST.as_secs()),
    }
}

/// The relay's address from its log.
async fn relay_address(relay: &mut Child, listen: &str) -> Result<String> {
    let out = BufReader::new(relay.stdout.take().context("no output")?);
    let errors = BufReader::new(relay.stderr.take().context("no output")?);
    let (mut out, mut errors) = (out.lines(), errors.lines());
    loop {
        let line = tokio::select! {
            Ok(Some(line)) = out.next_line() => line,
            Ok(Some(line)) = errors.next_line() => line,
            else => bail!("the relay ended"),
        };
        let words = line.split(|c: char| c.is_whitespace() || c == '=' || c == '"');
        if let Some(found) = words.into_iter().find(|word| word.starts_with(listen) && word.contains("/p2p/"))
        {
            // Its log is read on, so that it does not wait for a reader.
            tokio::spawn(async move { while let Ok(Some(_)) = errors.next_line().await {} });
            tokio::spawn(async move { while let Ok(Some(_)) = out.next_line().await {} });
            return Ok(found.to_owned());
        }
    }
}

/// Reads what a painter prints until it has learnt enough rounds.
async fn watch(painter: &mut Child, rounds: u64) -> Result<Measured> {
    let mut lines = BufReader::new(painter.stdout.take().context("no output")?).lines();
    let mut learned: Vec<serde_json::Value> = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let event: serde_json::Value = serde_json::from_str(&line)?;
        match event["event"].as_str() {
            Some("learned") => learned.push(event),
            Some("term ended" | "failed" | "suspected") => {
                eprintln!("{line}");
                // Rounds of one term are compared.
                learned.clear();
            }
            _ => {}
        }
        if learned.len() as u64 > WARM_UP + rounds {
            let (first, last) = (&learned[WARM_UP as usize], &learned[(WARM_UP + rounds) as usize]);
            let difference = |field: fn(&serde_json::Value) -> f64| field(last) - field(first);
            let milliseconds = difference(|event| event["ms"].as_f64().unwrap_or_default());
            let sent = difference(|event| event["of"]["frame_bytes_sent"].as_f64().unwrap_or_default());
            let bulk = difference(|event| event["of"]["bulk_bytes_sent"].as_f64().unwrap_or_default());
            return Ok(Measured {
                rounds,
                rate: rounds as f64 * 1_000.0 / milliseconds,
                first: learned[0]["ms"].as_f64().unwrap_or_default() / 1_000.0,
                frame_bytes: sent / rounds as f64,
                bulk_bytes: bulk / rounds as f64,
            });
        }
    }
    bail!("a painter ended early")
}
