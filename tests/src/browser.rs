//! One relay and one browser for one test, with as many visitors in it as the test wants.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use abraham_relay::{Config, Relay, Running};
use anyhow::{Context as _, Result, anyhow, bail};
use chromiumoxide::{
    Browser, BrowserConfig,
    cdp::browser_protocol::{
        browser::{
            BrowserContextId, CrashGpuProcessParams, DownloadProgressState, EventDownloadProgress,
            EventDownloadWillBegin, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
        },
        target::{CreateBrowserContextParams, CreateTargetParams},
    },
};
use futures::StreamExt as _;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};

use crate::{BROWSER_TIMEOUT, tab::Tab};

/// Width and height of the window in CSS pixels: a small laptop.
const WINDOW: (u32, u32) = (1280, 800);

/// Whether pages in the browser get a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebGpu {
    /// No adapter is ever given out.
    Off,
    /// SwiftShader, which runs WebGPU on the CPU.
    Software,
}

/// What a visitor's browser can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Whether pages get a GPU.
    pub webgpu: WebGpu,
    /// Whether pages may store anything on the device.
    pub storage: bool,
    /// Whether the processor has the instructions that WebAssembly SIMD needs.
    pub wasm_simd: bool,
    /// Whether pages can connect to each other directly.
    pub webrtc: bool,
    /// Whether pages can hold a connection to a server.
    pub websocket: bool,
}

impl From<WebGpu> for Abilities {
    fn from(webgpu: WebGpu) -> Self {
        Self { webgpu, storage: true, wasm_simd: true, webrtc: true, websocket: true }
    }
}

