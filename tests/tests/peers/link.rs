//! What a direct link between two tabs of ours does over its life.

use abraham_tests::{
    Peer,
    PeerKind::{Rust, RustByWebRtc},
    Setup, Visit, visit,
};
use anyhow::{Result, ensure};
use futures::future::join;

/// Streams that one link carries, one after the other and a few at a time.
const STREAMS: usize = 4_000;
/// Data channels that may be open when all of them are closed: libp2p's own.
const OPEN_CHANNELS: usize = 5;

/// Two peers of ours with a link.
async fn linked(visit: &Visit) -> Result<[Peer; 2]> {
    let near = Peer::start(visit, Rust).await?;
    let far = Peer::start(visit, Rust).await?;
    near.connect(&far).await?;
    near.until_linked(&far, 1).await?;
    Ok([near, far])
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_dial_each_other_at_once_get_one_link() -> Result<()> {
    visit("two_that_dial_each_other_at_once", Setup::peers(), async |visit| {
        for _ in 0..3 {
            let one = Peer::start(visit, Rust).await?;
            let other = Peer::start(visit, Rust).await?;
            let dials = join(one.connect(&other), other.connect(&one)).await;
            // The dial that loses may say so.
            ensure!(dials.0.is_ok() || dials.1.is_ok(), "{dials:?}");
            one.until_linked(&other, 1).await?;
            other.until_linked(&one, 1).await?;
            ensure!(one.echo(&other, "hello").await? == "hello");
            ensure!(other.echo(&one, "hello").await? == "hello");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_tls_is_reached_by_webrtc() -> Result<()> {
    visit("a_relay_without_tls_is_reached_by_webrtc", Setup::peers_by_webrtc(), async |visit| {
        let near = Peer::start(visit, RustByWebRtc).await?;
        let far = Peer::start(visit, Rust).await?;
        // Each is told the relay's address that it uses itself.
        near.connect(&far).await?;
        near.until_linked(&far, 1).await?;
        far.until_linked(&near, 1).await?;
        ensure!(far.echo(&near, "hello").await? == "hello");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_streams_leave_no_channel_open() -> Result<()> {
    visit("thousands_of_streams_leave_no_channel_open", Setup::peers(), async |visit| {
        let [near, far] = linked(visit).await?;
        near.streams(&far, STREAMS, 10).await?;
        for peer in [&near, &far] {
            peer.tab()
                .until("the channels to be closed", &format!("openChannels() <= {OPEN_CHANNELS}"))
                .await?;
        }
        Ok(())
    })
    .await
}

/// Where a channel does not keep the order, the first message can come before the channel is announced, and is lost. A
/// page that is told of its own channels as the other's takes its own questions for the other's.
#[tokio::test(flavor = "multi_thread")]
async fn channels_keep_the_order_and_only_the_others_are_announced() -> Result<()> {
    const OPENED: usize = 100;
    visit("channels_keep_the_order", Setup::peers(), async |visit| {
        let [near, far] = linked(visit).await?;
        near.streams(&far, OPENED, 10).await?;
        far.streams(&near, OPENED, 10).await?;
        for peer in [&near, &far] {
            let announced: usize = peer.tab().value("announcedChannels().length").await?;
            ensure!((OPENED..OPENED + 2 * OPEN_CHANNELS).contains(&announced), "{announced} were announced");
            let right = "announcedChannels().every(({ own, ordered }) => ordered && !own)";
            ensure!(peer.tab().value::<bool>(right).await?, "own or unordered channels were announced");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_is_closed_or_killed_is_noticed() -> Result<()> {
    visit("a_tab_that_is_closed_or_killed_is_noticed", Setup::peers(), async |visit| {
        let watcher = Peer::start(visit, Rust).await?;
        let (closed, killed) = (Peer::start(visit, Rust).await?, Peer::start(visit, Rust).await?);
        watcher.connect(&closed).await?;
        watcher.connect(&killed).await?;
        closed.tab().clone().close().await?;
        watcher.until_linked(&closed, 0).await?;
        ensure!(watcher.links(&killed).await?.direct == 1, "the other link went too");
        killed.tab().kill();
        watcher.until_linked(&killed, 0).await?;
        // What nobody closes goes on asking for the other end.
        watcher.tab().until("its connections to be closed", "openConnections() === 0").await
    })
    .await
}
