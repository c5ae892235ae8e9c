//! One member of the collective: what it is told, what it does about it, and when it wants to be woken.

use std::collections::BTreeMap;

use abraham_messages::{
    DecodeError, PeerKey,
    collective::{Bulk, BulkKind, Control, Farewell, Gossip, Presence},
    limits::{ADDRESS_BYTES, ADDRESSES, GOSSIP_BYTES, LINKS},
    node::{self, Command, Lane},
};
use zeroize::Zeroizing;

use crate::{
    Config, Drop, EndCause, Error, Event, Input, Millis, Output, Settings, Work,
    announce::{HeardPieces, Signer},
    certificate::Store,
    committee::{Early, Forming},
    dice::Dice,
    drops::Drops,
    limits,
    links::Links,
    marks::Marks,
    outbox::Outbox,
    presence::Presences,
    teacher::Teacher,
    term::{Fact, Seat},
    view::{Connection, DoneView, Why},
};

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
    pub(crate) dice: Dice,
    pub(crate) out: Outbox,
    pub(crate) presences: Presences,
    pub(crate) links: Links,
    pub(crate) marks: Marks,
    pub(crate) drops: Drops,
    pub(crate) early: Early,
    pub(crate) store: Store,
    pub(crate) teacher: Teacher,
    pub(crate) pieces: HeardPieces,
    pub(crate) status: Status,
    pub(crate) facts: Vec<Fact>,
    pub(crate) connection: Connection,
    pub(crate) review: Review,
    /// Teachers that were silent: how often, and until when they are not asked.
    pub(crate) rests: BTreeMap<PeerKey, (u32, Millis)>,
    pub(crate) done: DoneView,
    pub(crate) last_end: Option<EndCause>,
    addresses: Vec<String>,
    publishing: Publishing,
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
    /// The highest number of a term that it accepted.
    pub(crate) accepted: u64,
    /// The number of the last term that it sat in.
    pub(crate) sat: u64,
    /// Why it does not sit.
    pub(crate) outlook: Why,
}

/// When and what was published of this member.
struct Publishing {
    sequence: u64,
    last: Option<Millis>,
    changed: bool,
}

/// Time between two reviews where nothing happened.
const REVIEW_EVERY: Millis = 1_000;
/// Least time between two reviews: ten thousand presences must not cause as many.
const REVIEW_LEAST: Millis = 100;