impl Abilities {
    /// What takes from a page what it shall not have, before any script of it runs: as an administrator's policy does.
    fn script(self) -> Option<String> {
        let missing = [("RTCPeerConnection", self.webrtc), ("WebSocket", self.websocket)];
        let lines: Vec<String> = missing
            .iter()
            .filter(|(_, present)| !present)
            .map(|(name, _)| format!("delete globalThis.{name};"))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// What a test visits, and with what browser.
pub struct Setup {
    abilities: Abilities,
    /// The folder that the relay serves.
    pages: PathBuf,
    /// Whether stand-ins from `tests/pages` take the place of the page's worker and network node.
    scripted: bool,
    /// Whether the relay takes tabs by WebRTC too.
    webrtc_direct: bool,
    /// Further switches of the browser.
    switches: Vec<&'static str>,
    /// What the page's worker runs before anything else.
    first: Option<&'static str>,
}

impl<A: Into<Abilities>> From<A> for Setup {
    /// The product's own page. The files as they are now, so that a test never sees what was embedded before the last
    /// build.
    fn from(abilities: A) -> Self {
        Self {
            abilities: abilities.into(),
            pages: root().join("web"),
            scripted: false,
            webrtc_direct: false,
            switches: Vec::new(),
            first: None,
        }
    }
}

impl Setup {
    /// The pages that are libp2p peers and nothing else, made by `cargo xtask test` from `tests/interop`.
    #[must_use]
    pub fn peers() -> Self {
        Self { pages: peer_pages(), ..Self::from(WebGpu::Off) }
    }

    /// The same, with a relay that takes tabs by WebRTC too.
    #[must_use]
    pub fn peers_by_webrtc() -> Self {
        Self { webrtc_direct: true, ..Self::peers() }
    }

    /// The page in a browser without WebSocket, at a relay that can be reached by WebRTC.
    #[must_use]
    pub fn without_websockets() -> Self {
        let abilities = Abilities { websocket: false, ..WebGpu::Off.into() };
        Self { webrtc_direct: true, ..Self::from(abilities) }
    }

    /// The product's own page with a worker that says what the test says, in place of an artist and of other tabs.
    #[must_use]
    pub fn scripted(abilities: impl Into<Abilities>) -> Self {
        Self { scripted: true, ..Self::from(abilities.into()) }
    }

    /// The product's own page, whose worker runs `script` before anything else: scripts that a tab is told to run first
    /// are not run by its workers.
    #[must_use]
    pub fn first(self, script: &'static str) -> Self {
        Self { first: Some(script), ..self }
    }

    /// With a further switch of the browser, named without its dashes.
    #[must_use]
    pub fn with(mut self, switch: &'static str) -> Self {
        self.switches.push(switch);
        self
    }
}

/// A visitor's own cookies, storage and processes, apart from every other visitor's in the same browser.
#[derive(Clone)]
pub struct Visitor(BrowserContextId);

/// What went wrong in the browser, line by line, while a test ran.
#[derive(Clone, Default)]
pub(crate) struct Console {
    lines: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<Vec<String>>>,
}

impl Console {
    /// Adds a line of the console, which counts as a fault of the page when `is_error`.
    pub(crate) fn push(&self, line: String, is_error: bool) {
        if is_error {
            self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n") + "\n"
    }

    fn take_errors(&self) -> Vec<String> {
        std::mem::take(&mut self.errors.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Files that the browser saves: each in the folder under the browser's id for it, by which it says when all of it
/// is there. The file itself is there before its bytes are.
#[derive(Default)]
struct Downloads {
    /// Suggested names by id.
    begun: HashMap<String, String>,
    complete: Vec<String>,
}

impl Downloads {
    /// The id of a whole file whose name ends with `ending`.
    fn find(&self, ending: &str) -> Option<&String> {
        let named = |id: &&String| self.begun.get(*id).is_some_and(|name| name.ends_with(ending));
        self.complete.iter().find(named)
    }
}

/// A browser, and the relay its visitors come to.
pub struct Visit {
    browser: Browser,
    events: JoinHandle<()>,
    relay: Running,
    console: Console,
    tabs: Mutex<Vec<Tab>>,
    downloads: watch::Receiver<Downloads>,
    folder: TempDir,
    abilities: Abilities,
}

impl Visit {
    async fn start(setup: Setup) -> Result<Self> {
        let abilities = setup.abilities;
        let folder = tempfile::tempdir()?;
        let profile = folder.path().join("profile");
        if !abilities.storage {
            // The setting "Block all cookies", which blocks every other kind of storage with them.
            let settings = r#"{"profile":{"default_content_setting_values":{"cookies":2}}}"#;
            fs::create_dir_all(profile.join("Default"))?;
            fs::write(profile.join("Default/Preferences"), settings)?;
        }
        let mut config = Config::default();
        config.assets = Some(if setup.scripted {
            scripted_pages(&setup.pages, &folder.path().join("pages"))?
        } else if let Some(script) = setup.first {
            pages_with(script, &setup.pages, &folder.path().join("pages"))?
        } else {
            setup.pages
        });
        if setup.webrtc_direct {
            config.webrtc_direct_listen = vec!["/ip4/127.0.0.1/udp/0/webrtc-direct".parse()?];
        }
        let relay = Relay::bind(config).await?;

        // chromiumoxide adds the dashes; with dashes of its own a flag is dropped without a word.
        let mut arguments = vec![
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
            "no-first-run",
            "disable-backgrounding-occluded-windows",
            "disable-renderer-backgrounding",
            "disable-background-timer-throttling",
        ];
        arguments.extend(setup.switches);
        if !abilities.wasm_simd {
            arguments.push("js-flags=--no-enable-sse4-1");
        }
        match abilities.webgpu {
            WebGpu::Software => arguments.extend(["enable-unsafe-webgpu", "use-webgpu-adapter=swiftshader"]),
            WebGpu::Off => arguments.push("disable-blink-features=WebGPU"),
        }
        let mut config = BrowserConfig::builder()
            .new_headless_mode()
            .no_sandbox()
            .window_size(WINDOW.0, WINDOW.1)
            .viewport(None)
            .user_data_dir(profile)
            .launch_timeout(BROWSER_TIMEOUT)
            .request_timeout(BROWSER_TIMEOUT)
            .args(arguments);
        if let Some(program) = env::var_os("CHROMIUM") {
            config = config.chrome_executable(program);
        }
        let config = config.build().map_err(|reason| anyhow!("no Chromium: {reason}"))?;
        let (browser, mut handler) = Browser::launch(config).await.context("could not start Chromium")?;
        // Ends with the browser. A message that this library does not know is no fault of the page.
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        let downloads = watch_downloads(&browser, &folder.path().join("downloads")).await?;
        let (console, tabs) = (Console::default(), Mutex::default());
        Ok(Self { browser, events, relay, console, tabs, downloads, folder, abilities })
    }

    /// A new tab on `path` of the relay, loaded.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub async fn open(&self, path: &str) -> Result<Tab> {
        self.open_at(None, &self.url(path)).await
    }

    /// A new tab of another visitor on `path` of the relay, loaded.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub async fn newcomer(&self, path: &str) -> Result<Tab> {
        self.open_at(Some(&self.visitor().await?), &self.url(path)).await
    }

    /// One more visitor, who has never been here.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn visitor(&self) -> Result<Visitor> {
        Ok(Visitor(self.browser.create_browser_context(CreateBrowserContextParams::default()).await?))
    }

    /// A new tab of `visitor`, or of the first one, on `url`, loaded. It is a window of its own, for a browser hides
    /// what lies under another tab.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub async fn open_at(&self, visitor: Option<&Visitor>, url: &str) -> Result<Tab> {
        let mut target = CreateTargetParams::builder().url("about:blank").new_window(true);
        if let Some(Visitor(context)) = visitor {
            target = target.browser_context_id(context.clone());
        }
        let target = target.build().map_err(|reason| anyhow!(reason))?;
        let page = self.browser.new_page(target).await?;
        let number = self.tabs.lock().unwrap_or_else(PoisonError::into_inner).len();
        let tab = Tab::watch(page, number, self.console.clone()).await?;
        self.tabs.lock().unwrap_or_else(PoisonError::into_inner).push(tab.clone());
        if let Some(script) = self.abilities.script() {
            tab.before_each_page(&script).await?;
        }
        tab.go(url).await?;
        Ok(tab)
    }

    /// The relay.
    #[must_use]
    pub fn relay(&self) -> &Running {
        &self.relay
    }

    /// Ends the process that talks to the GPU, as a driver that crashes does.
    ///
    /// # Errors
    /// When the browser does not take the command.
    pub async fn crash_gpu(&self) -> Result<()> {
        self.browser.execute(CrashGpuProcessParams::default()).await?;
        Ok(())
    }

    /// The address of `path` at the relay. Browsers trust the name localhost as they trust https.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.relay.http_addr().port())
    }

    /// A folder for the test's own files, removed after the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until the browser has saved all of a file whose name ends with `ending`, and returns its path.
    ///
    /// # Errors
    /// When none is there after three minutes.
    pub async fn downloaded(&self, ending: &str) -> Result<PathBuf> {
        let mut downloads = self.downloads.clone();
        let saved = downloads.wait_for(|downloads| downloads.find(ending).is_some());
        let saved = tokio::time::timeout(BROWSER_TIMEOUT, saved)
            .await
            .with_context(|| format!("the browser saved no file ending with {ending}"))??;
        let id = saved.find(ending).context("a saved file was forgotten")?;
        Ok(self.folder.path().join("downloads").join(id))
    }

    /// Takes the errors that the tabs' consoles show so far; a test that provokes some takes them before its end.
    pub async fn take_errors(&self) -> Vec<String> {
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        futures::future::join_all(tabs.iter().map(Tab::settle)).await;
        self.console.take_errors()
    }

    async fn save_artifacts(&self, name: &str, reason: &str) -> Result<PathBuf> {
        let folder = root().join("target/artifacts").join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("console.log"), self.console.text())?;
        fs::write(folder.join("failure.txt"), reason)?;
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (index, tab) in tabs.iter().enumerate() {
            // A tab that has crashed or was closed has no picture; the log says why.
            let _ = tab.screenshot(&folder.join(format!("tab-{index}.png"))).await;
        }
        Ok(folder)
    }

