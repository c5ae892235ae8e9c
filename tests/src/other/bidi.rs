//! Firefox by WebDriver BiDi (W3C), which its remote agent speaks without any program between.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail, ensure};
use async_tungstenite::{
    WebSocketSender,
    tokio::{ConnectStream, connect_async},
    tungstenite::Message,
};
use base64::Engine as _;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::{process::Command, sync::oneshot, time::timeout};

use super::process::Process;
use crate::BROWSER_TIMEOUT;

/// What Firefox says, as an error of the page, where a page is reloaded while it connects to the relay.
const LEFT_WHILE_CONNECTING: &str = "was interrupted while the page was loading.";
/// Lines of the console that are kept.
const LINES: usize = 10_000;

/// A Firefox with one tab.
pub(super) struct Firefox {
    process: Process,
    sink: tokio::sync::Mutex<WebSocketSender<ConnectStream>>,
    heard: Arc<Mutex<Heard>>,
    tab: String,
}

/// What came from the browser, and who waits for it.
#[derive(Default)]
struct Heard {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    log: Vec<String>,
    errors: Vec<String>,
}

impl Heard {
    fn take(&mut self, message: Value) {
        if let Some(waiting) = message["id"].as_u64().and_then(|id| self.waiting.remove(&id)) {
            // Whoever asked may have given up.
            let _ = waiting.send(message);
        } else if message["method"] == "log.entryAdded" && self.log.len() < LINES {
            let entry = &message["params"];
            let (level, text) = (entry["level"].as_str().unwrap_or(""), entry["text"].as_str().unwrap_or(""));
            let line = format!("{level}: {text}");
            if level == "error" && !text.ends_with(LEFT_WHILE_CONNECTING) {
                self.errors.push(line.clone());
            }
            self.log.push(line);
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Firefox, from `FIREFOX` or by the name that it has on this machine.
fn program() -> OsString {
    let is_there = |name: &&str| {
        env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
    };
    let by_name = || ["firefox-esr", "firefox"].into_iter().find(is_there).unwrap_or("firefox").into();
    env::var_os("FIREFOX").unwrap_or_else(by_name)
}

impl Firefox {
    /// Starts one with an empty profile in `folder`.
    pub(super) async fn start(folder: &Path, resists_fingerprinting: bool) -> Result<Self> {
        let profile = folder.join("profile");
        fs::create_dir_all(&profile)?;
        let preferences = [
            ("privacy.resistFingerprinting", resists_fingerprinting),
            // Nothing of it concerns the page, and all of it wants the internet.
            ("app.update.enabled", false),
            ("browser.safebrowsing.malware.enabled", false),
            ("browser.safebrowsing.phishing.enabled", false),
            ("datareporting.policy.dataSubmissionEnabled", false),
            ("network.captive-portal-service.enabled", false),
            ("network.connectivity-service.enabled", false),
            ("toolkit.telemetry.enabled", false),
        ];
        let lines: String =
            preferences.iter().map(|(name, value)| format!("user_pref(\"{name}\", {value});\n")).collect();
        fs::write(profile.join("user.js"), lines)?;
        let mut command = Command::new(program());
        command
            .args([
                "--headless",
                "--no-remote",
                "--remote-debugging-port",
                "0",
                "--width",
                "1280",
                "--height",
                "800",
            ])
            .arg("--profile")
            .arg(&profile)
            .arg("about:blank")
            .env("HOME", folder);
        let mut process = Process::start(command)?;
        let address = process
            .says(|line| {
                line.split_once("WebDriver BiDi listening on ").map(|(_, address)| address.trim().to_owned())
            })
            .await
            .context("Firefox")?;
        let (socket, _) =
            connect_async(format!("{address}/session")).await.context("Firefox's remote agent")?;
        let (sink, mut stream) = socket.split();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let ears = heard.clone();
        // Ends with the browser; whoever waits then hears that the other end has gone.
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Ok(text) = message.into_text() else { continue };
                if let Ok(message) = serde_json::from_str(&text) {
                    lock(&ears).take(message);
                }
            }
            lock(&ears).waiting.clear();
        });
        let mut firefox = Self { process, sink: tokio::sync::Mutex::new(sink), heard, tab: String::new() };
        firefox.ask("session.new", json!({ "capabilities": {} })).await?;
        firefox.ask("session.subscribe", json!({ "events": ["log.entryAdded"] })).await?;
        let tree = firefox.ask("browsingContext.getTree", json!({})).await?;
        let tab = tree["contexts"][0]["context"].as_str().context("Firefox has no tab")?;
        tab.clone_into(&mut firefox.tab);
        Ok(firefox)
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        let (answer, waiting) = oneshot::channel();
        let id = {
            let mut heard = lock(&self.heard);
            heard.next += 1;
            let id = heard.next;
            heard.waiting.insert(id, answer);
            id
        };
        let message = json!({ "id": id, "method": method, "params": params }).to_string();
        self.sink.lock().await.send(Message::text(message)).await?;
        let mut answer = timeout(BROWSER_TIMEOUT, waiting)
            .await
            .with_context(|| format!("no answer to {method}"))?
            .with_context(|| format!("Firefox went away during {method}"))?;
        if answer["type"] == "error" {
            bail!("{method}: {} {}", answer["error"], answer["message"]);
        }
        Ok(answer["result"].take())
    }

