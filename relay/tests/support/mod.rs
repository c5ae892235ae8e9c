//! Native libp2p peers that behave as tabs do, and HTTP requests exactly as written.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod strangers;

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use abraham_messages::{
    PRESENCE_TOPIC,
    limits::{GOSSIP_OVERHEAD_BYTES, MAX_GOSSIP_PACKET_BYTES},
};
use abraham_relay::{Config, Relay, Running};
use anyhow::{Context as _, Result, bail, ensure};
use futures::{AsyncWriteExt as _, FutureExt as _, StreamExt as _};
use libp2p::{
    Multiaddr, PeerId, Swarm, Transport as _,
    core::upgrade::Version,
    gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode},
    identity::Keypair,
    multiaddr::Protocol,
    noise, ping, relay,
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
    tcp, websocket, yamux,
};

/// Loaded machines take seconds for what takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) relay: relay::client::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) gossip: Toggle<gossipsub::Behaviour>,
}

/// A visitor: websocket, relay client, and the presence topic.
pub(crate) struct Visitor {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) peer: PeerId,
    /// Presence that arrived while something else was waited for.
    heard: Vec<(Option<PeerId>, Vec<u8>)>,
}

impl Visitor {
    /// A visitor whose messages may have so many bytes; honest ones keep to the protocol's limit.
    pub(crate) fn with_messages_of(bytes: usize) -> Self {
        Self::new(Some((bytes, Duration::from_millis(100))), None)
    }

    /// A visitor with presence that keeps the usual pace, for crowds.
    pub(crate) fn idle() -> Self {
        Self::new(Some((abraham_messages::limits::MAX_GOSSIP_BYTES, Duration::from_secs(1))), None)
    }

    /// A visitor without presence.
    pub(crate) fn silent() -> Self {
        Self::new(None, None)
    }

    /// A visitor with presence whose connection is passed on by a proxy that says it comes from `address`.
    pub(crate) fn at(address: IpAddr) -> Self {
        let presence = (abraham_messages::limits::MAX_GOSSIP_BYTES, Duration::from_millis(100));
        Self::new(Some(presence), Some(address))
    }

    /// The same without presence.
    pub(crate) fn silent_at(address: IpAddr) -> Self {
        Self::new(None, Some(address))
    }

    fn new(presence: Option<(usize, Duration)>, address: Option<IpAddr>) -> Self {
        let keypair = Keypair::generate_ed25519();
        let peer = keypair.public().to_peer_id();
        let noise = noise::Config::new(&keypair).unwrap();
        let (circuits, client) = relay::client::new(peer);
        let tcp = || {
            let streams = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            streams.and_then(move |mut stream, _| {
                let header = address.map(proxied).unwrap_or_default();
                async move {
                    stream.write_all(&header).await?;
                    Ok::<_, std::io::Error>(stream)
                }
                .boxed()
            })
        };
        let websocket = websocket::Config::new(tcp());
        let transport = circuits
            .upgrade(Version::V1Lazy)
            .authenticate(noise.clone())
            .multiplex(yamux::Config::default())
            .or_transport(
                websocket
                    .upgrade(Version::V1Lazy)
                    .authenticate(noise.clone())
                    .multiplex(yamux::Config::default()),
            )
            .or_transport(
                tcp().upgrade(Version::V1Lazy).authenticate(noise).multiplex(yamux::Config::default()),
            )
            .map(|either, _| match either {
                futures::future::Either::Left(futures::future::Either::Left((peer, muxer))) => {
                    (peer, libp2p::core::muxing::StreamMuxerBox::new(muxer))
                }
                futures::future::Either::Left(futures::future::Either::Right((peer, muxer))) => {
                    (peer, libp2p::core::muxing::StreamMuxerBox::new(muxer))
                }
                futures::future::Either::Right((peer, muxer)) => {
                    (peer, libp2p::core::muxing::StreamMuxerBox::new(muxer))
                }
            })
            .boxed();
        let gossip = presence.map(|(bytes, heartbeat)| {
            let config = gossipsub::ConfigBuilder::default()
                .validation_mode(ValidationMode::Strict)
                // As in tabs: a packet may be larger than a message.
                .max_transmit_size(MAX_GOSSIP_PACKET_BYTES)
                .max_transmit_size_for_topic(
                    bytes + GOSSIP_OVERHEAD_BYTES,
                    IdentTopic::new(PRESENCE_TOPIC).hash(),
                )
                .heartbeat_initial_delay(heartbeat)
                .heartbeat_interval(heartbeat)
                .build()
                .unwrap();
            let mut gossip =
                gossipsub::Behaviour::new(MessageAuthenticity::Signed(keypair.clone()), config).unwrap();
            gossip.subscribe(&IdentTopic::new(PRESENCE_TOPIC)).unwrap();
            gossip
        });
        let behaviour = Behaviour { relay: client, ping: ping::Behaviour::default(), gossip: gossip.into() };
        let config = libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(PATIENCE);
        Self { swarm: Swarm::new(transport, behaviour, peer, config), peer, heard: Vec::new() }
    }