    async fn end(mut self) -> Result<()> {
        self.browser.close().await?;
        self.browser.wait().await?;
        self.events.abort();
        self.relay.stop().await?;
        Ok(())
    }
}

/// Has `browser` save files into `folder`, and listens to what it says of them.
async fn watch_downloads(browser: &Browser, folder: &Path) -> Result<watch::Receiver<Downloads>> {
    let (known, downloads) = watch::channel(Downloads::default());
    let mut begins = browser.event_listener::<EventDownloadWillBegin>().await?;
    let mut progress = browser.event_listener::<EventDownloadProgress>().await?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(begun) = begins.next() => known.send_modify(|known| {
                    known.begun.insert(begun.guid.clone(), begun.suggested_filename.clone());
                }),
                Some(now) = progress.next() => if now.state == DownloadProgressState::Completed {
                    known.send_modify(|known| known.complete.push(now.guid.clone()));
                },
                else => return,
            }
        }
    });
    browser
        .execute(
            SetDownloadBehaviorParams::builder()
                .behavior(SetDownloadBehaviorBehavior::AllowAndName)
                .download_path(folder.display().to_string())
                .events_enabled(true)
                .build()
                .map_err(|reason| anyhow!(reason))?,
        )
        .await?;
    Ok(downloads)
}

