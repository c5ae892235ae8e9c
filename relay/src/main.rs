//! The relay as a program: one file to copy, nothing to configure.

use std::{net::SocketAddr, path::PathBuf};

use abraham_relay::{Config, Multiaddr, Relay};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Serves Abraham's page, browser program and demo set. Keeps nothing on disk and can read no share.
///
/// /healthz answers "ok" while the relay is up; /api/v1/config says which protocol and limits it knows.
/// Ctrl-C or SIGTERM stops it after the requests in progress.
#[derive(Parser)]
#[command(name = "abraham-relay", version, max_term_width = 100)]
struct Arguments {
    /// Address and port to listen on; port 0 takes any free port
    #[arg(long, env = "ABRAHAM_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where tabs dial the relay; may be given several times; port 0 takes any free port
    #[arg(
        long,
        env = "ABRAHAM_P2P_LISTEN",
        value_delimiter = ',',
        default_value = "/ip4/127.0.0.1/tcp/4001/ws",
        value_name = "MULTIADDR"
    )]
    p2p_listen: Vec<Multiaddr>,
    /// Serve the page from this folder instead of from the files in this program
    #[arg(long, env = "ABRAHAM_ASSETS", value_name = "DIR")]
    assets: Option<PathBuf>,
    /// Threads that answer requests [default: one for each core]
    #[arg(long, env = "ABRAHAM_WORKERS", value_name = "N")]
    workers: Option<usize>,
    /// How log lines are written
    #[arg(long, env = "ABRAHAM_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Which log lines are written, such as `warn` or `abraham_relay=debug`
    #[arg(long, env = "ABRAHAM_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for machines
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

    let mut config = Config::default();
    config.listen = arguments.listen;
    config.p2p_listen = arguments.p2p_listen;
    config.assets = arguments.assets;
    config.workers =
        arguments.workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let stop = stop_signal()?;
    let running = Relay::bind(config).await?;
    tracing::info!(address = %running.http_addr(), "listening on http://{}", running.http_addr());
    for address in running.p2p_addrs() {
        tracing::info!(%address, "listening for peers");
    }
    running.until(stop).await?;
    tracing::info!("stopped");
    Ok(())
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
