//! Peers that break the rules of the lanes: named, cut off, and nobody else is held up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{convert::Infallible, task::Poll};

use abraham_p2p::{Command, Event, Lane, PeerKey};
use common::Member;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt, future::BoxFuture};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
    core::{
        Endpoint, transport::PortUse, upgrade::InboundUpgrade, upgrade::OutboundUpgrade, upgrade::UpgradeInfo,
    },
    identity::{Keypair, secp256k1},
    noise,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, OneShotHandler, SubstreamProtocol,
        SwarmEvent, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
    tcp, yamux,
};

/// What a rogue writes to a lane that it opens, and to each that is opened to it.
#[derive(Debug, Clone)]
struct Attack {
    lanes: Vec<StreamProtocol>,
    opened: Vec<u8>,
    accepted: Vec<u8>,
}

impl Attack {
    fn new(lane: &str, opened: &[u8], accepted: &[u8]) -> Self {
        let lanes = [lane, "control", "bulk", "frames"]
            .map(|lane| StreamProtocol::try_from_owned(format!("/abraham/{lane}/1.0.0")).unwrap());
        Self { lanes: lanes.into(), opened: opened.to_vec(), accepted: accepted.to_vec() }
    }
}

impl UpgradeInfo for Attack {
    type Info = StreamProtocol;
    type InfoIter = Vec<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.lanes.clone()
    }
}

async fn write(mut stream: Stream, bytes: Vec<u8>) -> Result<(), Infallible> {
    // The node may close the stream at any byte.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
    Ok(())
}

impl InboundUpgrade<Stream> for Attack {
    type Output = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn upgrade_inbound(self, stream: Stream, _: Self::Info) -> Self::Future {
        write(stream, self.accepted).boxed()
    }
}

impl OutboundUpgrade<Stream> for Attack {
    type Output = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: Self::Info) -> Self::Future {
        write(stream, self.opened).boxed()
    }
}

type Handler = OneShotHandler<Attack, Attack, ()>;

/// Opens its lane as often as it says on every connection.
struct Rogue {
    attack: Attack,
    times: usize,
}

impl Rogue {
    fn handler(&self) -> Handler {
        let mut handler =
            OneShotHandler::new(SubstreamProtocol::new(self.attack.clone(), ()), Default::default());
        (0..self.times).for_each(|_| handler.send_request(self.attack.clone()));
        handler
    }
}

impl NetworkBehaviour for Rogue {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, _: THandlerOutEvent<Self>) {}

    fn poll(&mut self, _: &mut std::task::Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

/// Starts a rogue that dials the address.
fn attack(secret: u8, address: &str, attack: Attack, times: usize) -> PeerKey {
    let secret = secp256k1::SecretKey::try_from_bytes([secret; 32]).unwrap();
    let keys = secp256k1::Keypair::from(secret);
    let key = PeerKey(keys.public().to_bytes());
    let mut swarm = dial(Keypair::from(keys), address, Rogue { attack, times });
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    key
}

fn dial(keys: Keypair, address: &str, rogue: Rogue) -> Swarm<Rogue> {
    let mut swarm = SwarmBuilder::with_existing_identity(keys)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| rogue)
        .unwrap()
        .build();
    swarm.dial(address.parse::<Multiaddr>().unwrap()).unwrap();
    swarm
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_breaks_the_rules_is_named_and_cut_off() {
    let mut node = Member::start(100, &["/ip4/127.0.0.1/tcp/0"], &[]);
    let addresses = node.online().await;
    let mut friend = Member::start(101, &[], &[]);
    friend.send(Command::Connect { peer: node.key, addresses: addresses.clone() }).await;
    node.linked(friend.key).await;
    friend.linked(node.key).await;

    let over = |limit: usize| (limit as u32 + 1).to_le_bytes().to_vec();
    // One byte each, without waiting for credit.
    let flood = [1, 0, 0, 0, 7].repeat(10_000);
    let cases = [
        (
            Attack::new("control", &over(Lane::Control.message_bytes()), &[]),
            1,
            "announced a message of 65537",
        ),
        (Attack::new("bulk", &[0xff; 4], &[]), 1, "announced a message of 4294967295"),
        (Attack::new("frames", &[0; 4000], &[]), 1, "an empty message on the Frames lane"),
        (Attack::new("control", &flood, &[]), 1, "more on the Control lane than it had credit for"),
        (Attack::new("control", &[], &[1, 0, 0, 0]), 1, "for what it was never sent"),
        (Attack::new("bulk", &[], &[0; 4]), 1, "credit of nothing"),
        (Attack::new("control", &[], &[]), 2, "opened the Control lane twice"),
    ];
    // With keys on both sides of the node's, for one side decides which connection is the link.
    for (i, (bytes, times, cause)) in cases.into_iter().enumerate() {
        for secret in [2 * i as u8 + 110, 2 * i as u8 + 111] {
            let rogue = attack(secret, &addresses[0], bytes.clone(), times);
            let what = node
                .until(cause, |event| match event {
                    Event::Misbehaved { peer, what } if *peer == rogue => Some(what.clone()),
                    _ => None,
                })
                .await;
            assert!(what.contains(cause), "{what} instead of {cause}");
        }
    }

    friend.send(Command::Send { peer: node.key, lane: Lane::Control, message: vec![1, 2].into() }).await;
    let from_friend = Event::Message { peer: friend.key, lane: Lane::Control, message: vec![1, 2].into() };
    node.until("a friend's message", |event| (*event == from_friend).then_some(())).await;
    let of_friend = |event: &&Event| matches!(event, Event::LinkDown { peer, .. } if *peer == friend.key);
    assert_eq!(node.seen.iter().find(of_friend), None);
}

/// A member's key is one of secp256k1; whoever has another kind can be no member, and so no link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_another_kind_of_key_gets_no_link_and_is_let_go() {
    let mut node = Member::start(180, &["/ip4/127.0.0.1/tcp/0"], &[]);
    let addresses = node.online().await;
    let rogue = Rogue { attack: Attack::new("control", &[1, 0, 0, 0, 7], &[]), times: 1 };
    let mut stranger = dial(Keypair::generate_ed25519(), &addresses[0], rogue);
    loop {
        if let SwarmEvent::ConnectionClosed { .. } = stranger.select_next_some().await {
            break;
        }
    }
    let mut friend = Member::start(181, &[], &[]);
    friend.send(Command::Connect { peer: node.key, addresses }).await;
    node.linked(friend.key).await;
    let links = node.seen.iter().filter(|event| matches!(event, Event::LinkUp { .. })).count();
    assert_eq!(links, 1, "only the friend has a link: {:?}", node.seen);
    assert!(!node.seen.iter().any(|event| matches!(event, Event::Message { .. })));
}
