//! One tab in a browser that is not Chromium: Firefox by WebDriver BiDi, which it speaks itself, and WebKitGTK by
//! classic WebDriver, through the program that comes with it.

mod bidi;
mod process;
mod webdriver;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    PAGE_TIMEOUT,
    browser::root,
    tab::{can_be_clicked, quote},
};

use self::{bidi::Firefox, webdriver::WebKit};

/// How often the page is asked.
const TICK: Duration = Duration::from_millis(100);
/// What an expression is sent in, so that its value comes back as text that every browser means the same by.
const WRAP: [&str; 2] = ["(async () => JSON.stringify((await (", ")) ?? null))()"];

/// Which browser, and how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherBrowser {
    /// Firefox as it comes.
    Firefox,
    /// Firefox that resists fingerprinting: among others, it gives pages noise for a canvas's pixels.
    ResistantFirefox,
    /// WebKitGTK's MiniBrowser.
    WebKit,
}

/// One tab in a browser of its own, with an empty profile.
pub struct OtherTab {
    driver: Driver,
    folder: TempDir,
}

enum Driver {
    Firefox(Firefox),
    WebKit(WebKit),
}

impl OtherTab {
    /// Starts `browser`.
    ///
    /// # Errors
    /// When it is not on this machine or does not start.
    pub async fn start(browser: OtherBrowser) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let driver = match browser {
            OtherBrowser::Firefox => Driver::Firefox(Firefox::start(folder.path(), false).await?),
            OtherBrowser::ResistantFirefox => Driver::Firefox(Firefox::start(folder.path(), true).await?),
            OtherBrowser::WebKit => Driver::WebKit(WebKit::start(folder.path()).await?),
        };
        Ok(Self { driver, folder })
    }

    /// A folder for the test's own files, removed with the tab.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Loads `url`.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn go(&self, url: &str) -> Result<()> {
        let loaded = match &self.driver {
            Driver::Firefox(firefox) => firefox.go(url).await,
            Driver::WebKit(webkit) => webkit.go(url).await,
        };
        loaded.with_context(|| format!("could not load {url}"))
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn reload(&self) -> Result<()> {
        let loaded = match &self.driver {
            Driver::Firefox(firefox) => firefox.reload().await,
            Driver::WebKit(webkit) => webkit.reload().await,
        };
        loaded.context("could not reload")
    }

    /// The value of a JavaScript expression in the page; a promise is waited for.
    ///
    /// # Errors
    /// When the expression throws or rejects, or its value is no `T`.
    pub async fn value<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        let wrapped = format!("{}{expression}{}", WRAP[0], WRAP[1]);
        let text = match &self.driver {
            Driver::Firefox(firefox) => firefox.text(&wrapped).await,
            Driver::WebKit(webkit) => webkit.text(&wrapped).await,
        };
        let text = text.with_context(|| format!("in the page: {expression}"))?;
        serde_json::from_str(&text).with_context(|| format!("the value of {expression}: {text}"))
    }

    /// Waits until a JavaScript expression is true, or a promise that comes true.
    ///
    /// # Errors
    /// When it is not true after three minutes; names what was waited for and what the page says then.
    pub async fn until(&self, what: &str, expression: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PAGE_TIMEOUT;
        let mut ticks = tokio::time::interval(TICK);
        while tokio::time::Instant::now() < deadline {
            ticks.tick().await;
            // A page that is just being left or loaded has no answer.
            if self
                .value::<bool>(&format!("Promise.resolve({expression}).then(Boolean)"))
                .await
                .unwrap_or(false)
            {
                return Ok(());
            }
        }
        let says: Value =
            self.value("document.getElementById('main')?.innerText ?? document.body.innerText").await?;
        bail!(
            "waited {} s for: {what}\nthe page says:\n{}",
            PAGE_TIMEOUT.as_secs(),
            says.as_str().unwrap_or_default()
        )
    }

    /// Waits until an element for `selector` is there and can be seen.
    ///
    /// # Errors
    /// When it cannot be seen after three minutes.
    pub async fn sees(&self, selector: &str) -> Result<()> {
        self.until(&format!("{selector} can be seen"), &seen(selector)).await
    }

    /// Waits until no element for `selector` can be seen.
    ///
    /// # Errors
    /// When one can still be seen after three minutes.
    pub async fn no_longer_sees(&self, selector: &str) -> Result<()> {
        self.until(&format!("{selector} can no longer be seen"), &format!("!{}", seen(selector))).await
    }

    /// Waits until the text that can be seen in `selector` contains `text`, whatever its capitals.
    ///
    /// # Errors
    /// When it does not after three minutes.
    pub async fn reads(&self, selector: &str, text: &str) -> Result<()> {
        let (quoted, wanted) = (quote(selector), quote(&text.to_lowercase()));
        self.until(
            &format!("{selector} to say \"{text}\""),
            &format!(
                "[...document.querySelectorAll({quoted})].some((found) => found.innerText.toLowerCase().includes({wanted}))"
            ),
        )
        .await
    }

    /// Clicks on the first element for `selector` with the mouse, once it can be seen and used.
    ///
    /// # Errors
    /// When it cannot be met within three minutes.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PAGE_TIMEOUT;
        loop {
            self.until(&format!("{selector} can be clicked"), &can_be_clicked(selector)).await?;
            let clicked = match &self.driver {
                Driver::Firefox(firefox) => firefox.click(selector).await,
                Driver::WebKit(webkit) => webkit.click(selector).await,
            };
            // It may have moved or gone between the look and the click. A page that was left cannot be asked any
            // more: it was met.
            let missed = self.value("globalThis.missed === true").await.unwrap_or(false);
            if clicked.is_ok() && !missed {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                clicked.with_context(|| format!("could not click {selector}"))?;
                bail!("every click on {selector} met something else");
            }
        }
    }

    /// Gives `files` to the file input for `selector`, as the file dialog does.
    ///
    /// # Errors
    /// When there is no such input.
    pub async fn choose(&self, selector: &str, files: &[PathBuf]) -> Result<()> {
        let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        match &self.driver {
            Driver::Firefox(firefox) => firefox.choose(selector, &files).await,
            Driver::WebKit(webkit) => webkit.choose(selector, &files).await,
        }
    }

    /// Closes the browser. When `failure` is one, what the browser shows and said is saved under `name` first.
    ///
    /// # Errors
    /// That failure, with the place of the artifacts; or an error that the page's console shows.
    pub async fn end(mut self, name: &str, outcome: Result<()>) -> Result<()> {
        let outcome = outcome.and_then(|()| match &self.driver {
            Driver::Firefox(firefox) => firefox.console_is_clean(),
            // WebDriver does not tell what its console shows.
            Driver::WebKit(_) => Ok(()),
        });
        let Err(error) = outcome else { return self.driver.close().await };
        let folder = root().join("target/artifacts").join(name);
        let saved = self.save_artifacts(&folder).await.err().map(|error| format!("none: {error:#}"));
        // It failed already.
        let _ = self.driver.close().await;
        Err(error.context(format!("artifacts: {}", saved.unwrap_or_else(|| folder.display().to_string()))))
    }

    async fn save_artifacts(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let (png, log) = match &self.driver {
            Driver::Firefox(firefox) => (firefox.screenshot().await, firefox.log()),
            Driver::WebKit(webkit) => (webkit.screenshot().await, webkit.log()),
        };
        fs::write(folder.join("console.log"), log)?;
        fs::write(folder.join("tab-0.png"), png?)?;
        Ok(())
    }
}

impl Driver {
    async fn close(&mut self) -> Result<()> {
        match self {
            Self::Firefox(firefox) => firefox.close().await,
            Self::WebKit(webkit) => webkit.close().await,
        }
    }
}

fn seen(selector: &str) -> String {
    format!("[...document.querySelectorAll({})].some((found) => found.checkVisibility())", quote(selector))
}
