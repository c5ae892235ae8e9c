//! One swarm, driven by a visitor's commands.

mod network;

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use abraham_messages::{
    PRESENCE_TOPIC, limits as protocol,
    node::{Command, Event, PeerKey},
};
use futures::{FutureExt, SinkExt, StreamExt, channel::mpsc};
use futures_timer::Delay;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    connection_limits::{self, ConnectionLimits},
    core::transport::ListenerId,
    gossipsub, identify,
    identity::Keypair,
    multiaddr::Protocol,
    ping,
    swarm::{DialError, NetworkBehaviour, SwarmEvent, dial_opts},
};
use web_time::Instant;

use crate::{
    Config, Error, dial,
    dial::Dials,
    identity::peer_id,
    limits,
    links::Links,
    presence::{Hearing, Waiting},
    relays::{self, Relays, Step},
    transport::{self, Built, Closer, IS_BEHIND_RELAYS, Reach},
};

/// What remotes are told this node speaks.
const IDENTIFY: &str = "abraham/1.0.0";

#[derive(NetworkBehaviour)]
struct Behaviour {
    limits: connection_limits::Behaviour,
    links: Links,
    gossip: gossipsub::Behaviour,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    reach: Reach,
}

#[derive(Debug, PartialEq, Eq)]
enum Status {
    Starting,
    Connecting,
    Online(Vec<String>),
    Offline,
}

enum Turn {
    Command(Option<Command>),
    Swarm(Box<SwarmEvent<BehaviourEvent>>),
    Tick,
}

/// A node at work.
pub(crate) struct Runner {
    swarm: Swarm<Behaviour>,
    me: PeerId,
    topic: gossipsub::IdentTopic,
    relays: Relays,
    /// The relay that each circuit listener is for.
    reservations: HashMap<ListenerId, PeerId>,
    /// Addresses that others can dial.
    addresses: Vec<(ListenerId, Multiaddr)>,
    listens: bool,
    private_addresses: bool,
    status: Status,
    dials: Dials,
    hearing: Hearing,
    waiting: Waiting,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    out: VecDeque<Event>,
    command_first: bool,
}

fn gossip(identity: &Keypair) -> Result<gossipsub::Behaviour, Error> {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Strict)
        .validate_messages()
        .max_transmit_size(protocol::MAX_GOSSIP_PACKET_BYTES)
        .max_transmit_size_for_topic(
            protocol::MAX_GOSSIP_BYTES + protocol::GOSSIP_OVERHEAD_BYTES,
            gossipsub::IdentTopic::new(PRESENCE_TOPIC).hash(),
        )
        .flood_publish(true)
        .build()
        .map_err(|error| Error::Encryption(error.to_string()))?;
    let signed = gossipsub::MessageAuthenticity::Signed(identity.clone());
    gossipsub::Behaviour::new(signed, config).map_err(|error| Error::Encryption(error.to_owned()))
}

fn parse_all(addresses: &[String]) -> Result<Vec<Multiaddr>, Error> {
    let parse = |address: &String| {
        address
            .parse::<Multiaddr>()
            .map_err(|error| Error::Address { address: address.clone(), reason: error.to_string() })
    };
    addresses.iter().map(parse).collect()
}

fn words(error: &DialError) -> String {
    match error {
        DialError::NoAddresses => "it gave no address that this node can dial".into(),
        DialError::LocalPeerId { .. } => "it is this node itself".into(),
        DialError::Aborted => "the attempt was given up".into(),
        DialError::WrongPeerId { .. } => "somebody else answers at its address".into(),
        DialError::Denied { cause } => cause.to_string(),
        DialError::DialPeerConditionFalse(_) => "it is being dialled already".into(),
        DialError::Transport(errors) => match errors.first() {
            Some((_, libp2p::TransportError::Other(error))) => format!("it could not be reached ({error})"),
            _ => "it gave no address that this node can dial".into(),
        },
    }
}

