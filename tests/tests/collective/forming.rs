//! Four tabs become one collective that learns and paints; others teach.

use abraham_tests::{Member, selector};
use anyhow::{Result, ensure};

use crate::{PAINTERS, donated, gather, learned, one_artist, one_piece, teach};

#[tokio::test(flavor = "multi_thread")]
async fn four_visitors_learn_and_paint_one_piece_that_all_of_them_show() -> Result<()> {
    gather("four_visitors_learn_and_paint_one_piece", async |visit| {
        let members = donated(visit, PAINTERS).await?;
        teach(visit, &members).await?;
        one_artist(&members).await?;
        learned(&members, 2).await?;
        one_piece(&members).await?;
        for member in &members {
            ensure!(member.tab().text(&selector("rounds-painted")).await? != "0", "a painter helped nothing");
            member.tab().reads(&selector("sent"), "B").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn four_tabs_of_one_visitor_are_one_collective() -> Result<()> {
    gather("four_tabs_of_one_visitor", async |visit| {
        let visitor = visit.visitor().await?;
        let mut members = Vec::new();
        for _ in 0..PAINTERS {
            let tab = visit.open_at(Some(&visitor), &visit.url("/?webgpu=off")).await?;
            members.push(Member::donate(tab).await?);
        }
        one_artist(&members).await?;
        one_piece(&members).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_visitors_four_paint_and_the_others_teach() -> Result<()> {
    gather("of_eight_visitors_four_paint", async |visit| {
        let members = donated(visit, 2 * PAINTERS).await?;
        teach(visit, &members).await?;
        let everyone = 2 * PAINTERS;
        for member in &members {
            member.until("everyone to be in sight", &format!("Number(it.members) === {everyone}")).await?;
        }
        learned(&members, 2).await?;
        let (mut painters, mut others) = (Vec::new(), Vec::new());
        for member in members {
            let role = member.standing().await?.role;
            if role == "painter" { &mut painters } else { &mut others }.push(member);
        }
        ensure!(painters.len() == PAINTERS, "{} tabs paint", painters.len());
        one_artist(&painters).await?;
        for teacher in &others {
            teacher
                .tab()
                .until(
                    "the teacher to have taught",
                    "document.getElementById('rounds-taught').textContent !== '0'",
                )
                .await?;
        }
        Ok(())
    })
    .await
}
