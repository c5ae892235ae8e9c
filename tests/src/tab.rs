//! One tab: what a visitor sees and does in it.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use chromiumoxide::{
    Page,
    cdp::{
        browser_protocol::{
            dom::SetFileInputFilesParams,
            emulation::{
                MediaFeature, SetDeviceMetricsOverrideParams, SetLocaleOverrideParams,
                SetTimezoneOverrideParams,
            },
            input::{DispatchDragEventParams, DispatchDragEventType, DragData, DragDataItem},
            log::{EventEntryAdded, LogEntryLevel},
            network::{EmulateNetworkConditionsByRuleParams, NetworkConditions, OverrideNetworkStateParams},
            page::{
                AddScriptToEvaluateOnNewDocumentParams, CaptureScreenshotFormat, CrashParams,
                SetWebLifecycleStateParams, SetWebLifecycleStateState,
            },
            storage::OverrideQuotaForOriginParams,
        },
        js_protocol::runtime::{
            ConsoleApiCalledType, EvaluateParams, EventConsoleApiCalled, EventExceptionThrown,
        },
    },
    page::ScreenshotParams,
};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::{
    PAGE_TIMEOUT,
    browser::{Console, root},
};

/// How long a page may take to say a word before it counts as gone: one that was killed says nothing.
const ALIVE: Duration = Duration::from_secs(5);

/// What a page is made to say in its console, so that all that it said before has come.
const LAST_WORD: &str = "that was all until now";

/// The CSS selector of the element that the page marks with `data-testid="…"`.
#[must_use]
pub fn selector(test_id: &str) -> String {
    format!("[data-testid=\"{test_id}\"]")
}

/// What a call of the console says.
fn words_of(call: &EventConsoleApiCalled) -> String {
    let words: Vec<String> = call
        .args
        .iter()
        .map(|value| match (&value.value, &value.description) {
            (Some(serde_json::Value::String(text)), _) => text.clone(),
            (Some(value), _) => value.to_string(),
            (None, description) => description.clone().unwrap_or_default(),
        })
        .collect();
    words.join(" ")
}

fn exception_in_words(thrown: &EventExceptionThrown) -> String {
    let details = &thrown.exception_details;
    let what = details.exception.as_ref().and_then(|value| value.description.clone());
    let place = details.url.clone().unwrap_or_default();
    let what = what.unwrap_or_else(|| details.text.clone());
    format!("uncaught at {place}:{}: {what}", details.line_number + 1)
}

/// Whether the first element for `selector` can be seen and used, and is where it was at the last look: where it moves, as
/// while a page loads, a click would meet something else. Then `missed` is set until a click meets it.
pub(crate) fn can_be_clicked(selector: &str) -> String {
    format!(
        "(() => {{ const found = document.querySelector({selector});
          if (!found?.checkVisibility() || found.disabled || found.getAttribute('aria-disabled') === 'true') return false;
          found.scrollIntoView({{ block: 'center', behavior: 'instant' }});
          const {{ x, y }} = found.getBoundingClientRect();
          const before = found.seenAt;
          found.seenAt = `${{x}},${{y}}`;
          if (before !== found.seenAt) return false;
          globalThis.missed = true;
          found.addEventListener('click', () => {{ delete globalThis.missed; }}, {{ once: true, capture: true }});
          return true; }})()",
        selector = quote(selector)
    )
}

/// One tab of a [`crate::Visit`].
#[derive(Clone)]
pub struct Tab {
    page: Page,
    /// Changes when the console has [`LAST_WORD`].
    settled: watch::Receiver<()>,
}

impl Tab {
    /// Takes `page` and writes its console into `console` from now on, as that of tab `number`.
    pub(crate) async fn watch(page: Page, number: usize, console: Console) -> Result<Self> {
        let mut calls = page.event_listener::<EventConsoleApiCalled>().await?;
        let mut exceptions = page.event_listener::<EventExceptionThrown>().await?;
        let mut entries = page.event_listener::<EventEntryAdded>().await?;
        page.enable_runtime().await?;
        page.enable_log().await?;
        let (says, settled) = watch::channel(());
        tokio::spawn(async move {
            loop {
                // What was thrown or logged before the last word is taken before it.
                tokio::select! {
                    biased;
                    Some(thrown) = exceptions.next() => {
                        console.push(format!("tab {number} {}", exception_in_words(&thrown)), true);
                    }
                    Some(added) = entries.next() => {
                        let entry = &added.entry;
                        let place = entry.url.clone().unwrap_or_default();
                        let (source, level) = (entry.source.as_ref(), entry.level.as_ref());
                        let line = format!("tab {number} {source} {level}: {} {place}", entry.text);
                        console.push(line, entry.level == LogEntryLevel::Error);
                    }
                    Some(call) = calls.next() => {
                        let words = words_of(&call);
                        if words == LAST_WORD {
                            says.send_replace(());
                            continue;
                        }
                        let kind = call.r#type.as_ref();
                        let is_error =
                            matches!(call.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert);
                        console.push(format!("tab {number} console.{kind}: {words}"), is_error);
                    }
                    else => return,
                }
            }
        });
        Ok(Self { page, settled })
    }