impl Runner {
    pub(crate) fn new(
        config: Config,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> Result<(Self, Closer), Error> {
        if config.relays.len() > limits::MAX_RELAYS {
            return Err(Error::TooManyRelays(config.relays.len()));
        }
        let now = Instant::now();
        let identity = config.secret.identity()?;
        let me = identity.public().to_peer_id();
        let addresses = parse_all(&config.relays)?;
        if let Some(address) = addresses.iter().find(|address| relays::named(address).is_none()) {
            let reason = "it does not end in /p2p/ and the relay's name".into();
            return Err(Error::Address { address: address.to_string(), reason });
        }
        let relays = Relays::new(&addresses, me, now);
        let swarm_config = transport::swarm_config()?;
        let Built { transport, reach, closer } = transport::build(&identity, &config.ice_servers)?;
        let topic = gossipsub::IdentTopic::new(PRESENCE_TOPIC);
        let mut gossip = gossip(&identity)?;
        gossip.subscribe(&topic).map_err(|error| Error::Encryption(error.to_string()))?;
        let at_most = ConnectionLimits::default()
            .with_max_pending_incoming(Some(32))
            .with_max_pending_outgoing(Some(64))
            .with_max_established_per_peer(Some(4));
        let identify = identify::Config::new(IDENTIFY.into(), identity.public()).with_cache_size(0);
        let behaviour = Behaviour {
            limits: connection_limits::Behaviour::new(at_most),
            links: Links::new(config.secret.key(), relays.peers()),
            gossip,
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(limits::PING_INTERVAL).with_timeout(limits::PING_TIMEOUT),
            ),
            identify: identify::Behaviour::new(identify),
            reach,
        };
        let mut swarm = Swarm::new(
            transport,
            behaviour,
            me,
            swarm_config.with_idle_connection_timeout(2 * limits::PING_INTERVAL),
        );
        let listen = if IS_BEHIND_RELAYS { vec!["/webrtc".to_owned()] } else { config.listen };
        for (address, text) in parse_all(&listen)?.into_iter().zip(&listen) {
            swarm
                .listen_on(address)
                .map_err(|error| Error::Address { address: text.clone(), reason: error.to_string() })?;
        }
        let runner = Self {
            swarm,
            me,
            topic,
            relays,
            reservations: HashMap::new(),
            addresses: Vec::new(),
            listens: !listen.is_empty(),
            private_addresses: config.private_addresses,
            status: Status::Starting,
            dials: Dials::default(),
            hearing: Hearing::new(now),
            waiting: Waiting::default(),
            commands,
            events,
            out: VecDeque::new(),
            command_first: false,
        };
        Ok((runner, closer))
    }

