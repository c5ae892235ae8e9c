//! What one address does to a relay, and what honest visitors do meanwhile. All of them come through a proxy that says
//! where from.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use abraham_messages::limits::MAX_GOSSIP_BYTES;
use abraham_relay::Multiaddr;
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, future::join_all};
use libp2p::{
    PeerId,
    multiaddr::Protocol,
    swarm::{
        SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::{PATIENCE, Visitor, proxied, while_running};

pub(crate) const STRANGER: [u8; 4] = [198, 51, 100, 66];

/// An address of one honest visitor.
pub(crate) fn home(number: u8) -> IpAddr {
    [203, 0, 113, number].into()
}

/// An address of one /48, each in a /64 of its own.
pub(crate) fn subnet(number: u16) -> IpAddr {
    [0x2001, 0xdb8, 0x66, number, 0, 0, 0, 1].into()
}

fn tcp(at: &Multiaddr) -> SocketAddr {
    let mut parts = at.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) => (ip, port).into(),
        other => panic!("{other:?}"),
    }
}

/// Lets visitors live until the returned task is aborted.
pub(crate) fn live(visitors: Vec<Visitor>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let lives = visitors.into_iter().map(|mut visitor| async move {
            loop {
                visitor.swarm.select_next_some().await;
            }
        });
        join_all(lives).await;
    })
}

/// Two honest visitors with addresses of their own meet over a circuit.
///
/// # Errors
/// Where one gets no reservation, or the other no way to it.
pub(crate) async fn meet(at: &Multiaddr, pair: u8) -> Result<()> {
    let [mut first, mut second] = [2 * pair, 2 * pair + 1].map(|number| Visitor::silent_at(home(number)));
    let reachable = first.try_reserve(at).await?;
    second.swarm.dial(reachable)?;
    let peer = first.peer;
    while_running(&mut [&mut first], async {
        let mut failed = None;
        second
            .until(|event| match event {
                SwarmEvent::OutgoingConnectionError { error, .. } => {
                    failed = Some(error.to_string());
                    true
                }
                SwarmEvent::ConnectionEstablished { peer_id, .. } => *peer_id == peer,
                _ => false,
            })
            .await;
        failed.map_or(Ok(()), |error| bail!("no link: {error}"))
    })
    .await
}

/// What was said, and by whom.
type Presence = (Option<PeerId>, Vec<u8>);

/// Honest visitors with presence, each in a task of its own: what comes to one that does not read is lost when its queue
/// at the relay is full.
pub(crate) struct Members {
    members: Vec<(PeerId, mpsc::UnboundedSender<Vec<u8>>)>,
    heard: mpsc::UnboundedReceiver<(usize, Presence)>,
    said: u64,
    _tasks: JoinSet<()>,
}

impl Members {
    pub(crate) async fn join(at: &Multiaddr, count: u8) -> Self {
        let (hears, heard) = mpsc::unbounded_channel();
        let (mut members, mut tasks) = (Vec::new(), JoinSet::new());
        for number in 0..count {
            let mut member = Visitor::at(home(u8::MAX - number));
            member.reserve(at).await;
            member.subscribed(1).await;
            let (says, mut said) = mpsc::unbounded_channel::<Vec<u8>>();
            let hears = hears.clone();
            members.push((member.peer, says));
            tasks.spawn(async move {
                loop {
                    tokio::select! {
                        message = said.recv() => match message {
                            Some(message) => drop(member.publish(&message).unwrap()),
                            None => return,
                        },
                        message = member.next_message() => drop(hears.send((usize::from(number), message))),
                    }
                }
            });
        }
        Self { members, heard, said: 0, _tasks: tasks }
    }

    /// One says something new, and all others hear it.
    ///
    /// # Errors
    /// Where one has not heard it in time.
    pub(crate) async fn all_hear(&mut self, speaker: usize) -> Result<()> {
        self.said += 1;
        let (author, says) = &self.members[speaker];
        let wanted = (Some(*author), [&b"member"[..], &self.said.to_le_bytes()].concat());
        says.send(wanted.1.clone())?;
        let mut missing: BTreeSet<_> = (0..self.members.len()).filter(|number| *number != speaker).collect();
        let all = async {
            while !missing.is_empty() {
                let (listener, message) = self.heard.recv().await.context("nobody listens")?;
                if message == wanted {
                    missing.remove(&listener);
                }
            }
            Ok(())
        };
        timeout(PATIENCE, all).await.with_context(|| format!("{speaker} is not heard by all"))?
    }
}

/// One address opens circuits to itself as fast as it gets them, until the task is aborted.
pub(crate) fn open_circuits(at: Multiaddr) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut target = Visitor::silent_at(STRANGER.into());
        let reachable = target.reserve(&at).await;
        let peer = target.peer;
        let dials = (0..5).map(|_| {
            let reachable = reachable.clone();
            async move {
                let mut stranger = Visitor::silent_at(STRANGER.into());
                loop {
                    let options = DialOpts::peer_id(peer).addresses(vec![reachable.clone()]);
                    let dialled = stranger.swarm.dial(options.condition(PeerCondition::Always).build());
                    dialled.expect("a dial that nothing speaks against");
                    // A circuit that is up stays so for as long as the relay lets it; more are asked for.
                    loop {
                        match stranger.swarm.select_next_some().await {
                            SwarmEvent::ConnectionEstablished { peer_id, .. } if peer_id == peer => break,
                            SwarmEvent::OutgoingConnectionError { .. } => break,
                            _ => {}
                        }
                    }
                }
            }
        });
        let lives = live(vec![target]);
        join_all(dials).await;
        lives.abort();
    })
}

/// One address opens connections that get no further than the proxy's word, and holds them, until the task is aborted.
pub(crate) fn stop_half_way(at: &Multiaddr) -> JoinHandle<()> {
    let at = tcp(at);
    tokio::spawn(async move {
        let mut open = Vec::new();
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            if open.len() < 200 {
                let mut stream = TcpStream::connect(at).await.expect("a relay that listens");
                stream.write_all(&proxied(STRANGER.into())).await.expect("a connection that is new");
                open.push(stream);
            } else {
                again.tick().await;
                open.remove(0);
            }
        }
    })
}

/// Visitors of one address say as much as each may as an author, largest messages first, and on as fast as the relay takes
/// them, until the task is aborted.
pub(crate) fn flood(at: Multiaddr) -> JoinHandle<()> {
    tokio::spawn(async move {
        let flooders = (0..12).map(|_| async {
            let mut flooder = Visitor::at(STRANGER.into());
            flooder.swarm.dial(at.clone()).expect("a dial that nothing speaks against");
            flooder.subscribed(1).await;
            let mut again = tokio::time::interval(Duration::from_millis(20));
            for number in 0_u64.. {
                let message = [&number.to_le_bytes()[..], &vec![7; MAX_GOSSIP_BYTES - 8]].concat();
                // Its own queue may be full.
                let _ = flooder.publish(&message);
                flooder.step().await;
                again.tick().await;
            }
        });
        join_all(flooders).await;
    })
}
