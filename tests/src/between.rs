//! Something between the browser and the relay that answers badly, as networks, proxies and servers in trouble do.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Bytes of a request's or an answer's head.
const HEAD_BYTES: usize = 64 * 1024;

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status and nothing else.
    Status(u16),
    /// With a page, as sign-in pages of networks do.
    Portal,
    /// As the relay does, with the second half missing.
    CutOff,
    /// As the relay does, called plain text.
    PlainText,
    /// As the relay does, and then the line stands still in the middle.
    Stuck,
    /// As the relay does, over a line of 400 kbit/s that takes 400 ms.
    Slow,
}

/// A proxy before a relay. Ends when dropped.
pub struct Between {
    address: SocketAddr,
    prefix: &'static str,
    bad: Arc<Mutex<Option<(&'static str, Answer)>>>,
    task: JoinHandle<()>,
}

impl Between {
    /// Starts one before the relay at `relay`, which has the page at `/`; here it is at `prefix`, which ends with `/`.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start(relay: SocketAddr, prefix: &'static str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let bad = Arc::<Mutex<Option<(&'static str, Answer)>>>::default();
        let rule = bad.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let rule = *rule.lock().unwrap_or_else(PoisonError::into_inner);
                // A browser that goes away in the middle is no fault of a test.
                tokio::spawn(async move { serve(stream, relay, prefix, rule).await.ok() });
            }
        });
        Ok(Self { address, prefix, bad, task })
    }

    /// The address of the page behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}{}", self.address.port(), self.prefix)
    }

    /// From now on requests whose path contains `part` are answered so, and all others well.
    pub fn answers(&self, part: &'static str, answer: Answer) {
        *self.bad.lock().unwrap_or_else(PoisonError::into_inner) = Some((part, answer));
    }

    /// From now on every request is answered well.
    pub fn recovers(&self) {
        *self.bad.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut browser: TcpStream,
    relay: SocketAddr,
    prefix: &str,
    rule: Option<(&str, Answer)>,
) -> Result<()> {
    let (head, _) = read_head(&mut browser).await?;
    let mut lines = head.lines();
    let mut first = lines.next().context("no request")?.split(' ');
    let (method, path) = (first.next().context("no method")?, first.next().context("no path")?);
    let answer = rule.and_then(|(part, answer)| path.contains(part).then_some(answer));
    let path = match (answer, path.strip_prefix(prefix)) {
        (Some(Answer::Status(status)), _) => return say(&mut browser, status, "text/plain", "").await,
        (Some(Answer::Portal), _) => {
            return say(&mut browser, 200, "text/html", "<!doctype html><title>Sign in</title>").await;
        }
        (_, None) => return say(&mut browser, 404, "text/plain", "").await,
        (_, Some(path)) => path,
    };
    let mut server = TcpStream::connect(relay).await?;
    let mut request = format!("{method} /{path} HTTP/1.1\r\nconnection: close\r\n");
    for line in lines.filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        // Plain bytes over one connection each, so that half of them is half of what was meant.
        if !matches!(name.as_str(), "connection" | "accept-encoding") {
            request += line;
            request += "\r\n";
        }
    }
    server.write_all((request + "\r\n").as_bytes()).await?;
    let (mut head, rest) = read_head(&mut server).await?;
    if answer == Some(Answer::PlainText) {
        head = head.replace("application/wasm", "text/plain");
    }
    let mut body = rest;
    server.read_to_end(&mut body).await?;
    if matches!(answer, Some(Answer::CutOff | Answer::Stuck)) {
        body.truncate(body.len() / 2);
    }
    browser.write_all(head.as_bytes()).await?;
    if answer == Some(Answer::Slow) {
        let mut line = tokio::time::interval(Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(400)).await;
        for part in body.chunks(5_000) {
            line.tick().await;
            browser.write_all(part).await?;
        }
    } else {
        browser.write_all(&body).await?;
    }
    if answer == Some(Answer::Stuck) {
        // Until the browser gives up; it says nothing more.
        let mut nothing = [0];
        let _ = browser.read(&mut nothing).await?;
    }
    browser.shutdown().await?;
    Ok(())
}

async fn say(browser: &mut TcpStream, status: u16, kind: &str, body: &str) -> Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Bad\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    browser.write_all((head + body).as_bytes()).await?;
    browser.shutdown().await?;
    Ok(())
}

/// The head with its empty line, and what came of the body with it.
async fn read_head(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8(bytes)?, rest));
        }
        if bytes.len() > HEAD_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            bail!("no whole head came");
        }
    }
}
