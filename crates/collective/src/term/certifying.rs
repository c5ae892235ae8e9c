//! How a state becomes certified: the four compare the commitments that they hold to it, and sign them.

use abraham_messages::collective::{Certificate, StateStatement, Statement, Step};

use super::{Context, Fact, Seat, Stage, State};
use crate::{EndCause, HeldCommitments, Origin, announce::verify, certificate, limits, steps::Kind};

impl Seat {
    pub(super) fn check_origin(&self, held: &HeldCommitments) -> Result<(), EndCause> {
        let Origin::Continue { commitments, .. } = &self.origin else { return Ok(()) };
        let own = (0..4).all(|c| match held[c] {
            Some(digest) => digest == commitments[c],
            None => c == self.term.seat,
        });
        match own {
            true => Ok(()),
            false => {
                Err(EndCause::OwnFailure { reason: "the state is not the one that was certified".into() })
            }
        }
    }

    pub(super) fn hold(&mut self, context: &mut Context<'_>, commitments: HeldCommitments) {
        self.enter(context, Stage::Held, limits::STEP_AFTER_WORK);
        self.say(context, Step::Held { commitments });
    }

    /// Settles the commitments to the state and signs it.
    pub(super) fn settle(
        &mut self,
        context: &mut Context<'_>,
        held: [HeldCommitments; 4],
    ) -> Result<(), EndCause> {
        let [a, b, c, d] = &held;
        let (commitments, liar) = certificate::agree([a, b, c, d]).map_err(|_| EndCause::Disagreement)?;
        if liar == Some(self.term.seat) {
            return Err(EndCause::Disagreement);
        }
        if let Some(liar) = liar {
            context
                .facts
                .push(Fact::Liar(self.term.seats[liar], "its commitments are not those of two others"));
        }
        let (artist, round) = match (&self.state, &self.origin) {
            (Some(state), _) => (state.artist, state.round),
            (None, Origin::Genesis) => (certificate::artist(&commitments), 0),
            (None, Origin::Continue { artist, round, commitments: certified, .. }) => {
                if *certified != commitments {
                    return Err(EndCause::Disagreement);
                }
                (*artist, *round)
            }
        };
        if self.state.is_none() {
            context.facts.push(Fact::Named(artist));
        }
        self.state = Some(State { artist, round, commitments });
        let (term, seats) = (self.term.id, self.term.seats);
        let statement = StateStatement { artist, round, commitments, term, seats };
        let signature = context.signer.sign(&Statement::State(&statement));
        self.enter(context, Stage::Certify(Box::new(statement)), limits::STEP);
        self.say(context, Step::Certify(signature));
        Ok(())
    }

    /// Makes the certificate of what was said.
    pub(super) fn certify(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        let Stage::Certify(statement) = &self.stage else { return Ok(()) };
        let statement = **statement;
        let mut signatures = [None; 4];
        for (seat, place) in signatures.iter_mut().enumerate() {
            let Some(Step::Certify(signature)) = self.steps.get(Kind::Certify, seat) else { continue };
            if verify(&statement.seats[seat], &Statement::State(&statement), signature) {
                *place = Some(*signature);
            } else {
                context.facts.push(Fact::Liar(statement.seats[seat], "its signature is not under the state"));
            }
        }
        if signatures.iter().flatten().count() < limits::CERTIFICATE_QUORUM {
            return Err(EndCause::Disagreement);
        }
        if self.learned.is_some() {
            self.rounds_since_piece += 1;
        }
        let certificate = Certificate { statement, signatures };
        context.facts.push(Fact::Certified { certificate, learned: self.learned.take() });
        Ok(())
    }
}
