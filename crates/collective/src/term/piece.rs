//! How a piece that the four painted becomes signed by all of them.

use abraham_messages::{Latent, PainterSignature, SignedPiece, collective::Step};
use abraham_provenance::{Unsigned, verify};

use super::{Fact, Sitting, Stage, State, steps::Kind};
use crate::{EndCause, context::Context, limits};

impl Sitting {
    pub(super) fn sign(&mut self, context: &mut Context<'_>, latent: Latent, content: Vec<u8>) {
        let Some(State { artist, round, generation, ref commitments }) = self.state else { return };
        let recipe = context.own.config.recipe;
        let piece =
            Unsigned { artist, recipe, round, generation, commitments, latent, content: &content }.piece();
        let signature = context.own.signer.sign(&piece);
        let piece = SignedPiece { piece, content, signatures: Vec::new() };
        self.enter(context, Stage::Sign(Box::new(piece)), limits::STEP_AFTER_WORK_TIMEOUT);
        self.send_step(context, Step::Sign(signature));
    }

    /// All four signed the piece: the one whose turn it is publishes it.
    pub(super) fn publish(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        let Stage::Sign(piece) = &mut self.stage else { return Ok(()) };
        for seat in 0..4 {
            let painter = self.term.seats[seat];
            match self.steps.get(Kind::Sign, seat) {
                Some(Step::Sign(signature)) if verify(&painter, &piece.piece, signature) => {
                    piece.signatures.push(PainterSignature { painter, signature: *signature });
                }
                _ => {
                    self.facts.push(Fact::Liar(painter, "its signature is not under the piece"));
                    return Err(EndCause::Suspected { seats: [seat as u8; 2] });
                }
            }
        }
        let piece = piece.clone();
        let publish = self.steps.cycle() as usize % 4 == self.term.seat;
        self.facts.push(Fact::Piece { piece, publish });
        self.last_piece = Some(context.now);
        self.rounds_since_piece = 0;
        Ok(())
    }
}
