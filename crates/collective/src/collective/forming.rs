//! How a committee forms: one proposes it, each of the four looks whether it sees reasons against it, and all accept.

use abraham_messages::{
    PeerKey,
    collective::{Certificate, Control, Digest, Farewell, Proposal, ProposedOrigin},
};

use crate::{
    Collective, EndCause, Event, Millis, Origin, Rejection, Work,
    collective::Status,
    election::forming::{Formed, Forming, term_id},
    limits,
    term::{Context, Seat},
};

impl Collective {
    /// Proposes a committee and accepts it.
    pub(crate) fn propose(&mut self, now: Millis, seats: [PeerKey; 4], origin: ProposedOrigin) {
        let number = self.presences.known_term().saturating_add(1);
        let proposal = Proposal { number, seats, origin, nonce: self.sortition.draw() };
        let message = Control::Proposal(proposal.clone());
        for peer in seats.iter().filter(|peer| **peer != self.me) {
            self.out.control(*peer, &message);
        }
        self.accept(now, self.me, &proposal);
    }

    /// A linked member proposes a committee.
    pub(crate) fn handle_proposal(
        &mut self,
        now: Millis,
        from: PeerKey,
        proposal: &Proposal,
    ) -> Result<(), Rejection> {
        let seats = &proposal.seats;
        let twice = (0..4).any(|i| seats[..i].contains(&seats[i]));
        if twice || !seats.contains(&from) || !seats.contains(&self.me) || from == self.me {
            return Err(Rejection::OutOfPlace);
        }
        match self.would_accept(now, &from, proposal) {
            Ok(()) => self.accept(now, from, proposal),
            Err(reason) => {
                self.out.event(Event::Refused { proposer: from, reason });
                self.send_farewell(&term_id(proposal), seats, Farewell::Refuse);
            }
        }
        Ok(())
    }

