//! The harness itself: a page loads from the relay, and a fault in the console fails the test.

use abraham_tests::{WebGpu, visit};
use anyhow::{Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_relay_loads_without_errors() -> Result<()> {
    visit("a_file_of_the_relay_loads_without_errors", WebGpu::Off, async |visit| {
        let tab = visit.open("/demo/flags.json").await?;
        let names: Vec<String> =
            tab.value("fetch('/demo/flags.json').then((it) => it.json()).then((it) => it.names)").await?;
        ensure!(names.len() == 270, "{} names", names.len());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_console_fails_a_test() -> Result<()> {
    let failed = visit("an_error_in_the_console_fails_a_test", WebGpu::Off, async |visit| {
        let tab = visit.open("/demo/flags.json").await?;
        tab.value::<()>("void console.error('on purpose')").await
    })
    .await;
    let reason = format!("{:#}", failed.err().unwrap_or_else(|| anyhow::anyhow!("nothing failed")));
    ensure!(reason.contains("on purpose"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_software_adapter_is_there_when_asked_for_and_only_then() -> Result<()> {
    for (webgpu, wanted) in [(WebGpu::Software, true), (WebGpu::Off, false)] {
        visit("the_software_adapter_is_there_when_asked_for", webgpu, async |visit| {
            let tab = visit.open("/demo/flags.json").await?;
            let found: bool = tab.value("(async () => !!(await navigator.gpu?.requestAdapter()))()").await?;
            ensure!(found == wanted, "with {webgpu:?}, an adapter is there: {found}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