impl Collective {
    /// Begins with a fresh identity: `secret` must be the network node's, and never have been another collective's,
    /// for others drop what does not count up. `seed` is 32 uniformly random bytes.
    ///
    /// # Errors
    /// [`Error::Secret`].
    pub fn new(
        config: Config,
        settings: Settings,
        secret: &Zeroizing<[u8; 32]>,
        seed: [u8; 32],
        now: Millis,
    ) -> Result<Self, Error> {
        let signer = Signer::new(secret)?;
        let me = signer.me();
        Ok(Self {
            config,
            settings,
            signer,
            me,
            dice: Dice::new(seed),
            out: Outbox::new(me),
            presences: Presences::default(),
            links: Links::default(),
            marks: Marks::default(),
            drops: Drops::default(),
            early: Early::default(),
            store: Store::default(),
            teacher: Teacher::default(),
            pieces: HeardPieces::default(),
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
                accepted: 0,
                sat: 0,
                outlook: Why::NotConnected,
            },
            rests: BTreeMap::new(),
            done: DoneView::default(),
            last_end: None,
            addresses: Vec::new(),
            publishing: Publishing { sequence: 0, last: None, changed: true },
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
            Input::Node(event) => self.node(now, event),
            Input::Settings(settings) => self.change(now, settings),
            Input::Answer { ticket, result } => {
                match self.teacher.answer(ticket, &result, &self.config.update_bytes, &mut self.out) {
                    Some(taught) => self.done.rounds_taught += u64::from(taught),
                    None => self.in_term(now, |seat, context| seat.answer(context, ticket, result)),
                }
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
        let times = [Some(self.review.next), Some(self.publish_at()), sitting, self.teacher.deadline()];
        times.into_iter().flatten().min()
    }

    fn settle(&mut self, now: Millis) {
        if self.stopped {
            return;
        }
        loop {
            self.check_forming(now);
            while matches!(&self.status, Status::Seated(seat) if seat.deadline <= now) {
                self.in_term(now, |seat, context| seat.timeout(context));
            }
            self.teacher.advance(now, &mut self.out);
            match self.out.pop_mine() {
                Some((lane, message)) => self.message(now, self.me, lane, &message),
                None => break,
            }
        }
        if now >= self.review.next {
            self.review.last = now;
            self.review.next = now.saturating_add(REVIEW_EVERY);
            self.look_around(now);
        }
        if now >= self.publish_at() {
            self.publish(now);
        }
    }

    /// Something changed that may change what this member wants.
    pub(crate) fn review_soon(&mut self, now: Millis) {
        let soon = self.review.last.saturating_add(REVIEW_LEAST).max(now);
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

    fn publish_at(&self) -> Millis {
        let Some(last) = self.publishing.last else { return 0 };
        let wait = if self.publishing.changed { limits::PRESENCE_LEAST } else { limits::PRESENCE_EVERY };
        last.saturating_add(wait)
    }

    fn presence(&mut self, now: Millis) -> Presence {
        self.publishing.sequence += 1;
        let seated = match &self.status {
            Status::Seated(seat) => Some(seat.seated()),
            _ => None,
        };
        Presence {
            sequence: self.publishing.sequence,
            paint: self.will_paint(now),
            pictures: self.settings.pictures,
            capability: self.settings.capability,
            addresses: self.addresses.clone(),
            links: self.links.peers().take(LINKS).collect(),
            holding: self.store.holding(),
            seated,
            known_term: self.presences.known_term(),
        }
    }

    /// Tells everyone, or, while no relay is reached, those that are linked.
    fn publish(&mut self, now: Millis) {
        let presence = self.presence(now);
        if self.is_online() {
            let message = Gossip::Presence(presence).encode();
            self.out.command(Command::Publish { message });
        } else {
            let message = Control::Presence(presence);
            for peer in self.links.peers() {
                self.out.control(peer, &message);
            }
        }
        self.publishing.last = Some(now);
        self.publishing.changed = false;
    }

    fn change(&mut self, now: Millis, settings: Settings) {
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

    fn node(&mut self, now: Millis, event: node::Event) {
        match event {
            node::Event::Connecting => self.connection = Connection::Connecting,
            node::Event::Online { mut addresses } => {
                addresses.retain(|address| address.len() <= ADDRESS_BYTES);
                addresses.truncate(ADDRESSES);
                self.addresses = addresses;
                self.connection = Connection::Online;
                self.publishing.last = None;
                self.presence_changed();
            }
            node::Event::Offline { reason } => {
                self.connection = Connection::Offline { reason: short(&reason) };
                self.presence_changed();
            }
            node::Event::Heard { from, message } => self.heard(now, from, &message),
            node::Event::LinkUp { peer } => self.link_up(now, peer),
            node::Event::LinkDown { peer, .. } => self.link_down(now, &peer),
            node::Event::Unreachable { peer, .. } => self.links.unreachable(now, &peer),
            node::Event::Message { peer, lane: lane @ (Lane::Control | Lane::Bulk), message } => {
                self.out.command(Command::Took { peer, lane, bytes: message.len() });
                if self.links.is_up(&peer) {
                    self.message(now, peer, lane, &message);
                } else {
                    self.drops.count(Drop::OutOfPlace);
                }
            }
            node::Event::Sent { peer, lane, bytes } => self.out.sent(&peer, lane, bytes),
            node::Event::Misbehaved { peer, what } => self.suspect(now, peer, &what),
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

    fn heard(&mut self, now: Millis, from: PeerKey, message: &[u8]) {
        if from == self.me {
            return;
        }
        let heard = match Gossip::decode(message) {
            Err(error) => Err(drop_of(&error)),
            Ok(Gossip::Presence(presence)) => {
                self.presences.hear(now, from, presence, self.links.is_up(&from))
            }
            Ok(Gossip::Leave { sequence }) => self.presences.leave(&from, sequence),
            Ok(Gossip::Piece(piece)) => {
                let heard = self.pieces.hear(now, &self.config, from, &piece);
                if heard.is_ok() {
                    self.out.event(Event::Piece { piece, helped: false });
                }
                heard
            }
            Ok(_) => Err(Drop::Malformed),
        };
        if let Err(cause) = heard {
            self.drops.count(cause);
        }
    }

    fn link_up(&mut self, now: Millis, peer: PeerKey) {
        if peer == self.me {
            return;
        }
        self.links.link_up(peer);
        self.out.link_up(peer);
        // It may have joined the topic after this member spoke last.
        let message = Control::Presence(self.presence(now));
        self.out.control(peer, &message);
        self.presence_changed();
    }

    fn link_down(&mut self, now: Millis, peer: &PeerKey) {
        if !self.links.link_down(peer) {
            return;
        }
        self.out.link_down(peer);
        self.presences.unlinked(now, peer);
        self.early.unlinked(peer);
        self.teacher.unlinked(peer);
        self.presence_changed();
        match &self.status {
            Status::Forming(forming) if forming.seat_of(peer).is_some() => self.give_up_forming(now),
            Status::Seated(seat) => {
                if let Some(seat) = seat.seat_of(peer) {
                    self.marks.add(now, *peer, limits::MARK);
                    self.end_term(now, EndCause::Departed { seat: seat as u8 });
                }
            }
            _ => {}
        }
    }

    /// A member did what no honest one does.
    pub(crate) fn suspect(&mut self, now: Millis, peer: PeerKey, what: &str) {
        self.marks.add(now, peer, limits::MARK_NAMED);
        self.out.event(Event::Suspected { peer, what: short(what) });
    }

    fn message(&mut self, now: Millis, from: PeerKey, lane: Lane, message: &[u8]) {
        let taken = match lane {
            Lane::Control => match Control::decode(message) {
                Ok(control) => self.control(now, from, control),
                Err(error) => Err(drop_of(&error)),
            },
            Lane::Bulk => match Bulk::decode(message) {
                Ok(bulk) => self.bulk(now, from, &bulk),
                Err(error) => Err(drop_of(&error)),
            },
            Lane::Frames => Ok(()),
        };
        if let Err(cause) = taken {
            self.drops.count(cause);
        }
    }

    fn control(&mut self, now: Millis, from: PeerKey, control: Control) -> Result<(), Drop> {
        match control {
            Control::Presence(presence) => self.presences.hear(now, from, presence, true),
            Control::Proposal(proposal) => self.proposed(now, from, &proposal),
            Control::Accept { term, certificate } => {
                self.accepted(now, from, term, certificate);
                Ok(())
            }
            Control::Farewell { term, why } => {
                self.farewell(now, from, &term, why);
                Ok(())
            }
            Control::Step { term, cycle, step } => {
                let seat = match &self.status {
                    Status::Seated(seat) if seat.term.id == term => {
                        seat.seat_of(&from).ok_or(Drop::OutOfPlace)?
                    }
                    _ => return Err(Drop::Stale),
                };
                self.try_in_term(now, |sitting, context| sitting.hear(context, seat, cycle, step))
            }
            Control::Notice { notice, signature } => {
                if self.settings.pictures == 0 {
                    return Err(Drop::OutOfPlace);
                }
                self.teacher.notice(now, from, notice, &signature)
            }
            _ => Err(Drop::Malformed),
        }
    }

    fn bulk(&mut self, now: Millis, from: PeerKey, bulk: &Bulk<'_>) -> Result<(), Drop> {
        self.done.bulk_bytes_received += bulk.payload.len() as u64;
        match bulk.kind {
            BulkKind::Batch if self.settings.pictures == 0 => Err(Drop::OutOfPlace),
            BulkKind::Batch => self.teacher.batch(now, from, bulk.payload, self.config.batch_bytes),
            BulkKind::Update => match &self.status {
                Status::Seated(seat) if seat.term.prefix() == bulk.term => self
                    .try_in_term(now, |seat, context| seat.update(context, &from, bulk.cycle, bulk.payload)),
                _ => Err(Drop::Stale),
            },
        }
    }

    /// Publishes a piece that this member's committee painted.
    pub(crate) fn publish_piece(&mut self, piece: &abraham_messages::collective::SignedPiece) {
        let message = Gossip::Piece(Box::new(piece.clone())).encode();
        if message.len() <= GOSSIP_BYTES {
            self.out.command(Command::Publish { message });
        }
    }

    /// Says goodbye to a term's painters.
    pub(crate) fn say_farewell(&mut self, term: &[u8; 32], seats: &[PeerKey; 4], why: Farewell) {
        let message = Control::Farewell { term: *term, why };
        for peer in seats.iter().filter(|peer| **peer != self.me) {
            self.out.control(*peer, &message);
        }
    }
}

fn drop_of(error: &DecodeError) -> Drop {
    match error {
        DecodeError::UnknownValue { field: "version", .. } => Drop::WrongVersion,
        _ => Drop::Malformed,
    }
}

/// Cuts what others say to a length that a page can show.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(limits::REASON_CHARS).collect()
}
