//! Nodes that meet at a relay, and a relay that goes and comes back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use abraham_messages::limits;
use abraham_p2p::{Command, Config, Error, Event, Node, Secret};
use common::Member;
use futures::StreamExt;
use libp2p::{
    Multiaddr, SwarmBuilder, gossipsub,
    identity::Keypair,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::task::JoinHandle;

/// What of a relay native nodes see: one that forwards the presence topic.
#[derive(NetworkBehaviour)]
struct Forward {
    gossip: gossipsub::Behaviour,
}

struct Relay {
    address: String,
    task: JoinHandle<()>,
}

impl Relay {
    async fn start(keys: &Keypair, listen: &str) -> Self {
        let mut swarm = SwarmBuilder::with_existing_identity(keys.clone())
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_websocket(noise::Config::new, yamux::Config::default)
            .await
            .unwrap()
            .with_behaviour(|keys| {
                let signed = gossipsub::MessageAuthenticity::Signed(keys.clone());
                let mut gossip: gossipsub::Behaviour =
                    gossipsub::Behaviour::new(signed, gossipsub::Config::default()).unwrap();
                gossip.subscribe(&gossipsub::IdentTopic::new(abraham_messages::PRESENCE_TOPIC)).unwrap();
                Forward { gossip }
            })
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
            .build();
        swarm.listen_on(listen.parse().unwrap()).unwrap();
        let address: Multiaddr = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let address = format!("{address}/p2p/{}", swarm.local_peer_id());
        let task = tokio::spawn(async move { while swarm.next().await.is_some() {} });
        Self { address, task }
    }

    async fn stop(self) {
        self.task.abort();
        // Aborted on purpose.
        let _ = self.task.await;
    }
}

/// Lets one member say something until the other hears it: a relay keeps nothing for who is not there yet.
async fn hear(from: &mut Member, to: &mut Member, message: &[u8]) {
    let heard = Event::Gossip { from: from.key, message: message.to_vec() };
    let mut again = tokio::time::interval(Duration::from_millis(200));
    let heard = to.until("presence", |event| (*event == heard).then_some(()));
    let mut heard = std::pin::pin!(heard);
    loop {
        tokio::select! {
            () = &mut heard => return,
            _ = again.tick() => from.send(Command::Publish { message: message.to_vec() }).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_hear_each_other_through_a_relay_that_goes_and_comes_back() {
    let keys = Keypair::generate_ed25519();
    let relay = Relay::start(&keys, "/ip4/127.0.0.1/tcp/0/ws").await;
    let address = relay.address.clone();
    let [mut ann, mut ben] =
        [150, 151].map(|secret| Member::start(secret, &[], std::slice::from_ref(&address)));
    ann.until("dialling", |event| (*event == Event::Connecting).then_some(())).await;
    ann.online().await;
    ben.online().await;
    hear(&mut ann, &mut ben, b"here").await;

    relay.stop().await;
    ann.until("being offline", |event| matches!(event, Event::Offline { .. }).then_some(())).await;
    ben.until("being offline", |event| matches!(event, Event::Offline { .. }).then_some(())).await;
    ann.until("dialling again", |event| (*event == Event::Connecting).then_some(())).await;
    let listen = address.split("/p2p/").next().unwrap();
    let relay = Relay::start(&keys, listen).await;
    ann.online().await;
    ben.online().await;
    hear(&mut ann, &mut ben, b"again").await;
    relay.stop().await;
}

/// What comes fast fills a stream's buffer with more than one message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_much_at_once_makes_nobody_deaf() {
    let relay = Relay::start(&Keypair::generate_ed25519(), "/ip4/127.0.0.1/tcp/0/ws").await;
    let [mut ann, mut ben, mut eve] =
        [155, 156, 157].map(|secret| Member::start(secret, &[], std::slice::from_ref(&relay.address)));
    for member in [&mut ann, &mut ben, &mut eve] {
        member.online().await;
    }
    hear(&mut eve, &mut ben, b"here").await;
    for number in 0..3 {
        eve.send(Command::Publish { message: vec![number; limits::MAX_GOSSIP_BYTES] }).await;
    }
    let last = Event::Gossip { from: eve.key, message: vec![2; limits::MAX_GOSSIP_BYTES] };
    ben.until("all that was said", |event| (*event == last).then_some(())).await;
    hear(&mut ann, &mut ben, b"still here").await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_comes_back_under_another_name_is_found_by_those_who_are_told() {
    let [before, after] = [Keypair::generate_ed25519(), Keypair::generate_ed25519()];
    let relay = Relay::start(&before, "/ip4/127.0.0.1/tcp/0/ws").await;
    let mut ann = Member::start(170, &["/ip4/127.0.0.1/tcp/0"], std::slice::from_ref(&relay.address));
    let mut ben = Member::start(171, &[], std::slice::from_ref(&relay.address));
    let addresses = ann.online().await;
    ben.online().await;
    ben.send(Command::Connect { peer: ann.key, addresses }).await;
    ann.linked(ben.key).await;
    ben.linked(ann.key).await;

    let listen = relay.address.split("/p2p/").next().unwrap().to_owned();
    relay.stop().await;
    for member in [&mut ann, &mut ben] {
        member.until("being offline", |event| matches!(event, Event::Offline { .. }).then_some(())).await;
    }
    let relay = Relay::start(&after, &listen).await;
    for member in [&mut ann, &mut ben] {
        member.seen.clear();
        // Whoever knows nothing, or nonsense, changes nothing.
        member.send(Command::Relays { addresses: vec!["relay.example".into()] }).await;
        member.send(Command::Relays { addresses: vec![relay.address.clone()] }).await;
        member.online().await;
    }
    hear(&mut ann, &mut ben, b"again").await;
    for member in [&ann, &ben] {
        let lost = member.seen.iter().find(|event| matches!(event, Event::LinkDown { .. }));
        assert_eq!(lost, None, "links have nothing to do with relays");
    }
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_relay_is_enough() {
    let keys = Keypair::generate_ed25519();
    let relay = Relay::start(&keys, "/ip4/127.0.0.1/tcp/0").await;
    let nobody = format!("/ip4/127.0.0.1/tcp/1/p2p/{}", Keypair::generate_ed25519().public().to_peer_id());
    let somebody_else = format!(
        "{}/p2p/{}",
        relay.address.split("/p2p/").next().unwrap(),
        Keypair::generate_ed25519().public().to_peer_id()
    );
    let relays = [nobody, somebody_else, relay.address.clone()];
    for secret in 160..163 {
        Member::start(secret, &[], &relays).online().await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn configurations_that_cannot_work_are_refused_with_the_address() {
    let refuse = |change: fn(&mut Config)| {
        let mut config = Config::new(Secret::new([1; 32]).unwrap());
        change(&mut config);
        Node::start(config).err().unwrap()
    };
    let error = refuse(|config| config.relays = vec!["/ip4/127.0.0.1/tcp/1/ws".into()]);
    assert!(
        matches!(&error, Error::Address { address, .. } if address == "/ip4/127.0.0.1/tcp/1/ws"),
        "{error}"
    );
    let error = refuse(|config| config.relays = vec!["relay.example".into()]);
    assert!(matches!(&error, Error::Address { address, .. } if address == "relay.example"), "{error}");
    let error = refuse(|config| config.listen = vec!["/ip4/127.0.0.1/udp/1".into()]);
    assert!(matches!(&error, Error::Address { .. }), "{error}");
    let error = refuse(|config| config.relays = vec!["/ip4/127.0.0.1/tcp/1".into(); 17]);
    assert!(matches!(error, Error::TooManyRelays(17)), "{error}");
}