    pub(crate) async fn run(mut self) {
        if let Some(reason) = transport::unsupported() {
            tracing::warn!(reason, "no node can run here");
            self.out.push_back(Event::Unsupported { reason });
        } else {
            self.work().await;
        }
        self.out.push_back(Event::Stopped);
        while let Some(event) = self.out.pop_front() {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    async fn work(&mut self) {
        let mut tick = Delay::new(Duration::ZERO);
        loop {
            while let Some(event) = self.out.pop_front() {
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            match poll_fn(|cx| self.poll(&mut tick, cx)).await {
                Turn::Command(None | Some(Command::Stop)) => return self.goodbye().await,
                Turn::Command(Some(command)) => self.obey(command),
                Turn::Swarm(event) => self.on_swarm(*event),
                Turn::Tick => {
                    tick.reset(limits::TICK_INTERVAL);
                    self.on_tick();
                }
            }
        }
    }

    fn poll(&mut self, tick: &mut Delay, cx: &mut Context<'_>) -> Poll<Turn> {
        if tick.poll_unpin(cx).is_ready() {
            return Poll::Ready(Turn::Tick);
        }
        // Neither a busy visitor nor a busy network keeps the other waiting.
        self.command_first = !self.command_first;
        if self.command_first
            && let Poll::Ready(command) = self.commands.poll_next_unpin(cx)
        {
            return Poll::Ready(Turn::Command(command));
        }
        if let Poll::Ready(Some(event)) = self.swarm.poll_next_unpin(cx) {
            return Poll::Ready(Turn::Swarm(Box::new(event)));
        }
        self.commands.poll_next_unpin(cx).map(Turn::Command)
    }

    /// Lets what was just published leave, then closes every connection.
    async fn goodbye(&mut self) {
        for closing in [false, true] {
            if closing {
                let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
                for peer in peers {
                    // An error says that it has gone by itself.
                    let _ = self.swarm.disconnect_peer_id(peer);
                }
            }
            let mut over = Delay::new(limits::GOODBYE_TIMEOUT);
            poll_fn(|cx| {
                while let Poll::Ready(Some(_)) = self.swarm.poll_next_unpin(cx) {}
                let none_left = closing && self.swarm.connected_peers().next().is_none();
                if none_left { Poll::Ready(()) } else { over.poll_unpin(cx) }
            })
            .await;
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Publish { message } => {
                if message.len() > protocol::MAX_GOSSIP_BYTES {
                    let bytes = message.len();
                    tracing::warn!(
                        bytes,
                        "a message is too long for the presence topic; it is not published"
                    );
                    return;
                }
                self.waiting.push(message);
                self.publish();
            }
            Command::Connect { peer, addresses } => self.connect(peer, &addresses),
            Command::Disconnect { peer } => {
                self.dials.end(peer);
                self.links().close(peer, "this node let it go");
            }
            Command::Send { peer, lane, message } => self.links().send(peer, lane, message),
            Command::Acknowledge { peer, lane, bytes } => self.links().acknowledge(peer, lane, bytes),
            Command::Relays { addresses } => self.replace_relays(&addresses),
            other => tracing::warn!(?other, "this node does not know the command"),
        }
    }

    fn links(&mut self) -> &mut Links {
        &mut self.swarm.behaviour_mut().links
    }

    fn publish(&mut self) {
        while let Some(message) = self.waiting.pop() {
            let topic = self.topic.clone();
            match self.swarm.behaviour_mut().gossip.publish(topic, message.clone()) {
                Ok(_) => {}
                Err(
                    gossipsub::PublishError::NoPeersSubscribedToTopic
                    | gossipsub::PublishError::AllQueuesFull(_),
                ) => return self.waiting.put_back(message),
                Err(error) => tracing::warn!(%error, "a message could not be published"),
            }
        }
    }

    fn connect(&mut self, peer: PeerKey, addresses: &[String]) {
        let Some(id) = peer_id(peer).filter(|id| *id != self.me) else {
            return self.unreachable(peer, "it is nobody else's key".into());
        };
        let room = self.links().ask(peer);
        if self.links().is_up(peer) || self.dials.contains(peer) {
            return;
        }
        if !room || !self.dials.begin(peer, Instant::now()) {
            self.links().unask(peer);
            return self.unreachable(peer, "this node has as many links as it can have".into());
        }
        // It may just be connecting by itself.
        if self.links().is_forming(peer) {
            return;
        }
        let routes = transport::routes(dial::parse(addresses), id, &self.relays, self.private_addresses);
        let options = dial_opts::DialOpts::peer_id(id)
            .addresses(routes)
            .condition(dial_opts::PeerCondition::Always)
            // From the port that it listens on, two that dial each other at once would make one connection that
            // both think they dialled.
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            self.dials.end(peer);
            self.links().unask(peer);
            self.unreachable(peer, words(&error));
        }
    }

    fn unreachable(&mut self, peer: PeerKey, reason: String) {
        self.out.push_back(Event::Unreachable { peer, reason });
    }

    fn on_tick(&mut self) {
        let now = Instant::now();
        self.links().tick(now);
        for (peer, reason) in self.dials.expire(now) {
            self.links().close(peer, &reason);
            self.unreachable(peer, reason);
        }
        while let Some(step) = self.relays.poll(now) {
            match step {
                Step::Join(relay) => self.join(relay),
                Step::GiveUp(relay) => self.lost_relay(relay, "it does not answer"),
            }
        }
        self.announce_status();
        self.publish();
    }

    fn replace_relays(&mut self, addresses: &[String]) {
        let addresses: Vec<Multiaddr> =
            addresses.iter().take(limits::MAX_RELAYS).filter_map(|address| address.parse().ok()).collect();
        if !addresses.iter().any(|address| relays::named(address).is_some()) {
            tracing::warn!("none of these addresses is a relay's; the former relays stay");
            return;
        }
        let gone = self.relays.replace(&addresses, Instant::now());
        let relays = self.relays.peers();
        self.links().set_relays(relays);
        for relay in gone {
            self.lost_relay(relay, "it is no relay any more");
        }
    }

    fn join(&mut self, relay: PeerId) {
        let Some(address) = self.relays.address(&relay).cloned() else { return };
        if !matches!(self.status, Status::Online(_) | Status::Connecting) {
            self.status = Status::Connecting;
            self.out.push_back(Event::Connecting);
        }
        let joining = if IS_BEHIND_RELAYS {
            self.swarm.listen_on(address.with(Protocol::P2pCircuit)).map_err(|error| error.to_string()).map(
                |id| {
                    self.reservations.insert(id, relay);
                },
            )
        } else {
            self.swarm.dial(address).map_err(|error| words(&error))
        };
        if let Err(reason) = joining {
            self.lost_relay(relay, &reason);
        }
    }

    fn lost_relay(&mut self, relay: PeerId, reason: &str) {
        self.reservations.retain(|&id, &mut of| {
            if of == relay {
                self.swarm.remove_listener(id);
                self.addresses.retain(|(listener, _)| *listener != id);
            }
            of != relay
        });
        // An error says that there was no connection.
        let _ = self.swarm.disconnect_peer_id(relay);
        self.relays.failed(&relay, Instant::now());
        self.announce_status();
        if !self.relays.is_any_active() && self.status != Status::Offline {
            self.status = Status::Offline;
            let reason = format!("No relay can be reached for now: {reason}.");
            tracing::info!(reason, "offline");
            self.out.push_back(Event::Offline { reason });
        }
    }

    /// Says that others can reach this node, and where, when that is new.
    fn announce_status(&mut self) {
        let heard = self.relays.is_empty() || self.relays.is_any_joined();
        let reached = !self.addresses.is_empty() || (!self.listens && !IS_BEHIND_RELAYS);
        if !heard || !reached {
            return;
        }
        let me = Protocol::P2p(self.me);
        let addresses: Vec<_> = self
            .addresses
            .iter()
            .map(|(_, address)| match address.iter().last() {
                Some(last) if last == me => address.to_string(),
                _ => address.clone().with(me.clone()).to_string(),
            })
            .collect();
        let online = Status::Online(addresses.clone());
        if self.status != online {
            self.status = online;
            self.out.push_back(Event::Online { addresses });
        }
    }
}
