//! A program that runs as long as its owner lives, and what it says meanwhile.

use std::{process::Stdio, sync::Arc};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::BROWSER_TIMEOUT;

/// Lines of its output that are kept.
const LINES: usize = 2_000;

/// A running program; killed when dropped.
pub(super) struct Process {
    child: Child,
    lines: watch::Receiver<Vec<String>>,
}

impl Process {
    /// Starts `command`, whose output is read.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!(
                    "could not start {:?}; `cargo xtask test` installs it",
                    command.as_std().get_program()
                )
            })?;
        let (say, lines) = watch::channel(Vec::new());
        let say = Arc::new(say);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, say.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, say));
        }
        Ok(Self { child, lines })
    }

    /// Waits for a line that `wanted` makes something of.
    pub(super) async fn says<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
        let found = |lines: &[String]| lines.iter().find_map(|line| wanted(line));
        let said =
            tokio::time::timeout(BROWSER_TIMEOUT, self.lines.wait_for(|lines| found(lines).is_some())).await;
        if let Ok(Ok(lines)) = &said
            && let Some(found) = found(lines)
        {
            return Ok(found);
        }
        drop(said);
        bail!("it did not say that it is ready:\n{}", self.text())
    }

    /// What it said so far.
    pub(super) fn text(&self) -> String {
        self.lines.borrow().join("\n") + "\n"
    }

    /// Ends it.
    pub(super) async fn end(&mut self) -> Result<()> {
        // It may have ended by itself, as it was asked to.
        let _ = self.child.start_kill();
        self.child.wait().await?;
        Ok(())
    }
}

async fn read(output: impl AsyncRead + Unpin, say: Arc<watch::Sender<Vec<String>>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        say.send_modify(|said| {
            if said.len() < LINES {
                said.push(line);
            }
        });
    }
}
