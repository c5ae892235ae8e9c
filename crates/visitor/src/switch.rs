//! Frames between painters: which term and painter they belong to, how much may wait, and who is gone.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use abraham_collective::{Millis, Term};
use abraham_messages::{
    Payload, PeerKey,
    limits::FRAME_TERM_BYTES,
    node::{Command, Lane},
};

use crate::{
    Network,
    limits::{EARLY_FRAME_TIMEOUT, MAX_EARLY_BYTES, MAX_QUEUE_BYTES, QUEUE_CREDIT_BYTES, has_room},
};

/// The first bytes of a term's id, which stand behind its frames.
type Prefix = [u8; FRAME_TERM_BYTES];

/// What passed between painters since the visitor joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameTraffic {
    /// Bytes sent to other painters, with the prefixes of their terms' ids behind them.
    pub sent: u64,
    /// Bytes received from other painters.
    pub received: u64,
    /// Frames dropped because they were of no term that this member sits in.
    pub stale: u64,
    /// Frames dropped because more came than the sender had credit for.
    pub excess: u64,
}

/// A term that this member has accepted and that has not begun here, with frames that its painters sent.
struct Expected {
    prefix: Prefix,
    seats: [PeerKey; 4],
    early: Vec<Early>,
}

/// A frame of a term that has not begun here.
struct Early {
    from: PeerKey,
    message: Payload,
    at: Millis,
    until: Millis,
}

/// A frame that waits for its painter.
struct Waiting {
    message: Payload,
    /// When it came.
    at: Millis,
    /// Whether its sender has its credit back.
    credited: bool,
}

/// The links of the term.
struct Links {
    prefix: Prefix,
    seats: [PeerKey; 4],
    queues: [VecDeque<Waiting>; 4],
    queued: [usize; 4],
    gone: [bool; 4],
}

/// Sorts frames by term and painter.
pub(crate) struct Switch<N> {
    network: N,
    links: Option<Links>,
    expected: Option<Expected>,
    /// Bytes of frames that the node has and has not sent, by member: also those of terms that are over.
    unsent: BTreeMap<PeerKey, usize>,
    wakers: Vec<Waker>,
    traffic: FrameTraffic,
}

/// How a frame that is waited for stands.
pub(crate) enum Arrival {
    /// With the time when it came.
    Frame(Payload, Millis),
    Gone,
    NotYet,
    Closed,
}

/// Whether a frame went out.
pub(crate) enum Departure {
    Sent,
    Gone,
    NoRoom,
    Closed,
}

impl<N: Network> Switch<N> {
    pub(crate) fn new(network: N) -> Self {
        Self {
            network,
            links: None,
            expected: None,
            unsent: BTreeMap::new(),
            wakers: Vec::new(),
            traffic: FrameTraffic::default(),
        }
    }

    pub(crate) fn network(&self) -> &N {
        &self.network
    }

    pub(crate) fn traffic(&self) -> FrameTraffic {
        self.traffic
    }

    /// Opens the links of a term, in place of those of another.
    pub(crate) fn open(&mut self, term: &Term) {
        self.close();
        let prefix = term.prefix();
        self.links = Some(Links {
            prefix,
            seats: term.seats,
            queues: Default::default(),
            queued: [0; 4],
            gone: [false; 4],
        });
        let Some(expected) = self.expected.take() else { return };
        for early in expected.early {
            match expected.prefix == prefix {
                true => self.admit(early.from, early.message, early.at),
                false => self.drop_stale(early.from, early.message.len()),
            }
        }
    }

    /// This member has accepted a term: frames of its painters may come before it begins here. Those of the one that
    /// was expected before are worth nothing any more.
    pub(crate) fn expect(&mut self, term: &Term) {
        let next = Expected { prefix: term.prefix(), seats: term.seats, early: Vec::new() };
        for early in self.expected.replace(next).into_iter().flat_map(|before| before.early) {
            self.drop_stale(early.from, early.message.len());
        }
    }

    /// Closes the links of the term, where there is one.
    pub(crate) fn close(&mut self) {
        let Some(links) = self.links.take() else { return };
        for (peer, queue) in links.seats.into_iter().zip(links.queues) {
            for waiting in queue.into_iter().filter(|waiting| !waiting.credited) {
                self.credit(peer, waiting.message.len());
            }
        }
        self.wake();
    }

