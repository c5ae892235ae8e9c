//! Transport and behaviour in real swarms with a real relay, all in memory; only the browser is a stand-in.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures::{
    AsyncReadExt, AsyncWriteExt, FutureExt, SinkExt, StreamExt, channel::mpsc, future::BoxFuture, select,
    task::ArcWake,
};
use libp2p::{
    Multiaddr, PeerId, Swarm, Transport as _,
    core::{
        Endpoint,
        muxing::StreamMuxerBox,
        transport::{DialOpts as TransportDialOpts, MemoryTransport, PortUse},
        upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo, Version},
    },
    identity::Keypair,
    multiaddr::Protocol,
    noise, relay,
    swarm::{self, NetworkBehaviour, Stream, SwarmEvent, dial_opts::DialOpts},
    yamux,
};
use libp2p_webrtc_private::{self as webrtc, Config, Connector, Error, Event, Refusal, signaling::Role};
use rw_stream_sink::RwStreamSink;

type Bytes = Vec<u8>;
type Wire = RwStreamSink<BoxedWire>;

/// One end of a pipe in memory.
struct BoxedWire {
    receive: mpsc::Receiver<Bytes>,
    send: mpsc::Sender<Bytes>,
}

impl futures::Stream for BoxedWire {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.receive.poll_next_unpin(cx).map(|item| item.map(Ok))
    }
}

impl futures::Sink<Bytes> for BoxedWire {
    type Error = io::Error;

    fn poll_ready(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        self.send.poll_ready_unpin(cx).map_err(io::Error::other)
    }

    fn start_send(mut self: std::pin::Pin<&mut Self>, item: Bytes) -> io::Result<()> {
        self.send.start_send_unpin(item).map_err(io::Error::other)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        self.send.poll_flush_unpin(cx).map_err(io::Error::other)
    }

    fn poll_close(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        self.send.poll_close_unpin(cx).map_err(io::Error::other)
    }
}

/// Stands in for the browsers: the offerer makes a pipe, and tells the answerer over the signalling stream which.
#[derive(Clone, Default)]
struct Pipes {
    ends: Arc<Mutex<HashMap<u64, Wire>>>,
    next: Arc<AtomicU64>,
}

impl Pipes {
    fn make(&self) -> (u64, Wire) {
        let ((send, far_receive), (far_send, receive)) = (mpsc::channel(64), mpsc::channel(64));
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let far = RwStreamSink::new(BoxedWire { receive: far_receive, send: far_send });
        self.ends.lock().unwrap().insert(id, far);
        (id, RwStreamSink::new(BoxedWire { receive, send }))
    }
}

impl Connector for Pipes {
    type Connection = yamux::Muxer<Wire>;

    fn connect(&self, mut stream: Stream, role: Role) -> BoxFuture<'static, Result<Self::Connection, Error>> {
        let pipes = self.clone();
        async move {
            let config = yamux::Config::default();
            let name = config.protocol_info().next().unwrap();
            let mut id = [0; 8];
            let connection = match role {
                Role::Offerer => {
                    let (made, wire) = pipes.make();
                    stream.write_all(&made.to_be_bytes()).await.map_err(Error::SignalingStream)?;
                    stream.flush().await.map_err(Error::SignalingStream)?;
                    // The answerer says that it has the other end.
                    stream.read_exact(&mut id).await.map_err(Error::SignalingStream)?;
                    config.upgrade_outbound(wire, name).await
                }
                Role::Answerer => {
                    stream.read_exact(&mut id).await.map_err(Error::SignalingStream)?;
                    let wire = pipes.ends.lock().unwrap().remove(&u64::from_be_bytes(id)).unwrap();
                    stream.write_all(&id).await.map_err(Error::SignalingStream)?;
                    stream.flush().await.map_err(Error::SignalingStream)?;
                    config.upgrade_inbound(wire, name).await
                }
            };
            Ok(connection.unwrap())
        }
        .boxed()
    }
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    webrtc: webrtc::Behaviour,
    relay: relay::client::Behaviour,
}

struct Member {
    swarm: Swarm<Behaviour>,
    direct: Vec<PeerId>,
    circuits: Vec<PeerId>,
    refused: Vec<Refusal>,
    failed: Vec<String>,
}

