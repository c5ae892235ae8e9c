//! What the visitor's windows share on one device, and what the browser keeps of it.

use abraham_tests::{Setup, Tab, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::{PICTURES, ROUND, awake, flags, learned, pause, wake};

/// Bytes of taught pictures that lie on the device.
const ON_SHELF: &str = "navigator.storage.getDirectory().then((top) => top.getFileHandle('pictures-32.rgba'))
    .then((handle) => handle.getFile()).then(({ size }) => size, () => 0)";

async fn on_shelf(tab: &Tab) -> Result<u64> {
    Ok(tab.value::<u64>(ON_SHELF).await? / 4096)
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_share_their_pictures_and_forget_them_together() -> Result<()> {
    visit("windows_share_their_pictures", WebGpu::Off, async |visit| {
        let files = flags(visit, 21)?;
        let first = wake(visit, "/").await?;
        first.choose(&selector("teach-files"), &files[..20]).await?;
        learned(&first, 1).await?;

        // What a second window is taught is kept, and taught by the first one, too.
        let second = wake(visit, "/").await?;
        second.reads(&selector("yours"), "20 pictures").await?;
        second.choose(&selector("teach-files"), &files[20..]).await?;
        second.reads(&selector("yours"), "21 pictures").await?;
        first.until("the first window to have it", &format!("{PICTURES} === 21")).await?;
        second.close().await?;
        ensure!(on_shelf(&first).await? == 21, "the second window's picture is not on this device");

        // What a second window forgets is gone: from the device, and from the first window, which stops learning.
        let third = wake(visit, "/").await?;
        third.reads(&selector("yours"), "21 pictures").await?;
        third.click(&selector("forget")).await?;
        third.reads(&selector("sure"), "every window").await?;
        third.click(&selector("sure-yes")).await?;
        third.reads(&selector("toast"), "forgotten").await?;
        ensure!(on_shelf(&third).await? == 0, "pictures are left on the device");
        first.until("the first window to have none", &format!("{PICTURES} === 0")).await?;
        first.reads(&selector("toast"), "another window").await?;
        first.until("it to stop learning", "document.getElementById('phase').dataset.phase === 'idle'").await?;
        first.no_longer_sees(&selector("yours")).await?;
        first.no_longer_sees(&selector("trouble")).await?;
        let round: usize = first.value(ROUND).await?;

        // And it learns again from what it is taught then, by any window, and from nothing else.
        third.choose(&selector("teach-files"), &files[..17]).await?;
        first.until("the first window to have them", &format!("{PICTURES} === 17")).await?;
        first.click(&selector("run")).await?;
        learned(&first, round + 1).await?;

        // The artist is deleted in one window, and its pictures in all.
        first.click(&selector("reset")).await?;
        first.click(&selector("sure-yes")).await?;
        first.reads(&selector("welcome-said"), "nothing of them is left").await?;
        third.until("the other window to have none", "document.getElementById('yours').hidden").await?;
        third.close().await?;
        let left: Vec<String> = first
            .value(
                "(async () => {
                    const names = [];
                    const walk = async (folder) => {
                        for await (const entry of folder.values()) {
                            if (entry.kind === 'directory') await walk(entry); else names.push(entry.name);
                        }
                    };
                    await walk(await navigator.storage.getDirectory());
                    const workers = await navigator.serviceWorker.getRegistrations();
                    return [...names, ...Object.keys(localStorage), ...(await caches.keys()), ...workers.map(String)];
                })()",
            )
            .await?;
        ensure!(left.is_empty(), "what is left: {left:?}");
        Ok(())
    })
    .await
}

