//! A collective of more than one kind of browser.

use abraham_tests::{Member, OtherBrowser, OtherTab, Pictures, Visit, WebGpu, selector, visit};
use anyhow::{Result, ensure};

/// Pictures that each tab is taught: four tabs then have what a round must have.
const TAUGHT: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn one_firefox_among_three_chromium_tabs_paints_and_learns() -> Result<()> {
    visit("one_firefox_among_three_chromium_tabs", WebGpu::Off, async |visit| {
        let firefox = OtherTab::start(OtherBrowser::Firefox).await?;
        let outcome = paint_and_learn(visit, &firefox).await;
        firefox.end("one_firefox_among_three_chromium_tabs_firefox", outcome).await
    })
    .await
}

async fn paint_and_learn(visit: &Visit, firefox: &OtherTab) -> Result<()> {
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(Member::donate(visit.newcomer("/?webgpu=off").await?).await?);
    }
    firefox.go(&visit.url("/?webgpu=off")).await?;
    firefox.click(&selector("wake")).await?;
    firefox
        .until("Firefox to be a member", "Number(document.getElementById('collective').dataset.members) >= 1")
        .await?;
    let flags = Pictures::new(visit.folder(), "pictures")?.flags(TAUGHT * 4)?;
    for (member, flags) in members.iter().zip(flags.chunks(TAUGHT)) {
        member.teach(flags).await?;
    }
    firefox.choose(&selector("teach-files"), &flags[TAUGHT * 3..]).await?;
    firefox.reads(&selector("yours"), &format!("{TAUGHT} pictures")).await?;
    firefox.click("label:has([data-testid=throttle-full])").await?;

    let data = "document.getElementById('collective').dataset";
    firefox
        .until(
            "Firefox to paint an artist that has learned",
            &format!("{data}.role === 'painter' && Number({data}.round) >= 1"),
        )
        .await?;
    let artist: String = firefox.value(&format!("{data}.artist")).await?;
    for member in &members {
        member
            .until(
                "the same artist to have learned",
                &format!("it.artist === '{artist}' && Number(it.round) >= 1"),
            )
            .await?;
    }
    firefox
        .until("a piece", "document.querySelectorAll('[data-testid=collective-piece]').length > 0")
        .await?;
    ensure!(!artist.is_empty(), "no artist");
    Ok(())
}
