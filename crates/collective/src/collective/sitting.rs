//! What a member does in its term: hands it what is said and answered, takes in what it found out, and ends it.

use abraham_messages::{
    PeerKey,
    collective::{Digest, Farewell, TeacherOffer},
};

use crate::{
    Collective, EndCause, Event, Millis, Rejection, Work,
    collective::Status,
    limits,
    term::{Context, Fact, Seat},
};

impl Collective {
    /// Teachers that a painter names: present, linked, not behind with an earlier batch, and not silent of late.
    fn offers(&self, now: Millis) -> Vec<TeacherOffer> {
        let mine = TeacherOffer { peer: self.me, pictures: self.settings.pictures };
        let others = self.links.peers().filter_map(|peer| {
            let pictures = self.presences.get(&peer)?.pictures;
            Some(TeacherOffer { peer, pictures })
        });
        let awake = |peer: &PeerKey| self.teacher_backoff.get(peer).is_none_or(|(_, until)| *until <= now);
        let present = others.chain([mine]).filter(|offer| offer.pictures > 0);
        present
            .filter(|offer| awake(&offer.peer) && self.out.is_clear(&offer.peer))
            .take(limits::MAX_NAMED_TEACHERS)
            .collect()
    }

    /// Does something in this member's term, if it sits in one; a rejection is a sender's fault.
    pub(crate) fn try_in_term(
        &mut self,
        now: Millis,
        act: impl FnOnce(&mut Seat, &mut Context<'_>) -> Result<Result<(), EndCause>, Rejection>,
    ) -> Result<(), Rejection> {
        let offers = self.offers(now);
        let Status::Seated(seat) = &mut self.status else { return Err(Rejection::Stale) };
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
                Fact::Begun => self.presence_changed(),
                // Others may have a certificate of it where this member has none: what it saw it has seen.
                Fact::Named(artist) => self.store.remember(artist, mine),
                Fact::Certified { certificate, learned } => {
                    let (artist, round) = (certificate.statement.artist, certificate.statement.round);
                    self.store.certify(mine, certificate);
                    // The first of a term: others are to know who paints the artist now.
                    if learned.is_none() {
                        self.out.work(Work::Keep { artists: self.store.artists() });
                        self.announce_holds_soon();
                        self.announce_term();
                    }
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
                    self.teacher_backoff.remove(&teacher);
                }
                Fact::Silent(teacher) => self.let_rest(now, teacher),
                Fact::Late(peer) if self.links.is_up(&peer) => self.faults.add(now, peer, limits::FAULT),
                Fact::Late(_) => {}
                Fact::Liar(peer, what) if peer != self.me => self.suspect(now, peer, what),
                Fact::Liar(..) => {}
            }
        }
    }

    fn let_rest(&mut self, now: Millis, teacher: PeerKey) {
        if self.teacher_backoff.len() >= limits::MAX_FAULTY_MEMBERS {
            let soonest =
                self.teacher_backoff.iter().min_by_key(|(_, (_, until))| *until).map(|(peer, _)| *peer);
            soonest.map(|peer| self.teacher_backoff.remove(&peer));
        }
        let (times, until) = self.teacher_backoff.entry(teacher).or_default();
        let backoff = limits::MIN_TEACHER_BACKOFF.saturating_mul(1 << (*times).min(10));
        *times = times.saturating_add(1);
        *until = now.saturating_add(backoff.min(limits::MAX_TEACHER_BACKOFF));
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
        let mut blame = |seat: usize, faults: u32| {
            if let Some(peer) = term.seats.get(seat).filter(|_| seat != mine) {
                self.faults.add(now, *peer, faults);
            }
        };
        let why = match &cause {
            EndCause::Silent { seat: silent } => {
                let missing = seat.missing();
                missing.iter().for_each(|seat| blame(*seat, limits::NAMED_FAULT));
                if missing.is_empty() {
                    blame(usize::from(*silent), limits::NAMED_FAULT);
                }
                Farewell::Silent(*silent)
            }
            EndCause::Suspected { seats } => {
                seats.iter().for_each(|seat| blame(usize::from(*seat), limits::NAMED_FAULT));
                Farewell::Suspects(*seats)
            }
            EndCause::Disagreement => {
                (0..4).for_each(|seat| blame(seat, limits::FAULT));
                Farewell::Disagreement
            }
            EndCause::Dissolved => Farewell::Dissolve,
            EndCause::OwnFailure { .. } => {
                self.review.stands_back = now.saturating_add(limits::OWN_FAILURE_COOLDOWN);
                Farewell::Leave
            }
            EndCause::Departed { .. } | EndCause::Left | EndCause::NotFormed => Farewell::Leave,
        };
        let (id, seats) = (term.id, term.seats);
        self.send_farewell(&id, &seats, why);
        self.out.work(Work::End { term: id });
        // Shares that nobody certified are worth nothing, and could end up beside those of another seat.
        self.out.work(Work::Keep { artists: self.store.artists() });
        self.announce_holds_soon();
        self.out.event(Event::TermEnded { term: id, cause: cause.clone() });
        self.last_end = Some(cause);
        self.review.ready_since = None;
        self.review.jitter = 0;
        self.presence_changed();
        self.review_soon(now);
    }

    /// Another painter of this member's term, or of one that forms, says goodbye.
    pub(crate) fn handle_farewell(&mut self, now: Millis, from: PeerKey, term: &Digest, why: Farewell) {
        match &mut self.status {
            Status::Forming(forming) if forming.term.id == *term && forming.seat_of(&from).is_some() => {
                self.faults.add_for(now, from, limits::FAULT, limits::REFUSAL_DURATION);
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
                        // It and the one that it accuses are one as likely to blame as the other. Whom this member
                        // waits for itself, it judges itself.
                        let accused = usize::from(silent);
                        let other = seat.term.seats[accused];
                        self.faults.add(now, from, limits::FAULT);
                        if other != self.me {
                            self.faults.add(now, other, limits::FAULT);
                        }
                        if seat.agrees_soon(now, by, accused) {
                            return;
                        }
                        departed
                    }
                    Farewell::Suspects(seats) => match seat.suspects(now, by, seats) {
                        Ok(()) => return,
                        Err(cause) => {
                            self.faults.add(now, from, limits::FAULT);
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
}
