//! The libp2p half of the relay: it introduces tabs to each other and carries presence, and can read no share.

mod behaviour;
mod transport;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use libp2p::{Multiaddr, PeerId, Swarm, identity::Keypair, multiaddr::Protocol, relay, swarm::SwarmEvent};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{Config, Error};
use behaviour::{Behaviour, BehaviourEvent};

/// How long the sockets may take to listen: a wildcard address waits for the system's list of interfaces.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that do nothing are closed after this long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// What both halves of the relay know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) peer: PeerId,
    /// Where the relay listens, with the ports that it really got, without the peer's id.
    pub(crate) listening: Vec<Multiaddr>,
    pub(crate) visitors: AtomicU64,
    pub(crate) circuits: AtomicU64,
}

/// The running libp2p half.
pub(crate) struct Network {
    pub(crate) shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Network {
    /// Listens on every address of `config` and starts the swarm's task.
    pub(crate) async fn start(config: &Config) -> Result<Self, Error> {
        let keypair = Keypair::generate_ed25519();
        let peer = keypair.public().to_peer_id();
        let mut swarm = Swarm::new(
            transport::build(&keypair)?,
            Behaviour::new(&keypair)?,
            peer,
            libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_TIMEOUT),
        );
        let mut listening = Vec::new();
        for address in &config.p2p_listen {
            let error = |reason: String| Error::P2pListen { address: address.clone(), reason };
            let listener = swarm.listen_on(address.clone()).map_err(|source| error(source.to_string()))?;
            let first = async {
                loop {
                    match swarm.select_next_some().await {
                        SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                            return Ok(address);
                        }
                        SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                            return Err(error(format!("{reason:?}")));
                        }
                        SwarmEvent::ListenerError { listener_id, error: source }
                            if listener_id == listener =>
                        {
                            return Err(error(source.to_string()));
                        }
                        _ => {}
                    }
                }
            };
            let got = timeout(LISTEN_TIMEOUT, first)
                .await
                .map_err(|_| error("the system did not answer".to_owned()))??;
            swarm.add_external_address(got.clone());
            listening.push(got);
        }
        let shared =
            Arc::new(Shared { peer, listening, visitors: AtomicU64::new(0), circuits: AtomicU64::new(0) });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(swarm, shared.clone(), stopped));
        Ok(Self { shared, stop, task })
    }

    /// Closes every connection and listener.
    pub(crate) async fn stop(self) {
        // The task may have ended already; then there is nothing to stop.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the network's task failed");
        }
    }
}

impl Shared {
    /// The addresses with the peer's id, as a dialler needs them.
    pub(crate) fn dialable(&self) -> Vec<Multiaddr> {
        self.listening.iter().map(|address| address.clone().with(Protocol::P2p(self.peer))).collect()
    }
}

async fn run(mut swarm: Swarm<Behaviour>, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            event = swarm.select_next_some() => handle(event, &shared),
            _ = &mut stopped => return,
        }
    }
}

fn handle(event: SwarmEvent<BehaviourEvent>, shared: &Shared) {
    match event {
        SwarmEvent::ConnectionEstablished { num_established, .. } if num_established.get() == 1 => {
            shared.visitors.fetch_add(1, Ordering::Relaxed);
        }
        SwarmEvent::ConnectionClosed { num_established: 0, .. } => {
            shared.visitors.fetch_sub(1, Ordering::Relaxed);
        }
        SwarmEvent::Behaviour(BehaviourEvent::Relay(relay::Event::CircuitReqAccepted { .. })) => {
            shared.circuits.fetch_add(1, Ordering::Relaxed);
        }
        SwarmEvent::Behaviour(BehaviourEvent::Relay(relay::Event::CircuitClosed { .. })) => {
            shared.circuits.fetch_sub(1, Ordering::Relaxed);
        }
        SwarmEvent::Behaviour(event) => tracing::debug!(?event, "network"),
        event => tracing::trace!(?event, "network"),
    }
}
