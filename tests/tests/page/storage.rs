//! Storage that does what every store must, that is full, and an artist on the device that is damaged.

use abraham_tests::{Setup, Tab, WebGpu, selector, visit};
use anyhow::{Result, ensure};
use serde::de::DeserializeOwned;

use crate::{FILES, awake, flags, learned, pause, wake};

/// Every file of the site's private storage with more than ten thousand bytes, which the painters' shares have:
/// calls `change` on its bytes and writes them back; the value is the number of files.
const CHANGE_FILES: &str = "(async (change) => {
    let changed = 0;
    const walk = async (folder) => {
        for await (const entry of folder.values()) {
            if (entry.kind === 'directory') { await walk(entry); continue; }
            const bytes = new Uint8Array(await (await entry.getFile()).arrayBuffer());
            if (bytes.length < 10000) continue;
            const writer = await entry.createWritable();
            await writer.write(change(bytes));
            await writer.close();
            changed += 1;
        }
    };
    await walk(await navigator.storage.getDirectory());
    return changed;
})";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_said_and_the_artist_lives_on_in_memory() -> Result<()> {
    visit("a_full_storage_is_said", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        tab.limit_storage(Some(100_000)).await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
        tab.until(
            "the page to say that nothing is saved",
            "document.getElementById('storage').classList.contains('bad')",
        )
        .await?;
        learned(&tab, 2).await?;
        pause(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_artist_is_refused_kept_and_can_be_replaced() -> Result<()> {
    visit("a_damaged_artist_is_refused", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
        learned(&tab, 1).await?;
        let genesis: String = tab.value("document.getElementById('genesis').title").await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;

        let flip = "((bytes) => { bytes[bytes.length >> 1] ^= 1; return bytes; })";
        let changed: usize = tab.value(&format!("{CHANGE_FILES}({flip})")).await?;
        ensure!(changed > 0, "nothing was saved");
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("welcome-error"), "damaged").await?;
        tab.sees(&selector("start-over")).await?;

        // Nothing was deleted or half loaded: with the same bit flipped back the same artist wakes.
        let repaired: usize = tab.value(&format!("{CHANGE_FILES}({flip})")).await?;
        ensure!(repaired == changed, "{changed} files were damaged and {repaired} are left");
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        let again: String = tab.value("document.getElementById('genesis').title").await?;
        ensure!(again == genesis, "another artist woke");
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;

        tab.value::<usize>(&format!("{CHANGE_FILES}((bytes) => bytes.slice(0, 100))")).await?;
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("welcome-error"), "damaged").await?;
        tab.click(&selector("start-over")).await?;
        tab.click(&selector("sure-yes")).await?;
        tab.no_longer_sees(&selector("welcome-error")).await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await
    })
    .await
}

/// Does with the worker's module what it is told, for files can be written in workers only.
const STORE_WORKER: &str = "if (self.name === 'store') {
    onmessage = async ({ data: [name, ...parameters] }) => {
        try {
            const module = await import('./pkg/abraham_client.js');
            await module.default();
            postMessage({ value: (await module[name](...parameters)) ?? null });
        } catch (error) {
            postMessage({ error: String(error) });
        }
    };
}";

/// What a function of the module returns in a worker.
async fn in_worker<T: DeserializeOwned>(tab: &Tab, call: &str) -> Result<T> {
    let asked = format!(
        "new Promise((resolve, reject) => {{
            const worker = new Worker('/first.js', {{ type: 'module', name: 'store' }});
            worker.onerror = (event) => reject(new Error(event.message));
            worker.onmessage = ({{ data }}) => {{
                worker.terminate();
                if ('error' in data) reject(new Error(data.error)); else resolve(data.value);
            }};
            worker.postMessage({call});
        }})"
    );
    tab.value(&asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn this_browsers_storage_passes_every_case_that_a_store_must() -> Result<()> {
    let setup = Setup::from(WebGpu::Off).first(STORE_WORKER);
    visit("this_browsers_storage_passes_every_case", setup, async |visit| {
        let tab = visit.open("/").await?;
        let passed: Vec<String> = in_worker(&tab, "['checkStorage']").await?;
        ensure!(passed.len() > 5, "only {passed:?} were tried");
        // What lies there without a file takes room, too: the browser's own tables of the files that were.
        let taken: u32 = tab.value("(async () => (await navigator.storage.estimate()).usage)()").await?;
        // Chromium asks for a mebibyte of room for the shortest file that is written to by a handle.
        let room: u32 = 4 << 20;
        tab.limit_storage(Some(taken + room)).await?;
        in_worker::<Option<()>>(&tab, &format!("['checkFullStorage', {room}]")).await?;
        let left: Vec<String> = tab.value(FILES).await?;
        ensure!(left.is_empty(), "these files are left: {left:?}");
        Ok(())
    })
    .await
}
