//! Measures learning rounds over slow lines: painters in network namespaces of their own (Linux, as root).
//!
//! `cargo build --profile dist -p abraham-relay && cargo build --profile dist -p abraham-bench`, then
//! `sudo target/dist/netem`.
//!
//! What delays and loses packets is not the kernel's netem but this program: every namespace has a TUN device, and
//! this program is the router between them. It forwards whole IP packets, each after half the round trip, so that TCP
//! sees a real delay and real losses; its timer is exact to a millisecond, and bandwidth is what one machine gives.
//!
//! Rows for `cargo xtask bench` go to the standard output, one JSON object a line; what else there is to say, to the
//! standard error.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    str::FromStr,
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
const LONGEST: Duration = Duration::from_secs(300);

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
    #[arg(long, default_value_t = 10)]
    rounds: u64,
    /// Pictures painted in a round.
    #[arg(long, default_value_t = 32)]
    batch: u64,
}

fn main() -> ExitCode {
    let run = || -> Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            tokio::select! {
                done = all(Options::parse()) => done,
                // Namespaces are deleted as this ends.
                _ = tokio::signal::ctrl_c() => bail!("stopped"),
            }
        })
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn all(options: Options) -> Result<()> {
    let lines = options.settings.iter().map(|setting| setting.parse()).collect::<Result<Vec<Line>>>()?;
    if let Some(why) = obstacle() {
        for line in lines {
            println!("{}", serde_json::json!({ "name": line.row(), "not_measured": why }));
        }
        return Ok(());
    }
    let mut failed = 0;
    for line in lines {
        match measure(&options, line).await {
            Ok(measured) => {
                eprintln!("{line}: {measured}");
                let (name, value) = (line.row(), measured.rate);
                println!("{}", serde_json::json!({ "name": name, "value": value, "unit": "rounds/s" }));
            }
            Err(error) => {
                eprintln!("{line}: {error:#}");
                failed += 1;
            }
        }
    }
    ensure!(failed == 0, "{failed} settings did not work");
    Ok(())
}

/// Why this machine cannot do it, if so.
fn obstacle() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("network namespaces are Linux's".to_owned());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("there is no /dev/net/tun here".to_owned());
    }
    let error = namespace(0).err()?;
    Some(format!("no network namespace with a device could be made, which needs root: {error:#}"))
}

/// How packets travel.
#[derive(Clone, Copy)]
struct Line {
    /// In milliseconds.
    round_trip: u64,
    /// Of a thousand packets.
    lost: u32,
}

impl Line {
    fn one_way(self) -> Duration {
        Duration::from_micros(500 * self.round_trip)
    }

    /// The name of this setting's row.
    fn row(self) -> String {
        let Self { round_trip, lost } = self;
        let lost = if lost == 0 { String::new() } else { format!("_{lost}permille_lost") };
        format!("netem_{round_trip}ms{lost}_rounds_per_s")
    }
}

impl FromStr for Line {
    type Err = anyhow::Error;

    fn from_str(setting: &str) -> Result<Self> {
        let (trip, lost) = setting.split_once(':').context("a setting is ROUND_TRIP_MS:LOST_PER_MILLE")?;
        Ok(Self { round_trip: trip.parse()?, lost: lost.parse()? })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round trip {} ms, {} ‰ lost", self.round_trip, self.lost)
    }
}

/// What came of a setting; bytes are one painter's, sent in a round.
struct Measured {
    rounds: u64,
    rate: f64,
    first: f64,
    frame_bytes: f64,
    bulk_bytes: f64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, rate, first, frame_bytes, bulk_bytes } = self;
        write!(
            f,
            "{rounds} rounds, {rate:.3} rounds/s; the first after {first:.1} s; a painter sent {frame_bytes:.0} B of \
             frames and {bulk_bytes:.0} B of bulk data a round"
        )
    }
}

/// A network namespace; deleted when dropped. Its name has this process's id, so that nothing left behind is in the way.
struct Namespace(String);

impl Namespace {
    fn name(member: usize) -> String {
        format!("abraham-{}-{member}", std::process::id())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = std::process::Command::new("ip").args(arguments).output();
    let output = output.context("the program ip of iproute2 is missing")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {}: {}", arguments.join(" "), said.trim());
    Ok(())
}

fn address(member: usize) -> String {
    format!("10.77.0.{}", 10 + member)
}

/// A namespace with its device, whose other end is ours.
fn namespace(member: usize) -> Result<(Namespace, AsyncDevice)> {
    let name = Namespace::name(member);
    // At most 15 characters.
    let device_name = format!("abr{}x{member}", std::process::id());
    let device = DeviceBuilder::new().name(&device_name).mtu(1500).build_async().context("no TUN device")?;
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
                let lost = (dice >> 16) % 1_000 < line.lost;
                // The last byte of an IPv4 packet's destination.
                let to = buffer.get(19).map(|last| usize::from(*last).wrapping_sub(10));
                let is_v4 = length >= 20 && buffer[0] >> 4 == 4;
                if let Some(way) = to.and_then(|to| ways.get(to)).filter(|_| is_v4 && !lost) {
                    let _ = way.try_send((Instant::now() + line.one_way(), buffer[..length].to_vec()));
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(path.exists(), "{} is missing: build it in the same profile first", path.display());
    Ok(path)
}

/// A program in a member's namespace, to be completed with where it writes to.
fn command(member: usize, program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &Namespace::name(member)]).arg(program).args(arguments);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
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
    let arguments = ["--listen", "127.0.0.1:8080", "--p2p-listen", &listen, "--log-format", "json"];
    let mut relay = command(hub, &program("abraham-relay")?, &arguments);
    let mut relay = relay.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let relay_address = timeout(Duration::from_secs(10), relay_address(&mut relay)).await;
    let relay_address = relay_address.context("the relay did not say where it listens")??;
    let mut painters = Vec::new();
    for member in 0..hub {
        let listen = format!("/ip4/{}/tcp/0", address(member));
        let (seed, batch) = (member.to_string(), options.batch.to_string());
        let mut arguments = vec!["--relay", &relay_address, "--listen", &listen];
        arguments.extend(["--synthetic", "30", "--seed", &seed, "--batch", &batch]);
        // One is watched; nobody reads what the others print.
        let out = if member == 0 { Stdio::piped() } else { Stdio::null() };
        painters.push(command(member, &program("painter")?, &arguments).stdout(out).spawn()?);
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

/// The relay's address from its log, which is read on after that, so that the relay never waits for a reader.
async fn relay_address(relay: &mut Child) -> Result<String> {
    let mut lines = BufReader::new(relay.stderr.take().context("no log")?).lines();
    while let Some(line) = lines.next_line().await? {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let fields = &line["fields"];
        if let Some(address) =
            fields["address"].as_str().filter(|_| fields["message"] == "listening for peers")
        {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(address.to_owned());
        }
    }
    bail!("the relay ended")
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
