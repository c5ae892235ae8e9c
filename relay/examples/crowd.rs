//! How many visitors one relay carries: starts the relay program, connects idle visitors that hold a reservation and
//! listen to presence, and says how many failed and what memory the relay took for each.
//!
//! `cargo build --profile dist -p abraham-relay && cargo run --profile dist -p abraham-relay --example crowd -- 5000`

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use abraham_relay::Multiaddr;
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, stream};
use support::Visitor;
use tokio::task::JoinHandle;

/// Visitors that connect at the same time.
const AT_ONCE: usize = 64;
/// How long one may take to connect and reserve.
const JOIN: Duration = Duration::from_secs(60);
/// How long the crowd stays, so that every periodic task ran.
const STAY: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let visitors: usize = env::args().nth(1).map_or(Ok(5000), |count| count.parse())?;
    rlimit::increase_nofile_limit(visitors as u64 + 256)?;
    let program = env::current_exe()?;
    let program = program.parent().and_then(|folder| folder.parent()).context("no folder")?;
    let program = program.join(format!("abraham-relay{}", env::consts::EXE_SUFFIX));
    ensure!(program.exists(), "{} is missing: build the relay in the same profile first", program.display());
    let mut relay = Command::new(&program)
        .args(["--listen", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0/ws", "--log-format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let log = BufReader::new(relay.stderr.take().context("no log")?).lines();
    let (tell, told) = tokio::sync::oneshot::channel();
    // The log is read to its end, so that the relay never waits for a reader.
    let reader = std::thread::spawn(move || {
        let mut tell = Some(tell);
        for line in log.map_while(Result::ok) {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            match line["fields"]["message"].as_str() {
                Some("listening for peers") => {
                    let address = line["fields"]["address"].as_str().and_then(|text| text.parse().ok());
                    if let (Some(tell), Some(address)) = (tell.take(), address) {
                        let _ = tell.send(address);
                    }
                }
                _ if line["level"] == "WARN" || line["level"] == "ERROR" => {
                    println!("relay: {}", line["fields"])
                }
                _ => {}
            }
        }
    });
    let at: Multiaddr = told.await.context("the relay did not say where it listens")?;
    let memory = || resident(relay.id());
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
    let cpu_before = processor_seconds(relay.id())?;
    tokio::time::sleep(STAY).await;
    let after = memory()?;
    let cpu = processor_seconds(relay.id())? - cpu_before;
    let lost = joined.iter().flatten().filter(|visitor| visitor.is_finished()).count();

    let per_peer = |bytes: u64| (bytes.saturating_sub(before)) as f64 / visitors as f64 / 1024.0;
    println!("visitors            {visitors}");
    println!("failed reservations {failed}");
    println!("lost afterwards     {lost}");
    println!("all joined in       {:.1} s", took.as_secs_f64());
    println!("relay, empty        {:.1} MiB", before as f64 / f64::from(1 << 20));
    println!(
        "relay, all joined   {:.1} MiB, {:.1} KiB a peer",
        full as f64 / f64::from(1 << 20),
        per_peer(full)
    );
    println!(
        "relay, {} s later   {:.1} MiB, {:.1} KiB a peer",
        STAY.as_secs(),
        after as f64 / f64::from(1 << 20),
        per_peer(after)
    );
    println!("relay, idle         {:.1} % of a core", 100.0 * cpu / STAY.as_secs_f64());
    relay.kill()?;
    relay.wait()?;
    reader.join().ok().context("the log's reader failed")?;
    ensure!(failed == 0 && lost == 0, "not every visitor could stay");
    Ok(())
}

/// Connects and reserves; the visitor then lives until its connection ends.
async fn join(at: Multiaddr) -> Option<JoinHandle<()>> {
    let mut visitor = Visitor::idle();
    tokio::time::timeout(JOIN, visitor.reserve(&at)).await.ok()?;
    Some(tokio::spawn(async move {
        visitor.until_closed().await;
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
