//! How a committee forms: one proposes it, each of the four looks whether it sees reasons against it, and all accept.

use abraham_messages::{
    Nonce, PeerKey, TermId,
    collective::{Certificate, Control, Farewell, Proposal, ProposedOrigin},
};

use super::Parts;
use crate::{
    EndCause, Event, Origin, Rejection, Work,
    context::Context,
    election::forming::{Formed, Forming, term_id},
    limits,
    term::Sitting,
};

impl Parts {
    /// Proposes a committee and accepts it.
    pub(super) fn propose(&mut self, context: &mut Context<'_>, seats: [PeerKey; 4], origin: ProposedOrigin) {
        let number = self.members.presences().known_term().saturating_add(1);
        let recipe = context.own.config.recipe;
        let proposal = Proposal { number, recipe, seats, origin, nonce: Nonce(context.sortition.draw()) };
        send_others(context, &seats, &Control::Proposal(proposal.clone()));
        self.accept(context, context.own.me, &proposal);
    }

    /// A linked member proposes a committee.
    pub(super) fn handle_proposal(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        proposal: &Proposal,
    ) -> Result<(), Rejection> {
        let me = context.own.me;
        let seats = &proposal.seats;
        let twice = (0..4).any(|i| seats[..i].contains(&seats[i]));
        if proposal.recipe != context.own.config.recipe {
            return Err(Rejection::OtherRecipe);
        }
        if twice || !seats.contains(&from) || !seats.contains(&me) || from == me {
            return Err(Rejection::OutOfPlace);
        }
        let around = self.around(context.now, context.own);
        match self.election.would_accept(&around, &from, proposal) {
            Ok(()) => self.accept(context, from, proposal),
            Err(reason) => {
                context.out.event(Event::Refused { proposer: from, reason });
                send_farewell(context, &term_id(proposal), seats, Farewell::Refuse);
            }
        }
        Ok(())
    }

    fn accept(&mut self, context: &mut Context<'_>, proposer: PeerKey, proposal: &Proposal) {
        let Some(seat) = proposal.seats.iter().position(|peer| *peer == context.own.me) else { return };
        let mut forming = Forming::new(context.now, proposal, proposer, seat);
        let term = forming.term().clone();
        let id = term.id;
        context.out.work(Work::Expect { term });
        let certificate = match &proposal.origin {
            ProposedOrigin::Continue { artist, from, holders } if holders[seat] => {
                self.keeping.store().certificate(artist, from, seat).cloned().map(Box::new)
            }
            _ => None,
        };
        let message = Control::Accept { term: id, certificate: certificate.clone() };
        send_others(context, &proposal.seats, &message);
        forming.accept(seat, certificate);
        self.election.handle_accepted(&mut forming);
        self.seat.form(proposal.clone(), forming);
        self.check_formed(context);
    }

    /// A linked member accepts a proposal.
    pub(super) fn handle_acceptance(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        term: TermId,
        certificate: Option<Box<Certificate>>,
    ) {
        if let Some(forming) = self.seat.forming_of(&term) {
            let own = forming.term().seat;
            if let Some(seat) = forming.term().seat_of(&from).filter(|seat| *seat != own) {
                forming.accept(seat, certificate);
                self.check_formed(context);
            }
        } else if self.seat.sitting_in(&term).is_none() {
            self.election.handle_acceptance(from, term, certificate);
        }
    }

    /// Takes the seat where all four have accepted.
    fn check_formed(&mut self, context: &mut Context<'_>) {
        let Some(forming) = self.seat.forming() else { return };
        match forming.formed() {
            Formed::NotYet => {}
            Formed::Liar(seat) => {
                let liar = forming.term().seats[seat];
                let what = "it has no certificate of the state that it says it holds";
                self.members.suspect(context, liar, what);
                self.give_up_forming(context);
            }
            Formed::Yes(origin) => {
                let (term, proposer) = (forming.term().clone(), forming.proposer());
                if let Origin::Continue { artist, .. } = &origin {
                    self.keeping.remember_seat(*artist, term.seat);
                }
                context.out.event(Event::TermBegan(term.clone()));
                self.seat.take(Sitting::begin(context, term, proposer, origin));
                self.status.handle_term_began();
                if self.election.handle_term_began() {
                    self.keeping.announce_soon();
                }
                self.members.publish_soon();
                self.election.review_soon(context.now);
            }
        }
    }

    /// Gives a committee up that does not form in time.
    pub(super) fn check_forming(&mut self, context: &mut Context<'_>) {
        let Some(forming) = self.seat.forming() else { return };
        if forming.deadline() > context.now {
            return;
        }
        for peer in forming.missing() {
            self.members.blame(context.now, peer, limits::NAMED_FAULT);
        }
        self.give_up_forming(context);
    }

    /// Gives up a committee that has not formed, where there is one.
    pub(super) fn give_up_forming(&mut self, context: &mut Context<'_>) {
        let Some(forming) = self.seat.give_up() else { return };
        let term = forming.term();
        send_farewell(context, &term.id, &term.seats, Farewell::Refuse);
        self.status.handle_term_ended(EndCause::NotFormed);
        self.election.handle_not_formed(context.sortition);
        self.election.review_soon(context.now);
    }
}

/// Says goodbye to a term's painters.
pub(super) fn send_farewell(context: &mut Context<'_>, term: &TermId, seats: &[PeerKey; 4], why: Farewell) {
    send_others(context, seats, &Control::Farewell { term: *term, why });
}

/// Sends a message to the others of four.
fn send_others(context: &mut Context<'_>, seats: &[PeerKey; 4], message: &Control) {
    for peer in seats.iter().filter(|peer| **peer != context.own.me) {
        context.out.control(*peer, message);
    }
}
