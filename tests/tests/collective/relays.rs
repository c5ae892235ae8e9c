//! The relay dies and comes back; two relays are one place.

use abraham_tests::{Member, RelayProgram, Visit, selector};
use anyhow::{Context as _, Result, ensure};

use crate::{PAINTERS, gather, one_artist, one_piece};

async fn donated_at(visit: &Visit, relay: &RelayProgram) -> Result<Member> {
    let visitor = visit.visitor().await?;
    Member::donate(visit.open_at(Some(&visitor), &relay.url("/?webgpu=off")).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn painters_go_on_without_the_relay_and_newcomers_find_them_when_it_is_back() -> Result<()> {
    gather("painters_go_on_without_the_relay", async |visit| {
        // As operators are told to run it, so that it is the same relay when it comes back.
        let identity = visit.folder().join("identity").display().to_string();
        let mut relay = RelayProgram::start(visit.folder(), &["--identity".to_owned(), identity]).await?;
        let mut members = Vec::new();
        for _ in 0..PAINTERS {
            members.push(donated_at(visit, &relay).await?);
        }
        let artist = one_artist(&members).await?;
        relay.kill()?;
        for member in &members {
            member.tab().reads(&selector("connection"), "link").await?;
        }
        one_piece(&members).await?;
        ensure!(one_artist(&members).await? == artist, "the artist went with the relay");
        relay.restart().await?;
        let newcomer = donated_at(visit, &relay).await?;
        newcomer.until("the artist to be in sight", &format!("it.artist === '{artist}'")).await?;
        ensure!(one_artist(&members).await? == artist, "the artist went when the relay came back");
        // What the browser says of a relay that is not there is no fault of the page.
        let errors = visit.expected_errors();
        let others: Vec<_> = errors.iter().filter(|line| !line.contains("WebSocket connection")).collect();
        ensure!(others.is_empty(), "{others:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_of_two_relays_are_one_collective() -> Result<()> {
    gather("tabs_of_two_relays", async |visit| {
        let first = RelayProgram::start(visit.folder(), &[]).await?;
        let address = first.p2p_address()?;
        let second = RelayProgram::start(visit.folder(), &["--bootstrap".to_owned(), address]).await?;
        let mut members = Vec::new();
        for relay in [&first, &second, &first, &second] {
            members.push(donated_at(visit, relay).await?);
        }
        one_artist(&members).await?;
        members.pop().context("four are there")?.close().await
    })
    .await
}