    /// A visitor with presence that is connected to `relay` and has a reservation there.
    pub(crate) async fn join(relay: &Multiaddr) -> Self {
        let mut visitor = Self::with_messages_of(abraham_messages::limits::MAX_GOSSIP_BYTES);
        visitor.reserve(relay).await;
        visitor.subscribed(1).await;
        visitor
    }

    /// Connects and waits for a reservation; returns where others reach this visitor.
    pub(crate) async fn reserve(&mut self, relay: &Multiaddr) -> Multiaddr {
        self.try_reserve(relay).await.unwrap()
    }

    /// As [`Visitor::reserve`].
    ///
    /// # Errors
    /// Where the relay refuses.
    pub(crate) async fn try_reserve(&mut self, relay: &Multiaddr) -> Result<Multiaddr> {
        self.swarm.listen_on(relay.clone().with(Protocol::P2pCircuit))?;
        let (mut address, mut accepted) = (None, false);
        let mut refused = None;
        self.until(|event| {
            match event {
                SwarmEvent::NewListenAddr { address: got, .. } => address = Some(got.clone()),
                SwarmEvent::Behaviour(BehaviourEvent::Relay(
                    relay::client::Event::ReservationReqAccepted { .. },
                )) => accepted = true,
                SwarmEvent::ListenerClosed { reason, .. } => refused = Some(format!("{reason:?}")),
                _ => {}
            }
            accepted && address.is_some() || refused.is_some()
        })
        .await;
        match refused {
            Some(reason) => bail!("no reservation: {reason}"),
            None => address.context("no address"),
        }
    }

    /// Waits until `relays` peers are known to be subscribed.
    pub(crate) async fn subscribed(&mut self, relays: usize) {
        let topic = IdentTopic::new(PRESENCE_TOPIC).hash();
        while self.gossip().all_peers().filter(|(_, topics)| topics.contains(&&topic)).count() < relays {
            self.next().await;
        }
    }

    pub(crate) fn gossip(&mut self) -> &mut gossipsub::Behaviour {
        self.swarm.behaviour_mut().gossip.as_mut().expect("a visitor with presence")
    }

    pub(crate) fn publish(
        &mut self,
        message: &[u8],
    ) -> Result<gossipsub::MessageId, gossipsub::PublishError> {
        self.gossip().publish(IdentTopic::new(PRESENCE_TOPIC), message)
    }

    /// The next presence, with its author.
    pub(crate) async fn next_message(&mut self) -> (Option<PeerId>, Vec<u8>) {
        while self.heard.is_empty() {
            self.next().await;
        }
        self.heard.remove(0)
    }

