//! From nothing to a kept piece, and everything still there after a reload.

use std::fs;

use abraham_tests::{Tab, Visit, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::{FILES, PICTURES, ROUND, awake, flags, learned, pause, provenance::found, wake};

#[tokio::test(flavor = "multi_thread")]
async fn teach_paint_keep_reload_delete_on_the_processor() -> Result<()> {
    visit("teach_paint_keep_reload_delete_on_the_processor", WebGpu::Off, async |visit| {
        whole_visit(visit, "/?webgpu=off", "the processor").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn teach_paint_keep_reload_delete_on_webgpu() -> Result<()> {
    visit("teach_paint_keep_reload_delete_on_webgpu", WebGpu::Software, async |visit| {
        whole_visit(visit, "/?webgpu=on", "swiftshader").await
    })
    .await
}

async fn whole_visit(visit: &Visit, path: &str, backend: &str) -> Result<()> {
    let tab = wake(visit, path).await?;
    tab.reads(&selector("backend"), backend).await?;
    let genesis: String = tab.value("document.getElementById('genesis').title").await?;
    ensure!(genesis.len() == 64, "the genesis id is {genesis:?}");

    tab.choose(&selector("teach-files"), &flags(visit, 24)?).await?;
    tab.reads(&selector("yours"), "24 pictures").await?;
    learned(&tab, 3).await?;
    tab.until("the batch to show more than one colour", COLOURS).await?;
    tab.reads("#exchanged", "B").await?;
    pause(&tab).await?;

    tab.click(&selector("paint")).await?;
    tab.sees(&selector("easel-image")).await?;
    tab.click(&selector("keep")).await?;
    tab.sees(&found("intact")).await?;
    tab.sees(&selector("download-json")).await?;
    check_downloads(visit, &tab, &genesis).await?;
    tab.click(&selector("easel-close")).await?;
    tab.sees(&selector("piece")).await?;
    let round: usize = tab.value(ROUND).await?;

    tab.reload().await?;
    tab.sees(&selector("returning")).await?;
    tab.click(&selector("wake")).await?;
    awake(&tab).await?;
    tab.sees(&selector("piece")).await?;
    let again: String = tab.value("document.getElementById('genesis').title").await?;
    ensure!(again == genesis, "another artist woke: {again}, not {genesis}");
    // The worker says both a moment after the artist is awake.
    tab.until("all rounds to be back", &format!("{ROUND} >= {round}")).await?;
    tab.until("all pictures to be back", &format!("{PICTURES} === 24")).await?;
    learned(&tab, round + 1).await?;
    pause(&tab).await?;

    tab.click(&format!("{} button", selector("piece"))).await?;
    tab.sees(&found("intact")).await?;
    tab.reads(&selector("easel-check"), "signed by the tab that painted it, checked here").await?;
    tab.click(&selector("delete")).await?;
    tab.sees(&selector("pieces-none")).await?;
    tab.no_longer_sees(&selector("piece")).await?;

    tab.click(&selector("forget")).await?;
    tab.click(&selector("sure-yes")).await?;
    tab.no_longer_sees(&selector("yours")).await?;
    tab.value::<bool>(LEAVE_OLDER_FILES).await?;
    tab.click(&selector("reset")).await?;
    tab.click(&selector("sure-yes")).await?;
    tab.sees(&selector("wake")).await?;
    let left: Vec<String> = tab.value(FILES).await?;
    ensure!(left.is_empty(), "these files outlived the artist: {left:?}");
    tab.reload().await?;
    tab.sees(&selector("wake")).await?;
    tab.no_longer_sees(&selector("returning")).await?;
    tab.click(&selector("wake")).await?;
    awake(&tab).await?;
    let other: String = tab.value("document.getElementById('genesis').title").await?;
    ensure!(other != genesis, "the deleted artist is back");
    Ok(())
}

/// Leaves files as another version might have done: in the artist's folder, below it, and beside it.
const LEAVE_OLDER_FILES: &str = "(async () => {
    const top = await navigator.storage.getDirectory();
    const artist = await top.getDirectoryHandle('abraham');
    await artist.getFileHandle('studio-painter-0.safetensors', { create: true });
    const below = await artist.getDirectoryHandle('below', { create: true });
    for (const folder of [below, top]) await folder.getFileHandle('left', { create: true });
    await top.getFileHandle('pictures-64.rgba', { create: true });
    return true;
})()";

/// Whether the canvas of the batch shows more than one colour.
const COLOURS: &str = "(() => {
    const canvas = document.getElementById('batch');
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 16;
})()";

/// Downloads the kept piece and its record and looks into both.
async fn check_downloads(visit: &Visit, tab: &Tab, genesis: &str) -> Result<()> {
    tab.click(&selector("download-png")).await?;
    let picture = fs::read(visit.downloaded(".png").await?)?;
    let said = |text: &[u8]| picture.windows(text.len()).any(|bytes| bytes == text);
    ensure!(said(b"digitalsourcetype/trainedAlgorithmicMedia"), "the picture does not say what made it");
    ensure!(said(b"abraham-provenance"), "the picture does not carry its record");
    let picture = image::load_from_memory(&picture)?;
    ensure!(
        (picture.width(), picture.height()) == (32, 32),
        "the picture is {}×{}",
        picture.width(),
        picture.height()
    );
    tab.click(&selector("download-json")).await?;
    let record: serde_json::Value = serde_json::from_slice(&fs::read(visit.downloaded(".json").await?)?)?;
    let piece = &record["piece"];
    ensure!(piece["artist"] == genesis, "the record names {} as the artist", piece["artist"]);
    ensure!(piece["round"].as_u64() >= Some(3), "the record says round {}", piece["round"]);
    let signatures = record["signatures"].as_array().map_or(0, Vec::len);
    ensure!(signatures == 1, "{signatures} signed what one tab painted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clicks_teach_the_flags_and_stop_frees_the_studio() -> Result<()> {
    visit("two_clicks_teach_the_flags_and_stop_frees_the_studio", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        tab.click(&selector("teach-demo")).await?;
        tab.reads(&selector("yours"), "261 pictures").await?;
        learned(&tab, 2).await?;
        tab.click("label:has([data-testid=throttle-full])").await?;
        learned(&tab, 4).await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("returning")).await?;
        tab.until_async(
            "the stopped studio to give back its lock",
            "navigator.locks.query().then((locks) => locks.held.length === 0)",
        )
        .await
    })
    .await
}
