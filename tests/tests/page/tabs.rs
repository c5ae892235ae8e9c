//! Two tabs on one studio.

use abraham_tests::{WebGpu, selector, visit};
use anyhow::Result;

use crate::wake;

#[tokio::test(flavor = "multi_thread")]
async fn the_second_tab_says_that_the_first_has_the_studio_and_takes_over_when_it_is_free() -> Result<()> {
    visit("the_second_tab_says_that_the_first_has_it", WebGpu::Off, async |visit| {
        let first = wake(visit, "/").await?;
        let second = wake(visit, "/").await?;
        second.reads(&selector("elsewhere"), "open in another tab").await?;
        first.close().await?;
        second.no_longer_sees(&selector("elsewhere")).await?;
        second.until("the studio to be here", "!document.getElementById('reset').hidden").await
    })
    .await
}
