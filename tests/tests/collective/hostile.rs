//! A stranger that says what no honest member says: counted and dropped, and the four go on.

use abraham_messages::{
    Nonce, RecipeId, TermId,
    collective::{BulkKind, Control, Farewell, Gossip, Presence, Proposal, ProposedOrigin, Seated},
    node::{Command, Event, Lane, PeerKey},
};
use abraham_tests::{Member, Stranger};
use anyhow::{Result, ensure};

use crate::{PAINTERS, donated, gather, one_artist};

/// Presences that the stranger sends at once.
const FLOOD: u64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_forgery_replays_and_floods_are_counted_and_the_four_go_on() -> Result<()> {
    gather("garbage_forgery_replays_and_floods", async |visit| {
        let members = donated(visit, PAINTERS).await?;
        let artist = one_artist(&members).await?;
        let mut stranger = Stranger::start(visit, [7; 32]).await?;
        stranger.until("a relay", |event| matches!(event, Event::Online { .. }).then_some(())).await?;

        let (painter, overheard) = stranger.until("a painter's presence", painter_heard).await?;
        for message in gossip(&overheard) {
            stranger.tell(Command::Publish { message }).await?;
        }
        // What the network node itself would refuse, and what reaches the others' collective as a member's presence.
        until_dropped(&members, 1).await?;

        let addresses = overheard.addresses.clone();
        stranger.tell(Command::Connect { peer: painter, addresses }).await?;
        let linked =
            |event: &Event| matches!(event, Event::LinkUp { peer } if *peer == painter).then_some(());
        stranger.until("a link to the painter", linked).await?;
        for (lane, message) in direct(overheard.recipe, painter, overheard.seated.as_ref()) {
            let message = message.into();
            stranger.tell(Command::Send { peer: painter, lane, message }).await?;
        }
        until_dropped(&members, 2).await?;

        for sequence in 0..FLOOD {
            let presence = Presence { sequence: 1_000 + sequence, ..overheard.clone() };
            stranger.tell(Command::Publish { message: Gossip::Presence(presence).encode() }).await?;
        }
        for member in &members {
            member.until_pieces(member.pieces().await?.len()).await?;
        }
        ensure!(one_artist(&members).await? == artist, "the stranger broke the committee");
        for member in &members {
            let standing = member.standing().await?;
            ensure!(standing.members <= PAINTERS + 1, "{} members are in sight", standing.members);
        }
        Ok(())
    })
    .await
}

fn painter_heard(event: &Event) -> Option<(PeerKey, Presence)> {
    let Event::Gossip { from, message } = event else { return None };
    match Gossip::decode(message) {
        Ok(Gossip::Presence(presence)) if presence.seated.is_some() => Some((*from, presence)),
        _ => None,
    }
}

/// Waits until one of `members` at least has dropped `count` messages.
async fn until_dropped(members: &[Member], count: usize) -> Result<()> {
    for member in members {
        member.until("messages to be dropped", &format!("Number(it.rejections) >= {count}")).await?;
    }
    Ok(())
}

/// What is published: no message, another version, cut off, too long, too far ahead, and another's words.
fn gossip(overheard: &Presence) -> Vec<Vec<u8>> {
    let honest = Gossip::Presence(overheard.clone()).encode();
    let other_version = [&[9], &honest[1..]].concat();
    let leap = Presence { known_term: u64::MAX, sequence: 1, ..overheard.clone() };
    let seated = overheard.seated.as_ref().map(|seated| Seated { number: u64::MAX - 1, ..*seated });
    let forged = Presence { seated, sequence: 2, ..overheard.clone() };
    vec![
        vec![0xff; 500],
        other_version,
        honest[..honest.len() / 2].to_vec(),
        vec![1; 15_000],
        Gossip::Presence(leap).encode(),
        Gossip::Presence(forged).encode(),
        honest.clone(),
        honest,
        Gossip::Leave { sequence: 0 }.encode(),
    ]
}

/// What is sent on a link: garbage on each lane, a term that does not exist, a committee of one.
fn direct(recipe: RecipeId, painter: PeerKey, seated: Option<&Seated>) -> Vec<(Lane, Vec<u8>)> {
    let proposal = Proposal {
        number: u64::MAX,
        recipe,
        seats: [painter; 4],
        origin: ProposedOrigin::Genesis,
        nonce: Nonce([0; 32]),
    };
    let term = seated.map_or(TermId([1; 32]), |seated| seated.term);
    let bulk = [&[1, BulkKind::Update as u8][..], &term.0[..8], &[0; 4], &[0xee; 1000]].concat();
    vec![
        (Lane::Control, vec![0xff; 500]),
        (Lane::Bulk, vec![0xff; 500_000]),
        (Lane::Frames, [&[0xff; 10_000][..], &term.0[..8]].concat()),
        (Lane::Control, Control::Proposal(proposal).encode()),
        (Lane::Control, Control::Accept { term: TermId([1; 32]), certificate: None }.encode()),
        (Lane::Control, Control::Farewell { term, why: Farewell::Suspects([0, 1]) }.encode()),
        (Lane::Bulk, bulk),
    ]
}
