//! Tabs that meet: the whole product, in as many tabs as it takes, one test at a time.

mod forming;
mod hostile;
mod leaving;
mod relays;

use std::collections::BTreeSet;

use abraham_tests::{Member, Pictures, Setup, Visit, WebGpu, visit};
use anyhow::{Context as _, Result, ensure};
use tokio::sync::Mutex;

/// Painters of a collective.
const PAINTERS: usize = 4;
/// Pictures that each tab is taught: four tabs then have what a round must have.
const PICTURES: usize = 20;

/// Each of these tests has four tabs or more at work: two at once would only wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Runs `test` with a browser without a GPU, and no other test of this kind beside it.
async fn gather(name: &str, test: impl AsyncFnOnce(&Visit) -> Result<()>) -> Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    visit(name, Setup::from(WebGpu::Off), test).await
}

/// `count` members, each in a browser context of its own.
async fn donated(visit: &Visit, count: usize) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(Member::donate(visit.newcomer("/?webgpu=off").await?).await?);
    }
    Ok(members)
}

/// Waits until all of `members` paint, and returns their artist.
async fn one_artist(members: &[Member]) -> Result<String> {
    let mut artists = BTreeSet::new();
    let mut seats = BTreeSet::new();
    for member in members {
        member.until_it_paints().await?;
        let standing = member.standing().await?;
        seats.insert(standing.seat);
        artists.insert(standing.artist);
    }
    ensure!(seats.len() == members.len(), "the seats are {seats:?}");
    ensure!(artists.len() == 1, "there are several artists: {artists:?}");
    artists.pop_first().context("there is no artist")
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

/// Waits until one piece hangs in each of `members`, and fails where it is not the same picture in all.
async fn one_piece(members: &[Member]) -> Result<()> {
    for member in members {
        member.tab().sees("[data-testid=collective-piece] img").await?;
    }
    let first = members.first().context("nobody is there")?.pieces().await?;
    let (caption, picture) = first.first_key_value().context("no piece hangs")?;
    for member in members {
        // A late piece hangs a moment later in another tab.
        let caption = serde_json::to_string(caption)?;
        member.tab().sees(&format!("[data-testid=collective-piece] img[alt={caption}]")).await?;
    }
    for member in members {
        let pieces = member.pieces().await?;
        ensure!(pieces.get(caption) == Some(picture), "{caption} is not the same picture in every tab");
    }
    ensure!(picture.as_bytes().chunks(8).collect::<BTreeSet<_>>().len() > 16, "{caption} is blank");
    Ok(())
}
