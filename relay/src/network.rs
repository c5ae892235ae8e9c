//! The libp2p half of the relay: it introduces tabs to each other and carries presence, and can read no share.

mod behaviour;
mod circuits;
mod gate;
mod gossip;
mod mesh;
mod proxied;
mod secrets;
mod task;
mod throttle;
mod topic;
mod transport;
#[cfg(feature = "webrtc-direct")]
mod webrtc_direct;

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, Swarm,
    metrics::{self, Registry},
    multiaddr::Protocol,
    swarm::SwarmEvent,
};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::{
    Config, Error,
    addresses::{Addresses, Listener, is_webrtc_direct, is_websocket},
    limits,
    metrics::Metrics,
};
use behaviour::Behaviour;
use mesh::Mesh;
use task::Task;

/// How long a wildcard listener is given for the address of one more interface.
const INTERFACE: Duration = Duration::from_millis(50);

/// The running libp2p half.
pub(crate) struct Network {
    pub(crate) addresses: Addresses,
    pub(crate) metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Network {
    /// Listens on every address of `config` and starts the swarm's task.
    pub(crate) async fn start(config: &Config) -> Result<Self, Error> {
        let keypair = secrets::keypair(config)?;
        let peer = keypair.public().to_peer_id();
        let mut registry = Registry::default();
        let mesh = Mesh::new(&config.bootstrap, peer, Instant::now().into_std());
        let behaviour = Behaviour::new(&keypair, config, &mesh, &mut registry)?;
        let swarm = Swarm::new(
            transport::build(&keypair, config, &mut registry)?,
            behaviour,
            peer,
            libp2p::swarm::Config::with_tokio_executor()
                .with_idle_connection_timeout(limits::IDLE_TIMEOUT)
                .with_max_negotiating_inbound_streams(limits::MAX_NEGOTIATING_STREAMS),
        );
        let libp2p = metrics::Metrics::new(&mut registry);
        let metrics = Arc::new(Metrics::new(registry));
        let mut task = Task::new(swarm, mesh, metrics.clone(), libp2p);

        let mut listeners = Vec::new();
        for asked in config.p2p_listen.iter().chain(&config.webrtc_direct_listen) {
            listeners.push(listen(&mut task, asked).await?);
        }
        let addresses = Addresses {
            peer,
            external: public(config, &listeners),
            listeners,
            others: config.bootstrap.clone(),
        };
        for address in reserved(&addresses) {
            task.swarm.add_external_address(address);
        }
        let (stop, stopped) = oneshot::channel();
        Ok(Self { addresses, metrics, stop, task: tokio::spawn(task.run(stopped)) })
    }

    /// Closes every connection and listener.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        // The task may have ended already; then there is nothing to stop.
        let _ = self.stop.send(());
        self.task.await.map_err(Error::Task)
    }

    /// Ready when the task ended by itself, which it does only by a panic.
    pub(crate) async fn ended(&mut self) -> Error {
        match (&mut self.task).await {
            Ok(()) => Error::P2p("its task ended".to_owned()),
            Err(error) => Error::Task(error),
        }
    }
}

/// Listens on one address and waits for what the system makes of it.
async fn listen(task: &mut Task, asked: &Multiaddr) -> Result<Listener, Error> {
    let error = |reason: String| Error::P2pListen { address: asked.clone(), reason };
    let id = task.swarm.listen_on(asked.clone()).map_err(|source| error(source.to_string()))?;
    let mut got = Vec::new();
    let mut patience = limits::LISTEN_TIMEOUT;
    while let Ok(event) = timeout(patience, task.swarm.select_next_some()).await {
        match event {
            SwarmEvent::NewListenAddr { listener_id, ref address } if listener_id == id => {
                got.push(address.clone());
                patience = INTERFACE;
            }
            SwarmEvent::ListenerClosed { listener_id, reason: Err(ref source), .. } if listener_id == id => {
                return Err(error(source.to_string()));
            }
            SwarmEvent::ListenerError { listener_id, error: ref source } if listener_id == id => {
                return Err(error(source.to_string()));
            }
            _ => {}
        }
        task.handle(event);
        let wildcard = crate::client::ip_of(asked).is_some_and(|ip| ip.is_unspecified());
        if !wildcard && !got.is_empty() {
            break;
        }
    }
    if got.is_empty() {
        return Err(error("the system gave no address for it".to_owned()));
    }
    Ok(Listener { asked: asked.clone(), got })
}

/// The operator's public addresses without the relay's id; WebRTC-direct ones with the certificate's hash.
fn public(config: &Config, listeners: &[Listener]) -> Vec<Multiaddr> {
    let hash = listeners
        .iter()
        .flat_map(|listener| &listener.got)
        .flat_map(|address| address.iter().filter(|part| matches!(part, Protocol::Certhash(_))))
        .map(Protocol::acquire)
        .next();
    let complete = |address: &Multiaddr| {
        let parts = address.iter().filter(|part| !matches!(part, Protocol::P2p(_) | Protocol::Certhash(_)));
        let mut address: Multiaddr = parts.collect();
        if let (true, Some(hash)) = (is_webrtc_direct(&address), &hash) {
            address.push(hash.clone());
        }
        address
    };
    config.external.iter().map(complete).collect()
}

/// What a reservation tells its holder to be reached at.
fn reserved(addresses: &Addresses) -> Vec<Multiaddr> {
    let listening = addresses.listeners.iter().flat_map(|listener| &listener.got);
    let mut found = addresses.external.clone();
    if found.is_empty() {
        found = listening.clone().filter(|address| is_websocket(address)).cloned().collect();
    }
    if found.is_empty() {
        found = listening.cloned().collect();
    }
    found.truncate(limits::MAX_RESERVATION_ADDRESSES);
    found
}
