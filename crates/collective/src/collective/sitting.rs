//! What a member does in its term: hands it what is said and answered, takes in what it found out, and ends it.

use abraham_messages::{
    PeerKey, SignedPiece, TermId,
    collective::{Certificate, Farewell, Gossip},
    limits::MAX_GOSSIP_BYTES,
    node::Command,
};

use super::{Parts, forming::send_farewell};
use crate::{
    EndCause, Event, Rejection, Work,
    context::Context,
    limits,
    term::{Fact, Sitting},
};

impl Parts {
    /// Does something in a term, if this member sits in it; a rejection is a sender's fault.
    pub(super) fn try_in_term(
        &mut self,
        context: &mut Context<'_>,
        term: &TermId,
        act: impl FnOnce(&mut Sitting, &mut Context<'_>) -> Result<Result<(), EndCause>, Rejection>,
    ) -> Result<(), Rejection> {
        let sitting = self.seat.sitting_in(term).ok_or(Rejection::Stale)?;
        let result = act(sitting, context)?;
        let (seat, facts) = (sitting.term().seat, sitting.take_facts());
        for fact in facts {
            self.handle_fact(context, seat, fact);
        }
        if let Err(cause) = result {
            self.end_term(context, term, cause);
        }
        Ok(())
    }

    /// Does something in a term, if this member sits in it.
    pub(super) fn in_term(
        &mut self,
        context: &mut Context<'_>,
        term: &TermId,
        act: impl FnOnce(&mut Sitting, &mut Context<'_>) -> Result<(), EndCause>,
    ) {
        // There is no sender to blame, and nothing is lost where the term is over.
        let _ = self.try_in_term(context, term, |sitting, context| Ok(act(sitting, context)));
    }

    /// Takes in what its term found out; `seat` is this member's.
    fn handle_fact(&mut self, context: &mut Context<'_>, seat: usize, fact: Fact) {
        let now = context.now;
        match fact {
            Fact::Begun => self.members.publish_soon(),
            // Others may have a certificate of it where this member has none: what it saw it has seen.
            Fact::Named(artist) => self.keeping.remember_seat(artist, seat),
            Fact::Certified { certificate, learned } => {
                self.handle_certified(context, seat, certificate, learned);
            }
            Fact::Piece { piece, publish } => {
                self.status.handle_piece();
                self.keeping.remember_piece(&piece);
                if publish {
                    publish_piece(context, &piece);
                }
                context.out.event(Event::Piece { piece, helped: true });
            }
            Fact::Answered(teacher) => self.teaching.handle_answered(&teacher),
            Fact::Silent(teacher) => self.teaching.handle_silent(now, teacher),
            Fact::Late(peer) if self.links.is_up(&peer) => self.members.blame(now, peer, limits::FAULT),
            Fact::Late(_) => {}
            Fact::Liar(peer, what) if peer != context.own.me => self.members.suspect(context, peer, what),
            Fact::Liar(..) => {}
        }
    }

    fn handle_certified(
        &mut self,
        context: &mut Context<'_>,
        seat: usize,
        certificate: Certificate,
        learned: Option<(usize, usize)>,
    ) {
        let (artist, round) = (certificate.statement.artist, certificate.statement.round);
        self.keeping.certify(seat, certificate);
        match learned {
            // The first of a term: others are to know who paints the artist now.
            None => {
                self.keeping.forget_uncertified(context);
                if let Some(message) = self.seat.shown(&self.keeping) {
                    self.links.peers().for_each(|peer| context.out.control(peer, &message));
                }
            }
            Some((teachers, dropped)) => {
                self.status.handle_learned();
                context.out.event(Event::Learned { artist, round, teachers, dropped });
            }
        }
        self.members.publish_soon();
    }

    /// The link to another painter of a term is gone, and so is the term.
    pub(super) fn handle_painter_unlinked(
        &mut self,
        context: &mut Context<'_>,
        term: &TermId,
        peer: &PeerKey,
    ) {
        let Some(sitting) = self.seat.sitting_in(term) else { return };
        let Some(seat) = sitting.term().seat_of(peer) else { return };
        // While seats are filled a lost link says nothing of either side.
        if !sitting.is_filling() {
            self.members.blame(context.now, *peer, limits::FAULT);
        }
        self.end_term(context, term, EndCause::Departed { seat: seat as u8 });
    }

    /// The visitor, or the node, stops.
    pub(super) fn end_all_terms(&mut self, context: &mut Context<'_>) {
        while let Some(term) = self.seat.term() {
            self.end_term(context, &term, EndCause::Left);
        }
    }

    /// A term is over, where this member sits in it.
    pub(super) fn end_term(&mut self, context: &mut Context<'_>, term: &TermId, cause: EndCause) {
        let Some(sitting) = self.seat.leave(term) else { return };
        let (now, term) = (context.now, sitting.term());
        let mut blame = |seat: usize, faults: u32| {
            if let Some(peer) = term.seats.get(seat).filter(|_| seat != term.seat) {
                self.members.blame(now, *peer, faults);
            }
        };
        let why = match &cause {
            EndCause::Silent { seat: silent } => {
                let missing = sitting.missing();
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
                self.election.handle_own_failure(now);
                Farewell::Leave
            }
            EndCause::Departed { .. } | EndCause::Left | EndCause::NotFormed => Farewell::Leave,
        };
        send_farewell(context, &term.id, &term.seats, why);
        context.out.work(Work::End { term: term.id });
        // Shares that nobody certified are worth nothing, and could end up beside those of another seat.
        self.keeping.forget_uncertified(context);
        context.out.event(Event::TermEnded { term: term.id, cause: cause.clone() });
        self.status.handle_term_ended(cause);
        self.election.handle_term_ended();
        self.members.publish_soon();
        self.election.review_soon(now);
    }

    /// Another painter of this member's term, or of one that forms, says goodbye.
    pub(super) fn handle_farewell(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        term: &TermId,
        why: Farewell,
    ) {
        let now = context.now;
        if self.seat.forming_of(term).is_some_and(|forming| forming.term().seat_of(&from).is_some()) {
            self.members.blame_refusal(now, from);
            self.give_up_forming(context);
            return;
        }
        let Some(sitting) = self.seat.sitting_in(term) else {
            // Of a proposal that is still on its way here, or of a term that is over for this member too.
            if why == Farewell::Refuse {
                self.election.handle_refusal(from, *term);
            }
            return;
        };
        let Some(by) = sitting.term().seat_of(&from) else { return };
        let departed = EndCause::Departed { seat: by as u8 };
        let leaver = sitting.leaver();
        let cause = match why {
            // It took the leave that all four are about to take.
            _ if leaver == Some(sitting.term().seat) => EndCause::Left,
            _ if leaver.is_some() => EndCause::Departed { seat: leaver.unwrap_or(by) as u8 },
            Farewell::Silent(silent) => {
                // It and the one that it accuses are one as likely to blame as the other. Whom this member waits for
                // itself, it judges itself.
                let accused = usize::from(silent);
                let other = sitting.term().seats[accused];
                self.members.blame(now, from, limits::FAULT);
                if other != context.own.me {
                    self.members.blame(now, other, limits::FAULT);
                }
                if sitting.agrees_soon(now, by, accused) {
                    return;
                }
                departed
            }
            Farewell::Suspects(seats) => match sitting.suspects(now, by, seats) {
                Ok(()) => return,
                Err(cause) => {
                    self.members.blame(now, from, limits::FAULT);
                    cause
                }
            },
            Farewell::Disagreement => EndCause::Disagreement,
            _ => departed,
        };
        self.end_term(context, term, cause);
    }
}

/// Publishes a piece that this member's committee painted.
fn publish_piece(context: &mut Context<'_>, piece: &SignedPiece) {
    let message = Gossip::Piece(Box::new(piece.clone())).encode();
    if message.len() <= MAX_GOSSIP_BYTES {
        context.out.command(Command::Publish { message });
    }
}