impl Member {
    fn new(pipes: &Pipes) -> Self {
        let key = Keypair::generate_secp256k1();
        let id = key.public().to_peer_id();
        let config = Config { relayed_linger: Duration::from_millis(50), ..Config::default() };
        let (direct, webrtc) = webrtc::pair(id, pipes.clone(), config);
        let (circuits, relay) = relay::client::new(id);
        let authenticated = circuits
            .or_transport(MemoryTransport::default())
            .upgrade(Version::V1Lazy)
            .authenticate(noise::Config::new(&key).unwrap())
            .multiplex(yamux::Config::default())
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
        let transport = direct
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .or_transport(authenticated)
            .map(|either, _| either.into_inner())
            .boxed();
        let swarm = Swarm::new(transport, Behaviour { webrtc, relay }, id, config_of_swarms());
        Self { swarm, direct: vec![], circuits: vec![], refused: vec![], failed: vec![] }
    }

    fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    fn dial(&mut self, relay: &Multiaddr, peer: PeerId) {
        let address =
            relay.clone().with(Protocol::P2pCircuit).with(Protocol::WebRTC).with(Protocol::P2p(peer));
        self.swarm.dial(DialOpts::unknown_peer_id().address(address).build()).unwrap();
    }

    async fn step(&mut self) {
        match self.swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                if webrtc::is_webrtc(&endpoint) {
                    self.direct.push(peer_id);
                } else if webrtc::is_circuit(&endpoint) {
                    self.circuits.push(peer_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, endpoint, .. } => {
                let list = if webrtc::is_webrtc(&endpoint) { &mut self.direct } else { &mut self.circuits };
                if let Some(index) = list.iter().position(|peer| *peer == peer_id) {
                    list.remove(index);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Webrtc(Event::InboundRefused { reason, .. })) => {
                self.refused.push(reason);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => self.failed.push(format!("{error:?}")),
            _ => {}
        }
    }
}

fn config_of_swarms() -> swarm::Config {
    swarm::Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60))
}

/// A relay that anyone may use; it runs until the test ends.
fn relay() -> Multiaddr {
    static PORT: AtomicU64 = AtomicU64::new(0x7e57_0000);
    let key = Keypair::generate_secp256k1();
    let id = key.public().to_peer_id();
    let transport = MemoryTransport::default()
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(&key).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let mut swarm =
        Swarm::new(transport, relay::Behaviour::new(id, relay::Config::default()), id, config_of_swarms());
    let address = Multiaddr::empty().with(Protocol::Memory(PORT.fetch_add(1, Ordering::Relaxed)));
    swarm.listen_on(address.clone()).unwrap();
    swarm.add_external_address(address.clone());
    tokio::spawn(async move {
        loop {
            swarm.next().await;
        }
    });
    address.with(Protocol::P2p(id))
}

/// Two members with reservations that listen, or only have reservations.
async fn two(relay: &Multiaddr, listening: bool) -> (Member, Member) {
    let pipes = Pipes::default();
    let mut members = (Member::new(&pipes), Member::new(&pipes));
    for member in [&mut members.0, &mut members.1] {
        if listening {
            member.swarm.listen_on(Multiaddr::empty().with(Protocol::WebRTC)).unwrap();
        }
        member.swarm.listen_on(relay.clone().with(Protocol::P2pCircuit)).unwrap();
        while !member.swarm.listeners().any(|address| address.iter().any(|part| part == Protocol::P2pCircuit))
        {
            member.step().await;
        }
    }
    members
}

