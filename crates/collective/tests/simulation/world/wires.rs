//! What carries members' messages: a relay for the topic, links that come and go, and what liars and the silent do to
//! what they send.

use abraham_collective::Input;
use abraham_messages::{
    Payload,
    collective::{Control, Step},
    limits,
    node::{self, Command, Lane},
};
use rand_core::RngCore;

use super::{Manner, What, World, pair};

/// A node gives up a dial that nobody answers after so long.
const NO_ANSWER: u64 = 20_000;

pub(crate) struct Net {
    /// One-way delay of a message, milliseconds.
    pub(crate) delay: (u64, u64),
    /// Per cent of presences that a receiver does not get.
    pub(crate) loss: u64,
    /// Time to make a link.
    pub(crate) dial: (u64, u64),
    /// Whether the relay carries the topic and dials.
    pub(crate) relay: bool,
}

impl World {
    pub(crate) fn linked(&self, a: usize, b: usize) -> bool {
        self.link(a, b).is_some()
    }

    /// Whether its node has room for one more link. What a stranger runs has no such limit.
    pub(super) fn has_room(&self, node: usize) -> bool {
        let links = self.links.keys().filter(|(a, b)| *a == node || *b == node).count();
        self.is_stranger(node) || links < limits::MAX_LINKS
    }

    /// A stranger dials a member.
    pub(crate) fn dial(&mut self, from: usize, to: usize) {
        self.dialling.insert((from, to));
        let wait = self.between(self.net.dial);
        self.at(wait, What::LinkUp(from, to));
    }

    /// Which of all links the two have now.
    pub(crate) fn link(&self, a: usize, b: usize) -> Option<u64> {
        self.links.get(&pair(a, b)).copied()
    }

    pub(crate) fn cut(&mut self, a: usize, b: usize, noticed: u64) {
        if self.links.remove(&pair(a, b)).is_none() {
            return;
        }
        for (from, to) in [(a, b), (b, a)] {
            for lane in Lane::ALL {
                self.sent_until.remove(&(from, to, lane));
            }
            let wait = self.between((0, noticed));
            let down = self.link_down(to);
            self.at(wait, What::Tell(from, down));
        }
    }

    pub(super) fn link_down(&self, peer: usize) -> Input {
        Input::Node(node::Event::LinkDown { peer: self.nodes[peer].key, reason: "lost".into() })
    }

    pub(crate) fn relay(&mut self, up: bool) {
        self.net.relay = up;
        for node in 0..self.nodes.len() {
            let event = match up {
                true => node::Event::Online { addresses: vec![format!("/memory/{node}")] },
                false => node::Event::Offline { reason: "the relay is gone".into() },
            };
            let wait = self.between((0, 2_000));
            self.at(wait, What::Tell(node, Input::Node(event)));
        }
    }

    /// A node publishes this on the topic.
    pub(crate) fn publish(&mut self, from: usize, message: Vec<u8>) {
        self.command(from, Command::Publish { message });
    }

