//! What a page that is used in every way does: things are dropped on it, it is left by Back, translated, zoomed into and
//! pressed many times. The worker is a stand-in, so that one browser serves many conditions.

use std::{fs, path::Path};

use abraham_tests::{Pictures, Setup, Tab, WebGpu, selector, visit};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{awake, collective, wake};

/// Lets the worker say `event` to the page.
async fn say(tab: &Tab, event: &Value) -> Result<()> {
    collective::say(tab, event).await
}

/// How many of the files that were dropped the worker was given.
const GIVEN: &str = "Number(document.getElementById('pictures').textContent)";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_dropped_the_page_stays_and_says_where_things_go() -> Result<()> {
    visit("whatever_is_dropped_the_page_stays", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = visit.open("/").await?;
        let here: String = tab.value("location.href").await?;
        let files = Pictures::new(visit.folder(), "dropped")?.flags(2)?;
        let link = [("text/uri-list", "https://example.org/picture.png"), ("text/html", "<img>")];

        tab.drop_on(&selector("wall"), &files).await?;
        tab.reads(&selector("welcome-said"), "button first").await?;
        tab.drop_data_on(&selector("wall"), &link).await?;
        tab.reads(&selector("welcome-said"), "links cannot be used").await?;

        tab.click(&selector("wake")).await?;
        crate::awake(&tab).await?;
        tab.drop_data_on(&selector("standing"), &link).await?;
        tab.reads(&selector("toast"), "not a link").await?;
        tab.click(&selector("toast")).await?;
        tab.value::<()>("void (document.getElementById('toast').hidden = true)").await?;
        tab.drop_data_on(&selector("standing"), &[("text/plain", "some words")]).await?;
        tab.drop_on(&selector("standing"), &files).await?;
        tab.until("the dropped pictures to be taken", &format!("{GIVEN} === 2")).await?;
        ensure!(
            tab.value::<bool>("document.getElementById('toast').hidden").await?,
            "dropped words were talked about"
        );
        ensure!(tab.value::<String>("location.href").await? == here, "the page was left");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn back_asks_before_it_gives_up_a_seat_and_leads_to_the_welcome_page() -> Result<()> {
    visit("back_asks_before_it_gives_up_a_seat", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = wake(visit, "/").await?;
        say(&tab, &json!({ "event": "collective", "snapshot": collective::painting(5, "painting") })).await?;
        tab.reads(&selector("standing"), "painter").await?;
        tab.value::<()>("void history.back()").await?;
        tab.reads(&selector("sure"), "give up your seat").await?;
        tab.click(&selector("sure-no")).await?;
        tab.no_longer_sees(&selector("sure")).await?;
        tab.sees(&selector("studio")).await?;

        tab.value::<()>("void history.back()").await?;
        tab.reads(&selector("sure"), "other three").await?;
        tab.press("Escape").await?;
        tab.no_longer_sees(&selector("sure")).await?;
        tab.sees(&selector("studio")).await?;

        tab.value::<()>("void history.back()").await?;
        tab.click(&selector("sure-yes")).await?;
        tab.sees(&selector("wake")).await?;
        // Once more in, and out by the page's own button: the history is as it was before.
        tab.click(&selector("wake")).await?;
        crate::awake(&tab).await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;
        tab.until("the studio's entry to be gone", "history.state === null").await
    })
    .await
}

/// What a translator does: each text is wrapped in two elements, and is another text.
const TRANSLATE: &str = "(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
    for (const text of texts) {
        const outer = document.createElement('font');
        const inner = document.createElement('font');
        inner.textContent = `«${text.data}»`;
        outer.append(inner);
        text.replaceWith(outer);
    }
})()";