    /// Whether this member sees no reason against a proposal that names it, or which.
    fn would_accept(&self, now: Millis, from: &PeerKey, proposal: &Proposal) -> Result<(), &'static str> {
        let id = term_id(proposal);
        if !matches!(self.status, Status::Idle) || !self.will_paint(now) {
            return Err("it sits, or does not want to");
        }
        if self.early.is_refused(&id, &proposal.seats) {
            return Err("another has refused");
        }
        if !self.terms(now).is_empty() {
            return Err("a committee is in sight");
        }
        let others = || proposal.seats.iter().filter(|peer| **peer != self.me);
        let here = |peer: &PeerKey| {
            let presence = self.presences.get(peer);
            self.links.is_up(peer) && presence.is_some_and(|p| p.paint && p.seated.is_none())
        };
        if !others().all(here) {
            return Err("one of the four is not linked, or would not paint");
        }
        // Of two others one's word is enough: the other's newest presence may still be on its way.
        let says = |a: &PeerKey, b: &PeerKey| self.presences.get(a).is_some_and(|p| p.links.contains(b));
        if !others().all(|a| others().all(|b| a == b || says(a, b) || says(b, a))) {
            return Err("two of the four are not linked");
        }
        let candidates = self.candidates(now);
        let waited = self.review.ready_since.map_or(0, |since| now.saturating_sub(since));
        let turns = (waited / limits::RANK_INTERVAL).saturating_add(limits::MAX_RANK_SLACK);
        if candidates.rank(from).is_none_or(|rank| rank > turns) {
            return Err("it is not the proposer's turn");
        }
        let seat = proposal.seats.iter().position(|peer| *peer == self.me).ok_or("it has no seat")?;
        match &proposal.origin {
            ProposedOrigin::Genesis if candidates.waits && !self.review.begins => {
                Err("an artist is waited for, and the visitor did not choose to begin another")
            }
            ProposedOrigin::Genesis => match candidates.choose() {
                Some(choice) if choice.origin != ProposedOrigin::Genesis => {
                    Err("an artist that it could help to continue would be given up")
                }
                _ => Ok(()),
            },
            ProposedOrigin::Continue { from, .. } if from.round > limits::MAX_ROUNDS => {
                Err("no artist has so many rounds")
            }
            ProposedOrigin::Continue { artist, from, holders } => {
                let enough = holders.iter().filter(|holder| **holder).count() >= limits::MIN_HOLDERS;
                let holds = self.store.certificate(artist, from, seat).is_some();
                match enough && self.store.may_sit(artist, seat) && (holds || !holders[seat]) {
                    true => candidates.would_continue(&proposal.seats, artist, from, holders),
                    false => Err("its shares do not fit the seat"),
                }
            }
        }
    }

    fn accept(&mut self, now: Millis, proposer: PeerKey, proposal: &Proposal) {
        let Some(seat) = proposal.seats.iter().position(|peer| *peer == self.me) else { return };
        self.review.accepted = Some(proposal.clone());
        let mut forming = Forming::new(now, proposal, proposer, seat);
        self.out.work(Work::Expect { term: forming.term.clone() });
        let certificate = match &proposal.origin {
            ProposedOrigin::Continue { artist, from, holders } if holders[seat] => {
                self.store.certificate(artist, from, seat).cloned().map(Box::new)
            }
            _ => None,
        };
        let message = Control::Accept { term: forming.term.id, certificate: certificate.clone() };
        for peer in proposal.seats.iter().filter(|peer| **peer != self.me) {
            self.out.control(*peer, &message);
        }
        forming.accept(seat, certificate);
        self.early.apply(&mut forming);
        self.status = Status::Forming(Box::new(forming));
        self.review.ready_since = None;
        self.formed(now);
    }

    /// A linked member accepts a proposal.
    pub(crate) fn handle_acceptance(
        &mut self,
        now: Millis,
        from: PeerKey,
        term: Digest,
        certificate: Option<Box<Certificate>>,
    ) {
        match &mut self.status {
            Status::Forming(forming) if forming.term.id == term => {
                if let Some(seat) = forming.seat_of(&from).filter(|seat| *seat != forming.term.seat) {
                    forming.accept(seat, certificate);
                    self.formed(now);
                }
            }
            Status::Seated(seat) if seat.term.id == term => {}
            _ => self.early.accept(from, term, certificate),
        }
    }

    /// Takes the seat where all four have accepted.
    fn formed(&mut self, now: Millis) {
        let Status::Forming(forming) = &self.status else { return };
        match forming.formed() {
            Formed::NotYet => {}
            Formed::Liar(seat) => {
                let liar = forming.term.seats[seat];
                self.suspect(now, liar, "it has no certificate of the state that it says it holds");
                self.give_up_forming(now);
            }
            Formed::Yes(origin) => {
                let (term, proposer) = (forming.term.clone(), forming.proposer);
                let forming_number = term.number;
                if let Origin::Continue { artist, .. } = &origin {
                    self.store.remember(*artist, term.seat);
                }
                self.out.event(Event::TermBegan(term.clone()));
                let mut context = Context {
                    now,
                    config: &self.config,
                    settings: &self.settings,
                    signer: &self.signer,
                    out: &mut self.out,
                    offers: Vec::new(),
                    facts: &mut self.facts,
                };
                let seat = Seat::begin(&mut context, term, proposer, origin);
                self.status = Status::Seated(Box::new(seat));
                self.done.terms += 1;
                self.review.sat = forming_number;
                self.review.jitter = 0;
                if std::mem::take(&mut self.review.begins) {
                    self.announce_holds_soon();
                }
                self.presence_changed();
                self.review_soon(now);
            }
        }
    }

    /// Gives a committee up that does not form in time.
    pub(crate) fn check_forming(&mut self, now: Millis) {
        let Status::Forming(forming) = &self.status else { return };
        if forming.deadline > now {
            return;
        }
        for peer in forming.missing().collect::<Vec<_>>() {
            self.faults.add(now, peer, limits::NAMED_FAULT);
        }
        self.give_up_forming(now);
    }

    /// Gives up a committee that has not formed.
    pub(crate) fn give_up_forming(&mut self, now: Millis) {
        let forming = match std::mem::replace(&mut self.status, Status::Idle) {
            Status::Forming(forming) => forming,
            other => {
                self.status = other;
                return;
            }
        };
        self.send_farewell(&forming.term.id, &forming.term.seats, Farewell::Refuse);
        self.last_end = Some(EndCause::NotFormed);
        self.review.ready_since = None;
        self.review.jitter = self.sortition.below(limits::MAX_RETRY_JITTER);
        self.review_soon(now);
    }
}
