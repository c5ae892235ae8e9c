//! Painters that leave, in every way there is, and those that come late.

use std::time::Duration;

use abraham_tests::{Member, selector};
use anyhow::{Context as _, Result, ensure};

use crate::{PAINTERS, donated, gather, learned, one_artist, one_piece, teach};

/// Takes a painter out of `members`.
async fn take_painter(members: &mut Vec<Member>) -> Result<Member> {
    // Between two terms nobody does.
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    for _ in 0..1_500 {
        ticks.tick().await;
        for index in 0..members.len() {
            if members[index].standing().await?.role == "painter" {
                return Ok(members.swap_remove(index));
            }
        }
    }
    anyhow::bail!("nobody paints")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_artist_outlives_a_painter_that_closes_one_that_is_killed_and_one_that_reloads() -> Result<()> {
    gather("the_artist_outlives_its_painters", async |visit| {
        let mut members = donated(visit, PAINTERS).await?;
        teach(visit, &members).await?;
        let artist = one_artist(&members).await?;
        learned(&members, 1).await?;

        // A latecomer finds what is under way, and takes the seat of one that closes its tab.
        members.extend(donated(visit, 1).await?);
        let late = members.last().context("there is a latecomer")?;
        late.until("the artist to be in sight", &format!("it.artist === '{artist}'")).await?;
        ensure!(late.standing().await?.role != "painter", "a fifth painter was seated");
        take_painter(&mut members).await?.close().await?;
        ensure!(one_artist(&members).await? == artist, "another artist was drawn after a tab was closed");

        // The next is killed: it says goodbye to nobody.
        members.extend(donated(visit, 1).await?);
        let killed = take_painter(&mut members).await?;
        killed.tab().kill();
        ensure!(one_artist(&members).await? == artist, "another artist was drawn after a tab was killed");

        // A tab that is loaded again is another member: of the four, three know the artist.
        let reloaded = take_painter(&mut members).await?;
        reloaded.tab().reload().await?;
        members.push(Member::donate(reloaded.tab().clone()).await?);
        ensure!(
            one_artist(&members).await? == artist,
            "another artist was drawn after a tab was loaded again"
        );
        one_piece(&members[PAINTERS - 1..]).await
    })
    .await
}

/// Lets a tab rest as one does that is out of sight and whose visitor chose so, or no longer.
async fn rest(member: &Member, away: bool) -> Result<()> {
    let tab = member.tab();
    if away {
        tab.value::<bool>(
            "(Object.defineProperty(document, 'hidden', { get: () => window.away ?? false, configurable: true }), true)",
        )
        .await?;
        tab.click(&selector("stay-hidden")).await?;
    }
    tab.value::<bool>(&format!(
        "(window.away = {away}, document.dispatchEvent(new Event('visibilitychange')), true)"
    ))
    .await?;
    Ok(())
}

/// Five tabs: one rests and comes back, then another closes. Whoever had a seat takes no other, so nobody here may take
/// the free one: the artist waits for a sixth tab, and goes on with the rounds that it had.
#[tokio::test(flavor = "multi_thread")]
async fn the_artist_waits_for_one_more_visitor_and_goes_on_with_the_same_rounds() -> Result<()> {
    gather("the_artist_waits_for_one_more_visitor", async |visit| {
        let mut members = donated(visit, PAINTERS).await?;
        teach(visit, &members).await?;
        let artist = one_artist(&members).await?;
        learned(&members, 1).await?;
        members.extend(donated(visit, 1).await?);
        let late = members.last().context("there is a latecomer")?;
        late.until("the artist to be in sight", &format!("it.artist === '{artist}'")).await?;

        let rests = members.remove(0);
        rest(&rests, true).await?;
        ensure!(one_artist(&members).await? == artist, "another artist was drawn while one rested");
        rest(&rests, false).await?;
        rests.until("it to stand by", "it.role !== 'painter' && Number(it.linked) >= 3").await?;
        // Not the latecomer, whose seat the one that rested may take.
        let closes = members.remove(0);
        let before = closes.standing().await?.round;
        closes.close().await?;

        members.push(rests);
        for member in &members {
            member
                .until(
                    "the artist to wait",
                    &format!(
                        "it.standing === 'waitsForHolders' && it.waitingArtist === '{artist}' && it.waitsFor === 'visitors'
                            && it.visitorsNeeded === '1' && it.seatsMissing.length === 1 && Number(it.waitingRound) >= {before}"
                    ),
                )
                .await?;
            // Who cannot help is known once the one that closed is out of sight.
            let why = format!("document.querySelector('{}').innerText", selector("standing-why"));
            let says = format!("['One more visitor is needed', 'cannot help'].every((words) => {why}.includes(words))");
            member.tab().until("the page to say who is needed, and who cannot help", &says).await?;
            member.tab().sees(&selector("another-tab")).await?;
            member.tab().sees(&selector("begin-another")).await?;
        }
        let waits = members.first().context("there are four")?;
        // It stays so, and one visitor's choice alone begins nothing.
        waits.tab().click(&selector("begin-another")).await?;
        waits.tab().until("the choice to be shown", "document.getElementById('begin-another').ariaPressed === 'true'").await?;
        waits.tab().click(&selector("begin-another")).await?;

        members.extend(donated(visit, 1).await?);
        for member in &members {
            member.until("the artist to go on", &format!("it.artist === '{artist}' && Number(it.round) >= {before}")).await?;
        }
        // With the one that closed its pictures went, and three tabs have too few to learn from.
        teach(visit, members.get(members.len() - 1..).unwrap_or_default()).await?;
        learned(&members, before + 1).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_painter_that_falls_asleep_amid_a_round_holds_nobody_up_and_is_a_member_again_when_it_wakes()
-> Result<()> {
    gather("a_painter_that_falls_asleep", async |visit| {
        let mut members = donated(visit, PAINTERS).await?;
        teach(visit, &members).await?;
        let artist = one_artist(&members).await?;
        members.extend(donated(visit, 1).await?);

        let asleep = take_painter(&mut members).await?;
        asleep.until("a round", "['painting', 'teaching', 'learning'].includes(it.phase)").await?;
        asleep.tab().freeze(true).await?;
        ensure!(
            one_artist(&members).await? == artist,
            "another artist was drawn after a painter fell asleep"
        );

        asleep.tab().freeze(false).await?;
        asleep
            .until(
                "all others and their artist to be in sight",
                &format!(
                    "Number(it.members) > {PAINTERS} && it.artist === '{artist}' && it.role !== 'painter'"
                ),
            )
            .await?;
        one_piece(&members).await?;
        // A browser that puts a page to sleep cuts its line to the relay, and says so.
        let errors = visit.take_errors().await;
        let others: Vec<_> = errors.iter().filter(|line| !line.contains("Back-Forward Cache")).collect();
        ensure!(others.is_empty(), "{others:?}");
        Ok(())
    })
    .await
}
