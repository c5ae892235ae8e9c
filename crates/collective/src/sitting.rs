//! How a member comes to sit in a committee and stops doing so.

use abraham_messages::{
    PeerKey,
    collective::{Certificate, Control, Digest, Farewell, Proposal, ProposedOrigin, Seated, TeacherOffer},
};

use crate::{
    Collective, Drop, EndCause, Event, Millis, Origin, Work,
    collective::Status,
    committee::{Formed, Forming, term_id},
    limits,
    term::{Context, Fact, Seat},
};

impl Seat {
    /// What others are told.
    pub(crate) fn seated(&self) -> Seated {
        Seated {
            term: self.term.id,
            number: self.term.number,
            seat: self.term.seat as u8,
            artist: self.artist().unwrap_or_default(),
            round: self.round(),
        }
    }
}

impl Collective {
    /// Teachers that a painter names: present, linked, not behind with an earlier batch, and not silent of late.
    fn offers(&self, now: Millis) -> Vec<TeacherOffer> {
        let mine = TeacherOffer { peer: self.me, pictures: self.settings.pictures };
        let others = self.links.peers().filter_map(|peer| {
            let pictures = self.presences.get(&peer)?.pictures;
            Some(TeacherOffer { peer, pictures })
        });
        let awake = |peer: &PeerKey| self.rests.get(peer).is_none_or(|(_, until)| *until <= now);
        let present = others.chain([mine]).filter(|offer| offer.pictures > 0);
        present
            .filter(|offer| awake(&offer.peer) && self.out.is_clear(&offer.peer))
            .take(limits::TEACHERS_NAMED)
            .collect()
    }

