//! The relay's libp2p half, with native peers that do what tabs do: reservations, circuits, presence, mesh, limits.

mod support;

use abraham_messages::limits::MAX_GOSSIP_BYTES;
use libp2p::{
    Multiaddr,
    multiaddr::Protocol,
    relay,
    swarm::{SwarmEvent, dial_opts::DialOpts},
};
use support::{BehaviourEvent, Visitor, metric, metric_until, relay as start, send, while_running};

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_meet_over_a_circuit_with_the_limits_of_signalling() {
    let (relay, at) = start(|_| {}).await;
    let (mut first, mut second) = (Visitor::silent(), Visitor::silent());
    let reachable = first.reserve(&at).await;
    assert!(reachable.to_string().starts_with(&at.to_string()), "{reachable} carries the relay's address");
    second.swarm.dial(reachable).unwrap();
    let mut limit = None;
    let first_peer = first.peer;
    while_running(&mut [&mut first], async {
        let mut connected = false;
        second
            .until(|event| {
                match event {
                    SwarmEvent::Behaviour(BehaviourEvent::Relay(
                        relay::client::Event::OutboundCircuitEstablished { limit: told, .. },
                    )) => limit = *told,
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => connected |= *peer_id == first_peer,
                    _ => {}
                }
                connected && limit.is_some()
            })
            .await;
    })
    .await;
    let limit = limit.unwrap();
    assert_eq!(limit.data_in_bytes(), Some(128 << 10));
    assert_eq!(limit.duration().map(|time| time.as_secs()), Some(20));
    assert!((metric(&relay, "abraham_circuits").await - 1.0).abs() < 0.1);
    assert!((metric(&relay, "abraham_reservations").await - 1.0).abs() < 0.1);
    let now = send(relay.http_addr(), "GET", "/api/v1/now", &[]).json();
    assert_eq!((now["visitors"].as_i64(), now["circuits"].as_i64()), (Some(2), Some(1)));
    drop(second);
    while_running(&mut [&mut first], metric_until(&relay, "abraham_circuits", |open| open < 0.1)).await;
    drop(first);
    metric_until(&relay, "abraham_reservations", |open| open < 0.1).await;
    metric_until(&relay, "abraham_visitors", |open| open < 0.1).await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circuit_ends_when_more_than_signalling_goes_through_it() {
    let (relay, at) = start(|_| {}).await;
    let (mut first, mut second) = (Visitor::join(&at).await, Visitor::join(&at).await);
    second.swarm.dial(at.with(Protocol::P2pCircuit).with(Protocol::P2p(first.peer))).unwrap();
    let first_peer = first.peer;
    let mut sent = 0;
    while_running(&mut [&mut first], async {
        // Presence goes over every connection, so also over the one through the relay.
        second.subscribed(2).await;
        while second.swarm.is_connected(&first_peer) {
            sent += 1;
            // Its own queue may be full; then it waits for the others.
            let _ =
                second.publish(&[vec![0; MAX_GOSSIP_BYTES - 8], u64::to_le_bytes(sent).to_vec()].concat());
            second.step().await;
        }
    })
    .await;
    assert!(sent >= 7, "128 KiB fit seven messages, not {sent}");
    while_running(
        &mut [&mut first, &mut second],
        metric_until(&relay, "abraham_circuits", |open| open < 0.1),
    )
    .await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_reached_who_reserved_nothing() {
    let (relay, at) = start(|_| {}).await;
    let (mut first, mut second) = (Visitor::silent(), Visitor::silent());
    first.swarm.dial(at.clone()).unwrap();
    first.until(|event| matches!(event, SwarmEvent::ConnectionEstablished { .. })).await;
    second.swarm.dial(at.with(Protocol::P2pCircuit).with(Protocol::P2p(first.peer))).unwrap();
    while_running(&mut [&mut first], async {
        second.until(|event| matches!(event, SwarmEvent::OutgoingConnectionError { .. })).await;
    })
    .await;
    metric_until(&relay, "abraham_circuits_denied_total", |denied| denied > 0.5).await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_reaches_everyone_else_with_its_author_and_never_in_two_copies() {
    let (relay, at) = start(|_| {}).await;
    let mut visitors = Vec::new();
    for _ in 0..4 {
        visitors.push(Visitor::join(&at).await);
    }
    let (author, others) = visitors.split_first_mut().unwrap();
    author.publish(b"here").unwrap();
    author.publish(b"still here").unwrap();
    let peer = author.peer;
    for at in 0..others.len() {
        let (listener, rest) = others.split_at_mut(at).1.split_first_mut().unwrap();
        let mut running: Vec<&mut Visitor> = rest.iter_mut().chain([&mut *author]).collect();
        let mut heard = while_running(&mut running, async {
            [listener.next_message().await, listener.next_message().await]
        })
        .await;
        heard.sort();
        assert_eq!(heard, [(Some(peer), b"here".to_vec()), (Some(peer), b"still here".to_vec())]);
    }
    assert!((metric(&relay, "abraham_gossip_passed_total").await - 2.0).abs() < 0.1);
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_dropped_counted_and_put_out_while_others_are_heard() {
    let (relay, at) = start(|_| {}).await;
    let mut flooder = Visitor::join(&at).await;
    let mut honest = Visitor::join(&at).await;
    let mut listener = Visitor::join(&at).await;
    let relay_peer = match at.iter().last() {
        Some(Protocol::P2p(peer)) => peer,
        other => panic!("{other:?}"),
    };
    let flooded = async {
        let mut sent = 0_u32;
        // Until the relay closes the connection.
        while flooder.swarm.is_connected(&relay_peer) {
            for _ in 0..16 {
                sent += 1;
                // Its own queue may be full; then it is the relay's turn.
                let _ = flooder.publish(&sent.to_le_bytes());
            }
            flooder.step().await;
        }
        sent
    };
    let sent = while_running(&mut [&mut honest, &mut listener], flooded).await;
    assert!(sent > 100, "{sent}");
    metric_until(&relay, "abraham_gossip_dropped_total{cause=\"author_rate\"}", |n| n > 100.0).await;
    metric_until(&relay, "abraham_peers_blocked_total{cause=\"author_rate\"}", |n| n > 0.5).await;
    let passed = metric(&relay, "abraham_gossip_passed_total").await;
    assert!(passed < 60.0, "a burst of 32 and a little more is passed on, not {passed}");

    honest.publish(b"I am honest").unwrap();
    let (heard, of_flooder) = while_running(&mut [&mut honest], async {
        let mut of_flooder = 0;
        loop {
            let (author, message) = listener.next_message().await;
            if author != Some(flooder.peer) {
                return (message, of_flooder);
            }
            of_flooder += 1;
        }
    })
    .await;
    assert_eq!(heard, b"I am honest");
    assert!(of_flooder < 60, "what is dropped is not passed on: {of_flooder} messages were heard");

    // It may not come back at once.
    flooder.swarm.dial(DialOpts::unknown_peer_id().address(at).build()).unwrap();
    flooder
        .until(|event| {
            matches!(event, SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. })
        })
        .await;
    metric_until(&relay, "abraham_connections_refused_total{cause=\"blocked\"}", |n| n > 0.5).await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_presence_is_dropped_and_the_largest_allowed_is_not() {
    let (relay, at) = start(|_| {}).await;
    let mut author = Visitor::with_messages_of(1 << 20);
    author.reserve(&at).await;
    author.subscribed(1).await;
    let mut listener = Visitor::join(&at).await;
    // A little too large is counted by name; far too large ends the stream before it is held in memory.
    author.publish(&vec![1; MAX_GOSSIP_BYTES + 1]).unwrap();
    while_running(
        &mut [&mut author, &mut listener],
        metric_until(&relay, "abraham_gossip_dropped_total{cause=\"oversized\"}", |n| n > 0.5),
    )
    .await;
    author.publish(&vec![2; MAX_GOSSIP_BYTES]).unwrap();
    let heard = while_running(&mut [&mut author], listener.next_message()).await;
    assert_eq!(heard.1, vec![2; MAX_GOSSIP_BYTES]);
    author.publish(&vec![3; 500_000]).unwrap();
    let mut next = Visitor::join(&at).await;
    next.publish(b"after").unwrap();
    let heard = while_running(&mut [&mut author, &mut next], listener.next_message()).await;
    assert_eq!(heard.1, b"after");
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_share_presence_and_find_each_other_again() {
    let (first, first_at) = start(|_| {}).await;
    let (second, second_at) = start(|config| config.bootstrap = vec![first_at.clone()]).await;
    metric_until(&second, "abraham_mesh_relays", |n| n > 0.5).await;
    let mut here = Visitor::join(&first_at).await;
    let mut there = Visitor::join(&second_at).await;
    // The relays may need a heartbeat to exchange what they are subscribed to.
    let heard = loop {
        here.publish(format!("{:?}", std::time::SystemTime::now()).as_bytes()).unwrap();
        let heard = while_running(
            &mut [&mut here],
            tokio::time::timeout(std::time::Duration::from_millis(500), there.next_message()),
        )
        .await;
        if let Ok(heard) = heard {
            break heard;
        }
    };
    assert_eq!(heard.0, Some(here.peer));
    let told = send(second.http_addr(), "GET", "/api/v1/config", &[]).json();
    let relays: Vec<&str> =
        told["relays"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(relays, [second_at.to_string(), first_at.to_string()], "tabs are told of both");
    // A relay is no visitor.
    assert!((metric(&second, "abraham_visitors").await - 1.0).abs() < 0.1);

    drop(here);
    first.stop().await.unwrap();
    metric_until(&second, "abraham_mesh_relays", |n| n < 0.5).await;
    drop(there);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_restarted_is_found_again_under_its_kept_identity_and_remembers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let identity = folder.path().join("identity");
    let keep = |config: &mut abraham_relay::Config| config.identity = Some(identity.clone());
    let (first, at) = start(keep).await;
    let (second, _) = start(|config| config.bootstrap = vec![at.clone()]).await;
    metric_until(&second, "abraham_mesh_relays", |n| n > 0.5).await;
    let mut visitor = Visitor::silent();
    let reachable = visitor.reserve(&at).await;
    first.stop().await.unwrap();
    visitor.until(|event| matches!(event, SwarmEvent::ConnectionClosed { .. })).await;
    metric_until(&second, "abraham_mesh_relays", |n| n < 0.5).await;

    let without_id: Multiaddr = at.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect();
    let (first, again) = start(|config| {
        keep(config);
        config.p2p_listen = vec![without_id];
    })
    .await;
    assert_eq!(again, at, "the id is kept");
    metric_until(&second, "abraham_mesh_relays", |n| n > 0.5).await;
    assert!(metric(&first, "abraham_reservations").await < 0.5, "reservations are not");
    let mut other = Visitor::silent();
    other.swarm.dial(reachable).unwrap();
    other.until(|event| matches!(event, SwarmEvent::OutgoingConnectionError { .. })).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else was written");
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_relay_refuses_counts_and_takes_again() {
    let (relay, at) = start(|config| config.max_visitors = 2).await;
    let mut visitors = Vec::new();
    for _ in 0..2 {
        let mut visitor = Visitor::silent();
        visitor.reserve(&at).await;
        visitors.push(visitor);
    }
    let mut late = Visitor::silent();
    late.swarm.dial(at.clone()).unwrap();
    late.until(|event| {
        matches!(event, SwarmEvent::OutgoingConnectionError { .. } | SwarmEvent::ConnectionClosed { .. })
    })
    .await;
    metric_until(&relay, "abraham_connections_refused_total{cause=\"full\"}", |n| n > 0.5).await;
    visitors.pop();
    metric_until(&relay, "abraham_visitors", |n| n < 1.5).await;
    late.reserve(&at).await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_other_protocols_do_not_disturb() {
    let (relay, at) = start(|_| {}).await;
    let port = at.iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let address = format!("127.0.0.1:{}", port.unwrap());
    let mut open = Vec::new();
    for bytes in [&b""[..], &[0; 100_000], b"GET / HTTP/1.1\r\n\r\n", b"\x13/multistream/1.0.0\n"] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        // The relay may hang up before everything is written.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await;
        open.push(stream);
    }
    let mut visitor = Visitor::silent();
    visitor.reserve(&at).await;
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn native_peers_may_dial_plain_tcp() {
    let (relay, at) = start(|config| config.p2p_listen.push("/ip4/127.0.0.1/tcp/0".parse().unwrap())).await;
    let plain = relay.p2p_addrs()[1].clone();
    assert_ne!(at, plain);
    let mut visitor = Visitor::silent();
    visitor.reserve(&plain).await;
    let told = send(relay.http_addr(), "GET", "/api/v1/config", &[]).json();
    assert_eq!(told["relays"].as_array().unwrap().len(), 1, "tabs cannot dial it and are not told");
    relay.stop().await.unwrap();
}