    /// The next event, presence put aside. Panics when nothing happens for a long time.
    pub(crate) async fn next(&mut self) -> SwarmEvent<BehaviourEvent> {
        let event = tokio::time::timeout(PATIENCE, self.swarm.select_next_some()).await.expect("an event");
        if let SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message { message, .. })) =
            &event
        {
            self.heard.push((message.source, message.data.clone()));
        }
        event
    }

    /// Does what can be done without waiting.
    pub(crate) async fn step(&mut self) {
        while self.swarm.next().now_or_never().flatten().is_some() {}
        tokio::task::yield_now().await;
    }

    /// Goes on until `done`.
    pub(crate) async fn until(&mut self, mut done: impl FnMut(&SwarmEvent<BehaviourEvent>) -> bool) {
        let all = async { while !done(&self.next().await) {} };
        tokio::time::timeout(PATIENCE, all).await.expect("what was waited for");
    }

    /// Lives until a connection ends or a dial fails.
    pub(crate) async fn until_over(&mut self) {
        while !matches!(
            self.swarm.select_next_some().await,
            SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. }
        ) {}
    }
}

/// What a proxy sends first of a connection from `address` (PROXY protocol, version 2).
pub(crate) fn proxied(address: IpAddr) -> Vec<u8> {
    let to = match address {
        IpAddr::V4(_) => SocketAddr::from(([192, 0, 2, 1], 443)),
        IpAddr::V6(_) => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 443)),
    };
    let addresses = (SocketAddr::new(address, 4711), to);
    let first = ppp::v2::Version::Two | ppp::v2::Command::Proxy;
    ppp::v2::Builder::with_addresses(first, ppp::v2::Protocol::Stream, addresses).build().unwrap()
}

/// A relay whose visitors all come through a proxy on this machine.
pub(crate) fn behind_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    config.proxy_protocol = true;
}

/// Runs `visitors` while `wanted` is waited for.
pub(crate) async fn while_running<T>(visitors: &mut [&mut Visitor], wanted: impl Future<Output = T>) -> T {
    let others = futures::future::join_all(visitors.iter_mut().map(|visitor| async {
        loop {
            let event = visitor.swarm.select_next_some().await;
            if let SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message {
                message, ..
            })) = event
            {
                visitor.heard.push((message.source, message.data));
            }
        }
    }));
    tokio::select! {
        found = wanted => found,
        _ = others => unreachable!("visitors run for ever"),
    }
}

/// A relay with metrics, and where to dial it.
pub(crate) async fn relay(change: impl FnOnce(&mut Config)) -> (Running, Multiaddr) {
    let mut config = Config::default();
    config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    change(&mut config);
    let running = Relay::bind(config).await.unwrap();
    let address = running.p2p_addrs()[0].clone();
    (running, address)
}

/// A count of the relay's, `name` with its labels as in the text.
pub(crate) async fn metric(relay: &Running, name: &str) -> f64 {
    let address = relay.metrics_addr().unwrap();
    let answer = tokio::task::spawn_blocking(move || send(address, "GET", "/metrics", &[])).await.unwrap();
    assert_eq!(answer.status, 200);
    let lines = answer.text().lines();
    let value = lines.filter_map(|line| line.split_once(' ')).find(|(found, _)| *found == name);
    value.map_or(0.0, |(_, value)| value.parse().unwrap())
}

/// Waits until a count of the relay's is as wanted.
pub(crate) async fn metric_until(relay: &Running, name: &str, wanted: impl Fn(f64) -> bool) {
    let all = async {
        while !wanted(metric(relay, name).await) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("{name} did not come"));
}

/// One answer as it was on the wire; header names in small letters.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection from another address of the loopback network: 127.0.0.1 is a proxy or the operator, others are strangers.
pub(crate) async fn connect(from: [u8; 4], to: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// Asks from `from` whether the relay is well.
///
/// # Errors
/// Where it does not say that it is.
pub(crate) async fn is_well(from: [u8; 4], relay: SocketAddr) -> Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = connect(from, relay).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{from:?}: {answer}");
    Ok(())
}

/// Sends one request exactly as given, so that nothing tidies the path, and reads the answer to its end.
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += "host: localhost\r\n";
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Answer { status, headers, body: answer[end + 4..].to_vec() }
}
