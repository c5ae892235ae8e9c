use std::{io, net::SocketAddr, path::PathBuf};

use libp2p::Multiaddr;

/// Why a relay could not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is in use, not this machine's, or not allowed.
    #[error("could not listen on {listen}: {source}; choose another address with {option}")]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// The option that names it.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A libp2p address is in use, not this machine's, or not allowed.
    #[error(
        "could not listen on {address}: {reason}; choose another address with --p2p-listen or --webrtc-direct-listen"
    )]
    P2pListen {
        /// The address that was asked for.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// An option has a value that cannot work.
    #[error("{option} {value} {what}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The folder given instead of the embedded files cannot be read.
    #[error("could not read the assets folder {}: {source}", path.display())]
    Assets {
        /// The folder that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file of the identity or the certificate cannot be read or made.
    #[error("could not use {}, given with {option}: {reason}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// The option that names it.
        option: &'static str,
        /// Why not, and what to do.
        reason: String,
    },
    /// The libp2p half could not be set up.
    #[error("could not set up the network: {0}")]
    P2p(String),
    /// The server ended by itself.
    #[error("the server ended: {0}")]
    Server(#[source] io::Error),
    /// A task of the relay was cancelled or panicked.
    #[error("the server's task ended: {0}")]
    Task(#[source] tokio::task::JoinError),
}
