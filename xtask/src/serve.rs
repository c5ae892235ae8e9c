//! Building everything and serving the page.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{build, shell};

const FIRST_PORT: u16 = 8080;
/// Ports tried after the first when it is taken.
const PORTS: u16 = 100;
/// How long the relay may take until it answers, in steps of [`STEP`].
const STEPS: u32 = 600;
const STEP: Duration = Duration::from_millis(50);

/// Builds the browser program and the relay, starts the relay, prints its address and runs until it ends.
pub(crate) fn run(listen: Option<SocketAddr>, dev: bool) -> Result<()> {
    build::run(dev)?;
    // A relay without optimisation is ready in half the time and answers one visitor as fast.
    shell::run(shell::cargo().args(["build", "--package", "abraham-relay"]))?;
    let listen = match listen {
        Some(listen) => listen,
        None => free_address()?,
    };
    ensure!(listen.port() != 0, "--listen needs a port");

    let root = shell::root();
    let mut relay = Command::new(root.join("target/debug/abraham-relay"))
        .args(["--log", "warn", "--p2p-listen", "/ip4/127.0.0.1/tcp/0/ws"])
        .args(["--listen", &listen.to_string(), "--assets"])
        .arg(root.join("web"))
        .spawn()
        .context("could not start the relay")?;
    let reachable = SocketAddr::new(
        if listen.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { listen.ip() },
        listen.port(),
    );
    for _ in 0..STEPS {
        if let Some(status) = relay.try_wait()? {
            bail!("the relay ended before it answered: {status}");
        }
        if TcpStream::connect_timeout(&reachable, STEP).is_ok() {
            // Browsers give this name, and only this name, what they give https pages: storage, workers, WebGPU.
            let host = if reachable.ip().is_loopback() {
                "localhost".to_owned()
            } else {
                reachable.ip().to_string()
            };
            println!("\nAbraham is at (Ctrl-C stops it):\nhttp://{host}:{}", listen.port());
            let status = relay.wait()?;
            ensure!(status.success(), "the relay ended: {status}");
            return Ok(());
        }
        thread::sleep(STEP);
    }
    relay.kill()?;
    bail!("the relay does not answer on {reachable}")
}

fn free_address() -> Result<SocketAddr> {
    (FIRST_PORT..FIRST_PORT + PORTS)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .with_context(|| {
            format!(
                "ports {FIRST_PORT} to {} are all taken: choose one with --listen",
                FIRST_PORT + PORTS - 1
            )
        })
}
