//! Tabs that meet: the whole product, in as many tabs as it takes, one test at a time.

mod forming;
mod hostile;
mod leaving;
mod relays;

use std::{collections::BTreeSet, time::Duration};

use abraham_tests::{Member, Pictures, Setup, Visit, WebGpu, visit};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::sync::Mutex;

/// Painters of a collective.
const PAINTERS: usize = 4;
/// Pictures that each tab is taught: four tabs then have what a round must have.
const PICTURES: usize = 20;

/// Each of these tests has four tabs or more at work: two at once would only wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Runs `test` with a browser without a GPU, and no other test of this kind beside it.
async fn gather(name: &str, test: impl AsyncFnOnce(&Visit) -> Result<()>) -> Result<()> {
    gather_with(name, Setup::from(WebGpu::Off), test).await
}

/// The same with another browser or relay.
async fn gather_with(name: &str, setup: Setup, test: impl AsyncFnOnce(&Visit) -> Result<()>) -> Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    visit(name, setup, test).await
}

/// `count` members, each in a browser context of its own.
async fn donated(visit: &Visit, count: usize) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(Member::donate(visit.newcomer("/?webgpu=off").await?).await?);
    }
    Ok(members)
}

/// Waits until all of `members` paint one artist, each in a seat of its own, and returns the artist.
async fn one_artist(members: &[Member]) -> Result<String> {
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let mut seen = Vec::new();
    for _ in 0..600 {
        ticks.tick().await;
        seen.clear();
        for member in members {
            // A page may still show the committee that has just ended.
            member.until_it_paints().await?;
            seen.push(member.standing().await?);
        }
        let seats: BTreeSet<_> = seen.iter().map(|standing| standing.seat).collect();
        let artists: BTreeSet<_> = seen.iter().map(|standing| &standing.artist).collect();
        if let (true, Some(artist), 1) = (seats.len() == members.len(), artists.first(), artists.len()) {
            return Ok((*artist).clone());
        }
    }
    bail!("they do not become one committee: {seen:?}")
}

/// Closes the tabs. A test that has a relay of its own does it before that ends: each would tell of it in its console.
async fn close(members: Vec<Member>) -> Result<()> {
    for member in members {
        member.close().await?;
    }
    Ok(())
}

/// Teaches each of `members` pictures of its own.
async fn teach(visit: &Visit, members: &[Member]) -> Result<()> {
    let flags = Pictures::new(visit.folder(), "pictures")?.flags(PICTURES * members.len())?;
    for (member, flags) in members.iter().zip(flags.chunks(PICTURES)) {
        member.teach(flags).await?;
    }
    Ok(())
}

/// Waits until each of `members` sees `rounds` rounds behind the artist at least.
async fn learned(members: &[Member], rounds: u64) -> Result<()> {
    for member in members {
        member.until(&format!("round {rounds}"), &format!("Number(it.round) >= {rounds}")).await?;
    }
    Ok(())
}

/// Waits until one and the same piece hangs in each of `members`.
async fn one_piece(members: &[Member]) -> Result<()> {
    let first = members.first().context("nobody is there")?;
    first.until_pieces(0).await?;
    let piece = first.pieces().await?.pop().context("no piece hangs")?;
    let colours: BTreeSet<&[u8]> = piece.as_bytes().chunks(8).collect();
    ensure!(colours.len() > 16, "the piece is blank");
    for member in members {
        let mut hang = 0;
        loop {
            let pieces = member.pieces().await?;
            if pieces.contains(&piece) {
                break;
            }
            // Another may come first.
            ensure!(hang < 8, "the first piece does not hang in every tab");
            hang = pieces.len();
            member.until_pieces(hang).await?;
        }
    }
    Ok(())
}