    /// A message came on the frames' lane.
    pub(crate) fn deliver(&mut self, from: PeerKey, message: Payload, now: Millis) {
        self.traffic.received += message.len() as u64;
        let Some(prefix) = message.last_chunk().copied() else {
            return self.drop_stale(from, message.len());
        };
        if self.links.as_ref().is_some_and(|links| links.prefix == prefix) {
            return self.admit(from, message, now);
        }
        let expected =
            self.expected.as_mut().filter(|term| term.prefix == prefix && term.seats.contains(&from));
        let Some(expected) = expected else { return self.drop_stale(from, message.len()) };
        let kept = expected.early.iter().filter(|early| early.from == from);
        if kept.map(|early| early.message.len()).sum::<usize>() + message.len() > MAX_EARLY_BYTES {
            return self.drop_stale(from, message.len());
        }
        expected.early.push(Early { from, message, at: now, until: now.saturating_add(EARLY_FRAME_TIMEOUT) });
    }

    /// Drops early frames whose term did not begin.
    pub(crate) fn expire(&mut self, now: Millis) {
        let late = self.expected.as_mut().map(|term| term.early.extract_if(.., |early| early.until <= now));
        for early in late.map(Iterator::collect::<Vec<_>>).unwrap_or_default() {
            self.drop_stale(early.from, early.message.len());
        }
    }

    /// When [`Switch::expire`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        self.expected.iter().flat_map(|term| &term.early).map(|early| early.until).min()
    }

    /// The node sent a message of ours.
    pub(crate) fn sent(&mut self, to: PeerKey, bytes: usize) {
        if let Some(unsent) = self.unsent.get_mut(&to) {
            *unsent = unsent.saturating_sub(bytes);
            if *unsent == 0 {
                self.unsent.remove(&to);
            }
        }
        self.wake();
    }

    /// A link is down, with all that was not sent.
    pub(crate) fn link_down(&mut self, peer: PeerKey) {
        self.unsent.remove(&peer);
        if let Some(expected) = &mut self.expected {
            expected.early.retain(|early| early.from != peer);
        }
        if let Some(links) = &mut self.links {
            for (gone, seat) in links.gone.iter_mut().zip(links.seats) {
                *gone |= seat == peer;
            }
        }
        self.wake();
    }

    /// Sends a frame to a seat of the term, where there is room; it is taken only then. It ends with the term's prefix.
    pub(crate) fn send(&mut self, term: Prefix, seat: usize, frame: &mut Payload) -> Departure {
        let Some(links) = self.links.as_ref().filter(|links| links.prefix == term) else {
            return Departure::Closed;
        };
        if links.gone[seat] {
            return Departure::Gone;
        }
        let peer = links.seats[seat];
        let bytes = frame.len();
        let unsent = self.unsent.entry(peer).or_default();
        if !has_room(Lane::Frames, *unsent, bytes) {
            return Departure::NoRoom;
        }
        *unsent += bytes;
        self.traffic.sent += bytes as u64;
        let message = std::mem::take(frame);
        self.network.send(Command::Send { peer, lane: Lane::Frames, message });
        Departure::Sent
    }

    /// Takes the next frame from a seat of the term.
    pub(crate) fn receive(&mut self, term: Prefix, seat: usize) -> Arrival {
        let Some(links) = self.links.as_mut().filter(|links| links.prefix == term) else {
            return Arrival::Closed;
        };
        let Some(waiting) = links.queues[seat].pop_front() else {
            return if links.gone[seat] { Arrival::Gone } else { Arrival::NotYet };
        };
        links.queued[seat] -= waiting.message.len();
        if !waiting.credited {
            let peer = links.seats[seat];
            self.credit(peer, waiting.message.len());
        }
        Arrival::Frame(waiting.message, waiting.at)
    }

    /// Wakes this waker whenever something changed.
    pub(crate) fn wait(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }

    fn admit(&mut self, from: PeerKey, message: Payload, at: Millis) {
        let bytes = message.len();
        let Some(links) = &mut self.links else { return };
        let Some(seat) = links.seats.iter().position(|seat| *seat == from) else {
            return self.drop_stale(from, bytes);
        };
        if links.queued[seat] + bytes > MAX_QUEUE_BYTES {
            self.traffic.excess += 1;
            return;
        }
        links.queued[seat] += bytes;
        let credited = links.queued[seat] <= QUEUE_CREDIT_BYTES;
        links.queues[seat].push_back(Waiting { message, at, credited });
        if credited {
            self.credit(from, bytes);
        }
        self.wake();
    }

    fn drop_stale(&mut self, from: PeerKey, bytes: usize) {
        self.traffic.stale += 1;
        self.credit(from, bytes);
    }

    fn credit(&self, peer: PeerKey, bytes: usize) {
        self.network.send(Command::Acknowledge { peer, lane: Lane::Frames, bytes });
    }

    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}
