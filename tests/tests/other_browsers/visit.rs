//! Open, teach, learn, paint, keep, reload, delete.

use abraham_tests::{OtherBrowser, OtherTab, Pictures, RelayHere, selector};
use anyhow::{Result, ensure};

/// Pictures taught: a few more than the artist wants.
const TAUGHT: usize = 20;
/// How far a level may be from what the file says: browsers round differently where they scale.
const TOLERANCE: u8 = 3;

/// The number of the last round that the page shows.
const ROUND: &str = "Number(document.getElementById('round').textContent.replaceAll(',', ''))";
/// The number of pictures taught that the page shows.
const PICTURES: &str = "Number(document.getElementById('pictures').textContent.replaceAll(',', ''))";
/// The pixel at the centre of each taught picture, as it is on the device: tiles of 32×32 RGBA.
const CENTRES: &str = "navigator.storage.getDirectory()
    .then((folder) => folder.getFileHandle('pictures-32.rgba'))
    .then((handle) => handle.getFile())
    .then((file) => file.arrayBuffer())
    .then((bytes) => Array.from({ length: bytes.byteLength / 4096 },
        (_, at) => [...new Uint8Array(bytes, at * 4096 + 4 * (16 * 32 + 16), 3)]))";

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_visit_in_firefox() -> Result<()> {
    with(OtherBrowser::Firefox, "a_whole_visit_in_firefox", async |tab, relay| {
        whole_visit(tab, relay, Keeps::OnTheDevice).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_visit_in_firefox_that_resists_fingerprinting() -> Result<()> {
    let name = "a_whole_visit_in_firefox_that_resists_fingerprinting";
    with(OtherBrowser::ResistantFirefox, name, async |tab, relay| {
        whole_visit(tab, relay, Keeps::OnTheDevice).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_visit_in_webkit_which_keeps_nothing_and_says_so() -> Result<()> {
    with(OtherBrowser::WebKit, "a_whole_visit_in_webkit", async |tab, relay| {
        whole_visit(tab, relay, Keeps::InMemory).await
    })
    .await
}

/// Where a browser lets the page keep the artist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    OnTheDevice,
    InMemory,
}

/// Runs `test` with a relay and one tab of `browser`, and cleans up after it, whatever comes of it.
async fn with(
    browser: OtherBrowser,
    name: &str,
    test: impl AsyncFnOnce(&OtherTab, &RelayHere) -> Result<()>,
) -> Result<()> {
    let relay = RelayHere::start().await?;
    let tab = OtherTab::start(browser).await?;
    let outcome = test(&tab, &relay).await;
    tab.end(name, outcome).await?;
    relay.stop().await
}

async fn whole_visit(tab: &OtherTab, relay: &RelayHere, keeps: Keeps) -> Result<()> {
    tab.go(&relay.url("/?webgpu=off")).await?;
    wake(tab).await?;
    let genesis: String = tab.value("document.getElementById('genesis').title").await?;
    ensure!(genesis.len() == 64, "the genesis id is {genesis:?}");
    let in_memory = format!(
        "document.getElementById('storage').classList.contains('bad') === {}",
        keeps == Keeps::InMemory
    );
    tab.until("the page to say where the artist is kept", &in_memory).await?;

    let flags = Pictures::new(tab.folder(), "pictures")?.flags(TAUGHT)?;
    tab.choose(&selector("teach-files"), &flags).await?;
    tab.reads(&selector("yours"), &format!("{TAUGHT} pictures")).await?;
    if keeps == Keeps::OnTheDevice {
        taught_as_they_are(tab).await?;
    }
    tab.click("label:has([data-testid=throttle-full])").await?;
    learned(tab, 2).await?;
    pause(tab).await?;

    tab.click(&selector("paint")).await?;
    tab.sees(&selector("easel-image")).await?;
    tab.click(&selector("keep")).await?;
    if keeps == Keeps::InMemory {
        tab.reads("#main", "does not let the site store anything").await?;
        return nothing_is_back(tab, &genesis).await;
    }
    tab.sees(&selector("download-png")).await?;
    tab.click(&selector("easel-close")).await?;
    tab.sees(&selector("piece")).await?;
    let round: usize = tab.value(ROUND).await?;

    tab.reload().await?;
    tab.sees(&selector("returning")).await?;
    wake(tab).await?;
    tab.sees(&selector("piece")).await?;
    tab.until(
        "the same artist at the same round",
        &format!("document.getElementById('genesis').title === '{genesis}' && {ROUND} >= {round} && {PICTURES} === {TAUGHT}"),
    )
    .await?;
    pause(tab).await?;

    tab.click(&format!("{} button", selector("piece"))).await?;
    tab.click(&selector("delete")).await?;
    tab.sees(&selector("pieces-none")).await?;
    tab.click(&selector("forget")).await?;
    tab.click(&selector("sure-yes")).await?;
    tab.no_longer_sees(&selector("yours")).await?;
    tab.click(&selector("reset")).await?;
    tab.click(&selector("sure-yes")).await?;
    tab.sees(&selector("wake")).await?;
    tab.reload().await?;
    tab.sees(&selector("wake")).await?;
    tab.no_longer_sees(&selector("returning")).await
}

/// Loads the page again where nothing could be stored: nothing is left, and nothing is promised.
async fn nothing_is_back(tab: &OtherTab, genesis: &str) -> Result<()> {
    tab.reload().await?;
    tab.sees(&selector("wake")).await?;
    tab.no_longer_sees(&selector("returning")).await?;
    wake(tab).await?;
    let other: String = tab.value("document.getElementById('genesis').title").await?;
    ensure!(other != genesis, "what was in memory only is back");
    Ok(())
}

/// Wakes the artist and waits until it can be taught.
async fn wake(tab: &OtherTab) -> Result<()> {
    tab.click(&selector("wake")).await?;
    tab.until(
        "the artist to be awake",
        "!document.getElementById('studio').hidden && !document.getElementById('teach-demo').disabled",
    )
    .await
}

async fn learned(tab: &OtherTab, rounds: usize) -> Result<()> {
    tab.until(&format!("round {rounds}"), &format!("{ROUND} >= {rounds}")).await
}

/// Pauses learning and waits until nothing is computed any more.
async fn pause(tab: &OtherTab) -> Result<()> {
    tab.click(&format!("{}[data-action=pause]", selector("run"))).await?;
    tab.until(
        "the round in progress to end",
        "document.getElementById('phase-text').textContent.startsWith('Paused')",
    )
    .await
}

/// What the artist learns from is what is in the files; or the page says that this browser hides it.
async fn taught_as_they_are(tab: &OtherTab) -> Result<()> {
    tab.until(
        "the pictures to be kept",
        &format!("{CENTRES}.then((found) => found.length === {TAUGHT}, () => false)"),
    )
    .await?;
    let centres: Vec<[u8; 3]> = tab.value(CENTRES).await?;
    let wrong = centres.iter().enumerate().find(|(index, found)| {
        let wanted = Pictures::flag_colour(*index, 1);
        found.iter().zip(wanted).any(|(found, wanted)| found.abs_diff(wanted) > TOLERANCE)
    });
    let Some((index, found)) = wrong else { return Ok(()) };
    let says: String = tab.value("document.getElementById('main').innerText").await?;
    ensure!(
        says.contains("hides") && says.contains("pixels"),
        "picture {index} is taught as {found:?}, not {:?}, and nothing is said of it",
        Pictures::flag_colour(index, 1)
    );
    Ok(())
}
