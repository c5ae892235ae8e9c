//! The swarm and the loop that drives it.

use std::collections::HashMap;

use futures::{
    FutureExt as _, StreamExt as _,
    channel::{mpsc, oneshot},
    select,
};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport as _,
    core::{ConnectedPoint, muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    identify,
    identity::Keypair,
    multiaddr::Protocol,
    noise, ping, relay,
    swarm::{ConnectionId, NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
    websocket_websys, yamux,
};
use libp2p_webrtc_private::{
    self as webrtc,
    browser::{Closer, DirectTransport},
};
use wasm_bindgen_futures::spawn_local;

use crate::streams::{self, Reply};

/// Commands that may wait.
const COMMANDS: usize = 64;

/// How many connections to a peer there are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Links {
    pub(crate) direct: usize,
    pub(crate) relayed: usize,
}

/// What the probe asks of its swarm.
pub(crate) enum Command {
    Dial(Multiaddr, oneshot::Sender<Result<(), String>>),
    Links(PeerId, oneshot::Sender<Links>),
    Open(PeerId, StreamProtocol, Reply),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    webrtc: webrtc::Behaviour,
    relay: relay::client::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    streams: streams::Behaviour,
}

/// Starts a peer with a new key; returns when `relay` has taken its reservation.
pub(crate) async fn start(relay: Multiaddr) -> Result<(mpsc::Sender<Command>, PeerId, Closer), String> {
    let (mut swarm, closer) = build()?;
    let id = *swarm.local_peer_id();
    let text = |error: &dyn std::fmt::Display| error.to_string();
    swarm.listen_on(Multiaddr::empty().with(Protocol::WebRTC)).map_err(|error| text(&error))?;
    swarm.listen_on(relay.with(Protocol::P2pCircuit)).map_err(|error| text(&error))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(BehaviourEvent::Relay(relay::client::Event::ReservationReqAccepted {
                ..
            })) => break,
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.to_string()),
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => return Err(error.to_string()),
            _ => {}
        }
    }
    let (commands, receiver) = mpsc::channel(COMMANDS);
    spawn_local(Node { swarm, dials: HashMap::new(), links: HashMap::new() }.run(receiver));
    Ok((commands, id, closer))
}

fn build() -> Result<(Swarm<Behaviour>, Closer), String> {
    let key = Keypair::generate_secp256k1();
    let id = key.public().to_peer_id();
    let (direct, webrtc, closer) = webrtc::browser::pair(id, webrtc::Config::default());
    let (circuits, relay) = relay::client::new(id);
    let noise = noise::Config::new(&key).map_err(|error| error.to_string())?;
    let websocket = websocket_websys::Transport::default();
    let relayed = circuits
        .or_transport(websocket)
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let servers = DirectTransport::new(&key, &webrtc::Config::default(), closer.clone());
    // Ours first: the relay's transport would take the address and leave out its end.
    let transport: Boxed<(PeerId, StreamMuxerBox)> = direct
        .or_transport(servers)
        .map(|either, _| either.into_inner())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .or_transport(relayed)
        .map(|either, _| either.into_inner())
        .boxed();
    let identify = identify::Config::new("/abraham-test/1.0.0".to_owned(), key.public());
    let behaviour = Behaviour {
        webrtc,
        relay,
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::default(),
        streams: streams::Behaviour::default(),
    };
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_wasm_bindgen()
        .with_other_transport(|_| transport)
        .map_err(|error| error.to_string())?
        .with_behaviour(|_| behaviour)
        .map_err(|error| error.to_string())?
        .build();
    Ok((swarm, closer))
}

/// Whether a connection is a direct one. libp2p itself goes by `/p2p-circuit` alone, which the address of a direct
/// connection has too where it was dialled.
pub(crate) fn is_direct(endpoint: &ConnectedPoint) -> bool {
    endpoint.get_remote_address().iter().any(|part| part == Protocol::WebRTC)
}

struct Node {
    swarm: Swarm<Behaviour>,
    dials: HashMap<ConnectionId, oneshot::Sender<Result<(), String>>>,
    links: HashMap<PeerId, Links>,
}

impl Node {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = commands.next().fuse() => match command {
                    None => return,
                    Some(command) => self.on_command(command),
                },
            }
        }
    }

    // Whoever asked may not wait for the answer any more: then it goes nowhere.
    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial(address, done) => {
                let options = DialOpts::from(address);
                let connection = options.connection_id();
                match self.swarm.dial(options) {
                    Ok(()) => drop(self.dials.insert(connection, done)),
                    Err(error) => drop(done.send(Err(error.to_string()))),
                }
            }
            Command::Links(peer, done) => drop(done.send(self.links.get(&peer).copied().unwrap_or_default())),
            Command::Open(peer, protocol, reply) => {
                self.swarm.behaviour_mut().streams.open(peer, protocol, reply);
            }
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let links = self.links.entry(peer_id).or_default();
                *(if is_direct(&endpoint) { &mut links.direct } else { &mut links.relayed }) += 1;
                if let Some(done) = self.dials.remove(&connection_id) {
                    drop(done.send(Ok(())));
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, endpoint, .. } => {
                let links = self.links.entry(peer_id).or_default();
                *(if is_direct(&endpoint) { &mut links.direct } else { &mut links.relayed }) -= 1;
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(done) = self.dials.remove(&connection_id) {
                    drop(done.send(Err(error.to_string())));
                }
            }
            _ => {}
        }
    }
}