    pub(super) fn command(&mut self, from: usize, command: Command) {
        match command {
            Command::Publish { message } => {
                if !self.net.relay {
                    return;
                }
                let message = self.published(from, message);
                assert!(message.len() <= abraham_messages::limits::MAX_GOSSIP_BYTES);
                for to in (0..self.nodes.len()).filter(|to| *to != from) {
                    if self.is_stranger(to) {
                        continue;
                    }
                    let hidden = self.split && self.apart.contains(&pair(from, to));
                    if hidden || self.between((1, 100)) <= self.net.loss {
                        continue;
                    }
                    let wait = self.between(self.net.delay);
                    let event = node::Event::Gossip { from: self.nodes[from].key, message: message.clone() };
                    self.at(wait, What::Tell(to, Input::Node(event)));
                }
            }
            Command::Connect { peer, addresses } => {
                assert!(!addresses.is_empty());
                let wait = self.between(self.net.dial);
                let to = self.index.get(&peer).copied();
                if let (true, Some(to)) = (self.net.relay, to) {
                    match self.nodes[to].manner {
                        Manner::Stranger { answers: false } => {
                            let event = node::Event::Unreachable { peer, reason: "no answer".into() };
                            self.at(NO_ANSWER, What::Tell(from, Input::Node(event)));
                        }
                        _ => {
                            self.dialling.insert((from, to));
                            self.at(wait, What::LinkUp(from, to));
                        }
                    }
                } else {
                    let event = node::Event::Unreachable { peer, reason: "no relay".into() };
                    self.at(wait, What::Tell(from, Input::Node(event)));
                }
            }
            Command::Disconnect { peer } => {
                let to = self.index[&peer];
                self.dialling.remove(&(from, to));
                self.cut(from, to, 50);
            }
            Command::Send { peer, lane, message } => {
                let to = self.index[&peer];
                assert!(message.len() <= lane.message_bytes());
                if let Some(message) = self.spoken(from, lane, message) {
                    self.carry(from, to, lane, message);
                }
            }
            Command::Acknowledge { lane, bytes, .. } => {
                assert!(lane != Lane::Frames);
                self.nodes[from].took += bytes;
            }
            Command::Stop => {}
            other => panic!("unknown: {other:?}"),
        }
    }

    /// Puts a message on a link, behind those of its lane.
    pub(crate) fn carry(&mut self, from: usize, to: usize, lane: Lane, message: Payload) {
        let Some(link) = self.links.get(&pair(from, to)).copied() else { return };
        let arrives = self.now + self.between(self.net.delay);
        let last = self.sent_until.entry((from, to, lane)).or_default();
        *last = arrives.max(*last);
        let wait = *last - self.now;
        self.at(wait, What::Carry { from, to, link, lane, message });
    }

    /// What a member of its manner really sends.
    fn spoken(&mut self, from: usize, lane: Lane, message: Payload) -> Option<Payload> {
        match self.nodes[from].manner {
            Manner::SilentFrom(since) if self.now >= since && lane == Lane::Control => None,
            Manner::LazyTeacher if lane == Lane::Bulk => None,
            Manner::Claimant if lane == Lane::Control => Some(self.claimed(from, message)),
            Manner::ShyProposer if matches!(Control::decode(&message), Ok(Control::Proposal(_))) => None,
            Manner::Liar if lane == Lane::Control => {
                let mut control = Control::decode(&message).expect("it made it");
                if let Control::Step { step, cycle, .. } = &mut control {
                    let coin = self.between((0, 9));
                    match (step, coin) {
                        (_, 0) => return Some(vec![1, 2, 3].into()),
                        (_, 1) => *cycle += 1,
                        (Step::Ready(ready), 2) => ready.teachers.clear(),
                        (Step::Ready(ready), 3) => ready.piece_due = !ready.piece_due,
                        (Step::Planned { readies }, 2) => readies.0[0] ^= 1,
                        (Step::Have { updates, .. }, 2..=4) => *updates = self.rng.next_u32(),
                        (Step::Have { batch, .. }, 5) => batch.0[0] ^= 1,
                        (Step::Counted { haves }, 2) => haves.0[0] ^= 1,
                        (Step::Held { commitments }, 2) => {
                            commitments.iter_mut().flatten().for_each(|c| c.0[0] ^= 1)
                        }
                        (Step::Held { commitments }, 3) => *commitments = [None; 4],
                        (Step::Certify { helds, .. }, 5) => helds.0[0] ^= 1,
                        (Step::Certify { signature, .. } | Step::Sign(signature), 2..=4) => {
                            signature.0[9] ^= 1
                        }
                        _ => {}
                    }
                }
                Some(control.encode().into())
            }
            _ => Some(message),
        }
    }

    /// A link that came back before its loss was noticed: the node told of the loss first.
    pub(super) fn stale_link_event(&self, node: usize, input: &Input) -> bool {
        let Input::Node(node::Event::LinkDown { peer, .. }) = input else { return false };
        self.linked(node, self.index[peer])
    }
}
