//! Abraham's relay: one program that serves the page, the browser program and the demo set, and introduces tabs to each
//! other over libp2p.
//!
//! It keeps nothing on disk, except a key and a certificate if the operator names files for them. It holds no code that
//! could reconstruct a share: of the project's own crates it depends only on `abraham-messages`, for the protocol's name
//! and limits.
//!
//! ```no_run
//! # async fn serve() -> Result<(), abraham_relay::Error> {
//! let running = abraham_relay::Relay::bind(abraham_relay::Config::default()).await?;
//! println!("http://{}, {:?}", running.http_addr(), running.p2p_addrs());
//! running.stop().await
//! # }
//! ```

mod addresses;
mod assets;
mod client;
mod config;
mod error;
mod http;
mod limits;
mod metrics;
mod network;

use std::{future::ready, io, net::SocketAddr, sync::Arc};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App, HttpServer,
    dev::{AppConfig, ServerHandle},
    middleware::from_fn,
    web::{self, Data},
};
pub use ipnet::IpNet;
pub use libp2p::Multiaddr;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};

pub use abraham_messages::IceServer;
use assets::Assets;
use client::Proxies;
pub use config::{Config, ice_server};
pub use error::Error;
use http::{Site, sockets::Sockets};
use metrics::Metrics;
use network::Network;

/// The way to start a relay; see [`Relay::bind`].
pub struct Relay;

impl Relay {
    /// Listens on every address of `config` and starts answering. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`Error::Option`] when a value cannot work, [`Error::Listen`] or [`Error::P2pListen`] when an address cannot be
    /// used, [`Error::Assets`] when `config.assets` is not a readable folder, [`Error::Secret`] when a file for the key
    /// or the certificate cannot be used.
    pub async fn bind(config: Config) -> Result<Running, Error> {
        config.check()?;
        let assets = match &config.assets {
            Some(path) => {
                Assets::folder(path).map_err(|source| Error::Assets { path: path.clone(), source })?
            }
            None => Assets::embedded(),
        };
        let network = Network::start(&config).await?;
        let proxies = Proxies::new(config.trusted_proxies.clone());
        let site = Data::new(Site::new(
            assets,
            network.addresses.clone(),
            proxies,
            config.ice_servers.clone(),
            network.metrics.clone(),
        ));
        let (http_addr, page) = page_server(&config, site, &network.metrics)
            .map_err(|source| Error::Listen { listen: config.listen, option: "--listen", source })?;
        let metrics = config.metrics_listen.map(|listen| metrics_server(listen, &network)).transpose()?;
        let (metrics_addr, metrics) = metrics.unzip();
        Ok(Running {
            http_addr,
            metrics_addr,
            page: Half::start(page),
            metrics: metrics.map(Half::start),
            network,
        })
    }
}

/// The listener of the page, with the address that it really got. Connections are counted and timed before HTTP is
/// spoken on them, which `HttpServer` has no place for.
fn page_server(config: &Config, site: Data<Site>, metrics: &Metrics) -> io::Result<(SocketAddr, Server)> {
    let socket = match config.listen {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `HttpServer` does: elsewhere it would let others take the port over.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(config.listen)?;
    let listener = socket.listen(limits::MAX_HTTP_BACKLOG)?.into_std()?;
    let address = listener.local_addr()?;
    let sockets = Arc::new(Sockets::new(metrics.http_connections_displaced.clone()));
    let server = Server::build()
        .workers(config.workers.max(1))
        .max_concurrent_connections(limits::MAX_HTTP_CONNECTIONS)
        .shutdown_timeout(limits::STOP_TIMEOUT_SECONDS)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let server = server.listen("page", listener, move || {
        let (site, sockets, stopping) = (site.clone(), sockets.clone(), stopping.clone());
        let data = site.clone();
        let app = App::new().app_data(data).wrap(from_fn(http::finish)).configure(http::routes);
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(limits::HTTP_REQUEST_TIMEOUT)
            .client_disconnect_timeout(limits::HTTP_DISCONNECT_TIMEOUT)
            .keep_alive(limits::HTTP_KEEP_ALIVE_TIMEOUT)
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let address = peer.and_then(|peer| site.limited(peer.ip()));
            ready(Ok::<_, DispatchError>((sockets.take(address, stream), peer)))
        })
        .and_then(http)
    })?;
    Ok((address, server.run()))
}

/// The listener of `/metrics`, with the address that it really got.
fn metrics_server(listen: SocketAddr, network: &Network) -> Result<(SocketAddr, Server), Error> {
    let metrics = Data::from(network.metrics.clone());
    let server = HttpServer::new(move || {
        App::new().app_data(metrics.clone()).route("/metrics", web::get().to(http::metrics))
    })
    .workers(1)
    .client_request_timeout(limits::HTTP_REQUEST_TIMEOUT)
    .shutdown_timeout(limits::STOP_TIMEOUT_SECONDS)
    .disable_signals()
    .bind(listen)
    .map_err(|source| Error::Listen { listen, option: "--metrics-listen", source })?;
    Ok((server.addrs().first().copied().unwrap_or(listen), server.run()))
}

/// One HTTP server and its task.
struct Half {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Half {
    fn start(server: Server) -> Self {
        Self { handle: server.handle(), task: tokio::spawn(server) }
    }

    async fn stop(self) -> Result<(), Error> {
        self.handle.stop(true).await;
        joined(self.task.await)
    }
}

/// A relay that is answering requests until [`Running::stop`].
pub struct Running {
    http_addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    page: Half,
    metrics: Option<Half>,
    network: Network,
}

impl Running {
    /// The address the relay answers HTTP on, with the port that it really got.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where `/metrics` is served, if anywhere.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// Where peers dial the relay: every listener with the port that it really got, each with the relay's id at its end.
    #[must_use]
    pub fn p2p_addrs(&self) -> Vec<Multiaddr> {
        self.network.addresses.dialable()
    }

    /// Takes no more connections, lets requests in progress end (10 seconds at most), says goodbye to every peer, and
    /// frees the addresses.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::P2p`] or [`Error::Task`] when a part of the relay had already failed.
    pub async fn stop(self) -> Result<(), Error> {
        let metrics = async {
            match self.metrics {
                Some(metrics) => metrics.stop().await,
                None => Ok(()),
            }
        };
        let (network, page, metrics) = tokio::join!(self.network.stop(), self.page.stop(), metrics);
        network.and(page).and(metrics)
    }

    /// Waits until `stop` is ready and then stops like [`Running::stop`]; returns earlier only when a part of the relay
    /// fails by itself.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::P2p`] or [`Error::Task`] when a part of the relay fails.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        tokio::select! {
            ended = &mut self.page.task => joined(ended),
            error = self.network.ended() => Err(error),
            () = stop => self.stop().await,
        }
    }
}

fn joined(ended: Result<io::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    ended.map_err(Error::Task)?.map_err(Error::Server)
}
