//! Browsers that cannot or will not do what the artist would like.

use abraham_tests::{Abilities, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::{PICTURES, ROUND, flags, learned, pause, wake};

#[tokio::test(flavor = "multi_thread")]
async fn webgpu_that_is_wanted_and_missing_is_said_and_the_artist_still_learns() -> Result<()> {
    visit("webgpu_that_is_wanted_and_missing_is_said", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/?webgpu=on").await?;
        tab.reads(&selector("backend"), "the processor").await?;
        let why = tab.text(&format!("{} small", selector("backend"))).await?;
        ensure!(!why.is_empty(), "the page does not say why it computes on the processor");
        tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
        learned(&tab, 1).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_gpu_is_said_and_the_same_artist_goes_on_on_the_processor() -> Result<()> {
    visit("a_crashed_gpu_is_said", WebGpu::Software, async |visit| {
        let tab = wake(visit, "/?webgpu=on").await?;
        tab.reads(&selector("backend"), "swiftshader").await?;
        tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
        learned(&tab, 1).await?;
        let genesis: String = tab.value("document.getElementById('genesis').title").await?;
        visit.crash_gpu().await?;
        tab.reads(&selector("backend"), "the processor").await?;
        tab.reads(&selector("backend"), "stopped responding").await?;
        let round: usize = tab.value(ROUND).await?;
        learned(&tab, round + 1).await?;
        let again: String = tab.value("document.getElementById('genesis').title").await?;
        ensure!(again == genesis, "another artist woke");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_without_simd_is_told_what_is_missing() -> Result<()> {
    let abilities = Abilities { wasm_simd: false, ..WebGpu::Off.into() };
    visit("a_processor_without_simd", abilities, async |visit| {
        let tab = visit.open("/").await?;
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("welcome-error"), "WebAssembly SIMD").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_stores_nothing_still_has_an_artist_while_the_tab_is_open() -> Result<()> {
    let abilities = Abilities { storage: false, ..WebGpu::Off.into() };
    visit("a_browser_that_stores_nothing", abilities, async |visit| {
        let tab = wake(visit, "/").await?;
        tab.until(
            "the page to say that nothing is saved",
            "document.getElementById('storage').classList.contains('bad')",
        )
        .await?;
        tab.choose(&selector("teach-files"), &flags(visit, 20)?).await?;
        learned(&tab, 2).await?;
        tab.until("all pictures to be counted", &format!("{PICTURES} === 20")).await?;
        pause(&tab).await
    })
    .await
}
