//! The relay dies and comes back; two relays are one place.

use abraham_tests::{Member, RelayProgram, Setup, Visit, selector};
use anyhow::{Result, ensure};

use crate::{PAINTERS, close, donated, gather, gather_with, one_artist, one_piece};

async fn donated_at(visit: &Visit, relay: &RelayProgram) -> Result<Member> {
    let visitor = visit.visitor().await?;
    Member::donate(visit.open_at(Some(&visitor), &relay.url("/?webgpu=off")).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn painters_go_on_without_the_relay_and_newcomers_find_them_when_it_is_back() -> Result<()> {
    gather("painters_go_on_without_the_relay", async |visit| {
        // Without --identity it is another relay when it comes back, and the tabs have to find that out.
        let mut relay = RelayProgram::start(visit.folder(), &[]).await?;
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
        let errors = visit.take_errors().await;
        let of_the_relay = ["WebSocket connection", "api/v1/config", "net::ERR_CONNECTION_REFUSED"];
        let others: Vec<_> =
            errors.iter().filter(|line| !of_the_relay.iter().any(|what| line.contains(what))).collect();
        ensure!(others.is_empty(), "{others:?}");
        members.push(newcomer);
        close(members).await
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
        close(members).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_cannot_have_websockets_meet_at_the_relay_by_webrtc() -> Result<()> {
    gather_with("tabs_without_websockets", Setup::without_websockets(), async |visit| {
        one_artist(&donated(visit, PAINTERS).await?).await?;
        Ok(())
    })
    .await
}
