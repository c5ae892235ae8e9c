//! Four tabs as one collective, each in a browser context of its own, beside the solo studio in the same run.

use abraham_tests::{Member, Pictures, Tab, Visit, WebGpu, selector, visit};
use anyhow::Result;
use futures::future::try_join_all;

use crate::{median, row};

/// Painters, which are the teachers too.
const PAINTERS: usize = 4;
/// Pictures of each.
const PICTURES: usize = 20;
/// Pieces that the solo studio paints; the middle one counts.
const SOLO_PIECES: usize = 5;
/// Rounds before the clock starts, and rounds that are timed.
const WARM_UP: u64 = 4;
const TIMED: u64 = 24;

pub(crate) async fn measure() -> Result<()> {
    visit("measure_collective", WebGpu::Off, async |visit| {
        let solo = solo_piece_ms(visit).await?;

        let mut members = Vec::new();
        for _ in 0..PAINTERS {
            let tab = visit.newcomer("/?webgpu=off").await?;
            // Four visitors have four processors: here three pictures that nobody looks at would draw beside the fourth.
            tab.prefer(&[("prefers-reduced-motion", "reduce")]).await?;
            members.push(Member::donate(tab).await?);
        }
        let flags = Pictures::new(visit.folder(), "pictures")?.flags(PICTURES * PAINTERS)?;
        for (member, flags) in members.iter().zip(flags.chunks(PICTURES)) {
            member.teach(flags).await?;
        }
        for member in &members {
            member.until_it_paints().await?;
            member.until("the warm-up to end", &format!("Number(it.round) >= {WARM_UP}")).await?;
        }
        let timed = members.iter().map(|member| timed_rounds(member.tab()));
        let timed = try_join_all(timed).await?;
        row(
            "collective_rounds_per_s",
            median(timed.iter().map(|timed| timed.rounds_per_second).collect()),
            "rounds/s",
        );
        let piece = median(timed.iter().flat_map(|timed| timed.pieces_ms.clone()).collect());
        row("collective_paint_ms", piece, "ms");
        row("collective_paint_ratio", piece / solo, "");
        let mut bytes: f64 = 0.0;
        for member in &members {
            bytes = bytes.max(
                member
                    .tab()
                    .value("Number(document.getElementById('collective').dataset.updateBytes)")
                    .await?,
            );
        }
        row("teacher_bytes", bytes, "bytes");
        Ok(())
    })
    .await
}

/// Milliseconds from the click until the solo studio's piece can be seen.
async fn solo_piece_ms(visit: &Visit) -> Result<f64> {
    let member = Member::donate(visit.newcomer("/?webgpu=off").await?).await?;
    let tab = member.tab();
    // The studio offers to paint once it was taught; what it learns must not run beside what is timed.
    member.teach(&Pictures::new(visit.folder(), "solo")?.flags(PICTURES)?).await?;
    tab.click(&format!("{}[data-action=pause]", selector("run"))).await?;
    tab.until(
        "learning to be paused",
        "document.getElementById('phase-text').textContent.startsWith('Paused')",
    )
    .await?;
    let mut times = Vec::new();
    for _ in 0..SOLO_PIECES {
        tab.sees(&selector("paint")).await?;
        times.push(
            tab.value(
                "new Promise((resolve) => {
                    const image = document.getElementById('easel-image');
                    const start = performance.now();
                    image.addEventListener('load', () => resolve(performance.now() - start), { once: true });
                    document.getElementById('paint').click();
                })",
            )
            .await?,
        );
        tab.click(&selector("easel-close")).await?;
    }
    member.close().await?;
    Ok(median(times))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timed {
    rounds_per_second: f64,
    /// Each piece that was painted meanwhile: from the step's begin until its end.
    pieces_ms: Vec<f64>,
}

/// Looks at the steps of a term until [`TIMED`] rounds have passed. The clock starts and stops as a round's number
/// appears, and pieces painted meanwhile are taken out of the rounds' time.
async fn timed_rounds(tab: &Tab) -> Result<Timed> {
    tab.value(&format!(
        "new Promise((resolve) => {{
            const {{ dataset }} = document.getElementById('collective');
            const piecesMs = [];
            let start = null, piece = null, begun = Number(dataset.round) + 1, between = 0;
            new MutationObserver((_, observer) => {{
                const now = performance.now();
                if (start === null && Number(dataset.round) >= begun) start = now;
                if (piece === null && dataset.phase === 'piece') piece = now;
                if (piece !== null && dataset.phase !== 'piece') {{
                    piecesMs.push(now - piece);
                    if (start !== null) between += now - piece;
                    piece = null;
                }}
                if (start === null || Number(dataset.round) < begun + {TIMED}) return;
                observer.disconnect();
                resolve({{ roundsPerSecond: {TIMED} / ((now - start - between) / 1000), piecesMs }});
            }}).observe(document.getElementById('collective'), {{ attributes: true }});
        }})"
    ))
    .await
}
