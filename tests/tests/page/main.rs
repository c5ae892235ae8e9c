//! What a visitor does on the page, from the first visit on.

mod bad_input;
mod browsers;
mod cases;
mod collective;
mod first_visit;
mod look;
mod manners;
mod provenance;
mod storage;
mod tabs;
mod weather;
mod windows;

use std::path::PathBuf;

use abraham_tests::{Pictures, Tab, Visit, selector};
use anyhow::{Result, bail};

/// Screens that the page must fit: width and height in CSS pixels, and whether it is a phone.
const SCREENS: [(u32, u32, bool); 5] =
    [(320, 640, true), (390, 844, true), (740, 900, false), (1280, 800, false), (2560, 1300, false)];

/// Opens the page at `path` and wakes the artist.
async fn wake(visit: &Visit, path: &str) -> Result<Tab> {
    let tab = visit.open(path).await?;
    tab.click(&selector("wake")).await?;
    awake(&tab).await?;
    Ok(tab)
}

/// Waits until the artist is awake and can be taught.
async fn awake(tab: &Tab) -> Result<()> {
    let error = "document.getElementById('welcome-error')";
    tab.until(
        "the artist to be awake",
        &format!(
            "!{error}.hidden
                || (!document.getElementById('studio').hidden && !document.getElementById('teach-demo').disabled)"
        ),
    )
    .await?;
    let reason: Option<String> = tab.value(&format!("{error}.hidden ? null : {error}.innerText")).await?;
    reason.map_or(Ok(()), |reason| bail!("the artist does not wake: {reason}"))
}

/// Waits until the artist has learned `rounds` rounds at least. Each has the patience of a whole wait: in software, a
/// round may take a minute.
async fn learned(tab: &Tab, rounds: usize) -> Result<()> {
    let known: usize = tab.value(&format!("{ROUND} || 0")).await?;
    for round in known..=rounds {
        tab.until(&format!("round {round}"), &format!("{ROUND} >= {round}")).await?;
    }
    Ok(())
}

/// Pauses learning and waits until nothing is computed any more.
async fn pause(tab: &Tab) -> Result<()> {
    tab.click(&format!("{}[data-action=pause]", selector("run"))).await?;
    tab.until("learning to be paused", "document.getElementById('phase').dataset.phase === 'paused'").await?;
    tab.until(
        "the round in progress to end",
        "document.getElementById('phase-text').textContent.startsWith('Paused')",
    )
    .await
}

/// `count` small flags in the visit's own folder.
fn flags(visit: &Visit, count: usize) -> Result<Vec<PathBuf>> {
    Pictures::new(visit.folder(), "pictures")?.flags(count)
}

/// The number of the last round that the page shows.
const ROUND: &str = "Number(document.getElementById('round').textContent.replaceAll(',', ''))";

/// The number of pictures taught that the page shows.
const PICTURES: &str = "Number(document.getElementById('pictures').textContent.replaceAll(',', ''))";

/// Paths of all files in the site's private storage.
const FILES: &str = "(async () => {
    const files = [];
    const walk = async (folder, path) => {
        for await (const [name, entry] of folder.entries()) {
            if (entry.kind === 'directory') await walk(entry, `${path}${name}/`);
            else files.push(path + name);
        }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return files;
})()";
