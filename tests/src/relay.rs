//! The relay without a browser of Chromium's beside it: in this process, and as a program of its own for tests that
//! kill it.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use abraham_relay::{Config, Relay, Running};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::net::TcpStream;

use crate::browser::root;

/// How long it may take to answer, in steps of [`STEP`].
const STEPS: u32 = 1_200;
const STEP: Duration = Duration::from_millis(50);

/// A relay in this process, serving the page.
pub struct RelayHere(Running);

impl RelayHere {
    /// Starts one on free ports.
    ///
    /// # Errors
    /// When the ports cannot be had.
    pub async fn start() -> Result<Self> {
        let mut config = Config::default();
        config.assets = Some(root().join("web"));
        Ok(Self(Relay::bind(config).await?))
    }

    /// The address of `path` at this relay. Browsers trust the name localhost as they trust https.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.0.http_addr().port())
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it had failed meanwhile.
    pub async fn stop(self) -> Result<()> {
        Ok(self.0.stop().await?)
    }
}

/// A relay in a process of its own, serving the page. Killed when dropped.
pub struct RelayProgram {
    child: Child,
    http: u16,
    p2p: u16,
    arguments: Vec<String>,
    log: PathBuf,
}

impl RelayProgram {
    /// Starts one on two free ports, with further `arguments`; it logs into `folder`.
    ///
    /// # Errors
    /// When the program was not built, or does not answer.
    pub async fn start(folder: &Path, arguments: &[String]) -> Result<Self> {
        let (http, p2p) = (free_port()?, free_port()?);
        let log = folder.join(format!("relay-{http}.log"));
        let child = spawn(http, p2p, arguments, &log)?;
        let mut relay = Self { child, http, p2p, arguments: arguments.to_vec(), log };
        relay.until_it_answers().await?;
        Ok(relay)
    }

    /// The address of `path` at this relay.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.http)
    }

    /// Where other relays and native peers find this one.
    ///
    /// # Errors
    /// When it has not logged its address.
    pub fn p2p_address(&self) -> Result<String> {
        let log = fs::read_to_string(&self.log)?;
        let prefix = format!("/ip4/127.0.0.1/tcp/{}/ws/p2p/", self.p2p);
        let (_, rest) =
            log.rsplit_once(&prefix).with_context(|| format!("no {prefix} in the log:\n{log}"))?;
        let id = rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        Ok(prefix + &id)
    }

    /// Ends it at once, without a word to anyone.
    ///
    /// # Errors
    /// When it had ended by itself; says what it logged.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the relay ended by itself ({status}):\n{}", fs::read_to_string(&self.log)?);
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on the same ports.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn restart(&mut self) -> Result<()> {
        self.child = spawn(self.http, self.p2p, &self.arguments, &self.log)?;
        self.until_it_answers().await
    }

    async fn until_it_answers(&mut self) -> Result<()> {
        let mut steps = tokio::time::interval(STEP);
        for _ in 0..STEPS {
            steps.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("the relay ended ({status}):\n{}", fs::read_to_string(&self.log)?);
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.http)).await.is_ok() {
                return Ok(());
            }
        }
        bail!("the relay does not answer:\n{}", fs::read_to_string(&self.log)?)
    }
}

impl Drop for RelayProgram {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(http: u16, p2p: u16, arguments: &[String], log: &Path) -> Result<Child> {
    // Beside the tests' own programs: target/debug/deps/NAME.
    let tests = env::current_exe()?;
    let folder = tests.ancestors().nth(2).context("this test has no folder")?;
    let program = folder.join("abraham-relay");
    ensure!(program.is_file(), "no {}: run `cargo build --package abraham-relay`", program.display());
    let log = fs::File::options().create(true).append(true).open(log)?;
    Command::new(program)
        .args(["--listen", &format!("127.0.0.1:{http}"), "--p2p-listen"])
        .arg(format!("/ip4/127.0.0.1/tcp/{p2p}/ws"))
        .arg("--assets")
        .arg(root().join("web"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("could not start the relay")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
