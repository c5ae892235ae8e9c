//! One address against a relay: what it holds, floods or leaves half-way keeps nobody else from reserving, linking or
//! being heard. Everyone comes through a proxy that says where from, as behind the documented ones.

mod support;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use abraham_messages::limits::GOSSIP_BYTES;
use abraham_relay::{Multiaddr, Running};
use futures::{StreamExt as _, future::join_all};
use libp2p::{
    multiaddr::Protocol,
    swarm::{
        SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use support::{
    PATIENCE, Visitor, behind_proxy, metric, metric_until, proxied, relay as start, while_running,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::mpsc, task::JoinHandle};

const STRANGER: [u8; 4] = [198, 51, 100, 66];

/// An address of one honest visitor.
fn home(number: u8) -> IpAddr {
    [203, 0, 113, number].into()
}

/// An address of one /48, each in a /64 of its own.
fn subnet(number: u16) -> IpAddr {
    [0x2001, 0xdb8, 0x66, number, 0, 0, 0, 1].into()
}

fn tcp(at: &Multiaddr) -> SocketAddr {
    let mut parts = at.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) => (ip, port).into(),
        other => panic!("{other:?}"),
    }
}

/// Lets visitors live until the returned task is dropped or aborted.
fn live(visitors: Vec<Visitor>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let lives = visitors.into_iter().map(|mut visitor| async move {
            loop {
                visitor.swarm.select_next_some().await;
            }
        });
        join_all(lives).await;
    })
}

/// Two honest visitors meet over a circuit.
async fn meet(at: &Multiaddr, number: u8) {
    let [mut first, mut second] = [2 * number, 2 * number + 1].map(|number| Visitor::silent_at(home(number)));
    let reachable = first.reserve(at).await;
    second.swarm.dial(reachable).unwrap();
    let peer = first.peer;
    while_running(&mut [&mut first], async {
        second
            .until(|event| match event {
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("pair {number}: {error}"),
                SwarmEvent::ConnectionEstablished { peer_id, .. } => *peer_id == peer,
                _ => false,
            })
            .await;
    })
    .await;
}

