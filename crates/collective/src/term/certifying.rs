//! How a state becomes certified: the four compare the commitments that they hold to it, and sign them.

use abraham_messages::collective::{Certificate, StateStatement, Step};
use abraham_provenance::{artist_name, verify};

use super::{Fact, Sitting, Stage, State, round, steps::Kind};
use crate::{EndCause, HeldCommitments, Origin, context::Context, keeping::certificate, limits};

impl Sitting {
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
        self.enter(context, Stage::Held, limits::STEP_AFTER_WORK_TIMEOUT);
        self.send_step(context, Step::Held { commitments });
    }

    /// Settles the commitments to the state and signs it, where all four have said what they hold; whether they have.
    /// A state on which a holder had to be outvoted is not signed.
    pub(super) fn settle(&mut self, context: &mut Context<'_>) -> Result<bool, EndCause> {
        let Some(said) = self.steps.all(Kind::Held) else { return Ok(false) };
        let helds = round::digest(said);
        let held: [HeldCommitments; 4] = said.map(|step| match step {
            Step::Held { commitments } => *commitments,
            _ => [None; 4],
        });
        let [a, b, c, d] = &held;
        let commitments = certificate::agree([a, b, c, d]).map_err(|outvoted| {
            // The engine compared transcripts before it answered, so honest holders have the same.
            if let Some(liar) = outvoted.filter(|seat| *seat != self.term.seat) {
                let what = "its commitments are not those of two others";
                self.facts.push(Fact::Liar(self.term.seats[liar], what));
            }
            EndCause::Disagreement
        })?;
        let (artist, round, generation) = match (&self.state, &self.origin) {
            (Some(state), _) => (state.artist, state.round, state.generation),
            (None, Origin::Genesis) => (artist_name(&context.own.config.recipe, &commitments), 0, 0),
            (None, Origin::Continue { artist, round, generation, commitments: certified, .. }) => {
                if *certified != commitments {
                    return Err(EndCause::Disagreement);
                }
                (*artist, *round, *generation)
            }
        };
        if self.state.is_none() {
            self.facts.push(Fact::Named(artist));
        }
        self.state = Some(State { artist, round, generation, commitments });
        let (term, seats) = (self.term.id, self.term.seats);
        let statement = StateStatement { artist, round, generation, commitments, term, seats };
        let signature = context.own.signer.sign(&statement);
        self.enter(context, Stage::Certify { statement: Box::new(statement), helds }, limits::STEP_TIMEOUT);
        self.send_step(context, Step::Certify { helds, signature });
        Ok(true)
    }

    /// Makes the certificate of what was said: by those who were told by all four what this painter was told.
    pub(super) fn certify(&mut self) -> Result<(), EndCause> {
        let Stage::Certify { statement, helds } = &self.stage else { return Ok(()) };
        let (statement, helds) = (**statement, *helds);
        let mut signatures = [None; 4];
        let mut told_apart = false;
        for (seat, place) in signatures.iter_mut().enumerate() {
            let Some(Step::Certify { helds: theirs, signature }) = self.steps.get(Kind::Certify, seat) else {
                continue;
            };
            if *theirs != helds {
                told_apart = true;
            } else if verify(&statement.seats[seat], &statement, signature) {
                *place = Some(*signature);
            } else {
                self.facts.push(Fact::Liar(statement.seats[seat], "its signature is not under the state"));
            }
        }
        if signatures.iter().flatten().count() < limits::CERTIFICATE_QUORUM {
            return Err(EndCause::Disagreement);
        }
        if self.learned.is_some() {
            self.rounds_since_piece += 1;
        }
        let certificate = Certificate { statement, signatures };
        self.facts.push(Fact::Certified { certificate, learned: self.learned.take() });
        // Three who were told the same are a certificate; one who says that it was told something else ends the term.
        if told_apart { Err(EndCause::Disagreement) } else { Ok(()) }
    }
}
