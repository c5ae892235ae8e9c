//! One member of the collective: what it is told, what it does about it, and when it wants to be woken.

mod announcing;
mod candidates;
mod forming;
mod handlers;
mod sitting;
mod snapshot;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use abraham_messages::{
    PeerKey,
    collective::{Control, Gossip, Proposal},
    limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES},
    node::{self, Command, Lane},
};
use abraham_provenance::Signer;
use zeroize::Zeroizing;

use crate::{
    Config, EndCause, Error, Event, Input, Millis, Output, Rejection, Settings, Work,
    election::forming::{Early, Forming},
    election::waiting::Claims,
    keeping::holders::Holders,
    keeping::received::ReceivedPieces,
    keeping::store::Store,
    limits,
    links::Links,
    members::faults::Faults,
    members::presence::Presences,
    members::rejections::Rejections,
    members::witness::Witness,
    outbox::Outbox,
    snapshot::{Connection, DoneSnapshot, Why},
    sortition::Sortition,
    teaching::teacher::Teacher,
    term::{Fact, Seat},
};
use announcing::{Announcing, Publishing};

/// Where a member sits.
pub(crate) enum Status {
    /// Nowhere.
    Idle,
    /// In a committee that has not formed.
    Forming(Box<Forming>),
    /// In a term.
    Seated(Box<Seat>),
}

/// One member. It does no input or output itself: feed it with [`Collective::handle`] and
/// [`Collective::handle_timeout`], and do what [`Collective::poll_output`] says.
pub struct Collective {
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) signer: Signer,
    pub(crate) me: PeerKey,
    pub(crate) sortition: Sortition,
    pub(crate) out: Outbox,
    pub(crate) presences: Presences,
    pub(crate) links: Links,
    pub(crate) faults: Faults,
    pub(crate) rejections: Rejections,
    pub(crate) early: Early,
    pub(crate) store: Store,
    pub(crate) holders: Holders,
    pub(crate) witness: Witness,
    pub(crate) teacher: Teacher,
    pub(crate) pieces: ReceivedPieces,
    pub(crate) status: Status,
    pub(crate) facts: Vec<Fact>,
    pub(crate) connection: Connection,
    pub(crate) review: Review,
    /// Teachers that were silent: how often, and until when they are not asked.
    pub(crate) teacher_backoff: BTreeMap<PeerKey, (u32, Millis)>,
    pub(crate) done: DoneSnapshot,
    pub(crate) last_end: Option<EndCause>,
    addresses: Vec<String>,
    publishing: Publishing,
    announcing: Announcing,
    stopped: bool,
}

/// When this member looks around again, and what it knows since it last did.
pub(crate) struct Review {
    pub(crate) next: Millis,
    pub(crate) last: Millis,
    /// Since when it could propose a committee.
    pub(crate) ready_since: Option<Millis>,
    /// Random time to wait longer after a failed proposal.
    pub(crate) jitter: Millis,
    /// Since when no committee is in sight.
    pub(crate) without_since: Millis,
    /// Its own machine failed: until when it does not offer to paint.
    pub(crate) stands_back: Millis,
    pub(crate) dissolved: Option<Millis>,
    /// The proposal that it accepted last.
    pub(crate) accepted: Option<Proposal>,
    /// The number of the last term that it sat in.
    pub(crate) sat: u64,
    /// Whether its visitor chose to begin another artist beside those that wait.
    pub(crate) begins: bool,
    /// What members in sight say that they hold.
    pub(crate) claims: Claims,
    /// Why it does not sit.
    pub(crate) outlook: Why,
}