/// Counts how often the page asks the browser to keep its storage, and answers no.
const REFUSE_TO_PERSIST: &str = "globalThis.wishes = 0;
    StorageManager.prototype.persisted = async () => false;
    StorageManager.prototype.persist = async () => { wishes += 1; return false; };";

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_amid_teaching_or_by_a_link_finds_the_artist_and_what_was_read() -> Result<()> {
    visit("who_leaves_amid_teaching", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let files = flags(visit, 200)?;
        // Not all, so that there are some to be taught after the reload, however many were kept.
        tab.choose(&selector("teach-files"), &files[..150]).await?;
        tab.until_async(
            "some to be kept while others are read",
            &format!("{ON_SHELF}.then((bytes) => bytes > 0)"),
        )
        .await?;
        tab.reload().await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        let kept = on_shelf(&tab).await?;
        ensure!(kept > 0, "what was kept is gone");
        tab.until("what was kept to be back", &format!("{PICTURES} === {kept}")).await?;

        let genesis: String = tab.value("document.getElementById('genesis').title").await?;
        tab.choose(&selector("teach-files"), &files).await?;

        // Another page at once, while what reads pictures is fetched, and back: a browser shows the page as it was, and
        // the lesson goes on, or loads it anew.
        tab.go(&visit.url("/healthz")).await?;
        tab.back_to(&visit.url("/")).await?;
        tab.until(
            "the page to be back",
            "['studio', 'returning'].some((id) => document.getElementById(id)?.checkVisibility())",
        )
        .await?;
        if tab.value::<bool>("document.getElementById('studio').hidden").await? {
            tab.click(&selector("wake")).await?;
            awake(&tab).await?;
            tab.choose(&selector("teach-files"), &files).await?;
        }
        tab.until("all to be taught", &format!("{PICTURES} === 200")).await?;
        awake(&tab).await?;
        ensure!(tab.value::<String>("document.getElementById('genesis').title").await? == genesis);
        tab.reads(&selector("standing"), "first one here").await?;
        // A page that is put aside loses its connections, and Chromium says so.
        let errors = visit.take_errors().await;
        ensure!(errors.iter().all(|line| line.contains("Back-Forward Cache")), "{errors:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_keeps_promises_and_removes_is_told() -> Result<()> {
    visit("what_the_browser_keeps", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        tab.before_each_page(REFUSE_TO_PERSIST).await?;
        tab.reload().await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.reads("[data-testid=drop-zone]", "never seen a picture").await?;
        let files = flags(visit, 20)?;
        tab.choose(&selector("teach-files"), &files[..1]).await?;
        tab.reads(&selector("teach-missing"), "15 more pictures").await?;
        tab.no_longer_sees(&selector("trouble")).await?;
        tab.choose(&selector("teach-files"), &files[1..]).await?;
        learned(&tab, 2).await?;
        tab.reads(&selector("storage-stays"), "promises nothing").await?;
        ensure!(tab.value::<usize>("wishes").await? == 1, "the browser was not asked once");
        pause(&tab).await?;
        let genesis: String = tab.value("document.getElementById('genesis').title").await?;
        let round: usize = tab.value(ROUND).await?;

        // Kept, and greeted, without the note: the artist itself is what counts.
        tab.value::<()>("localStorage.clear()").await?;
        tab.reload().await?;
        tab.reads(&selector("returning"), "on this device").await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        ensure!(
            tab.value::<String>("document.getElementById('genesis').title").await? == genesis,
            "another artist"
        );
        ensure!(tab.value::<usize>(ROUND).await? >= round, "not as it was saved");
        pause(&tab).await?;
        tab.click(&selector("stop")).await?;
        tab.reads(&selector("returning"), "your artist is here").await?;

        // A file of the last save is gone: the one before it wakes, and says so.
        tab.value::<()>(
            "(async () => {
                const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('abraham');
                const current = await (await (await folder.getFileHandle('current')).getFile()).text();
                await folder.removeEntry(`${current}-painter-2.safetensors`);
            })()",
        )
        .await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.reads(&selector("told"), "the one before it").await?;
        ensure!(
            tab.value::<String>("document.getElementById('genesis').title").await? == genesis,
            "another artist"
        );
        tab.click(&selector("stop")).await?;
        tab.reads(&selector("returning"), "your artist is here").await?;

        // The browser removes everything: the greeting and the studio say so.
        tab.value::<()>(
            "(async () => {
                const top = await navigator.storage.getDirectory();
                for await (const name of top.keys()) await top.removeEntry(name, { recursive: true });
            })()",
        )
        .await?;
        tab.reload().await?;
        tab.reads(&selector("returning"), "no longer on this device").await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.reads(&selector("told"), "this is a new one").await?;
        ensure!(
            tab.value::<String>("document.getElementById('genesis').title").await? != genesis,
            "the same artist"
        );
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_refuses_its_private_files_keeps_the_artist_in_memory_and_promises_nothing()
-> Result<()> {
    let refusing = "StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('No.', 'UnknownError'));";
    visit(
        "a_browser_that_refuses_its_private_files",
        Setup::from(WebGpu::Off).first(refusing),
        async |visit| {
            let tab = wake(visit, "/").await?;
            tab.until(
                "the page to say that nothing is saved",
                "document.getElementById('storage').classList.contains('bad')",
            )
            .await?;
            tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
            tab.reads(&selector("yours-unsaved"), "20 of them are in this tab only").await?;
            tab.reads(&selector("trouble"), "memory only").await?;
            learned(&tab, 1).await?;
            ensure!(
                tab.value::<bool>("localStorage.getItem('abraham-artist') === null").await?,
                "something was promised"
            );
            tab.click(&selector("forget")).await?;
            tab.click(&selector("sure-yes")).await?;
            tab.reads(&selector("toast"), "forgotten").await?;
            tab.reload().await?;
            tab.reads(&selector("wake"), "donate this tab").await
        },
    )
    .await
}
