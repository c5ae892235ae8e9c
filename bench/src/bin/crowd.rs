//! How many visitors one relay carries: starts the relay program, connects idle visitors that hold a reservation and
//! listen to presence, and says how many failed and what memory the relay took for each (Linux).
//!
//! `cargo build --profile dist -p abraham-relay && cargo run --profile dist -p abraham-bench --bin crowd -- 5000`
//!
//! Rows for `cargo xtask bench` go to the standard output, one JSON object a line; what else there is to say, to the
//! standard error.

#[path = "../../../relay/tests/support/mod.rs"]
mod support;

use std::{
    env, fs,
    process::Stdio,
    time::{Duration, Instant},
};

use abraham_relay::Multiaddr;
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, stream};
use support::Visitor;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{ChildStderr, Command},
    sync::oneshot,
    task::JoinHandle,
};

/// Visitors that connect at the same time.
const AT_ONCE: usize = 64;
/// How long one may take to connect and reserve.
const JOIN: Duration = Duration::from_secs(60);
/// How long the crowd stays, so that every periodic task ran.
const STAY: Duration = Duration::from_secs(60);
/// Files that this program and the relay each have open beside one for each visitor.
const OTHER_FILES: u64 = 256;

/// Reservations that failed, or were lost while the crowd stayed.
const FAILED: &str = "relay_failed_reservations";
/// Memory that the relay takes for a visitor, once the crowd has stayed.
const BYTES: &str = "relay_bytes_per_peer";

#[tokio::main]
async fn main() -> Result<()> {
    let visitors: usize = env::args().nth(1).map_or(Ok(5000), |count| count.parse())?;
    if let Some(why) = obstacle(visitors as u64 + OTHER_FILES)? {
        for name in [FAILED, BYTES] {
            println!("{}", serde_json::json!({ "name": name, "not_measured": why }));
        }
        return Ok(());
    }
    let program = env::current_exe()?.with_file_name(format!("abraham-relay{}", env::consts::EXE_SUFFIX));
    ensure!(program.exists(), "{} is missing: build the relay in the same profile first", program.display());
    let mut relay = Command::new(&program)
        .args(["--listen", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0/ws", "--log-format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let process = relay.id().context("the relay ended at once")?;
    let (tell, told) = oneshot::channel();
    tokio::spawn(read(relay.stderr.take().context("no log")?, tell));
    let at: Multiaddr = told.await.context("the relay did not say where it listens")?;
    let memory = || resident(process);
    let before = memory()?;

    let began = Instant::now();
    let joined: Vec<Option<JoinHandle<()>>> = stream::iter(0..visitors)
        .map(|_| tokio::spawn(join(at.clone())))
        .buffer_unordered(AT_ONCE)
        .map(Result::ok)
        .map(Option::flatten)
        .collect()
        .await;
    let failed = joined.iter().filter(|visitor| visitor.is_none()).count();
    let took = began.elapsed();
    let full = memory()?;
    let cpu_before = processor_seconds(process)?;
    tokio::time::sleep(STAY).await;
    let after = memory()?;
    let cpu = processor_seconds(process)? - cpu_before;
    let lost = joined.iter().flatten().filter(|visitor| visitor.is_finished()).count();

    relay.kill().await?;

    let per_peer = |bytes: u64| bytes.saturating_sub(before) as f64 / visitors as f64;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    eprintln!(
        "{visitors} visitors, of whom {failed} failed; the others had joined in {:.1} s, and {lost} were lost in the \
         {} s after that",
        took.as_secs_f64(),
        STAY.as_secs()
    );
    eprintln!(
        "memory of the relay: empty {:.1} MiB; all joined {:.1} MiB, {:.1} KiB a visitor; then {:.1} MiB, {:.1} KiB",
        mib(before),
        mib(full),
        per_peer(full) / 1024.0,
        mib(after),
        per_peer(after) / 1024.0
    );
    eprintln!("the relay with an idle crowd: {:.1} % of a core", 100.0 * cpu / STAY.as_secs_f64());
    row(FAILED, (failed + lost) as f64, "reservations");
    row(BYTES, per_peer(after), "bytes");
    Ok(())
}

fn row(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": value, "unit": unit }));
}

/// Why this machine cannot do it, if so; allows this program, and thereby the relay, so many open files.
fn obstacle(files: u64) -> Result<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("memory is read from /proc, which only Linux has".to_owned()));
    }
    let allowed = rlimit::increase_nofile_limit(files)?;
    Ok((allowed < files).then(|| {
        format!("the relay and its visitors need {files} open files each and may have {allowed} (ulimit -Hn)")
    }))
}

/// Reads the relay's log to its end, so that the relay never waits for a reader; tells where it listens.
async fn read(log: ChildStderr, tell: oneshot::Sender<Multiaddr>) {
    let mut tell = Some(tell);
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let fields = &line["fields"];
        if fields["message"] == "listening for peers" {
            let address = fields["address"].as_str().and_then(|text| text.parse().ok());
            if let Some((tell, address)) = tell.take().zip(address) {
                // Whoever no longer waits has failed and says why.
                let _ = tell.send(address);
            }
        } else if line["level"] == "WARN" || line["level"] == "ERROR" {
            eprintln!("relay: {fields}");
        }
    }
}

/// Connects and reserves; the visitor then lives until its connection ends.
async fn join(at: Multiaddr) -> Option<JoinHandle<()>> {
    let mut visitor = Visitor::idle();
    tokio::time::timeout(JOIN, visitor.reserve(&at)).await.ok()?;
    Some(tokio::spawn(async move {
        visitor.until_over().await;
    }))
}

/// Memory of a process that is in RAM, in bytes.
fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

/// Time that a process has used of processors.
fn processor_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // proc(5): fields 14 and 15, counted after the name in parentheses, in ticks of which Linux has 100 a second.
    let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}
