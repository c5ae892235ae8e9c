//! A libp2p peer in a tab: dials, is dialled, and uses streams in the ways that the tests ask for.
//!
//! It is what an application of `libp2p-webrtc-private` looks like without anything of Abraham's.
#![cfg(target_arch = "wasm32")]

mod node;
mod serve;
mod streams;

use futures::{
    SinkExt as _,
    channel::{mpsc, oneshot},
};
use libp2p::{Multiaddr, PeerId, StreamProtocol, multiaddr::Protocol};
use libp2p_webrtc_private::browser::Closer;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_time::Instant;

use node::{Command, Links};
use serve::{COUNT, ECHO, PING, ask};

/// What a call came to.
type Result<T> = std::result::Result<T, JsError>;

/// The peer.
#[wasm_bindgen]
pub struct Probe {
    commands: mpsc::Sender<Command>,
    id: PeerId,
    closer: Closer,
}

fn error(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

#[wasm_bindgen]
impl Probe {
    /// A peer with a new key that holds a reservation at `relay`.
    ///
    /// # Errors
    /// When the relay does not take it.
    pub async fn start(relay: String) -> Result<Self> {
        console_error_panic_hook::set_once();
        let (commands, id, closer) = node::start(relay.parse().map_err(error)?).await.map_err(error)?;
        Ok(Self { commands, id, closer })
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Makes a direct connection to `peer` by way of `relay`; milliseconds it took.
    ///
    /// # Errors
    /// When there is no way.
    pub async fn connect(&self, relay: &str, peer: &str) -> Result<f64> {
        let relay: Multiaddr = relay.parse().map_err(error)?;
        let address =
            relay.with(Protocol::P2pCircuit).with(Protocol::WebRTC).with(Protocol::P2p(parse(peer)?));
        let start = Instant::now();
        self.command(|done| Command::Dial(address, done)).await?.map_err(error)?;
        Ok(milliseconds(start))
    }

    /// Connections to `peer`: `{direct, relayed}`.
    ///
    /// # Errors
    /// When the peer has stopped.
    pub async fn links(&self, peer: &str) -> Result<JsValue> {
        #[derive(Serialize)]
        struct Shown {
            direct: usize,
            relayed: usize,
        }
        let peer = parse(peer)?;
        let Links { direct, relayed } = self.command(|done| Command::Links(peer, done)).await?;
        serde_wasm_bindgen::to_value(&Shown { direct, relayed }).map_err(error)
    }

    /// Milliseconds until 32 bytes come back, as libp2p's ping protocol has it.
    ///
    /// # Errors
    /// When there is no direct connection or no answer.
    pub async fn ping(&self, peer: &str) -> Result<f64> {
        let mut stream = self.open(peer, PING).await?;
        let start = Instant::now();
        serve::ping(&mut stream).await.map_err(error)?;
        Ok(milliseconds(start))
    }

    /// What `peer` answers to `text` on a stream that our side ends after it.
    ///
    /// # Errors
    /// When there is no direct connection or the stream fails.
    pub async fn echo(&self, peer: &str, text: &str) -> Result<String> {
        let stream = self.open(peer, ECHO).await?;
        ask(stream, text.len(), text.as_bytes()).await.map_err(error)
    }

    /// How many bytes `peer` counted of `bytes` that we sent before we ended our side.
    ///
    /// # Errors
    /// When there is no direct connection or the stream fails.
    pub async fn count(&self, peer: &str, bytes: usize) -> Result<f64> {
        let stream = self.open(peer, COUNT).await?;
        let counted = ask(stream, bytes, &[0; serve::CHUNK]).await.map_err(error)?;
        counted.parse().map_err(error)
    }

    /// Closes every direct connection at once, for a page that is about to be gone.
    pub fn close(&self) {
        self.closer.close_all();
    }

    async fn open(&self, peer: &str, protocol: StreamProtocol) -> Result<libp2p::Stream> {
        let peer = parse(peer)?;
        self.command(|done| Command::Open(peer, protocol, done)).await?.map_err(error)
    }

    async fn command<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let (done, answer) = oneshot::channel();
        self.commands.clone().send(command(done)).await.map_err(error)?;
        answer.await.map_err(error)
    }
}

fn parse(peer: &str) -> Result<PeerId> {
    peer.parse().map_err(error)
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