impl Collective {
    /// Begins with a fresh identity: `secret` must be the network node's, and never have been another collective's,
    /// for others drop what does not count up. `seed` is 32 uniformly random bytes.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn new(
        config: Config,
        settings: Settings,
        secret: &Zeroizing<[u8; 32]>,
        seed: [u8; 32],
        now: Millis,
    ) -> Result<Self, Error> {
        let signer = Signer::new(secret)?;
        let me = signer.public_key();
        let mut sortition = Sortition::new(seed);
        let presences = Presences::new(sortition.draw());
        Ok(Self {
            config,
            settings,
            signer,
            me,
            sortition,
            out: Outbox::new(me),
            presences,
            links: Links::default(),
            faults: Faults::default(),
            rejections: Rejections::default(),
            early: Early::default(),
            store: Store::default(),
            holders: Holders::default(),
            witness: Witness::default(),
            teacher: Teacher::default(),
            pieces: ReceivedPieces::default(),
            status: Status::Idle,
            facts: Vec::new(),
            connection: Connection::Connecting,
            review: Review {
                next: now,
                last: now,
                ready_since: None,
                jitter: 0,
                without_since: now,
                stands_back: 0,
                dissolved: None,
                accepted: None,
                sat: 0,
                begins: false,
                claims: Claims::default(),
                outlook: Why::NotConnected,
            },
            teacher_backoff: BTreeMap::new(),
            done: DoneSnapshot::default(),
            last_end: None,
            addresses: Vec::new(),
            publishing: Publishing { sequence: 0, last: None, changed: true },
            announcing: Announcing::default(),
            stopped: false,
        })
    }

    /// This member's key.
    pub fn me(&self) -> PeerKey {
        self.me
    }

    /// Takes in what happened. `now` never goes back.
    pub fn handle(&mut self, now: Millis, input: Input) {
        if self.stopped {
            return;
        }
        match input {
            Input::Node(event) => self.handle_node_event(now, event),
            Input::Settings(settings) => self.handle_settings(now, settings),
            Input::Answer { ticket, result } => {
                match self.teacher.handle_answer(ticket, &result, &self.config.update_bytes, &mut self.out) {
                    Some(taught) => self.done.rounds_taught += u64::from(taught),
                    None => self.in_term(now, |seat, context| seat.handle_answer(context, ticket, result)),
                }
            }
            Input::BeginAnother(begins) => {
                self.review.begins = begins && !matches!(self.status, Status::Seated(_));
                self.announce_holds_soon();
                self.review_soon(now);
            }
            Input::Stop => self.stop(now),
        }
        self.settle(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Millis) {
        self.settle(now);
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    /// When [`Collective::handle_timeout`] is to be called; there is always a time until the member stopped.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.stopped {
            return None;
        }
        let sitting = match &self.status {
            Status::Idle => None,
            Status::Forming(forming) => Some(forming.deadline),
            Status::Seated(seat) => Some(seat.deadline),
        };
        let times = [
            Some(self.review.next),
            Some(self.publish_at()),
            self.announce_holds_at(),
            sitting,
            self.teacher.deadline(),
        ];
        times.into_iter().flatten().min()
    }

    fn settle(&mut self, now: Millis) {
        if self.stopped {
            return;
        }
        loop {
            self.check_forming(now);
            while matches!(&self.status, Status::Seated(seat) if seat.deadline <= now) {
                self.in_term(now, |seat, context| seat.handle_timeout(context));
            }
            self.teacher.advance(now, &mut self.out);
            match self.out.pop_mine() {
                Some((lane, message)) => self.handle_message(now, self.me, lane, &message),
                None => break,
            }
        }
        if now >= self.review.next {
            self.review.last = now;
            self.review.next = now.saturating_add(limits::REVIEW_INTERVAL);
            self.look_around(now);
        }
        if self.announce_holds_at().is_some_and(|at| now >= at) {
            self.announce_holds(now);
        }
        if now >= self.publish_at() {
            self.publish(now);
        }
    }

    /// Something changed that may change what this member wants.
    pub(crate) fn review_soon(&mut self, now: Millis) {
        let soon = self.review.last.saturating_add(limits::MIN_REVIEW_INTERVAL).max(now);
        self.review.next = self.review.next.min(soon);
    }

    /// What others should know of this member changed.
    pub(crate) fn presence_changed(&mut self) {
        self.publishing.changed = true;
    }

    pub(crate) fn will_paint(&self, now: Millis) -> bool {
        self.settings.paint && now >= self.review.stands_back
    }

    pub(crate) fn is_online(&self) -> bool {
        self.connection == Connection::Online
    }

    fn handle_settings(&mut self, now: Millis, settings: Settings) {
        self.settings = settings;
        self.presence_changed();
        self.review_soon(now);
        match &mut self.status {
            Status::Seated(seat) if !self.settings.paint => seat.hurry(now),
            Status::Forming(_) if !self.settings.paint => self.give_up_forming(now),
            _ => {}
        }
    }

    fn stop(&mut self, now: Millis) {
        match self.status {
            Status::Idle => {}
            Status::Forming(_) => self.give_up_forming(now),
            Status::Seated(_) => self.end_term(now, EndCause::Left),
        }
        self.publishing.sequence += 1;
        let message = Gossip::Leave { sequence: self.publishing.sequence }.encode();
        self.out.command(Command::Publish { message });
        self.out.work(Work::Forget);
        self.out.command(Command::Stop);
        self.connection = Connection::Stopped;
        self.stopped = true;
    }

    fn handle_node_event(&mut self, now: Millis, event: node::Event) {
        match event {
            node::Event::Connecting => self.connection = Connection::Connecting,
            node::Event::Online { mut addresses } => {
                addresses.retain(|address| address.len() <= MAX_ADDRESS_BYTES);
                addresses.truncate(MAX_ADDRESSES);
                self.addresses = addresses;
                self.connection = Connection::Online;
                self.publishing.last = None;
                self.presence_changed();
            }
            node::Event::Offline { reason } => {
                self.connection = Connection::Offline { reason: short(&reason) };
                self.presence_changed();
            }
            node::Event::Gossip { from, message } => self.handle_gossip(now, from, &message),
            node::Event::LinkUp { peer } => self.handle_link_up(now, peer),
            node::Event::LinkDown { peer, .. } => self.handle_link_down(now, &peer),
            node::Event::Unreachable { peer, .. } => self.links.unreachable(now, &peer),
            node::Event::Message { peer, lane: lane @ (Lane::Control | Lane::Bulk), message } => {
                self.out.command(Command::Acknowledge { peer, lane, bytes: message.len() });
                if self.links.is_up(&peer) {
                    self.handle_message(now, peer, lane, &message);
                } else {
                    self.rejections.count(Rejection::OutOfPlace);
                }
            }
            node::Event::Sent { peer, lane, bytes } => self.out.sent(&peer, lane, bytes),
            // Only who is linked can be seated. Of others any number may flood the node, under any keys.
            node::Event::Misbehaved { peer, what } if self.links.is_up(&peer) => {
                self.suspect(now, peer, &what);
            }
            node::Event::Stopped => {
                if matches!(self.status, Status::Seated(_)) {
                    self.end_term(now, EndCause::Left);
                }
                self.connection = Connection::Stopped;
                self.stopped = true;
            }
            // Frames are the engine's; what later versions of the node tell is not for this one.
            _ => {}
        }
        self.review_soon(now);
    }

    fn handle_link_up(&mut self, now: Millis, peer: PeerKey) {
        if peer == self.me {
            return;
        }
        self.links.link_up(peer);
        self.out.link_up(peer);
        // It may have joined the topic after this member spoke last.
        let message = Control::Presence(self.presence(now));
        self.out.control(peer, &message);
        self.send_holds(peer);
        if let Some(message) = self.sits() {
            self.out.control(peer, &message);
        }
        self.presence_changed();
    }

    fn handle_link_down(&mut self, now: Millis, peer: &PeerKey) {
        if !self.links.link_down(peer) {
            return;
        }
        self.out.link_down(peer);
        self.presences.unlinked(now, peer);
        self.early.unlinked(peer);
        self.holders.unlinked(peer);
        self.witness.unlinked(peer);
        self.teacher.unlinked(peer);
        self.presence_changed();
        match &self.status {
            Status::Forming(forming) if forming.seat_of(peer).is_some() => self.give_up_forming(now),
            Status::Seated(seat) => {
                if let Some(seat_of) = seat.seat_of(peer) {
                    // While seats are filled a lost link says nothing of either side.
                    if !seat.is_filling() {
                        self.faults.add(now, *peer, limits::FAULT);
                    }
                    let seat = seat_of;
                    self.end_term(now, EndCause::Departed { seat: seat as u8 });
                }
            }
            _ => {}
        }
    }

    /// A member did what no honest one does.
    pub(crate) fn suspect(&mut self, now: Millis, peer: PeerKey, what: &str) {
        self.faults.add(now, peer, limits::NAMED_FAULT);
        self.out.event(Event::Suspected { peer, what: short(what) });
    }
}

/// Cuts what others say to a length that a page can show.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(limits::MAX_REASON_CHARS).collect()
}