/// Copies the page without what is built into `to`, and puts the stand-ins of `tests/pages` in place.
fn scripted_pages(page: &Path, to: &Path) -> Result<PathBuf> {
    fs::create_dir_all(to.join("pkg"))?;
    copy_folder(page, to)?;
    let stand_ins = root().join("tests/pages");
    fs::copy(stand_ins.join("scripted-worker.js"), to.join("worker.js"))?;
    fs::copy(stand_ins.join("scripted-window.js"), to.join("pkg/abraham_window.js"))?;
    Ok(to.to_owned())
}

/// Copies the page into `to`, with a worker that runs `script` first.
fn pages_with(script: &str, page: &Path, to: &Path) -> Result<PathBuf> {
    fs::create_dir_all(to.join("pkg"))?;
    copy_folder(page, to)?;
    for entry in fs::read_dir(page.join("pkg"))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join("pkg").join(entry.file_name()))?;
    }
    // Imports of a module are run before it, in their order.
    let worker = to.join("worker.js");
    fs::write(to.join("first.js"), script)?;
    let text = fs::read_to_string(&worker)?;
    fs::write(worker, format!("import \"./first.js\";\n{text}"))?;
    Ok(to.to_owned())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), target)?;
        } else if name != "node_modules" && name != "pkg" {
            fs::create_dir_all(&target)?;
            copy_folder(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Runs `test`, named `name`, with a relay and a browser as in `setup`, and cleans up after it, whatever comes of it.
///
/// # Errors
/// What `test` returned, or the errors in the browser's console, with the place of the artifacts.
pub async fn visit(
    name: &str,
    setup: impl Into<Setup>,
    test: impl AsyncFnOnce(&Visit) -> Result<()>,
) -> Result<()> {
    let visit = Visit::start(setup.into()).await?;
    let mut failure = test(&visit).await.err().map(|error| format!("{error:#}"));
    let errors = visit.take_errors().await;
    if !errors.is_empty() {
        let text = failure.get_or_insert_default();
        let _ = write!(text, "\nthe console shows errors:\n  {}", errors.join("\n  "));
    }
    let failure = match failure {
        None => None,
        Some(reason) => {
            let place = visit.save_artifacts(name, &reason).await;
            let place =
                place.map_or_else(|error| format!("none: {error}"), |folder| folder.display().to_string());
            Some(format!("{reason}\nartifacts: {place}"))
        }
    };
    let ended = visit.end().await;
    match failure {
        Some(reason) => bail!(reason),
        None => ended,
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pages that are libp2p peers.
fn peer_pages() -> PathBuf {
    root().join("target/test-pages")
}
