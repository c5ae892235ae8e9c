//! Nodes for tests, and waiting for what they say.

#![allow(dead_code, reason = "each test program uses a part")]

use std::time::Duration;

use abraham_p2p::{Command, Commands, Config, Event, Events, Node, PeerKey, Secret};
use futures::StreamExt;

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node and what it said.
pub(crate) struct Member {
    pub(crate) key: PeerKey,
    pub(crate) commands: Commands,
    pub(crate) events: Events,
    pub(crate) seen: Vec<Event>,
}

impl Member {
    /// Starts a node whose secret is 32 times this byte.
    pub(crate) fn start(secret: u8, listen: &[&str], relays: &[String]) -> Self {
        let mut config = Config::new(Secret::new([secret; 32]).unwrap());
        let key = config.secret.key();
        config.listen = listen.iter().map(|&address| address.to_owned()).collect();
        config.relays = relays.to_vec();
        // Everything here is on the loopback address.
        config.private_addresses = true;
        let (commands, events) = Node::start(config).unwrap();
        Self { key, commands, events, seen: Vec::new() }
    }

    /// Waits for an event of this kind; the ones before it go to `seen`.
    pub(crate) async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.events.next().await.expect("the node ended");
                let picked = pick(&event);
                self.seen.push(event);
                if let Some(picked) = picked {
                    return picked;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(picked) => picked,
            Err(_) => panic!("{what} did not happen; there was {:?}", self.summary()),
        }
    }

    fn summary(&self) -> Vec<String> {
        self.seen.iter().map(|event| format!("{event:?}").chars().take(100).collect()).collect()
    }

    pub(crate) async fn online(&mut self) -> Vec<String> {
        self.until("being online", |event| match event {
            Event::Online { addresses } => Some(addresses.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn linked(&mut self, to: PeerKey) {
        self.until("a link", |event| (*event == Event::LinkUp { peer: to }).then_some(())).await;
    }

    pub(crate) async fn unlinked(&mut self, from: PeerKey) -> String {
        self.until("the end of a link", |event| match event {
            Event::LinkDown { peer, reason } if *peer == from => Some(reason.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn send(&mut self, command: Command) {
        self.commands.send(command).await.unwrap();
    }
}

/// Two members, the first of them dialled and linked to by the second.
pub(crate) async fn linked_pair(listen: &str, secrets: [u8; 2]) -> [Member; 2] {
    let mut ann = Member::start(secrets[0], &[listen], &[]);
    let mut ben = Member::start(secrets[1], &[], &[]);
    let addresses = ann.online().await;
    ben.send(Command::Connect { peer: ann.key, addresses }).await;
    ann.linked(ben.key).await;
    ben.linked(ann.key).await;
    [ann, ben]
}