#[tokio::test(flavor = "multi_thread")]
async fn a_translated_page_goes_on_changing_and_keeps_what_was_translated() -> Result<()> {
    visit("a_translated_page_goes_on_changing", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = wake(visit, "/").await?;
        let view = collective::painting(5, "painting");
        say(&tab, &json!({ "event": "collective", "snapshot": view })).await?;
        tab.reads(&selector("living-caption"), "round 8").await?;
        tab.value::<()>(TRANSLATE).await?;

        // The same again: what was translated stays as it is.
        say(&tab, &json!({ "event": "collective", "snapshot": view })).await?;
        say(&tab, &json!({ "event": "lessons", "pictures": 20 })).await?;
        tab.until("the number of pictures to change", &format!("{GIVEN} === 20")).await?;
        tab.reads(&selector("living-caption"), "«").await?;

        let mut later = collective::painting(5, "learning");
        later["term"]["round"] = json!(11);
        say(&tab, &json!({ "event": "collective", "snapshot": later })).await?;
        tab.reads(&selector("living-caption"), "round 12").await?;
        say(&tab, &json!({ "event": "collective", "snapshot": collective::view(1) })).await?;
        say(
            &tab,
            &json!({ "event": "activity", "phase": "learning", "round": 4, "paintings": 32, "pictures": 40 }),
        )
        .await?;
        tab.reads(&selector("phase"), "Round 4").await?;
        tab.value::<()>("void (document.getElementById('controls').hidden = false)").await?;
        tab.click(&selector("run")).await?;
        tab.until("the button to be another", "document.getElementById('run').textContent === 'Pause'").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn paint_pressed_three_times_escaped_and_stopped_leaves_no_error_and_no_dialog() -> Result<()> {
    visit("paint_pressed_three_times", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = wake(visit, "/").await?;
        tab.value::<()>(
            "void (document.getElementById('controls').hidden = false, window.asked = 0,
                new BroadcastChannel('script').onmessage = ({ data }) => { if (data.asked === 'paint') asked += 1; })",
        )
        .await?;
        let finish = "void (window.script ??= new BroadcastChannel('script')).postMessage({ finish: true })";
        tab.value::<()>("void [1, 2, 3].forEach(() => document.getElementById('paint').click())").await?;
        tab.sees(&selector("easel")).await?;
        tab.until("one piece to be asked for", "asked === 1").await?;
        tab.press("Escape").await?;
        tab.no_longer_sees(&selector("easel")).await?;
        // It comes back to the same piece.
        tab.click(&selector("paint")).await?;
        tab.value::<()>(finish).await?;
        tab.reads(&selector("easel"), "a new piece").await?;
        ensure!(tab.value::<usize>("asked").await? == 1, "a piece was asked for more than once");
        tab.press("Escape").await?;
        tab.no_longer_sees(&selector("easel")).await?;

        // One that is put out of sight and finished there is let go without a word.
        tab.click(&selector("paint")).await?;
        tab.press("Escape").await?;
        tab.value::<()>(finish).await?;
        tab.until("the worker to be done", "document.getElementById('easel').dataset.painting === undefined").await?;
        tab.no_longer_sees(&selector("easel")).await?;

        tab.click(&selector("paint")).await?;
        tab.press("Escape").await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;
        tab.no_longer_sees("dialog").await?;
        tab.no_longer_sees(&selector("welcome-error")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn lessons_wait_for_the_studio_and_for_each_other() -> Result<()> {
    visit("lessons_wait_for_the_studio", Setup::scripted(WebGpu::Off), async |visit| {
        let files = Pictures::new(visit.folder(), "waiting")?.flags(6)?;
        let tab = visit.open("/").await?;
        // The studio stays asleep for as long as another tab has its lock, without being one of this page.
        tab.before_each_page("globalThis.holding = new Promise((free) => { globalThis.wakeUp = free; })").await?;
        tab.reload().await?;
        tab.value::<()>(
            "void (Worker.prototype.ask ??= Worker.prototype.postMessage,
                Worker.prototype.postMessage = function (data, ...rest) {
                    if (data.type === 'open') holding.then(() => this.ask(data, ...rest)); else this.ask(data, ...rest); })",
        )
        .await?;
        tab.click(&selector("wake")).await?;
        tab.sees(&selector("studio")).await?;
        tab.drop_on(&selector("standing"), &files[..2]).await?;
        tab.drop_on(&selector("standing"), &files[2..]).await?;
        tab.reads(&selector("toast"), "wait until").await?;
        ensure!(tab.value::<usize>(GIVEN).await? == 0, "pictures were taken by a studio that sleeps");
        tab.value::<()>("void wakeUp()").await?;
        tab.until("all pictures to be taken", &format!("{GIVEN} === 6")).await?;
        tab.no_longer_sees(&selector("trouble")).await?;
        tab.reads(&selector("teach-missing"), "10 more pictures").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_lets_no_direct_links_through_says_so_and_the_own_artist_goes_on() -> Result<()> {
    let setup = Setup::from(WebGpu::Off).with("webrtc-ip-handling-policy=disable_non_proxied_udp");
    visit("a_browser_that_lets_no_direct_links_through", setup, async |visit| {
        let tabs = [visit.newcomer("/").await?, visit.newcomer("/").await?];
        for tab in &tabs {
            tab.click(&selector("wake")).await?;
        }
        for tab in &tabs {
            tab.reads(&selector("standing"), "no direct links").await?;
            tab.reads(&selector("standing-why"), "VPN").await?;
            tab.reads(&selector("standing-why"), "own artist continues").await?;
            tab.sees(&selector("teach-demo")).await?;
        }
        Ok(())
    })
    .await
}

/// Some languages write an I without a dot, other digits, or other points in numbers; the page is in English everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_the_same_in_every_country() -> Result<()> {
    visit("the_page_is_the_same_in_every_country", Setup::scripted(WebGpu::Off), async |visit| {
        let mut here = None;
        for (locale, timezone) in [
            ("en-GB", "Europe/London"),
            ("tr-TR", "Europe/Istanbul"),
            ("ja-JP", "Asia/Tokyo"),
            ("de-DE", "Pacific/Apia"),
            ("ar-EG", "Pacific/Kiritimati"),
        ] {
            let tab = visit.newcomer("/").await?;
            tab.is_at(locale, timezone).await?;
            tab.reload().await?;
            tab.click(&selector("wake")).await?;
            awake(&tab).await?;
            say(&tab, &json!({ "event": "lessons", "pictures": 1_234 })).await?;
            tab.until(
                "the pictures to be counted",
                "document.getElementById('pictures').textContent !== '0'",
            )
            .await?;
            let text: String = tab.value("document.body.innerText").await?;
            ensure!(text.contains("1,234"), "{locale}: {text}");
            ensure!(*here.get_or_insert_with(|| text.clone()) == text, "{locale}: {text}");
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_zoom_of_four_hundred_percent_most_of_the_page_is_page() -> Result<()> {
    visit("at_a_zoom_of_four_hundred_percent", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = wake(visit, "/").await?;
        say(&tab, &json!({ "event": "lessons", "pictures": 20 })).await?;
        tab.value::<()>("void (document.getElementById('controls').hidden = false)").await?;
        let stuck = "(() => {
            scrollTo({ top: document.body.scrollHeight / 2, behavior: 'instant' });
            const rows = new Set();
            for (const found of document.querySelectorAll('body *')) {
                const { position } = getComputedStyle(found);
                if (!['fixed', 'sticky'].includes(position) || !found.checkVisibility()) continue;
                const { top, bottom } = found.getBoundingClientRect();
                for (let row = Math.max(0, Math.ceil(top)); row < Math.min(innerHeight, bottom); row += 1) rows.add(row);
            }
            return rows.size / innerHeight;
        })()";
        for (width, height) in [(320, 225), (640, 360)] {
            tab.resize(width, height, false).await?;
            let share: f64 = tab.value(stuck).await?;
            ensure!(share <= 0.5, "at {width} × {height}, {share} of the height is taken by what sticks to the edges");
            ensure!(
                tab.value::<bool>("document.documentElement.scrollWidth <= innerWidth").await?,
                "at {width} × {height} the page is wider than the screen"
            );
        }
        tab.resize(320, 225, false).await?;
        tab.click(&selector("forget")).await?;
        tab.sees(&selector("sure")).await?;
        tab.click(&selector("sure-no")).await?;
        tab.no_longer_sees(&selector("sure")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_screen() -> Result<()> {
    visit("axe_finds_nothing", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = visit.open("/").await?;
        // For whoever changes the page: nothing but eyes sees whether it is good to look at.
        let screens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screens");
        fs::create_dir_all(&screens)?;
        let mut faults = Vec::new();
        let mut look = async |tab: &Tab, screen: &str| -> Result<()> {
            for (width, scheme) in [(1280, "light"), (360, "light"), (1280, "dark"), (360, "dark")] {
                tab.resize(width, 800, width < 400).await?;
                tab.prefer(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await?;
                let found = tab.violations().await?;
                faults.extend(found.iter().map(|fault| format!("{screen}, {width}, {scheme}: {fault}")));
                tab.resize(width, 2_000, width < 400).await?;
                tab.screenshot(&screens.join(format!("{}-{width}-{scheme}.png", screen.replace(' ', "-")))).await?;
            }
            tab.resize(1280, 800, false).await
        };
        look(&tab, "welcome").await?;
        tab.drop_data_on(&selector("wall"), &[("text/uri-list", "https://example.org/")]).await?;
        tab.sees(&selector("welcome-said")).await?;
        look(&tab, "welcome with a word").await?;

        tab.click(&selector("wake")).await?;
        crate::awake(&tab).await?;
        look(&tab, "studio").await?;

        let teaching = json!({ "event": "teaching", "done": 4, "total": 4, "used": 2, "copies": 1, "unlooked": 0,
            "beyond": 0, "leftovers": 1, "beside": 0, "refused": [{ "path": "folder/a.heic", "why": "heic" }],
            "refusedCount": 1, "notes": [{ "path": "b.gif", "frame": "first" }],
            "reserved": [{ "path": "c.jpg", "by": "plus" }], "reservedCount": 1 });
        say(&tab, &teaching).await?;
        say(&tab, &json!({ "event": "lessons", "pictures": 2 })).await?;
        say(&tab, &json!({ "event": "shelf", "unsaved": 2, "code": "storage-full" })).await?;
        say(&tab, &json!({ "event": "failure", "code": "storage-full", "message": "no room" })).await?;
        tab.sees(&selector("refused")).await?;
        tab.sees(&selector("asking-teach")).await?;
        tab.sees(&selector("yours-unsaved")).await?;
        look(&tab, "refused").await?;

        say(&tab, &json!({ "event": "lessons", "pictures": 20 })).await?;
        tab.value::<()>("void document.getElementById('trouble-close').click()").await?;
        collective::learned(&tab, 7).await?;
        say(&tab, &json!({ "event": "collective", "snapshot": collective::painting(5, "learning") })).await?;
        tab.reads(&selector("standing"), "painter").await?;
        look(&tab, "learning").await?;
        say(&tab, &json!({ "event": "collective", "snapshot": collective::view(1) })).await?;

        tab.click(&selector("paint")).await?;
        tab.value::<()>(
            "void (window.script ??= new BroadcastChannel('script')).postMessage({ finish: true })",
        )
        .await?;
        tab.reads(&selector("easel"), "a new piece").await?;
        look(&tab, "easel").await?;
        tab.click(&selector("keep")).await?;
        tab.reads(&selector("easel"), "kept piece").await?;
        tab.click(&selector("easel-close")).await?;
        tab.sees(&selector("piece")).await?;
        look(&tab, "pieces").await?;

        tab.click(&selector("forget")).await?;
        tab.sees(&selector("sure")).await?;
        look(&tab, "sure").await?;
        ensure!(faults.is_empty(), "{}", faults.join("\n"));
        Ok(())
    })
    .await
}

/// Moves the focus forward by Tab to the element with this id, and checks that it can be seen there.
async fn tab_to(tab: &Tab, id: &str) -> Result<()> {
    let there = format!("document.activeElement?.id === '{id}'");
    for _ in 0..120 {
        if tab.value::<bool>(&there).await? {
            let seen = "(() => { const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
                const { top, bottom } = document.activeElement.getBoundingClientRect();
                return ((outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none')
                    && bottom > 0 && top < innerHeight; })()";
            return tab.until(&format!("the focus on {id} to be seen"), seen).await;
        }
        tab.press("Tab").await?;
    }
    anyhow::bail!("Tab does not reach {id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_by_keyboard_and_dialogs_give_the_focus_back() -> Result<()> {
    visit("everything_is_done_by_keyboard", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = visit.open("/").await?;
        // Where the language is another and the day, too, the page is the same.
        tab.is_at("ar-EG", "Pacific/Kiritimati").await?;
        tab.prefer(&[("prefers-reduced-motion", "reduce")]).await?;
        tab_to(&tab, "wake").await?;
        tab.press("Enter").await?;
        crate::awake(&tab).await?;
        tab_to(&tab, "teach-demo").await?;
        tab.press("Enter").await?;
        tab.until("the flags to be taught", &format!("{GIVEN} === 270")).await?;
        collective::learned(&tab, 1_205).await?;

        tab.value::<()>("void document.getElementById('studio-title').focus()").await?;
        tab_to(&tab, "run").await?;
        tab.press("Enter").await?;
        tab.until("it to pause", "document.getElementById('run').dataset.action === 'start'").await?;
        tab_to(&tab, "paint").await?;
        tab.press("Enter").await?;
        tab.sees(&selector("easel")).await?;
        tab.press("Escape").await?;
        tab.until("the focus to be back", "document.activeElement?.id === 'paint'").await?;
        tab.press("Enter").await?;
        tab.value::<()>(
            "void (window.script ??= new BroadcastChannel('script')).postMessage({ finish: true })",
        )
        .await?;
        tab.until("the piece to be there", "document.activeElement?.id === 'keep'").await?;
        tab.press("Enter").await?;
        tab.until("it to be kept", "document.activeElement?.id === 'easel-close'").await?;
        tab.press("Enter").await?;
        tab.no_longer_sees(&selector("easel")).await?;

        tab_to(&tab, "forget").await?;
        tab.press("Enter").await?;
        tab.until("the safe answer to have the focus", "document.activeElement?.id === 'sure-no'").await?;
        tab.press("Escape").await?;
        tab.until("the focus to be back", "document.activeElement?.id === 'forget'").await?;

        tab.value::<()>("void document.querySelector('[data-testid=piece] button').focus()").await?;
        tab.press("Enter").await?;
        tab_to(&tab, "delete").await?;
        tab.press("Enter").await?;
        tab.sees(&selector("undo")).await?;
        tab.until("the focus to be near", "document.activeElement?.id === 'pieces-title'").await?;
        tab_to(&tab, "undo").await?;
        tab.press("Enter").await?;
        tab.sees(&selector("piece")).await?;
        tab.value::<()>("void document.getElementById('studio-title').focus()").await?;
        tab_to(&tab, "stop").await?;
        tab.press("Enter").await?;
        tab.until("the focus to be on the button", "document.activeElement?.id === 'wake'").await
    })
    .await
}
