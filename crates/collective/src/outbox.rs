//! What leaves: commands, work and events in order, and messages to this member itself, which never leave.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{
    Payload, PeerKey,
    collective::{Bulk, Control},
    node::{Command, Lane},
};

use crate::{Event, Output, Work, limits};

/// Bytes that the node has not sent yet.
#[derive(Debug, Default, Clone, Copy)]
struct Unsent {
    control: usize,
    bulk: usize,
}

pub(crate) struct Outbox {
    me: PeerKey,
    queue: VecDeque<Output>,
    to_me: VecDeque<(Lane, Payload)>,
    tickets: u64,
    unsent: BTreeMap<PeerKey, Unsent>,
    bulk_bytes: u64,
}

impl Outbox {
    pub(crate) fn new(me: PeerKey) -> Self {
        Self {
            me,
            queue: VecDeque::new(),
            to_me: VecDeque::new(),
            tickets: 0,
            unsent: BTreeMap::new(),
            bulk_bytes: 0,
        }
    }

    /// Bytes of batches and updates that were sent.
    pub(crate) fn bulk_bytes(&self) -> u64 {
        self.bulk_bytes
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn pop_mine(&mut self) -> Option<(Lane, Payload)> {
        self.to_me.pop_front()
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.queue.push_back(Output::Command(command));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.queue.push_back(Output::Event(event));
    }

    /// Orders work; returns its ticket.
    pub(crate) fn work(&mut self, work: Work) -> u64 {
        self.tickets += 1;
        self.queue.push_back(Output::Work { ticket: self.tickets, work });
        self.tickets
    }

    pub(crate) fn link_up(&mut self, peer: PeerKey) {
        self.unsent.insert(peer, Unsent::default());
    }

    pub(crate) fn link_down(&mut self, peer: &PeerKey) {
        self.unsent.remove(peer);
    }

    pub(crate) fn sent(&mut self, peer: &PeerKey, lane: Lane, bytes: usize) {
        let Some(unsent) = self.unsent.get_mut(peer) else { return };
        match lane {
            Lane::Control => unsent.control = unsent.control.saturating_sub(bytes),
            Lane::Bulk => unsent.bulk = unsent.bulk.saturating_sub(bytes),
            Lane::Frames => {}
        }
    }

    /// Whether all batches and updates for this member went out.
    pub(crate) fn is_clear(&self, peer: &PeerKey) -> bool {
        *peer == self.me || self.unsent.get(peer).is_some_and(|unsent| unsent.bulk == 0)
    }

    /// Sends a control message where there is a link; a member that takes nothing loses its link.
    pub(crate) fn control(&mut self, peer: PeerKey, message: &Control) {
        let message = Payload::from(message.encode());
        if peer == self.me {
            self.to_me.push_back((Lane::Control, message));
            return;
        }
        let Some(unsent) = self.unsent.get_mut(&peer) else { return };
        unsent.control += message.len();
        if unsent.control > limits::MAX_UNSENT_CONTROL_BYTES {
            self.unsent.remove(&peer);
            self.command(Command::Disconnect { peer });
        } else {
            self.command(Command::Send { peer, lane: Lane::Control, message });
        }
    }

    /// Sends a batch or an update where there is a link with room for it. The painter that hands out the batch may
    /// teach, too: its update to another painter then follows the batch, which may not be out yet.
    pub(crate) fn bulk(&mut self, peer: PeerKey, message: &Bulk<'_>) {
        let message = message.encode();
        if peer == self.me {
            self.to_me.push_back((Lane::Bulk, message));
            return;
        }
        if let Some(unsent) = self.unsent.get_mut(&peer) {
            if unsent.bulk + message.len() > Lane::Bulk.window_bytes() {
                return;
            }
            unsent.bulk += message.len();
            self.bulk_bytes += message.len() as u64;
            self.command(Command::Send { peer, lane: Lane::Bulk, message });
        }
    }
}