/// Drives both until `done`; a minute is for machines that do other things.
async fn until(a: &mut Member, b: &mut Member, done: impl Fn(&Member, &Member) -> bool) {
    let drive = async {
        while !done(a, b) {
            select! {
                () = a.step().fuse() => {}
                () = b.step().fuse() => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), drive).await.expect("it does not come to that");
}

#[tokio::test]
async fn one_dial_makes_a_direct_connection_and_leaves_no_circuit() {
    let relay = relay();
    let (mut a, mut b) = two(&relay, true).await;
    let (a_id, b_id) = (a.id(), b.id());
    a.dial(&relay, b_id);
    until(&mut a, &mut b, |a, b| a.direct == [b_id] && b.direct == [a_id]).await;
    until(&mut a, &mut b, |a, b| a.circuits.is_empty() && b.circuits.is_empty()).await;
    assert_eq!((a.direct.len(), b.direct.len()), (1, 1));
}

#[tokio::test]
async fn two_that_dial_at_once_keep_one_connection() {
    let relay = relay();
    let (mut a, mut b) = two(&relay, true).await;
    let (a_id, b_id) = (a.id(), b.id());
    a.dial(&relay, b_id);
    b.dial(&relay, a_id);
    until(&mut a, &mut b, |a, b| {
        let settled = |member: &Member| member.direct.len() == 1 && member.circuits.is_empty();
        settled(a) && settled(b)
    })
    .await;
}

#[tokio::test]
async fn who_does_not_listen_refuses() {
    let relay = relay();
    let (mut a, mut b) = two(&relay, false).await;
    let b_id = b.id();
    a.dial(&relay, b_id);
    until(&mut a, &mut b, |a, b| !a.failed.is_empty() && !b.refused.is_empty()).await;
    assert_eq!(b.refused, [Refusal::NotListening]);
    assert!(a.direct.is_empty() && b.direct.is_empty());
}

#[tokio::test]
async fn who_has_no_reservation_cannot_be_dialled() {
    let relay = relay();
    let (mut a, mut b) = two(&relay, true).await;
    a.dial(&relay, PeerId::random());
    until(&mut a, &mut b, |a, _| a.failed.len() == 2).await;
    assert!(a.failed.iter().any(|failed| failed.contains("Relayed")), "{:?}", a.failed);
}

#[tokio::test]
async fn listening_may_begin_in_the_event_that_brings_the_reservation() {
    let (relay, pipes) = (relay(), Pipes::default());
    let (mut a, mut b) = (Member::new(&pipes), Member::new(&pipes));
    let (a_id, b_id) = (a.id(), b.id());
    for member in [&mut a, &mut b] {
        member.swarm.listen_on(relay.clone().with(Protocol::P2pCircuit)).unwrap();
        loop {
            // Within the event, before anything else is polled.
            if let SwarmEvent::Behaviour(BehaviourEvent::Relay(
                relay::client::Event::ReservationReqAccepted { .. },
            )) = member.swarm.select_next_some().await
            {
                member.swarm.listen_on(Multiaddr::empty().with(Protocol::WebRTC)).unwrap();
                break;
            }
        }
    }
    a.dial(&relay, b_id);
    until(&mut a, &mut b, |a, b| a.direct == [b_id] && b.direct == [a_id]).await;
}

#[test]
fn the_relay_client_would_take_our_addresses_and_so_comes_second() {
    let (relay, peer) = (PeerId::random(), PeerId::random());
    let address: Multiaddr = format!("/memory/1/p2p/{relay}/p2p-circuit/webrtc/p2p/{peer}").parse().unwrap();
    let options = || TransportDialOpts { role: Endpoint::Dialer, port_use: PortUse::Reuse };
    let (mut circuits, _relay) = relay::client::new(PeerId::random());
    // Should this fail one day, the order of the transports does not matter any more.
    assert!(circuits.dial(address.clone(), options()).is_ok());
    let (mut direct, _webrtc) = webrtc::pair(PeerId::random(), Pipes::default(), Config::default());
    assert!(direct.dial(address, options()).is_ok());
    let circuit: Multiaddr = format!("/memory/1/p2p/{relay}/p2p-circuit/p2p/{peer}").parse().unwrap();
    assert!(direct.dial(circuit, options()).is_err(), "it would take the circuits that it signals over");
}

/// Counts how often the task that polls is woken.
#[derive(Default)]
struct Wakes(AtomicU64);

impl ArcWake for Wakes {
    fn wake_by_ref(wakes: &Arc<Self>) {
        wakes.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_connection_that_nobody_uses_or_closes_wakes_nobody() {
    let relay = relay();
    let (mut a, mut b) = two(&relay, true).await;
    let (a_id, b_id) = (a.id(), b.id());
    a.dial(&relay, b_id);
    until(&mut a, &mut b, |a, b| a.direct == [b_id] && b.direct == [a_id]).await;
    until(&mut a, &mut b, |a, b| a.circuits.is_empty() && b.circuits.is_empty()).await;
    // One that asks to be polled again and again would be woken at every poll.
    let wakes = Arc::new(Wakes::default());
    let waker = futures::task::waker(wakes.clone());
    let mut quiet = 0;
    for _ in 0..10_000 {
        let before = wakes.0.load(Ordering::Relaxed);
        while a.swarm.poll_next_unpin(&mut Context::from_waker(&waker)).is_ready() {}
        let is_quiet = wakes.0.load(Ordering::Relaxed) == before;
        quiet = if is_quiet { quiet + 1 } else { 0 };
        if quiet == 100 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it is woken without end");
}
