//! A tab that is a libp2p peer and nothing else: ours, or js-libp2p's.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    browser::Visit,
    tab::{Tab, quote},
};

/// Whose libp2p a tab runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerKind {
    /// rust-libp2p with this project's transport.
    Rust,
    /// The same, at the relay by webrtc-direct instead of a websocket.
    RustByWebRtc,
    /// js-libp2p 3.
    Js,
}

/// How many connections of each sort a peer has to another.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Links {
    /// Directly.
    pub direct: usize,
    /// Through the relay.
    pub relayed: usize,
}

/// Milliseconds until a direct link stood.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct TimesToLink {
    /// Since the page began to load.
    pub opened: f64,
    /// Since the dial: the relayed connection, signalling and ICE.
    pub dialled: f64,
}

/// A peer that the relay holds a reservation for, in a visitor's own tab.
pub struct Peer {
    tab: Tab,
    relay: String,
    id: String,
}

impl Peer {
    /// Opens the page of a peer and starts it.
    ///
    /// # Errors
    /// When the page does not load or the relay does not take the peer.
    pub async fn start(visit: &Visit, kind: PeerKind) -> Result<Self> {
        let (tab, relay) = Self::open(visit, kind).await?;
        let id = tab
            .value(&format!("peer.start({})", quote(&relay)))
            .await
            .with_context(|| format!("{kind:?} does not start"))?;
        Ok(Self { tab, relay, id })
    }

    /// As [`Peer::start`], and connects to `other` at once.
    ///
    /// # Errors
    /// When there is no way to it.
    pub async fn start_linked(visit: &Visit, kind: PeerKind, other: &Self) -> Result<(Self, TimesToLink)> {
        let (tab, relay) = Self::open(visit, kind).await?;
        let (id, times) = tab
            .value(&format!(
                "(async () => {{
                    const id = await peer.start({relay});
                    const dialled = await peer.connect({relay}, {other});
                    return [id, {{ dialled, opened: performance.now() }}];
                }})()",
                relay = quote(&relay),
                other = quote(&other.id),
            ))
            .await?;
        Ok((Self { tab, relay, id }, times))
    }

    /// The page of a peer that is not started, and the relay's address.
    async fn open(visit: &Visit, kind: PeerKind) -> Result<(Tab, String)> {
        let path = match kind {
            PeerKind::Rust | PeerKind::RustByWebRtc => "/peer.html?rust",
            PeerKind::Js => "/peer.html?js",
        };
        let addresses = visit.relay().p2p_addrs();
        let transport = if kind == PeerKind::RustByWebRtc { "/webrtc-direct/" } else { "/ws/" };
        let relay = addresses.iter().map(ToString::to_string).find(|address| address.contains(transport));
        Ok((visit.newcomer(path).await?, relay.with_context(|| format!("the relay has no {transport}"))?))
    }

    /// The tab.
    #[must_use]
    pub fn tab(&self) -> &Tab {
        &self.tab
    }

    /// Its libp2p id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes a direct connection to `other` by way of the relay; milliseconds from the dial on.
    ///
    /// # Errors
    /// When none is made.
    pub async fn connect(&self, other: &Self) -> Result<f64> {
        self.call(&format!("connect({}, {})", quote(&self.relay), quote(&other.id))).await
    }

    /// Connections to `other`.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn links(&self, other: &Self) -> Result<Links> {
        self.call(&format!("links({})", quote(&other.id))).await
    }

    /// Waits until this peer has `direct` direct and no relayed connections to `other`.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn until_linked(&self, other: &Self, direct: usize) -> Result<()> {
        let id = quote(&other.id);
        self.tab
            .until_async(
                &format!("{direct} direct connections"),
                &format!(
                    "peer.links({id}).then((found) => found.direct === {direct} && found.relayed === 0)"
                ),
            )
            .await
    }

    /// Milliseconds of a ping on the direct connection to `other`.
    ///
    /// # Errors
    /// When there is no connection or answer.
    pub async fn ping(&self, other: &Self) -> Result<f64> {
        self.call(&format!("ping({})", quote(&other.id))).await
    }

    /// Says `text` to `other` on a stream of its own, ends it, and returns the answer.
    ///
    /// # Errors
    /// When there is no connection or answer.
    pub async fn echo(&self, other: &Self, text: &str) -> Result<String> {
        self.call(&format!("echo({}, {})", quote(&other.id), quote(text))).await
    }

    /// Sends `bytes` bytes to `other`, ends its side of the stream, and returns how many `other` then says it counted.
    ///
    /// # Errors
    /// When there is no connection or answer.
    pub async fn count(&self, other: &Self, bytes: usize) -> Result<usize> {
        self.call(&format!("count({}, {bytes})", quote(&other.id))).await
    }

    /// As [`Peer::count`]; milliseconds until the answer.
    ///
    /// # Errors
    /// When there is no connection or a byte was lost.
    pub async fn time_to_send(&self, other: &Self, bytes: usize) -> Result<f64> {
        let id = quote(&other.id);
        self.tab
            .value(&format!(
                "(async () => {{
                    const start = performance.now();
                    const counted = await peer.count({id}, {bytes});
                    if (counted !== {bytes}) throw new Error(`${{counted}} of {bytes} bytes arrived`);
                    return performance.now() - start;
                }})()"
            ))
            .await
    }

    /// Opens `streams` streams to `other`, `at_once` at a time, has a few bytes echoed on each and closes it;
    /// milliseconds of each tenth.
    ///
    /// # Errors
    /// When any fails.
    pub async fn streams(&self, other: &Self, streams: usize, at_once: usize) -> Result<Vec<f64>> {
        self.call(&format!("streams({}, {streams}, {at_once})", quote(&other.id))).await
    }

    /// Data channels of the page that are not closed, whatever made them.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn open_channels(&self) -> Result<usize> {
        self.tab.value("openChannels()").await
    }

    /// Opens a data channel to `other` that no library knows of; the test carries the signals.
    ///
    /// # Errors
    /// When the browser does not connect the two.
    pub async fn open_bare(&self, other: &Self) -> Result<()> {
        self.tab.value::<()>("bare.offer()").await?;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..3_000 {
            for (from, to) in [(self, other), (other, self)] {
                let signals: serde_json::Value = from.tab.value("bare.take()").await?;
                to.tab.value::<()>(&format!("bare.hear({signals})")).await?;
            }
            if self.tab.value("bare.isOpen()").await? {
                return Ok(());
            }
            ticks.tick().await;
        }
        bail!("the browser connects no bare data channel")
    }

    /// Milliseconds until `bytes` bytes on the bare data channel are counted at its other end.
    ///
    /// # Errors
    /// When a byte was lost.
    pub async fn time_to_send_bare(&self, bytes: usize) -> Result<f64> {
        self.tab.value(&format!("bare.send({bytes})")).await
    }

    async fn call<T: DeserializeOwned>(&self, call: &str) -> Result<T> {
        self.tab.value(&format!("peer.{call}")).await
    }
}
