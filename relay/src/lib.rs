//! Abraham's relay: one program that serves the page, the browser program and the demo set.
//!
//! It keeps nothing on disk and holds no code that could reconstruct a share: of the project's own crates it
//! reaches only `abraham-messages`, for the protocol's name and limits.
//!
//! ```no_run
//! # async fn serve() -> Result<(), abraham_relay::Error> {
//! let running = abraham_relay::Relay::bind(abraham_relay::Config::default()).await?;
//! println!("http://{}", running.http_addr());
//! running.stop().await
//! # }
//! ```

mod assets;
mod http;
mod network;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web::Data};
use libp2p::multiaddr::Protocol;
use tokio::task::JoinHandle;

use assets::Assets;
pub use libp2p::Multiaddr;
use network::Network;

/// Connections one worker holds at once; more wait in the listening socket's queue.
const CONNECTIONS_PER_WORKER: usize = 1024;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a client may take to send the head of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a client may take to close its side after the answer.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests in progress may take to end after a stop.
const STOP_TIMEOUT_SECONDS: u64 = 10;

/// What a relay needs to know before it starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Serve the page from this folder instead of from the files in the binary. For developing the page.
    pub assets: Option<PathBuf>,
    /// Threads that answer requests.
    pub workers: usize,
    /// Where tabs and other peers dial the relay: `/ip4/…/tcp/…/ws`, or `/ip4/…/tcp/…` for native peers. Port 0
    /// takes any free port.
    pub p2p_listen: Vec<Multiaddr>,
}

impl Default for Config {
    /// A free port on the loopback address, embedded files, one worker.
    fn default() -> Self {
        let websocket =
            Multiaddr::from(Ipv4Addr::LOCALHOST).with(Protocol::Tcp(0)).with(Protocol::Ws("/".into()));
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            assets: None,
            workers: 1,
            p2p_listen: vec![websocket],
        }
    }
}

/// Why a relay could not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is in use, not this machine's, or not allowed.
    #[error("could not listen on {listen}: {source}; choose another address with --listen")]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder given instead of the embedded files cannot be read.
    #[error("could not read the assets folder {}: {source}", path.display())]
    Assets {
        /// The folder that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A libp2p address cannot be listened on.
    #[error("could not listen on {address}: {reason}; choose another address with --p2p-listen")]
    P2pListen {
        /// The address that was asked for.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// The libp2p half could not be set up.
    #[error("could not set up the network: {0}")]
    P2p(String),
    /// The server ended by itself.
    #[error("the server ended: {0}")]
    Server(#[source] io::Error),
    /// The server's task was cancelled or panicked.
    #[error("the server's task ended: {0}")]
    Task(#[source] tokio::task::JoinError),
}

/// The way to start a relay; see [`Relay::bind`].
pub struct Relay;

impl Relay {
    /// Listens on `config.listen` and starts answering. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`Error::Listen`] when the address cannot be used, [`Error::Assets`] when `config.assets` is not a
    /// readable folder.
    pub async fn bind(config: Config) -> Result<Running, Error> {
        let assets = Data::new(match &config.assets {
            Some(path) => {
                Assets::folder(path).map_err(|source| Error::Assets { path: path.clone(), source })?
            }
            None => Assets::embedded(),
        });
        let listen_error = |source| Error::Listen { listen: config.listen, source };
        let network = Network::start(&config).await?;
        let shared = Data::from(network.shared.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(assets.clone())
                .app_data(shared.clone())
                .wrap(from_fn(http::finish))
                .configure(http::routes)
        })
        .workers(config.workers.max(1))
        .max_connections(CONNECTIONS_PER_WORKER)
        .backlog(BACKLOG)
        .client_request_timeout(REQUEST_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(STOP_TIMEOUT_SECONDS)
        .disable_signals()
        .bind(config.listen)
        .map_err(listen_error)?;
        let http_addr = server.addrs().first().copied().unwrap_or(config.listen);
        let server = server.run();
        let handle = server.handle();
        Ok(Running { http_addr, handle, task: tokio::spawn(server), network })
    }
}

/// A relay that is answering requests until [`Running::stop`].
pub struct Running {
    http_addr: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    network: Network,
}

impl Running {
    /// The address the relay answers on, with the port that it really got.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where peers dial the relay, each with the relay's id at its end.
    #[must_use]
    pub fn p2p_addrs(&self) -> Vec<Multiaddr> {
        self.network.shared.dialable()
    }

    /// Takes no more connections, lets requests in progress end (10 seconds at most), and frees the address.
    ///
    /// # Errors
    /// [`Error::Server`] or [`Error::Task`] when the server had already failed.
    pub async fn stop(self) -> Result<(), Error> {
        self.network.stop().await;
        self.handle.stop(true).await;
        Self::joined(self.task.await)
    }

    /// Waits until `stop` is ready and then stops like [`Running::stop`]; returns earlier only when the server
    /// fails by itself.
    ///
    /// # Errors
    /// [`Error::Server`] or [`Error::Task`] when the server fails.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        tokio::select! {
            ended = &mut self.task => Self::joined(ended),
            () = stop => self.stop().await,
        }
    }

    fn joined(ended: Result<io::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
        ended.map_err(Error::Task)?.map_err(Error::Server)
    }
}
