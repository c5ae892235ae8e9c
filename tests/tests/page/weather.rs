//! Bad weather: addresses, browsers, servers and networks that do not give the page what it needs. Each has a sentence
//! of its own, and none sounds as if the page were broken.

use abraham_tests::{Answer, Between, Setup, Tab, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::awake;

/// Presses the button, and waits for a sentence with `text` in it, and none about a fault of the program.
async fn refused(tab: &Tab, text: &str) -> Result<()> {
    tab.click(&selector("wake")).await?;
    tab.reads(&selector("welcome-error"), text).await?;
    let said = tab.text(&selector("welcome-error")).await?;
    ensure!(!said.contains("went wrong in the program"), "the page says: {said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_browser_and_server_that_will_not_do_has_its_own_sentence() -> Result<()> {
    let setup = Setup::from(WebGpu::Off).with("host-resolver-rules=MAP abraham.test 127.0.0.1");
    visit("each_address_browser_and_server", setup, async |visit| {
        let plain = visit.open_at(None, &visit.url("/").replace("localhost", "abraham.test")).await?;
        refused(&plain, "not secure").await?;
        plain.reads(&selector("welcome-error"), "https://abraham.test").await?;
        plain.close().await?;

        // Under a prefix and on another port, as behind a proxy.
        let between = Between::start(visit.relay().http_addr(), "/abraham/").await?;
        between.answers("gallery.json", Answer::Status(500));
        let visitor = visit.visitor().await?;
        let tab = visit.open_at(Some(&visitor), &between.url()).await?;
        tab.reads(&selector("wall"), "nothing hangs here yet").await?;
        for (part, answer, text) in [
            ("abraham_client_bg", Answer::CutOff, "incomplete"),
            ("abraham_client_bg", Answer::Status(404), "reload the page"),
            ("abraham_client_bg", Answer::Portal, "in place of the server"),
            ("abraham_client_bg", Answer::Status(503), "has a problem"),
            ("abraham_client.js", Answer::Portal, "in place of the server"),
            ("worker/solo.js", Answer::Status(404), "reload the page"),
        ] {
            between.answers(part, answer);
            refused(&tab, text).await?;
        }
        // A line that stands still: how much has come is said, and Stop ends it at once.
        between.answers("abraham_client_bg", Answer::Stuck);
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("phase"), "fetching the artist").await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;
        tab.no_longer_sees(&selector("welcome-error")).await?;

        between.answers("api/v1/config", Answer::Portal);
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("standing"), "in place of the server").await?;
        tab.reads(&selector("standing-why"), "sign in").await?;
        awake(&tab).await?;
        between.recovers();
        tab.click(&selector("join-again")).await?;
        tab.reads(&selector("standing"), "first one here").await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;

        between.answers("abraham_client_bg", Answer::PlainText);
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.close().await?;
        // What was answered badly is in the console, and nothing else.
        let errors = visit.take_errors().await;
        let foreign: Vec<&String> = errors
            .iter()
            .filter(|line| {
                !["Failed to load", "Failed to fetch", "MIME", "Cross-Origin-Opener-Policy"]
                    .iter()
                    .any(|known| line.contains(known))
            })
            .collect();
        ensure!(foreign.is_empty(), "{foreign:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_webassembly_is_told_what_to_do() -> Result<()> {
    let setup = Setup::from(WebGpu::Off).with("js-flags=--jitless");
    visit("a_browser_without_webassembly", setup, async |visit| {
        let locked = visit.open("/").await?;
        refused(&locked, "needs WebAssembly").await?;
        let said: String = locked.text(&selector("welcome-error")).await?;
        ensure!(!said.contains("onnection"), "it speaks of the connection: {said}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_line_what_is_left_is_said_and_stop_ends_the_wait() -> Result<()> {
    visit("on_a_slow_line", WebGpu::Off, async |visit| {
        let between = Between::start(visit.relay().http_addr(), "/").await?;
        between.answers("abraham_client_bg", Answer::Slow);
        let tab = visit.open_at(None, &between.url()).await?;
        tab.click(&selector("wake")).await?;
        tab.reads(&selector("phase"), "left at this pace").await?;
        let said: String = tab.text(&selector("phase")).await?;
        let says = format!("document.querySelector('{}').innerText", selector("phase"));
        tab.until("the count to go on", &format!("{says} !== {}", serde_json::to_string(&said)?)).await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;
        tab.no_longer_sees(&selector("welcome-error")).await?;
        between.recovers();
        tab.click(&selector("wake")).await?;
        awake(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_at_the_button_is_said_and_the_same_page_works_once_it_is_online() -> Result<()> {
    visit("offline_at_the_button", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = visit.open("/").await?;
        tab.sees(&selector("wall-main")).await?;
        tab.cut_off(true).await?;
        refused(&tab, "offline").await?;
        tab.cut_off(false).await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        let _ = visit.take_errors().await;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_wrong_by_more_than_an_hour_meet_the_others() -> Result<()> {
    visit("clocks_that_are_wrong_meet_the_others", WebGpu::Off, async |visit| {
        let right = visit.newcomer("/").await?;
        let mut tabs = vec![right];
        for minutes in [70, -90 * 24 * 60] {
            let wrong = visit.newcomer("/").await?;
            wrong
                .before_each_page(&format!(
                    "{{ const right = Date.now; Date.now = () => right() + {minutes} * 60000; }}"
                ))
                .await?;
            wrong.reload().await?;
            tabs.push(wrong);
        }
        for tab in &tabs {
            tab.click(&selector("wake")).await?;
        }
        for tab in &tabs {
            tab.until(
                "three tabs to be in sight",
                "document.getElementById('collective').dataset.members === '3'",
            )
            .await?;
        }
        Ok(())
    })
    .await
}
