//! Two tabs on one studio.

use abraham_tests::{WebGpu, selector, visit};
use anyhow::Result;

use crate::{awake, wake};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_tab_says_that_the_first_has_it_and_takes_over_when_it_is_free() -> Result<()> {
    visit("the_second_tab_says_that_the_first_has_it", WebGpu::Off, async |visit| {
        let first = wake(visit, "/").await?;
        let second = visit.open("/").await?;
        second.click(&selector("wake")).await?;
        second.reads(&selector("welcome-error"), "another tab").await?;
        first.close().await?;
        second.click(&selector("wake")).await?;
        awake(&second).await
    })
    .await
}