    /// Does something in this member's term, if it sits in one; a drop is a sender's fault.
    pub(crate) fn try_in_term(
        &mut self,
        now: Millis,
        act: impl FnOnce(&mut Seat, &mut Context<'_>) -> Result<Result<(), EndCause>, Drop>,
    ) -> Result<(), Drop> {
        let offers = self.offers(now);
        let Status::Seated(seat) = &mut self.status else { return Err(Drop::Stale) };
        let mut context = Context {
            now,
            config: &self.config,
            settings: &self.settings,
            signer: &self.signer,
            out: &mut self.out,
            offers,
            facts: &mut self.facts,
        };
        let result = act(seat, &mut context)?;
        self.take_facts(now);
        if let Err(cause) = result {
            self.end_term(now, cause);
        }
        Ok(())
    }

    /// Does something in this member's term, if it sits in one.
    pub(crate) fn in_term(
        &mut self,
        now: Millis,
        act: impl FnOnce(&mut Seat, &mut Context<'_>) -> Result<(), EndCause>,
    ) {
        // There is no sender to blame, and nothing is lost where the term is over.
        let _ = self.try_in_term(now, |seat, context| Ok(act(seat, context)));
    }

    fn take_facts(&mut self, now: Millis) {
        for fact in std::mem::take(&mut self.facts) {
            let Status::Seated(seat) = &self.status else { return };
            let mine = seat.term.seat;
            match fact {
                Fact::Begun => {
                    let artist = seat.continued();
                    self.store.forget_others(artist);
                    self.presence_changed();
                }
                Fact::Certified { certificate, learned } => {
                    let (artist, round) = (certificate.statement.artist, certificate.statement.round);
                    self.store.certify(mine, certificate);
                    if let Some((teachers, dropped)) = learned {
                        self.done.rounds_painted += 1;
                        self.out.event(Event::Learned { artist, round, teachers, dropped });
                    }
                    self.presence_changed();
                }
                Fact::Piece { piece, publish } => {
                    self.done.pieces += 1;
                    self.pieces.remember(&piece);
                    if publish {
                        self.publish_piece(&piece);
                    }
                    self.out.event(Event::Piece { piece, helped: true });
                }
                Fact::Answered(teacher) => {
                    self.rests.remove(&teacher);
                }
                Fact::Silent(teacher) => self.let_rest(now, teacher),
                Fact::Liar(peer, what) if peer != self.me => self.suspect(now, peer, what),
                Fact::Liar(..) => {}
            }
        }
    }

    fn let_rest(&mut self, now: Millis, teacher: PeerKey) {
        if self.rests.len() >= limits::MARKED {
            let soonest = self.rests.iter().min_by_key(|(_, (_, until))| *until).map(|(peer, _)| *peer);
            soonest.map(|peer| self.rests.remove(&peer));
        }
        let (times, until) = self.rests.entry(teacher).or_default();
        let rest = limits::TEACHER_RESTS.saturating_mul(1 << (*times).min(10));
        *times = times.saturating_add(1);
        *until = now.saturating_add(rest.min(limits::TEACHER_RESTS_MOST));
    }

    /// This member's term is over.
    pub(crate) fn end_term(&mut self, now: Millis, cause: EndCause) {
        let seat = match std::mem::replace(&mut self.status, Status::Idle) {
            Status::Seated(seat) => seat,
            other => {
                self.status = other;
                return;
            }
        };
        let (term, mine) = (&seat.term, seat.term.seat);
        let mut mark = |seat: usize, marks: u32| {
            if let Some(peer) = term.seats.get(seat).filter(|_| seat != mine) {
                self.marks.add(now, *peer, marks);
            }
        };
        let why = match &cause {
            EndCause::Silent { seat: silent } => {
                let missing = seat.missing();
                missing.iter().for_each(|seat| mark(*seat, limits::MARK_NAMED));
                if missing.is_empty() {
                    mark(usize::from(*silent), limits::MARK_NAMED);
                }
                Farewell::Silent(*silent)
            }
            EndCause::Suspected { seats } => {
                seats.iter().for_each(|seat| mark(usize::from(*seat), limits::MARK_NAMED));
                Farewell::Suspects(*seats)
            }
            EndCause::Disagreement => {
                (0..4).for_each(|seat| mark(seat, limits::MARK));
                Farewell::Disagreement
            }
            EndCause::Dissolved => Farewell::Dissolve,
            EndCause::OwnFailure { .. } => {
                self.review.stands_back = now.saturating_add(limits::OWN_FAILURE);
                Farewell::Leave
            }
            EndCause::Departed { .. } | EndCause::Left | EndCause::NotFormed => Farewell::Leave,
        };
        let (id, seats) = (term.id, term.seats);
        self.say_farewell(&id, &seats, why);
        self.out.work(Work::End { term: id });
        if self.store.holding().is_none() {
            // Shares that nobody certified are worth nothing, and could end up beside those of another seat.
            self.out.work(Work::Forget);
            self.store.forget();
        }
        self.out.event(Event::TermEnded { term: id, cause: cause.clone() });
        self.last_end = Some(cause);
        self.review.ready_since = None;
        self.review.jitter = 0;
        self.presence_changed();
        self.review_soon(now);
    }

    /// Another painter of this member's term, or of one that forms, says goodbye.
    pub(crate) fn farewell(&mut self, now: Millis, from: PeerKey, term: &Digest, why: Farewell) {
        match &mut self.status {
            Status::Forming(forming) if forming.term.id == *term && forming.seat_of(&from).is_some() => {
                self.marks.add_for(now, from, limits::MARK, limits::REFUSAL_LASTS);
                self.give_up_forming(now);
            }
            Status::Seated(seat) if seat.term.id == *term => {
                let Some(by) = seat.seat_of(&from) else { return };
                let departed = EndCause::Departed { seat: by as u8 };
                let leaver = seat.leaver();
                let cause = match why {
                    // It took the leave that all four are about to take.
                    _ if leaver == Some(seat.term.seat) => EndCause::Left,
                    _ if leaver.is_some() => EndCause::Departed { seat: leaver.unwrap_or(by) as u8 },
                    Farewell::Silent(silent) => {
                        // It and the one that it accuses are one as likely to blame as the other.
                        let accused = usize::from(silent);
                        let waits = seat.missing().contains(&accused);
                        self.marks.add(now, from, limits::MARK);
                        match (waits, accused == seat.term.seat) {
                            (true, false) => EndCause::Silent { seat: silent },
                            _ => departed,
                        }
                    }
                    Farewell::Suspects(seats) => match seat.suspects(now, by, seats) {
                        Ok(()) => return,
                        Err(cause) => {
                            self.marks.add(now, from, limits::MARK);
                            cause
                        }
                    },
                    Farewell::Disagreement => EndCause::Disagreement,
                    _ => departed,
                };
                self.end_term(now, cause);
            }
            // Of a proposal that is still on its way here, or of a term that is over for this member too.
            _ if why == Farewell::Refuse => self.early.refuse(from, *term),
            _ => {}
        }
    }

    /// Proposes a committee and accepts it.
    pub(crate) fn propose(&mut self, now: Millis, seats: [PeerKey; 4], origin: ProposedOrigin) {
        let number = self.presences.known_term().saturating_add(1);
        let proposal = Proposal { number, seats, origin, nonce: self.dice.draw() };
        let message = Control::Proposal(proposal.clone());
        for peer in seats.iter().filter(|peer| **peer != self.me) {
            self.out.control(*peer, &message);
        }
        self.accept(now, self.me, &proposal);
    }

    /// A linked member proposes a committee.
    pub(crate) fn proposed(&mut self, now: Millis, from: PeerKey, proposal: &Proposal) -> Result<(), Drop> {
        let seats = &proposal.seats;
        let twice = (0..4).any(|i| seats[..i].contains(&seats[i]));
        if twice || !seats.contains(&from) || !seats.contains(&self.me) || from == self.me {
            return Err(Drop::OutOfPlace);
        }
        if proposal.number <= self.review.accepted {
            self.say_farewell(&term_id(proposal), seats, Farewell::Refuse);
            return Err(Drop::Stale);
        }
        if !self.presences.know_term(proposal.number) {
            return Err(Drop::Forged);
        }
        match self.would_accept(now, &from, proposal) {
            Ok(()) => self.accept(now, from, proposal),
            Err(reason) => {
                self.out.event(Event::Refused { proposer: from, reason });
                self.say_farewell(&term_id(proposal), seats, Farewell::Refuse);
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
        if !self.presences.terms(None).is_empty() {
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
        let sight = self.sight();
        let waited = self.review.ready_since.map_or(0, |since| now.saturating_sub(since));
        let turns = (waited / limits::RANK).saturating_add(limits::RANK_SLACK);
        if sight.rank(from).is_none_or(|rank| rank > turns) {
            return Err("it is not the proposer's turn");
        }
        let seat = proposal.seats.iter().position(|peer| *peer == self.me).ok_or("it has no seat")?;
        match &proposal.origin {
            ProposedOrigin::Genesis => match sight.choose() {
                Some(choice) if choice.origin != ProposedOrigin::Genesis => {
                    Err("an artist that it could help to continue would be given up")
                }
                _ => Ok(()),
            },
            ProposedOrigin::Continue { artist, from, holders } => {
                let enough = holders.iter().filter(|holder| **holder).count() >= limits::MIN_HOLDERS;
                let holds = self.store.certificate(artist, from, seat).is_some();
                match enough && self.store.may_sit(artist, seat) && (holds || !holders[seat]) {
                    true => Ok(()),
                    false => Err("its shares do not fit the seat"),
                }
            }
        }
    }

    fn accept(&mut self, now: Millis, proposer: PeerKey, proposal: &Proposal) {
        let Some(seat) = proposal.seats.iter().position(|peer| *peer == self.me) else { return };
        self.presences.know_term(proposal.number);
        self.review.accepted = proposal.number;
        let mut forming = Forming::new(now, proposal, proposer, seat);
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
    pub(crate) fn accepted(
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
            self.marks.add(now, peer, limits::MARK_NAMED);
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
        self.say_farewell(&forming.term.id, &forming.term.seats, Farewell::Refuse);
        self.last_end = Some(EndCause::NotFormed);
        self.review.ready_since = None;
        self.review.jitter = self.dice.below(limits::RETRY_JITTER);
        self.review_soon(now);
    }
}
