//! What honest visitors of a relay fail to do while one address (for `visitors`, one /48) attacks it, and without:
//! reservations with a link over a circuit, presences that all others hear, and fetched pages.
//!
//! `cargo run --release -p abraham-bench --bin besieged -- 60` measures so many seconds of each attack, each against a
//! relay of its own.

#[path = "../../../relay/tests/support/mod.rs"]
mod support;

use std::{
    env,
    net::SocketAddr,
    time::{Duration, Instant},
};

use abraham_relay::{Multiaddr, Running};
use anyhow::{Context as _, Result};
use support::{
    Visitor, behind_proxy, connect, is_well, metric_until, relay as start,
    strangers::{self, Members},
};
use tokio::{io::AsyncWriteExt as _, task::JoinHandle, time::timeout};

/// What an honest visitor's act may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Honest visitors that hear each other's presence.
const MEMBERS: u8 = 5;
/// Pairs that meet have addresses of their own, of which there are so many.
const PAIRS: u8 = 120;
/// Visitors for which the relay has room in these runs; the default would need thousands of strangers.
const ROOM: u32 = 64;
/// Sockets that one address asks for the page with and never reads.
const SOCKETS: usize = 256;

const HTTP_STRANGER: [u8; 4] = [127, 0, 0, 2];
const HTTP_HOME: [u8; 4] = [127, 0, 0, 3];

#[derive(Clone, Copy, Debug)]
enum Attack {
    None,
    Presence,
    Circuits,
    Visitors,
    HalfOpen,
    Http,
}

impl Attack {
    const ALL: [Self; 6] =
        [Self::None, Self::Presence, Self::Circuits, Self::Visitors, Self::HalfOpen, Self::Http];

    /// Begins it; returns once it has an effect.
    async fn begin(self, relay: &Running, at: &Multiaddr) -> JoinHandle<()> {
        match self {
            Self::None => tokio::spawn(std::future::pending()),
            Self::Presence => {
                let attack = strangers::flood(at.clone());
                let dropped = "abraham_gossip_dropped_total{cause=\"topic_rate\"}";
                metric_until(relay, dropped, |count| count > 10.0).await;
                attack
            }
            Self::Circuits => {
                let attack = strangers::open_circuits(at.clone());
                metric_until(relay, "abraham_circuits", |count| count >= 16.0).await;
                attack
            }
            Self::Visitors => {
                let attack = fill(at.clone());
                metric_until(relay, "abraham_visitors", |count| count >= f64::from(ROOM) - 0.5).await;
                attack
            }
            Self::HalfOpen => {
                let attack = strangers::stop_half_way(at);
                let refused = "abraham_connections_refused_total{cause=\"half_open\"}";
                metric_until(relay, refused, |count| count > 0.5).await;
                attack
            }
            Self::Http => {
                let attack = never_read(relay.http_addr());
                metric_until(relay, "abraham_http_connections_displaced_total", |count| count > 0.5).await;
                attack
            }
        }
    }
}

/// Visitors of one /48 take every place, and come again when they lose it.
fn fill(at: Multiaddr) -> JoinHandle<()> {
    tokio::spawn(async move {
        let lives = (0..u16::try_from(ROOM).expect("few")).map(|number| {
            let at = at.clone();
            async move {
                let mut again = tokio::time::interval(Duration::from_secs(1));
                loop {
                    again.tick().await;
                    let mut stranger = Visitor::silent_at(strangers::subnet(number));
                    if stranger.swarm.dial(at.clone()).is_ok() {
                        stranger.until_over().await;
                    }
                }
            }
        });
        futures::future::join_all(lives).await;
    })
}

/// Sockets of one address that ask for the page and never read it.
fn never_read(at: SocketAddr) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut open = Vec::new();
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            if open.len() >= SOCKETS {
                again.tick().await;
                open.remove(0);
            }
            // One that the relay has just displaced may not take the request.
            if let Ok(mut stream) = connect(HTTP_STRANGER, at).await {
                let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
                open.push(stream);
            }
        }
    })
}

/// What was tried.
#[derive(Default)]
struct Tally {
    tried: usize,
    failed: usize,
    slowest: Duration,
}

impl Tally {
    async fn count(&mut self, what: &str, act: impl Future<Output = Result<()>>) {
        let began = Instant::now();
        let done = timeout(PATIENCE, act).await.context("not in time").flatten();
        self.tried += 1;
        self.slowest = self.slowest.max(began.elapsed());
        if let Err(error) = done {
            self.failed += 1;
            eprintln!("{what}: {error:#}");
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} of {} ({:.1} s)", self.failed, self.tried, self.slowest.as_secs_f64())
    }
}

async fn besiege(attack: Attack, time: Duration) -> Result<()> {
    let (relay, at) = start(|config| {
        behind_proxy(config);
        config.max_visitors = ROOM;
        config.max_per_address = ROOM / 2;
    })
    .await;
    let begun = attack.begin(&relay, &at).await;
    let mut members = Members::join(&at, MEMBERS).await;
    let [mut links, mut presences, mut pages] = [(); 3].map(|()| Tally::default());
    let end = Instant::now() + time;
    let goes_on = || Instant::now() < end;
    let meetings = async {
        for pair in (0..PAIRS).cycle().take_while(|_| goes_on()) {
            links.count("link", strangers::meet(&at, pair)).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let presence = async {
        for speaker in (0..usize::from(MEMBERS)).cycle().take_while(|_| goes_on()) {
            presences.count("presence", members.all_hear(speaker)).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let fetches = async {
        while goes_on() {
            pages.count("page", is_well(HTTP_HOME, relay.http_addr())).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::join!(meetings, presence, fetches);
    println!("| {attack:?} | {links} | {presences} | {pages} |");
    begun.abort();
    relay.stop().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let seconds = env::args().nth(1).map_or(Ok(60), |seconds| seconds.parse())?;
    println!(
        "Failed of tried in {seconds} s (slowest)\n\n| attack | reservation and link | presence | page |"
    );
    println!("| --- | --- | --- | --- |");
    for attack in Attack::ALL {
        besiege(attack, Duration::from_secs(seconds)).await?;
    }
    Ok(())
}
