//! One address against a relay: what it holds, floods or leaves half-way keeps nobody else from reserving, linking or
//! being heard. Everyone comes through a proxy that says where from, as behind the documented ones.

mod support;

use abraham_relay::Running;
use libp2p::swarm::SwarmEvent;
use support::{
    Visitor, behind_proxy, metric, metric_until, relay as start,
    strangers::{self, Members, home, meet, subnet},
};

async fn refused(relay: &Running, cause: &str) -> f64 {
    metric(relay, &format!("abraham_connections_refused_total{{cause=\"{cause}\"}}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn circuits_of_one_address_leave_those_of_others() {
    let (relay, at) = start(behind_proxy).await;
    let attack = strangers::open_circuits(at.clone());
    metric_until(&relay, "abraham_circuits", |count| count >= 16.0).await;
    let mut most = 0_f64;
    for pair in 0..4 {
        meet(&at, pair).await.unwrap();
        most = most.max(metric(&relay, "abraham_circuits").await);
    }
    assert!(most <= 64.0 + 4.0, "{most} circuits, of which the honest have four");
    attack.abort();
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
    let strangers = strangers::live(strangers);
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
    let attack = strangers::stop_half_way(&at);
    metric_until(&relay, "abraham_connections_refused_total{cause=\"half_open\"}", |count| count > 0.5).await;
    for pair in 0..2 {
        meet(&at, pair).await.unwrap();
    }
    attack.abort();
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_presence_from_one_address_takes_no_part_of_others() {
    let (relay, at) = start(behind_proxy).await;
    let flood = strangers::flood(at.clone());
    metric_until(&relay, "abraham_gossip_dropped_total{cause=\"topic_rate\"}", |count| count > 10.0).await;
    let mut members = Members::join(&at, 5).await;
    for _ in 0..4 {
        for speaker in 0..5 {
            members.all_hear(speaker).await.unwrap();
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