    /// Waits until all that the page has said until now is in its console; not for a page that is gone.
    pub(crate) async fn settle(&self) {
        let mut settled = self.settled.clone();
        settled.mark_unchanged();
        let word = EvaluateParams::new(format!("console.debug({})", quote(LAST_WORD)));
        if let Ok(Ok(_)) = tokio::time::timeout(ALIVE, self.page.execute(word)).await {
            // The page may have gone meanwhile.
            let _ = tokio::time::timeout(ALIVE, settled.changed()).await;
        }
    }

    /// Runs `script` in every page of this tab from now on, before the page's own scripts.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn before_each_page(&self, script: &str) -> Result<()> {
        self.page.execute(AddScriptToEvaluateOnNewDocumentParams::new(script)).await?;
        Ok(())
    }

    /// Loads `url` and waits until its scripts have been loaded.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.page.goto(url).await.with_context(|| format!("could not load {url}"))?;
        Ok(())
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn reload(&self) -> Result<()> {
        self.page.reload().await.context("could not reload")?;
        Ok(())
    }

    /// Goes back in the tab's history to `url`, a page that the browser shows as it was or loads again.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn back_to(&self, url: &str) -> Result<()> {
        self.page.execute(EvaluateParams::new("history.back()")).await?;
        let shown = async {
            loop {
                // Between two pages there is nothing to ask.
                let asked = self.page.execute(EvaluateParams::new("location.href")).await;
                if asked.is_ok_and(|found| found.result.result.value.is_some_and(|value| value == url)) {
                    return;
                }
            }
        };
        tokio::time::timeout(PAGE_TIMEOUT, shown)
            .await
            .with_context(|| format!("{url} is not shown again"))?;
        // A page that is shown as it was has the context that it had, which chromiumoxide has forgotten.
        self.page.disable_runtime().await?;
        self.page.enable_runtime().await?;
        Ok(())
    }

    /// The value of a JavaScript expression in the page; a promise is waited for.
    ///
    /// # Errors
    /// When the expression throws or rejects, or its value is no `T`.
    pub async fn value<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        let parameters = EvaluateParams::builder()
            .expression(expression)
            .await_promise(true)
            .return_by_value(true)
            // As after a click: some of the page's doors open only for a person.
            .user_gesture(true)
            .build()
            .map_err(|reason| anyhow!(reason))?;
        let result = self
            .page
            .evaluate_expression(parameters)
            .await
            .with_context(|| format!("in the page: {expression}"))?;
        // An expression without a value, such as a call of click(), has the value null.
        let value = result.value().cloned().unwrap_or(serde_json::Value::Null);
        serde_json::from_value(value).with_context(|| format!("the value of {expression}"))
    }

    /// Address and bytes on the wire, heads included, of everything that the page has fetched so far.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn transferred(&self) -> Result<Vec<(String, f64)>> {
        self.value(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                .map((entry) => [entry.name, entry.transferSize])",
        )
        .await
    }

    /// Waits until a JavaScript expression is true, looking whenever the document changes and ten times a second.
    ///
    /// # Errors
    /// When it is not true in time; names what was waited for and what the page says then.
    pub async fn until(&self, what: &str, expression: &str) -> Result<()> {
        let wait = format!(
            "new Promise((resolve) => {{
                let timer, end;
                const observer = new MutationObserver(() => look());
                const finish = (value) => {{
                    observer.disconnect(); clearInterval(timer); clearTimeout(end); resolve(value);
                }};
                const look = () => {{ if ({expression}) finish(true); }};
                observer.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
                timer = setInterval(look, 100);
                end = setTimeout(() => finish(false), {});
                look();
            }})",
            PAGE_TIMEOUT.as_millis()
        );
        if self.value::<bool>(&wait).await.with_context(|| format!("while waiting for: {what}"))? {
            return Ok(());
        }
        let text: String =
            self.value("document.getElementById('main')?.innerText ?? document.body.innerText").await?;
        bail!("waited {} s for: {what}\nthe page says:\n{text}", PAGE_TIMEOUT.as_secs())
    }

    /// Waits until a JavaScript expression, which is a promise, comes true, asking ten times a second.
    ///
    /// # Errors
    /// When it is not true in time, or as soon as it rejects.
    pub async fn until_async(&self, what: &str, promise: &str) -> Result<()> {
        let wait = format!(
            "(async () => {{
                for (const start = performance.now(); performance.now() - start < {};) {{
                    if (await ({promise})) return true;
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }}
                return false;
            }})()",
            PAGE_TIMEOUT.as_millis()
        );
        if self.value::<bool>(&wait).await.with_context(|| format!("while waiting for: {what}"))? {
            return Ok(());
        }
        bail!("waited {} s for: {what}", PAGE_TIMEOUT.as_secs())
    }

    /// Waits until an element for `selector` is there and can be seen.
    ///
    /// # Errors
    /// When it cannot be seen in time.
    pub async fn sees(&self, selector: &str) -> Result<()> {
        let quoted = quote(selector);
        self.until(
            &format!("{selector} can be seen"),
            &format!("[...document.querySelectorAll({quoted})].some((found) => found.checkVisibility())"),
        )
        .await
    }

    /// Waits until no element for `selector` can be seen.
    ///
    /// # Errors
    /// When one can still be seen in time.
    pub async fn no_longer_sees(&self, selector: &str) -> Result<()> {
        let quoted = quote(selector);
        self.until(
            &format!("{selector} can no longer be seen"),
            &format!("![...document.querySelectorAll({quoted})].some((found) => found.checkVisibility())"),
        )
        .await
    }

    /// Waits until the text that can be seen in `selector` contains `text`, whatever its capitals.
    ///
    /// # Errors
    /// When it does not in time.
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

    /// The text that can be seen in the first element for `selector`.
    ///
    /// # Errors
    /// When there is no such element.
    pub async fn text(&self, selector: &str) -> Result<String> {
        self.value(&format!("document.querySelector({}).innerText", quote(selector))).await
    }

    /// Clicks with the mouse on the middle of the first element for `selector`, once it can be seen and used.
    ///
    /// # Errors
    /// When it cannot be seen and used in time, or every click for as long met something else.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PAGE_TIMEOUT;
        loop {
            self.until(&format!("{selector} can be clicked"), &can_be_clicked(selector)).await?;
            let clicked = self.click_now(selector).await;
            // It may have moved or been replaced between the look and the click. A page that was left cannot be
            // asked any more: it was met.
            let missed = self.value("globalThis.missed === true").await.unwrap_or(false);
            if clicked.is_ok() && !missed {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                clicked.with_context(|| format!("could not click {selector}"))?;
                bail!("for {} s every click on {selector} met something else", PAGE_TIMEOUT.as_secs());
            }
        }
    }

    async fn click_now(&self, selector: &str) -> Result<()> {
        self.page.find_element(selector).await?.click().await?;
        Ok(())
    }

    /// Presses a key, such as `Tab` or `Enter`, as the keyboard does.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn press(&self, key: &str) -> Result<()> {
        let focused = self.page.find_element("body").await?;
        focused.press_key(key).await.with_context(|| format!("could not press {key}"))?;
        Ok(())
    }

    /// Gives `files` to the file input for `selector`, as the file dialog does.
    ///
    /// # Errors
    /// When there is no such input.
    pub async fn choose(&self, selector: &str, files: &[impl AsRef<Path>]) -> Result<()> {
        let element = self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?;
        let files = files.iter().map(|path| path.as_ref().display().to_string());
        let parameters = SetFileInputFilesParams::builder()
            .files(files)
            .backend_node_id(element.backend_node_id)
            .build()
            .map_err(|reason| anyhow!(reason))?;
        self.page.execute(parameters).await.context("could not choose the files")?;
        Ok(())
    }

    /// Drops `files`, which may be folders, on the middle of the first element for `selector`.
    ///
    /// # Errors
    /// When there is no such element.
    pub async fn drop_on(&self, selector: &str, files: &[impl AsRef<Path>]) -> Result<()> {
        let element = self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?;
        let point = element.scroll_into_view().await?.clickable_point().await?;
        let data = DragData {
            // The browser wants this list, and the library leaves out an empty one.
            items: vec![DragDataItem::new("text/plain", "files")],
            files: Some(files.iter().map(|path| path.as_ref().display().to_string()).collect()),
            drag_operations_mask: 1,
        };
        for step in
            [DispatchDragEventType::DragEnter, DispatchDragEventType::DragOver, DispatchDragEventType::Drop]
        {
            self.page.execute(DispatchDragEventParams::new(step, point.x, point.y, data.clone())).await?;
        }
        Ok(())
    }

    /// Drops something that is no file on the middle of the first element for `selector`: a text for each MIME type.
    ///
    /// # Errors
    /// When there is no such element.
    pub async fn drop_data_on(&self, selector: &str, items: &[(&str, &str)]) -> Result<()> {
        let element = self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?;
        let point = element.scroll_into_view().await?.clickable_point().await?;
        let items = items.iter().map(|(mime, text)| DragDataItem::new(*mime, *text)).collect();
        let data = DragData { items, files: None, drag_operations_mask: 1 };
        for step in
            [DispatchDragEventType::DragEnter, DispatchDragEventType::DragOver, DispatchDragEventType::Drop]
        {
            self.page.execute(DispatchDragEventParams::new(step, point.x, point.y, data.clone())).await?;
        }
        Ok(())
    }

    /// Cuts this tab off from every server, or lets it reach them again.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn cut_off(&self, offline: bool) -> Result<()> {
        let everywhere = NetworkConditions::new("", 0.0, -1.0, -1.0);
        self.page.execute(EmulateNetworkConditionsByRuleParams::new(offline, vec![everywhere])).await?;
        // What the page is told of it.
        self.page.execute(OverrideNetworkStateParams::new(offline, 0.0, -1.0, -1.0)).await?;
        Ok(())
    }

    /// What axe-core, which `cargo xtask` installs, finds wrong with what the tab shows, in a line for each.
    ///
    /// # Errors
    /// When axe-core is not installed or does not run.
    pub async fn violations(&self) -> Result<Vec<String>> {
        let script = root().join("web/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(&script).with_context(|| format!("no {}", script.display()))?;
        self.value::<()>(&format!("void (globalThis.axe ??= (() => {{ {axe}; return globalThis.axe; }})())"))
            .await?;
        self.value(
            "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(
                ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`)))",
        )
        .await
    }

    /// Lets this site store `bytes` bytes from now on, or as many as it likes.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn limit_storage(&self, bytes: Option<u32>) -> Result<()> {
        let mut parameters =
            OverrideQuotaForOriginParams::builder().origin(self.value::<String>("origin").await?);
        if let Some(bytes) = bytes {
            parameters = parameters.quota_size(f64::from(bytes));
        }
        self.page.execute(parameters.build().map_err(|reason| anyhow!(reason))?).await?;
        Ok(())
    }

    /// Makes the tab `width` × `height` CSS pixels, as on a phone when `mobile`.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, width: u32, height: u32, mobile: bool) -> Result<()> {
        self.page
            .execute(SetDeviceMetricsOverrideParams::new(i64::from(width), i64::from(height), 1.0, mobile))
            .await?;
        Ok(())
    }

    /// Puts the visitor into another language and time zone, such as `ar-EG` and `Pacific/Kiritimati`.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn is_at(&self, locale: &str, timezone: &str) -> Result<()> {
        self.page.execute(SetLocaleOverrideParams::builder().locale(locale).build()).await?;
        self.page.execute(SetTimezoneOverrideParams::new(timezone)).await?;
        Ok(())
    }

    /// Sets what the visitor prefers, such as `("prefers-color-scheme", "dark")`.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        let features = features.iter().map(|(name, value)| MediaFeature::new(*name, *value)).collect();
        self.page.emulate_media_features(features).await?;
        Ok(())
    }

    /// Writes what the tab shows as a PNG.
    ///
    /// # Errors
    /// When the tab has crashed or the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let parameters = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
        let png = tokio::time::timeout(PAGE_TIMEOUT, self.page.screenshot(parameters))
            .await
            .context("no picture in time")??;
        fs::write(path, png).with_context(|| format!("could not write {}", path.display()))
    }

    /// Kills the process that runs the page: it gets to say nothing to anyone.
    pub fn kill(&self) {
        let page = self.page.clone();
        // What is dead does not answer.
        tokio::spawn(async move { page.execute(CrashParams::default()).await.map(drop) });
    }

    /// Stops the page's timers and events, or lets them go on, as browsers do with tabs that nobody looks at.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn freeze(&self, frozen: bool) -> Result<()> {
        let state =
            if frozen { SetWebLifecycleStateState::Frozen } else { SetWebLifecycleStateState::Active };
        self.page.execute(SetWebLifecycleStateParams::new(state)).await?;
        Ok(())
    }

    /// Closes the tab, as a visitor does: the page may still act on it.
    ///
    /// # Errors
    /// When it was closed already.
    pub async fn close(self) -> Result<()> {
        self.page.close().await?;
        Ok(())
    }
}

/// `text` as a JavaScript string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
