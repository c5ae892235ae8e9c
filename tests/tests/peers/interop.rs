//! js-libp2p tabs and ours, each dialling and dialled, through the real relay.

use abraham_tests::{
    Peer,
    PeerKind::{self, Js, Rust},
    Setup, visit,
};
use anyhow::{Result, ensure};

/// More than one message of the framing, and more than js-libp2p or we hold back before the reader reads.
const BULK: usize = 3 * 1024 * 1024 + 17;

#[tokio::test(flavor = "multi_thread")]
async fn js_and_js_connect_through_our_relay() -> Result<()> {
    both_ways("js_and_js_connect_through_our_relay", Js, Js).await
}

#[tokio::test(flavor = "multi_thread")]
async fn we_dial_js() -> Result<()> {
    both_ways("we_dial_js", Rust, Js).await
}

#[tokio::test(flavor = "multi_thread")]
async fn js_dials_us() -> Result<()> {
    both_ways("js_dials_us", Js, Rust).await
}

#[tokio::test(flavor = "multi_thread")]
async fn we_dial_us() -> Result<()> {
    both_ways("we_dial_us", Rust, Rust).await
}

/// Connects a `dialler` to a `dialled` and uses the connection from both ends.
async fn both_ways(name: &str, dialler: PeerKind, dialled: PeerKind) -> Result<()> {
    visit(name, Setup::peers(), async |visit| {
        let near = Peer::start(visit, dialler).await?;
        let far = Peer::start(visit, dialled).await?;
        near.connect(&far).await?;
        for (from, to) in [(&near, &far), (&far, &near)] {
            let links = from.links(to).await?;
            ensure!(links.direct == 1, "{links:?}");
            from.ping(to).await?;
            ensure!(from.echo(to, "hello").await? == "hello");
            ensure!(from.echo(to, "").await?.is_empty(), "an empty stream was answered");
            // The answer comes after our side has ended: the connection can be half closed.
            ensure!(from.count(to, BULK).await? == BULK);
            from.streams(to, 200, 10).await?;
        }
        Ok(())
    })
    .await
}
