//! Measures what only a browser can tell, one JSON object a line: `cargo xtask bench` runs it. With an argument only
//! `page`, `links` or `collective`.

mod collective;
mod links;

use std::env;

use abraham_tests::{Tab, WebGpu, selector, visit};
use anyhow::Result;

/// Rounds before the clock starts: the first ones still compile and allocate.
const WARM_UP: usize = 4;
/// Rounds that are timed.
const TIMED: usize = 20;

#[tokio::main]
async fn main() -> Result<()> {
    let only = env::args().nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("page") {
        page().await?;
    }
    if wanted("links") {
        links::measure().await?;
    }
    if wanted("collective") {
        collective::measure().await?;
    }
    Ok(())
}

async fn page() -> Result<()> {
    visit("measure", WebGpu::Off, async |visit| {
        let tab = visit.open("/?webgpu=off").await?;
        tab.until("the gallery to be seen", "document.getElementById('wall-main').naturalWidth > 0").await?;
        let bytes: f64 = tab.transferred().await?.iter().map(|(_, bytes)| bytes).sum();
        row("page_first_paint_bytes", bytes, "bytes");
        row("ring_matmul512_gmacs_wasm", matmul(&tab).await?, "GMAC/s");
        row("solo_rounds_per_s", rounds_per_second(&tab).await?, "rounds/s");
        Ok(())
    })
    .await
}

/// The middle one of `values`.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn row(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": value, "unit": unit }));
}

/// Ring multiply-adds a second of a 512³ product in the browser's wasm, in 10⁹.
async fn matmul(tab: &Tab) -> Result<f64> {
    tab.value(
        "import('/pkg/abraham_client.js').then(async (module) => {
            await module.default();
            return module.measureMatmul(512, 5);
        })",
    )
    .await
}

/// Learning rounds a second of the studio at full throttle, taught the demo set, with all that the page does beside.
async fn rounds_per_second(tab: &Tab) -> Result<f64> {
    tab.click(&selector("wake")).await?;
    tab.click(&selector("teach-demo")).await?;
    tab.click("label:has([data-testid=throttle-full])").await?;
    let round = "Number(document.getElementById('round').textContent.replaceAll(',', ''))";
    tab.until("the warm-up to end", &format!("{round} >= {WARM_UP}")).await?;
    // The clock starts and stops as a round's number appears, so that no part of a round is counted.
    let seconds: f64 = tab
        .value(&format!(
            "new Promise((resolve) => {{
                const begun = {round} + 1;
                let start = null;
                new MutationObserver((_, observer) => {{
                    if (start === null && {round} >= begun) start = performance.now();
                    if ({round} < begun + {TIMED}) return;
                    observer.disconnect();
                    resolve((performance.now() - start) / 1000);
                }}).observe(document.getElementById('round'), {{childList: true, characterData: true, subtree: true}});
            }})"
        ))
        .await?;
    Ok(TIMED as f64 / seconds)
}
