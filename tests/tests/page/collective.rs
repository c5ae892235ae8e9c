//! What the page says and shows of the collective. The worker is a stand-in here, so that every state can be had.

use abraham_tests::{Abilities, Setup, Tab, Visit, WebGpu, selector, visit};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{ROUND, awake, wake};

/// The key of member `index`; member 0 is the tab that is looked at.
fn key(index: usize) -> String {
    format!("02{:08x}{}", index * 0x1111_1111, "0".repeat(56))
}

/// How the collective stands with `count` members, all linked, of which the first is this tab.
pub(crate) fn view(count: usize) -> Value {
    let members: Vec<Value> = (0..count)
        .map(|index| {
            let links: Vec<String> = (0..count).filter(|other| *other != index).map(key).collect();
            json!({
                "key": key(index), "paints": true, "pictures": 40, "backend": "cpu",
                "linked": index > 0, "links": links,
            })
        })
        .collect();
    json!({
        "now": 0, "me": key(0), "connection": { "state": "online" }, "role": "waiting", "why": "tooFewPainters",
        "members": members, "memberCount": count, "foreignCount": 0, "term": null, "waiting": null, "kept": [],
        "done": { "roundsPainted": 0, "roundsTaught": 0, "pieces": 0 }, "rejections": 0, "lastEnd": null,
    })
}

/// The same with this tab at the first of four seats, in `phase` of round 8.
pub(crate) fn painting(count: usize, phase: &str) -> Value {
    let mut view = view(count);
    view["role"] = json!("painter");
    view["why"] = json!("elected");
    view["done"]["roundsPainted"] = json!(7);
    view["term"] = json!({
        "number": 1, "seats": [key(0), key(1), key(2), key(3)], "seat": 0, "artist": "bb".repeat(32), "round": 7,
        "phase": phase,
        "teachers": (1..count).map(|index| json!({ "key": key(index), "state": "asked" })).collect::<Vec<_>>(),
    });
    view
}

/// Lets the worker say `event` to the page.
pub(crate) async fn say(tab: &Tab, event: &Value) -> Result<()> {
    tab.value::<bool>(&format!(
        "(window.script ??= new BroadcastChannel('script'), script.postMessage({event}), true)"
    ))
    .await?;
    Ok(())
}

/// Lets the worker say that the visitor's own artist has learned `round` rounds.
pub(crate) async fn learned(tab: &Tab, round: u64) -> Result<()> {
    // Bytes are no JSON.
    tab.value::<()>(&format!(
        "void (window.script ??= new BroadcastChannel('script')).postMessage({{ event: 'round', round: {round}, pictures: 20,
            batch: new Uint8Array(32 * 32 * 4 * 4).fill(128), bytes: 1000, protocolRounds: 8, millis: 500,
            kinds: {{ open: 600, keys: 400 }} }})"
    ))
    .await?;
    tab.until("the round to be shown", &format!("{ROUND} === {round}")).await
}

async fn shows(tab: &Tab, view: &Value) -> Result<()> {
    say(tab, &json!({ "event": "collective", "snapshot": view })).await
}

