//! A peer of the collective: relay, presence and direct links, without libp2p's types.
//!
//! [`Node::start`] makes a node from a [`Config`]. A visitor sends it [`Command`]s and receives [`Event`]s. The same node runs
//! natively, on tokio, and in a browser's window. In a browser, others reach it through relays, and it links to other tabs
//! by WebRTC. Natively, it listens on its own addresses, and relays carry only its presence.
//!
//! What it protects: a link goes to the member whose key was asked for, and it is encrypted (by Noise, or by DTLS whose
//! certificates were exchanged under Noise), no matter who carries it. What a member sends is limited in memory and rate,
//! and is not trusted beyond that: a member may still lie, be silent or leave. A relay sees who is present, what is
//! published on the presence topic, and which members link to each other.

#![allow(
    clippy::disallowed_methods,
    reason = "a node on a network lives in time; its pure parts are passed it"
)]

mod dial;
mod identity;
mod lane;
mod limits;
mod link;
mod links;
mod node;
mod presence;
mod relays;
mod runner;
mod transport;

pub use abraham_messages::{
    IceServer,
    node::{Command, Event, Lane, PeerKey},
};
pub use identity::Secret;
pub use node::{Commands, Events, Node};

/// What a node is to be.
pub struct Config {
    /// Who it is.
    pub secret: Secret,
    /// Multiaddrs of relays, each ending in `/p2p/<relay>`; at most 16. A browser can dial `ws` and `wss` only.
    pub relays: Vec<String>,
    /// What helps browsers to find a way to each other; unused natively.
    pub ice_servers: Vec<IceServer>,
    /// Multiaddrs to listen on natively, such as `/ip4/127.0.0.1/tcp/0`; unused in a browser.
    pub listen: Vec<String>,
    /// Whether members are dialled natively at addresses that are not public, at ports below 1,024 and by names, too:
    /// only where everyone on the network may be trusted, for it is the members who say where. Unused in a browser.
    pub private_addresses: bool,
}

impl Config {
    /// A node that knows no relay and listens nowhere.
    pub fn new(secret: Secret) -> Self {
        Self {
            secret,
            relays: Vec::new(),
            ice_servers: Vec::new(),
            listen: Vec::new(),
            private_addresses: false,
        }
    }
}

/// Why a node could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The secret is zero or too large.
    #[error("these 32 bytes are no secret of secp256k1; draw others")]
    Secret,
    /// A configured address cannot be used.
    #[error("the address {address:?} cannot be used: {reason}; correct it in the configuration")]
    Address {
        /// As configured.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Too many relays are configured.
    #[error("{0} relays are configured; a node takes at most 16")]
    TooManyRelays(usize),
    /// The encryption of connections could not be set up.
    #[error("connections could not be encrypted: {0}")]
    Encryption(String),
    /// No node can be started here.
    #[error("a node can only be started inside a tokio runtime")]
    NoRuntime,
}

/// The node has ended; start another.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the network node has ended")]
pub struct Ended;

/// Why a command was not taken at once.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError {
    /// Wait, or use [`Commands::send`].
    #[error("the network node has too many commands waiting")]
    Full,
    /// Start another.
    #[error("the network node has ended")]
    Ended,
}
