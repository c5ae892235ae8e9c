//! WebKitGTK's MiniBrowser by classic WebDriver (W3C), on a display of its own.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use serde_json::{Value, json};
use tokio::{net::TcpStream, process::Command};

use super::process::Process;
use crate::BROWSER_TIMEOUT;

/// How often a driver that starts is asked whether it listens.
const TICK: Duration = Duration::from_millis(50);
/// The name of an element's id in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A MiniBrowser with one tab.
pub(super) struct WebKit {
    /// The program between, and the display; both end with this.
    driver: Process,
    display: Process,
    http: reqwest::Client,
    session: String,
}

impl WebKit {
    /// Starts one that keeps its files in `folder`.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        let mut display = Process::start(command)?;
        let number = display.says(|line| line.trim().parse::<u32>().ok()).await.context("Xvfb")?;

        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("DISPLAY", format!(":{number}"))
            .env("HOME", folder)
            .env_remove("WAYLAND_DISPLAY")
            .env("GDK_BACKEND", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // There is no graphics card that its processes could share buffers with.
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        let driver = Process::start(command)?;
        let started = async {
            let mut ticks = tokio::time::interval(TICK);
            loop {
                ticks.tick().await;
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(BROWSER_TIMEOUT, started)
            .await
            .with_context(|| format!("WebKitWebDriver does not listen:\n{}", driver.text()))?;

        let http = reqwest::Client::builder().no_proxy().timeout(BROWSER_TIMEOUT).build()?;
        let session = format!("http://127.0.0.1:{port}/session");
        let mut webkit = Self { driver, display, http, session };
        let options = json!({ "binary": mini_browser()?, "args": ["--automation"] });
        let wanted = json!({
            "webkitgtk:browserOptions": options,
            "timeouts": { "script": BROWSER_TIMEOUT.as_millis() as u64, "pageLoad": BROWSER_TIMEOUT.as_millis() as u64 },
        });
        let made = webkit.post("", json!({ "capabilities": { "alwaysMatch": wanted } })).await?;
        let id = made["sessionId"].as_str().context("WebKit gives no session")?.to_owned();
        webkit.session = format!("{}/{id}", webkit.session);
        Ok(webkit)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.http.post(format!("{}{path}", self.session));
        answer(path, request.header("content-type", "application/json").body(body.to_string())).await
    }

    pub(super) async fn go(&self, url: &str) -> Result<()> {
        self.post("/url", json!({ "url": url })).await?;
        Ok(())
    }

    pub(super) async fn reload(&self) -> Result<()> {
        self.post("/refresh", json!({})).await?;
        Ok(())
    }

    /// The value of an expression that is a promise of a text.
    pub(super) async fn text(&self, expression: &str) -> Result<String> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             {expression}.then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));"
        );
        let value = self.post("/execute/async", json!({ "script": script, "args": [] })).await?;
        if let Some(error) = value["error"].as_str() {
            bail!("{error}");
        }
        Ok(value["value"].as_str().with_context(|| format!("not a text: {value}"))?.to_owned())
    }

    /// The first element for `selector`, as a path of the session.
    async fn element(&self, selector: &str) -> Result<String> {
        let found = self.post("/element", json!({ "using": "css selector", "value": selector })).await?;
        let id = found[ELEMENT].as_str().with_context(|| format!("no {selector}"))?;
        Ok(format!("/element/{id}"))
    }

    pub(super) async fn click(&self, selector: &str) -> Result<()> {
        let element = self.element(selector).await?;
        self.post(&format!("{element}/click"), json!({})).await?;
        Ok(())
    }

    pub(super) async fn choose(&self, selector: &str, files: &[String]) -> Result<()> {
        let element = self.element(selector).await?;
        self.post(&format!("{element}/value"), json!({ "text": files.join("\n") })).await?;
        Ok(())
    }

    pub(super) async fn screenshot(&self) -> Result<Vec<u8>> {
        let picture = answer("/screenshot", self.http.get(format!("{}/screenshot", self.session))).await?;
        let data = picture.as_str().context("no picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }

    /// What the driver said.
    pub(super) fn log(&self) -> String {
        self.driver.text()
    }

    pub(super) async fn close(&mut self) -> Result<()> {
        let ended = answer("", self.http.delete(&self.session)).await;
        self.driver.end().await?;
        self.display.end().await?;
        ended.map(drop)
    }
}

async fn answer(what: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let text = request.send().await?.text().await?;
    let mut answer: Value = serde_json::from_str(&text).with_context(|| format!("{what}: {text}"))?;
    if let Some(error) = answer["value"]["error"].as_str() {
        bail!("{what}: {error}: {}", answer["value"]["message"]);
    }
    Ok(answer["value"].take())
}

/// Debian keeps it beside the library, in a folder of the architecture and version.
fn mini_browser() -> Result<PathBuf> {
    for architecture in std::fs::read_dir("/usr/lib")?.flatten() {
        for version in ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"] {
            let program = architecture.path().join(version).join("MiniBrowser");
            if program.is_file() {
                return Ok(program);
            }
        }
    }
    bail!("no MiniBrowser below /usr/lib; `cargo xtask test` installs it")
}
