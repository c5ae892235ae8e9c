//! The relay as a program: one file to copy, nothing to configure.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use abraham_relay::{Config, IceServer, IpNet, Multiaddr, Relay, ice_server};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Serves Abraham's page, browser programs and demo set, and introduces tabs to each other. It cannot read any share.
///
/// /healthz answers "ok" while the relay is up. /api/v1/config says where tabs dial. /api/v1/now says how many are here.
/// The relay keeps nothing on disk, except in the files that --identity and --webrtc-certificate name. You can also set
/// every option with the environment variable shown next to it. Ctrl-C or SIGTERM stops the relay after the requests in
/// progress.
#[derive(Parser)]
#[command(name = "abraham-relay", version, max_term_width = 100)]
struct Arguments {
    /// Address and port of the page; port 0 takes any free port
    #[arg(long, env = "ABRAHAM_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Serve the page from this folder instead of from the files in this program
    #[arg(long, env = "ABRAHAM_ASSETS", value_name = "DIR")]
    assets: Option<PathBuf>,
    /// Threads that answer requests [default: one for each core]
    #[arg(long, env = "ABRAHAM_WORKERS", value_name = "N")]
    workers: Option<usize>,
    /// Address that peers dial: /ip4/ADDRESS/tcp/PORT/ws for tabs, without /ws for other relays; repeatable; port 0 takes
    /// any free port
    #[arg(
        long,
        env = "ABRAHAM_P2P_LISTEN",
        value_delimiter = ',',
        default_value = "/ip4/127.0.0.1/tcp/4001/ws",
        value_name = "MULTIADDR"
    )]
    p2p_listen: Vec<Multiaddr>,
    /// Address that tabs dial by WebRTC, without a name or TLS: /ip4/ADDRESS/udp/PORT/webrtc-direct; repeatable
    #[arg(long, env = "ABRAHAM_WEBRTC_DIRECT_LISTEN", value_delimiter = ',', value_name = "MULTIADDR")]
    webrtc_direct_listen: Vec<Multiaddr>,
    /// Keep the WebRTC certificate in this file; made if missing [default: a new one at every start]
    #[arg(long, env = "ABRAHAM_WEBRTC_CERTIFICATE", value_name = "FILE")]
    webrtc_certificate: Option<PathBuf>,
    /// Keep the relay's secret key in this file; made if missing [default: a new one at every start]
    #[arg(long, env = "ABRAHAM_IDENTITY", value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Address under which the public reaches the relay, such as /dns4/art.example/tcp/443/wss; repeatable
    #[arg(long, env = "ABRAHAM_EXTERNAL", value_delimiter = ',', value_name = "MULTIADDR")]
    external: Vec<Multiaddr>,
    /// Another relay to share presence with, ending in /p2p/ and its id; repeatable. Tabs get the addresses with wss
    #[arg(long, env = "ABRAHAM_BOOTSTRAP", value_delimiter = ',', value_name = "MULTIADDR")]
    bootstrap: Vec<Multiaddr>,
    /// Address or network of a reverse proxy whose X-Forwarded-For or Forwarded header is believed; repeatable. Without
    /// --proxy-protocol, limits per address do not apply to its websocket connections
    #[arg(long, env = "ABRAHAM_TRUSTED_PROXY", value_delimiter = ',', value_name = "CIDR", value_parser = network)]
    trusted_proxy: Vec<IpNet>,
    /// Require a PROXY protocol header (version 1 or 2) on connections from a --trusted-proxy to --p2p-listen, which
    /// gives the visitor's address; connections without one are refused
    #[arg(long, env = "ABRAHAM_PROXY_PROTOCOL")]
    proxy_protocol: bool,
    /// STUN or TURN server for tabs: stun:HOST:PORT, or turn:HOST:PORT,USERNAME,CREDENTIAL; repeatable; in the variable,
    /// separate several by spaces
    #[arg(long, env = "ABRAHAM_ICE_SERVER", value_delimiter = ' ', value_name = "SERVER", value_parser = ice_server)]
    ice_server: Vec<IceServer>,
    /// Serve /metrics (OpenMetrics, for Prometheus) on this address, such as 127.0.0.1:9464 [default: nowhere]
    #[arg(long, env = "ABRAHAM_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Peers that may be connected at once
    #[arg(long, env = "ABRAHAM_MAX_VISITORS", default_value_t = Config::MAX_VISITORS, value_name = "N")]
    max_visitors: u32,
    /// Peers that may be connected at once from one address
    #[arg(long, env = "ABRAHAM_MAX_PER_ADDRESS", default_value_t = Config::MAX_PER_ADDRESS, value_name = "N")]
    max_per_address: u32,
    /// Accept no more peers while the relay uses more than this much memory, in MiB
    #[arg(long, env = "ABRAHAM_MAX_MEMORY", default_value_t = Config::MAX_MEMORY >> 20, value_name = "MIB")]
    max_memory: usize,
    /// Format of log lines
    #[arg(long, env = "ABRAHAM_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Which log lines to write, such as `warn` or `abraham_relay=debug`
    #[arg(long, env = "ABRAHAM_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
}

impl Arguments {
    fn config(self) -> Config {
        let mut config = Config::default();
        config.listen = self.listen;
        config.assets = self.assets;
        let cores = || std::thread::available_parallelism().ok().map(usize::from);
        config.workers = self.workers.or_else(cores).unwrap_or(1);
        config.p2p_listen = self.p2p_listen;
        config.webrtc_direct_listen = self.webrtc_direct_listen;
        config.webrtc_certificate = self.webrtc_certificate;
        config.identity = self.identity;
        config.external = self.external;
        config.bootstrap = self.bootstrap;
        config.trusted_proxies = self.trusted_proxy;
        config.proxy_protocol = self.proxy_protocol;
        config.ice_servers = self.ice_server;
        config.metrics_listen = self.metrics_listen;
        config.max_visitors = self.max_visitors;
        config.max_per_address = self.max_per_address;
        config.max_memory = self.max_memory.saturating_mul(1 << 20);
        config
    }
}

/// Reads `192.0.2.0/24`, `2001:db8::/32` or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "is no address and no network such as 10.0.0.0/8".to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line, for machines
    Json,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_new(&arguments.log)
        .with_context(|| format!("--log does not understand \"{}\"", arguments.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }

    raise_file_limit(arguments.max_visitors);
    let config = arguments.config();
    let stop = stop_signal()?;
    let running = Relay::bind(config).await?;
    tracing::info!(address = %running.http_addr(), "listening on http://{}", running.http_addr());
    for address in running.p2p_addrs() {
        tracing::info!(%address, "listening for peers");
    }
    if let Some(address) = running.metrics_addr() {
        tracing::info!(%address, "serving /metrics");
    }
    running.until(stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Each peer is an open file. The soft limit of most systems, 1,024, is for programs that still use `select`.
fn raise_file_limit(visitors: u32) {
    // In addition to the peers: HTTP connections, listeners, the runtime.
    let wanted = u64::from(visitors) + 2048;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(files) if files >= wanted => {}
        Ok(files) => tracing::warn!(
            files,
            wanted,
            "fewer open files are allowed than visitors may come; raise the hard limit (LimitNOFILE, ulimit -Hn)"
        ),
        Err(error) => tracing::warn!(%error, "could not raise the limit of open files"),
    }
}

/// Ready at the first Ctrl-C or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("could not listen for SIGTERM")?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
        .context("could not listen for Ctrl-C")?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a way to hear Ctrl-C the relay runs until it is ended from outside.
            std::future::pending::<()>().await;
        }
    })
}
