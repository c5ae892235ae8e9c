//! What the page is before anything runs, and how it looks: narrow and wide, light and dark, by keyboard.

use abraham_tests::{WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::wake;

#[tokio::test(flavor = "multi_thread")]
async fn the_gallery_is_there_before_any_wasm_within_its_budget_and_from_this_relay_only() -> Result<()> {
    visit("the_gallery_is_there_before_any_wasm", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        tab.sees(&selector("wall-main")).await?;
        tab.until("the first picture to be painted", "document.getElementById('wall-main').naturalWidth > 0")
            .await?;
        let fetched = tab.transferred().await?;
        let origin = visit.url("");
        for (address, _) in &fetched {
            ensure!(address.starts_with(&origin), "the page fetched {address}");
            ensure!(
                !address.contains(".wasm") && !address.contains("/pkg/"),
                "{address} was fetched before a click"
            );
        }
        let bytes: f64 = fetched.iter().map(|(_, bytes)| bytes).sum();
        ensure!(bytes <= 60_000.0, "{bytes} bytes before the gallery stands: {fetched:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_a_phone_in_light_and_dark() -> Result<()> {
    visit("nothing_is_wider_than_a_phone", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        let fits = "document.documentElement.scrollWidth <= innerWidth";
        for awake in [false, true] {
            if awake {
                tab.click(&selector("wake")).await?;
                crate::awake(&tab).await?;
            }
            for (width, height, mobile) in crate::SCREENS {
                tab.resize(width, height, mobile).await?;
                for scheme in ["light", "dark"] {
                    tab.prefer(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")])
                        .await?;
                    let what = format!("the page to fit {width} pixels, {scheme}, awake: {awake}");
                    tab.until(&what, fits).await?;
                }
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_artist_is_woken_by_keyboard_and_the_focus_follows() -> Result<()> {
    visit("the_artist_is_woken_by_keyboard", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        for _ in 0..40 {
            tab.press("Tab").await?;
            if tab.value::<bool>("document.activeElement?.id === 'wake'").await? {
                break;
            }
        }
        ensure!(
            tab.value::<bool>("document.activeElement?.id === 'wake'").await?,
            "Tab does not reach the button"
        );
        tab.press("Enter").await?;
        crate::awake(&tab).await?;
        tab.until(
            "the focus to be in the studio",
            "document.getElementById('studio').contains(document.activeElement)",
        )
        .await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_a_name_and_every_picture_a_description() -> Result<()> {
    visit("every_control_has_a_name", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let nameless: Vec<String> = tab
            .value(
                "[...document.querySelectorAll('button, a[href], input, img, canvas, dialog')]
                    .filter((found) => found.checkVisibility())
                    .filter((found) => !(found.innerText?.trim() || found.ariaLabel || found.getAttribute('aria-labelledby')
                        || found.labels?.length || found.alt || found.title || found.querySelector('img[alt]:not([alt=\"\"])')))
                    .map((found) => found.outerHTML.slice(0, 120))",
            )
            .await?;
        ensure!(nameless.is_empty(), "without a name: {nameless:?}");
        Ok(())
    })
    .await
}