async fn refused(relay: &Running, cause: &str) -> f64 {
    metric(relay, &format!("abraham_connections_refused_total{{cause=\"{cause}\"}}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn circuits_of_one_address_leave_those_of_others() {
    let (relay, at) = start(behind_proxy).await;
    let mut target = Visitor::silent_at(STRANGER.into());
    let reachable = target.reserve(&at).await;
    let peer = target.peer;
    let mut strangers: Vec<_> = (0..5).map(|_| Visitor::silent_at(STRANGER.into())).collect();
    let attack = join_all(strangers.iter_mut().map(|stranger| {
        let reachable = reachable.clone();
        async move {
            for _ in 0..40 {
                let options = DialOpts::peer_id(peer).addresses(vec![reachable.clone()]);
                stranger.swarm.dial(options.condition(PeerCondition::Always).build()).unwrap();
                stranger
                    .until(|event| match event {
                        SwarmEvent::ConnectionEstablished { peer_id, .. } => *peer_id == peer,
                        SwarmEvent::OutgoingConnectionError { .. } => true,
                        _ => false,
                    })
                    .await;
            }
        }
    }));
    let mut most = 0_f64;
    while_running(&mut [&mut target], async {
        let count = async {
            loop {
                most = most.max(metric(&relay, "abraham_circuits").await);
            }
        };
        tokio::select! {
            _ = attack => {}
            () = count => {}
        }
    })
    .await;
    assert!((1.0..=64.0).contains(&most), "{most} circuits of one address at once");
    strangers.push(target);
    let strangers = live(strangers);
    for pair in 0..4 {
        meet(&at, pair).await;
    }
    strangers.abort();
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_full_of_one_network_takes_others() {
    let (relay, at) = start(|config| {
        behind_proxy(config);
        config.max_visitors = 8;
        config.max_per_address = 4;
    })
    .await;
    let mut strangers = Vec::new();
    for number in 0..8 {
        let mut stranger = Visitor::silent_at(subnet(number));
        stranger.reserve(&at).await;
        strangers.push(stranger);
    }
    let strangers = live(strangers);
    metric_until(&relay, "abraham_visitors", |count| count > 7.5).await;
    let mut honest = Vec::new();
    for number in 0..4 {
        let mut visitor = Visitor::silent_at(home(number));
        visitor.reserve(&at).await;
        honest.push(visitor);
    }
    assert!((metric(&relay, "abraham_visitors_displaced_total").await - 4.0).abs() < 0.1);
    // Four are left of the network, and it gets none of the others' places.
    for number in 10..14 {
        let mut stranger = Visitor::silent_at(subnet(number));
        stranger.swarm.dial(at.clone()).unwrap();
        stranger
            .until(|event| {
                matches!(
                    event,
                    SwarmEvent::OutgoingConnectionError { .. } | SwarmEvent::ConnectionClosed { .. }
                )
            })
            .await;
    }
    assert!((refused(&relay, "full").await - 4.0).abs() < 0.1);
    assert!((metric(&relay, "abraham_visitors_displaced_total").await - 4.0).abs() < 0.1);
    metric_until(&relay, "abraham_visitors", |count| (count - 8.0).abs() < 0.1).await;
    drop(honest);
    strangers.abort();
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_stop_half_way_keep_nobody_else_waiting() {
    let (relay, at) = start(behind_proxy).await;
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(tcp(&at)).await.unwrap();
        stream.write_all(&proxied(STRANGER.into())).await.unwrap();
        open.push(stream);
    }
    metric_until(&relay, "abraham_connections_refused_total{cause=\"half_open\"}", |count| count > 0.5).await;
    for pair in 0..2 {
        meet(&at, pair).await;
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_presence_from_one_address_takes_no_part_of_others() {
    let (relay, at) = start(behind_proxy).await;
    let mut flooders = Vec::new();
    for _ in 0..12 {
        let mut flooder = Visitor::at(STRANGER.into());
        flooder.swarm.dial(at.clone()).unwrap();
        flooder.subscribed(1).await;
        flooders.push(flooder);
    }
    // As much as each may say as an author, largest messages first, and on as fast as the relay takes them.
    let flood = tokio::spawn(join_all(flooders.into_iter().map(|mut flooder| async move {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        for number in 0_u64.. {
            let message = [&number.to_le_bytes()[..], &vec![7; GOSSIP_BYTES - 8]].concat();
            // Its own queue may be full.
            let _ = flooder.publish(&message);
            flooder.step().await;
            again.tick().await;
        }
    })));
    metric_until(&relay, "abraham_gossip_dropped_total{cause=\"topic_rate\"}", |count| count > 10.0).await;

    // Each lives in a task of its own: what comes to one that does not read is lost when its queue at the relay is full.
    let (hears, mut heard) = mpsc::unbounded_channel();
    let mut members = Vec::new();
    for number in 0..5 {
        let mut member = Visitor::at(home(number));
        member.reserve(&at).await;
        member.subscribed(1).await;
        let (says, mut said) = mpsc::unbounded_channel::<Vec<u8>>();
        let hears = hears.clone();
        members.push((member.peer, says));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    message = said.recv() => match message {
                        Some(message) => drop(member.publish(&message).unwrap()),
                        None => return,
                    },
                    message = member.hear() => hears.send((number, message)).unwrap(),
                }
            }
        });
    }
    for round in 0..4_u8 {
        for (speaker, (author, says)) in members.iter().enumerate() {
            let message = [b"member".to_vec(), vec![round, speaker as u8]].concat();
            says.send(message.clone()).unwrap();
            let wanted = (Some(*author), message);
            let mut missing: BTreeSet<_> = (0..5).filter(|number| usize::from(*number) != speaker).collect();
            let all = async {
                while !missing.is_empty() {
                    let (listener, message) = heard.recv().await.unwrap();
                    if message == wanted {
                        missing.remove(&listener);
                    }
                }
            };
            tokio::time::timeout(PATIENCE, all).await.expect("all hear it");
        }
    }
    drop(members);
    flood.abort();
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_for_addresses_hold_behind_a_proxy_and_without_its_word_nobody_comes_through_it() {
    let (relay, at) = start(|config| {
        behind_proxy(config);
        config.max_per_address = 2;
    })
    .await;
    let mut visitors = Vec::new();
    for address in [home(1), home(1), home(2)] {
        let mut visitor = Visitor::silent_at(address);
        visitor.reserve(&at).await;
        visitors.push(visitor);
    }
    for (mut visitor, why) in [
        (Visitor::silent_at(home(1)), "one too many of its address"),
        (Visitor::silent(), "the proxy does not say whose it is"),
    ] {
        visitor.swarm.dial(at.clone()).unwrap();
        visitor
            .until(|event| match event {
                SwarmEvent::OutgoingConnectionError { .. } => true,
                SwarmEvent::ConnectionEstablished { .. } => panic!("{why}"),
                _ => false,
            })
            .await;
    }
    assert!((refused(&relay, "address_full").await - 1.0).abs() < 0.1);
    metric_until(&relay, "abraham_visitors", |count| (count - 3.0).abs() < 0.1).await;
    relay.stop().await.unwrap();
}