    pub(super) async fn go(&self, url: &str) -> Result<()> {
        self.ask("browsingContext.navigate", json!({ "context": self.tab, "url": url, "wait": "complete" }))
            .await?;
        Ok(())
    }

    pub(super) async fn reload(&self) -> Result<()> {
        self.ask("browsingContext.reload", json!({ "context": self.tab, "wait": "complete" })).await?;
        Ok(())
    }

    async fn evaluate(&self, expression: &str) -> Result<Value> {
        let params = json!({
            "expression": expression,
            "target": { "context": self.tab },
            "awaitPromise": true,
            // As after a click: some of the page's doors open only for a person.
            "userActivation": true,
        });
        let mut answer = self.ask("script.evaluate", params).await?;
        if answer["type"] == "exception" {
            bail!("{}", answer["exceptionDetails"]["text"].as_str().unwrap_or("it threw"));
        }
        Ok(answer["result"].take())
    }

    /// The value of an expression that is a text.
    pub(super) async fn text(&self, expression: &str) -> Result<String> {
        let value = self.evaluate(expression).await?;
        Ok(value["value"].as_str().with_context(|| format!("not a text: {value}"))?.to_owned())
    }

    /// A reference to the first element for `selector`.
    async fn element(&self, selector: &str) -> Result<Value> {
        let found =
            self.evaluate(&format!("document.querySelector({})", crate::tab::quote(selector))).await?;
        ensure!(found["type"] == "node", "no {selector}");
        Ok(json!({ "sharedId": found["sharedId"] }))
    }

    pub(super) async fn click(&self, selector: &str) -> Result<()> {
        let element = self.element(selector).await?;
        let actions = json!([
            { "type": "pointerMove", "x": 0, "y": 0, "origin": { "type": "element", "element": element } },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!([{ "type": "pointer", "id": "mouse", "actions": actions }]);
        self.ask("input.performActions", json!({ "context": self.tab, "actions": mouse })).await?;
        Ok(())
    }

    pub(super) async fn choose(&self, selector: &str, files: &[String]) -> Result<()> {
        let element = self.element(selector).await?;
        self.ask("input.setFiles", json!({ "context": self.tab, "element": element, "files": files }))
            .await?;
        Ok(())
    }

    pub(super) async fn screenshot(&self) -> Result<Vec<u8>> {
        let picture = self.ask("browsingContext.captureScreenshot", json!({ "context": self.tab })).await?;
        let data = picture["data"].as_str().context("no picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }

    /// What the page's console and the browser said.
    pub(super) fn log(&self) -> String {
        lock(&self.heard).log.join("\n") + "\n\n" + &self.process.text()
    }

    /// Fails where the page's console shows errors.
    pub(super) fn console_is_clean(&self) -> Result<()> {
        let errors = lock(&self.heard).errors.clone();
        ensure!(errors.is_empty(), "the console shows errors:\n  {}", errors.join("\n  "));
        Ok(())
    }

    pub(super) async fn close(&mut self) -> Result<()> {
        // It may end before it answers.
        let _ = self.ask("browser.close", json!({})).await;
        self.process.end().await
    }
}