/// A tab that was donated, with its worker a stand-in.
async fn donated(visit: &Visit) -> Result<Tab> {
    let tab = wake(visit, "/").await?;
    shows(&tab, &view(1)).await?;
    tab.reads(&selector("standing"), "first one here").await?;
    Ok(tab)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_alone_to_painting_and_back_every_step_is_in_words() -> Result<()> {
    visit("from_alone_to_painting_and_back", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.sees(&selector("another-tab")).await?;
        shows(&tab, &view(2)).await?;
        tab.reads(&selector("standing"), "2 more tabs").await?;
        tab.until("the title to say it", "document.title.startsWith('2 of 4')").await?;

        shows(&tab, &painting(5, "painting")).await?;
        tab.reads(&selector("standing"), "painter").await?;
        tab.reads(&selector("standing-why"), "seat 1 of 4").await?;
        tab.reads(&selector("living-caption"), "round 8").await?;
        tab.reads(&selector("leaving"), "other three").await?;
        tab.reads(&selector("solo-rests"), "own artist").await?;
        tab.sees(&selector("stop")).await?;
        tab.until(
            "the step to be marked",
            "document.querySelector('#steps [aria-current]')?.dataset.act === 'painting'",
        )
        .await?;
        let described =
            "document.getElementById('living').getAttribute('aria-label').includes('Four painters')";
        tab.until("the picture to be described", described).await?;
        let spoken = "document.getElementById('collective-live').textContent.includes('painter')";
        tab.until("the news to be read out", spoken).await?;

        let mut ended = view(4);
        ended["lastEnd"] = json!({ "cause": "departed" });
        shows(&tab, &ended).await?;
        tab.reads(&selector("standing-why"), "a painter left").await?;
        tab.no_longer_sees(&selector("solo-rests")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artist_that_waits_says_for_whom_and_another_is_offered() -> Result<()> {
    visit("an_artist_that_waits", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.value::<bool>(
            "(window.asked = [], new BroadcastChannel('script').onmessage = ({ data }) => asked.push(data), true)",
        )
        .await?;
        let mut waits = view(4);
        waits["why"] = json!("waitsForHolders");
        waits["kept"] = json!(["bb".repeat(32)]);
        waits["waiting"] = json!({
            "artist": "bb".repeat(32), "round": 7, "waitsFor": "visitors", "holders": [key(0), key(1), key(2)],
            "seatsMissing": [3], "visitors": 1, "bound": [key(3)], "begins": false,
        });
        shows(&tab, &waits).await?;
        tab.reads(&selector("standing"), "The artist waits").await?;
        tab.reads(&selector("standing-why"), "One more visitor is needed, for seat 4 of 4").await?;
        tab.reads(&selector("standing-why"), "at round 7").await?;
        tab.reads(&selector("leaving"), "its shares are deleted").await?;
        tab.sees(&selector("another-tab")).await?;
        tab.click(&selector("begin-another")).await?;
        tab.until("the worker to be asked", "asked.some(({ asked, begins }) => asked === 'beginAnother' && begins === true)")
            .await?;
        waits["waiting"]["begins"] = json!(true);
        shows(&tab, &waits).await?;
        tab.until("the button to be pressed", "document.getElementById('begin-another').ariaPressed === 'true'").await?;
        tab.reads(&selector("standing-why"), "once four tabs here have chosen the same").await?;
        shows(&tab, &painting(4, "settingUp")).await?;
        tab.reads(&selector("living-caption"), "take up the artist where it was left").await?;
        tab.no_longer_sees(&selector("begin-another")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_living_picture_moves_unless_less_movement_is_asked_for() -> Result<()> {
    visit("the_living_picture_moves", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        let look = "(() => {
            const { width, height } = document.getElementById('living');
            const copy = new OffscreenCanvas(width, height).getContext('2d');
            copy.drawImage(document.getElementById('living'), 0, 0);
            const pixels = new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer);
            return [new Set(pixels).size, pixels.reduce((sum, pixel, at) => (sum + pixel * (at % 8191)) % 4294967291, 0)];
        })()";
        shows(&tab, &painting(6, "learning")).await?;
        tab.until("the picture to be drawn", &format!("{look}[0] > 50")).await?;
        let (_, first): (usize, u64) = tab.value(look).await?;
        tab.until("the picture to move", &format!("{look}[1] !== {first}")).await?;

        let rests =
            format!("new Promise((done) => {{ const one = {look}; setTimeout(() => done(one[0] > 50 && {look}[1] === one[1]), 300); }})");
        tab.click("label:has([data-testid=still])").await?;
        tab.until_async("the picture to be still as its visitor chose", &rests).await?;
        tab.click("label:has([data-testid=still])").await?;
        let (_, second): (usize, u64) = tab.value(look).await?;
        tab.until("the picture to move again", &format!("{look}[1] !== {second}")).await?;

        tab.prefer(&[("prefers-reduced-motion", "reduce")]).await?;
        shows(&tab, &painting(6, "teaching")).await?;
        tab.until_async("the picture to rest", &rests).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tab_joins_without_a_studio_and_takes_it_over_once_it_is_free() -> Result<()> {
    visit("a_second_tab_joins_without_a_studio", Setup::scripted(WebGpu::Off), async |visit| {
        let first = wake(visit, "/").await?;
        let second = wake(visit, "/").await?;
        second.reads(&selector("elsewhere"), "open in another tab").await?;
        second.reads(&selector("standing"), "looking").await?;
        second.no_longer_sees(&selector("welcome-error")).await?;
        first.close().await?;
        second.no_longer_sees(&selector("elsewhere")).await?;
        second.until("the studio to be here", "!document.getElementById('reset').hidden").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_in_words_and_lost_relays_leave_links() -> Result<()> {
    visit("connections_are_in_words", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        let mut lost = view(3);
        lost["connection"] = json!({ "state": "offline", "reason": "the relay closed the connection" });
        shows(&tab, &lost).await?;
        tab.reads(&selector("connection"), "2 direct links stay").await?;
        let mut apart = view(5);
        apart["why"] = json!("noDirectLinks");
        shows(&tab, &apart).await?;
        tab.reads(&selector("standing"), "connecting to each other").await?;
        apart["now"] = json!(30_000);
        shows(&tab, &apart).await?;
        tab.reads(&selector("standing"), "cannot all reach each other").await?;
        tab.sees("#apart-solo").await?;
        shows(&tab, &view(1)).await?;
        tab.until("the pair to be apart no longer", "document.getElementById('apart').hidden").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_and_for_whom_is_there_before_and_after_in_bytes() -> Result<()> {
    visit("what_leaves_and_for_whom", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.reads(&selector("outgoing"), "your pictures stay on this device").await?;
        shows(&tab, &painting(5, "teaching")).await?;
        tab.reads(&selector("outgoing"), "787 kB a round; nothing has been sent yet").await?;
        let traffic = json!({
            "event": "traffic", "sent": 48_000_000, "received": 5_000, "updateBytes": 742_001,
            "links": [{ "key": key(1), "sent": 36_000_000, "received": 4_000 }],
        });
        say(&tab, &traffic).await?;
        tab.reads(&selector("sent"), "48 MB").await?;
        tab.reads(&selector("received"), "5.0 kB").await?;
        tab.reads(&selector("outgoing"), "742 kB a round (exactly 742,001 bytes)").await?;
        tab.click("#here-summary").await?;
        tab.reads(&selector("here-list"), "36 MB sent to it, 4.0 kB received").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_is_not_lost_with_what_it_was_on() -> Result<()> {
    visit("the_focus_is_not_lost", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.value::<bool>("(document.getElementById('copy-address').focus(), true)").await?;
        shows(&tab, &painting(4, "painting")).await?;
        tab.until("the focus to be on what this tab is", "document.activeElement?.id === 'standing'").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_webrtc_or_websocket_says_so_and_keeps_the_solo_studio() -> Result<()> {
    for (name, abilities) in [
        ("WebRTC", Abilities { webrtc: false, ..WebGpu::Off.into() }),
        ("WebSocket", Abilities { websocket: false, ..WebGpu::Off.into() }),
    ] {
        visit(&format!("a_browser_without_{name}"), Setup::scripted(abilities), async |visit| {
            let tab = wake(visit, "/").await?;
            tab.reads(&selector("standing-why"), name).await?;
            tab.sees("#apart-solo").await?;
            tab.no_longer_sees(&selector("join-again")).await?;
            tab.sees(&selector("teach-demo")).await
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_tab_stays_unless_its_visitor_chooses_that_it_rests() -> Result<()> {
    visit("a_hidden_tab_stays", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.value::<bool>(
            "(window.paces = [], new BroadcastChannel('script').onmessage = ({ data }) => { if (data.asked === 'pace') paces.push(data.resting); },
              Object.defineProperty(document, 'hidden', { get: () => window.away ?? false, configurable: true }), true)",
        )
        .await?;
        let hide = |away: bool| format!("(window.away = {away}, document.dispatchEvent(new Event('visibilitychange')), true)");
        tab.value::<bool>(&hide(true)).await?;
        tab.value::<bool>(&hide(false)).await?;
        tab.click("label:has([data-testid=throttle-full])").await?;
        tab.until("the pace to be told", "paces.length > 0").await?;
        ensure!(!tab.value::<bool>("paces.includes(true)").await?, "a hidden tab left although nobody asked it to");

        tab.click(&selector("stay-hidden")).await?;
        tab.value::<bool>(&hide(true)).await?;
        tab.until("the worker to be told to rest", "paces.at(-1) === true").await?;
        tab.value::<bool>(&hide(false)).await?;
        tab.until("the worker to be told to go on", "paces.at(-1) === false").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_hangs_with_its_painters_and_their_signatures() -> Result<()> {
    visit("a_piece_hangs", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.value::<bool>(
            "fetch('gallery/01.png').then((answer) => answer.arrayBuffer()).then((png) => {
                new BroadcastChannel('script').postMessage({ event: 'collectivePiece', png: new Uint8Array(png), helped: true, round: 8 });
                return true;
            })",
        )
        .await?;
        tab.click(&format!("{} button", selector("collective-piece"))).await?;
        tab.reads(&selector("easel"), "four tabs painted it").await?;
        tab.reads(&selector("easel-check"), "signed by four painters, checked here").await?;
        tab.reads(&selector("easel"), "signature of seat 4").await?;
        tab.sees(&selector("download-png")).await?;
        tab.sees(&selector("download-json")).await?;
        tab.click(&selector("keep")).await?;
        tab.sees(&selector("delete")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collective_fits_every_screen_and_every_control_has_a_name() -> Result<()> {
    visit("the_collective_fits_every_screen", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        let states = [view(1), view(3), painting(12, "teaching")];
        for (state, words) in states.iter().zip(["first one", "one more tab", "painter"]) {
            shows(&tab, state).await?;
            tab.reads(&selector("standing"), words).await?;
            for (width, height, mobile) in crate::SCREENS {
                tab.resize(width, height, mobile).await?;
                tab.until(&format!("it to fit {width} pixels"), "document.documentElement.scrollWidth <= innerWidth")
                    .await?;
            }
        }
        let nameless: Vec<String> = tab
            .value(
                "[...document.querySelectorAll('button, a[href], input, canvas, summary, [role=img]')]
                    .filter((found) => found.checkVisibility())
                    .filter((found) => !(found.innerText?.trim() || found.ariaLabel || found.labels?.length
                        || found.getAttribute('aria-labelledby') || found.querySelector('img[alt]:not([alt=\"\"])')))
                    .map((found) => found.outerHTML.slice(0, 120))",
            )
            .await?;
        ensure!(nameless.is_empty(), "without a name: {nameless:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_press_stops_everything_and_another_begins_anew() -> Result<()> {
    visit("one_press_stops_everything", Setup::scripted(WebGpu::Off), async |visit| {
        let tab = donated(visit).await?;
        tab.value::<bool>(
            "(window.asked = [], new BroadcastChannel('script').onmessage = ({ data }) => asked.push(data.asked), true)",
        )
        .await?;
        shows(&tab, &painting(4, "learning")).await?;
        tab.reads(&selector("standing"), "painter").await?;
        // What it says while it stops, which is over in no time here.
        tab.value::<bool>(
            "(new MutationObserver(() => {
                const { stopping } = document.getElementById('studio').dataset;
                if (stopping) window.whileStopping ??= document.getElementById('studio').innerText;
            }).observe(document.getElementById('studio'), { attributes: true }), true)",
        )
        .await?;
        tab.click(&selector("stop")).await?;
        tab.sees(&selector("wake")).await?;
        let said: String = tab.value("whileStopping").await?;
        ensure!(said.contains("Stopping") && !said.contains("painter"), "while it stops it says {said}");
        // Another channel than the worker's answers: what it tells may come after them.
        let asked = "asked.filter((word) => word === 'leave' || word === 'stop').join() === 'leave,stop'";
        tab.until("the worker to have been asked to leave and then to stop", asked).await?;
        tab.until("the title not to say painter any more", "!document.title.includes('Painter')").await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.reads(&selector("standing"), "looking").await
    })
    .await
}
