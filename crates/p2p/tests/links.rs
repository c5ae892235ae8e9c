//! Links between nodes in one process, over TCP and over memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use abraham_messages::Payload;
use abraham_p2p::{Command, Event, Lane};
use common::{Member, linked_pair};

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const MEMORY: &str = "/memory/0";

fn bytes(length: usize, start: u8) -> Payload {
    let bytes: Vec<u8> = (0..length).map(|i| (i as u8).wrapping_mul(31).wrapping_add(start)).collect();
    bytes.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_every_lane_arrive_in_order_over_tcp_and_memory() {
    for (listen, secrets) in [(TCP, [1, 2]), (TCP, [2, 1]), (MEMORY, [3, 4])] {
        let [mut ann, mut ben] = linked_pair(listen, secrets).await;
        for lane in Lane::ALL {
            let lengths = [1, 5000, lane.message_bytes().min(3 << 20), 20_000];
            for (i, &length) in lengths.iter().enumerate() {
                ben.send(Command::Send { peer: ann.key, lane, message: bytes(length, i as u8) }).await;
            }
            for (i, &length) in lengths.iter().enumerate() {
                let (at, message) = ann
                    .until("a message", |event| match event {
                        Event::Message { peer, lane, message } if *peer == ben.key => {
                            Some((*lane, message.clone()))
                        }
                        _ => None,
                    })
                    .await;
                assert!((at, message) == (lane, bytes(length, i as u8)), "message {i} on {lane:?}");
                let sent = ben
                    .until("word that it was sent", |event| match event {
                        Event::Sent { bytes, .. } => Some(*bytes),
                        _ => None,
                    })
                    .await;
                assert_eq!(sent, length);
                ann.send(Command::Acknowledge { peer: ben.key, lane, bytes: length }).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_waits_for_the_receivers_visitor() {
    let [mut ann, mut ben] = linked_pair(TCP, [5, 6]).await;
    let (lane, message) = (Lane::Control, bytes(Lane::Control.message_bytes(), 0));
    let window = lane.window_bytes() / message.len();
    for _ in 0..=window {
        ben.send(Command::Send { peer: ann.key, lane, message: message.clone() }).await;
    }
    let is_message = |event: &Event| matches!(event, Event::Message { .. }).then_some(());
    for _ in 0..window {
        ann.until("a message", is_message).await;
    }
    // Another lane is not held up; what arrives on it shows that nothing more came on the first.
    ben.send(Command::Send { peer: ann.key, lane: Lane::Bulk, message: vec![1].into() }).await;
    let lane_of = |event: &Event| match event {
        Event::Message { lane, .. } => Some(*lane),
        _ => None,
    };
    assert_eq!(ann.until("the other lane", lane_of).await, Lane::Bulk);
    for _ in 0..window {
        ann.send(Command::Acknowledge { peer: ben.key, lane, bytes: message.len() }).await;
    }
    assert_eq!(ann.until("the rest", lane_of).await, Lane::Control);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_that_sends_without_waiting_loses_the_link() {
    let [ann, mut ben] = linked_pair(TCP, [7, 8]).await;
    let message = bytes(Lane::Control.message_bytes(), 0);
    for _ in 0..40 {
        ben.send(Command::Send { peer: ann.key, lane: Lane::Control, message: message.clone() }).await;
    }
    let reason = ben.unlinked(ann.key).await;
    assert!(reason.contains("has to wait"), "{reason}");
    let [ann, mut ben] = linked_pair(TCP, [9, 10]).await;
    ben.send(Command::Send { peer: ann.key, lane: Lane::Control, message: vec![].into() }).await;
    let reason = ben.unlinked(ann.key).await;
    assert!(reason.contains("0 bytes"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_dial_each_other_get_one_link() {
    for round in 0..5 {
        let mut ann = Member::start(20 + 2 * round, &[TCP], &[]);
        let mut ben = Member::start(21 + 2 * round, &[TCP], &[]);
        let (to_ann, to_ben) = (ann.online().await, ben.online().await);
        ann.send(Command::Connect { peer: ben.key, addresses: to_ben }).await;
        ben.send(Command::Connect { peer: ann.key, addresses: to_ann }).await;
        ann.linked(ben.key).await;
        ben.linked(ann.key).await;
        // A message each way after both saw the link: neither end is on a connection that the other gave up.
        for (from, to) in [(0, 1), (1, 0)] {
            let both = [&mut ann, &mut ben];
            let peer = both[to].key;
            both[from].send(Command::Send { peer, lane: Lane::Frames, message: vec![9; 100].into() }).await;
            both[to].until("it", |event| matches!(event, Event::Message { .. }).then_some(())).await;
        }
        for member in [&ann, &ben] {
            let bad = member.seen.iter().find(|event| {
                matches!(event, Event::LinkDown { .. } | Event::Unreachable { .. } | Event::Misbehaved { .. })
            });
            assert_eq!(bad, None);
            let ups = member.seen.iter().filter(|event| matches!(event, Event::LinkUp { .. })).count();
            assert_eq!(ups, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_let_go_ends_for_both_and_can_be_made_again() {
    let [mut ann, mut ben] = linked_pair(TCP, [40, 41]).await;
    let addresses = ann
        .seen
        .iter()
        .find_map(|event| match event {
            Event::Online { addresses } => Some(addresses.clone()),
            _ => None,
        })
        .unwrap();
    for _ in 0..3 {
        ben.send(Command::Disconnect { peer: ann.key }).await;
        ann.unlinked(ben.key).await;
        ben.unlinked(ann.key).await;
        ben.send(Command::Connect { peer: ann.key, addresses: addresses.clone() }).await;
        ann.linked(ben.key).await;
        ben.linked(ann.key).await;
    }
    ann.send(Command::Stop).await;
    ben.unlinked(ann.key).await;
    ann.until("the end", |event| (*event == Event::Stopped).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_reached_is_named_with_the_cause() {
    let mut ann = Member::start(50, &[TCP], &[]);
    let mut ben = Member::start(51, &[], &[]);
    let to_ann = ann.online().await;
    let nobody = Member::start(52, &[], &[]).key;
    let not_ann = to_ann.iter().map(|address| address.split("/p2p/").next().unwrap().to_owned()).collect();
    let cases = [
        (nobody, vec![], "no address"),
        (nobody, vec!["/ip4/127.0.0.1/tcp/1".to_owned()], "could not be reached"),
        (nobody, vec!["not an address".to_owned()], "no address"),
        (nobody, not_ann, "somebody else"),
        (ben.key, vec![], "nobody else's key"),
    ];
    for (peer, addresses, cause) in cases {
        ben.send(Command::Connect { peer, addresses }).await;
        let reason = ben
            .until("word of it", |event| match event {
                Event::Unreachable { peer: who, reason } if *who == peer => Some(reason.clone()),
                _ => None,
            })
            .await;
        assert!(reason.contains(cause), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_to_nobody_waits_for_somebody() {
    let mut ann = Member::start(60, &[TCP], &[]);
    let addresses = ann.online().await;
    for i in 0..10 {
        ann.send(Command::Publish { message: vec![i; 10] }).await;
    }
    ann.send(Command::Publish { message: vec![0; 20 << 10] }).await;
    let mut ben = Member::start(61, &[], &[]);
    ben.send(Command::Connect { peer: ann.key, addresses }).await;
    for i in 6..10 {
        let heard = ben
            .until("presence", |event| match event {
                Event::Gossip { from, message } => Some((*from, message.clone())),
                _ => None,
            })
            .await;
        assert_eq!(heard, (ann.key, vec![i; 10]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_presence_is_cut_and_its_author_named_and_unlinked() {
    let [mut ann, mut ben] = linked_pair(TCP, [70, 71]).await;
    for i in 0..1000_u32 {
        let mut message = vec![0; 900];
        message[..4].copy_from_slice(&i.to_le_bytes());
        ann.send(Command::Publish { message }).await;
    }
    let named = ben
        .until("word of it", |event| match event {
            Event::Misbehaved { peer, .. } => Some(*peer),
            _ => None,
        })
        .await;
    assert_eq!(named, ann.key);
    let heard = ben.seen.iter().filter(|event| matches!(event, Event::Gossip { .. })).count();
    assert!(heard < 100, "{heard} messages were passed on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_measured() {
    let [mut ann, mut ben] = linked_pair(MEMORY, [80, 81]).await;
    ben.send(Command::Send { peer: ann.key, lane: Lane::Bulk, message: vec![5; 100_000].into() }).await;
    let received = |event: &Event| match event {
        Event::Measured { received, .. } if *received >= 100_004 => Some(*received),
        _ => None,
    };
    assert_eq!(ann.until("a measurement", received).await, 100_004);
}
