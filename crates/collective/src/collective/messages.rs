//! Messages from others: decoded, and handed to the part that knows whether it was theirs to say. What was not is counted.

use abraham_messages::{
    DecodeError, PeerKey,
    collective::{Bulk, BulkKind, Control, Gossip},
    node::Lane,
};

use super::Parts;
use crate::{Event, Rejection, context::Context};

impl Parts {
    pub(super) fn handle_gossip(&mut self, context: &mut Context<'_>, from: PeerKey, message: &[u8]) {
        if from == context.own.me {
            return;
        }
        let now = context.now;
        let handled = match Gossip::decode(message) {
            Err(error) => Err(rejection_of(&error)),
            Ok(Gossip::Presence(presence)) => {
                self.members.handle_presence(now, from, presence, self.links.is_up(&from))
            }
            Ok(Gossip::Leave { sequence }) => {
                let left = self.members.handle_leave(&from, sequence);
                if left.is_ok() {
                    self.election.handle_leave(&from);
                }
                left
            }
            Ok(Gossip::Piece(piece)) => {
                // Who has no link at all cannot be shown a term, and would see no piece.
                let mine = self.seat.own(context.own.me);
                let terms = match self.links.peers().next() {
                    None => self.members.seen_terms(mine),
                    Some(_) => self.members.terms(now, mine, &self.links),
                };
                let handled = self.keeping.handle_piece(context, &terms, from, &piece);
                if handled.is_ok() {
                    context.out.event(Event::Piece { piece, helped: false });
                }
                handled
            }
            Ok(_) => Err(Rejection::Malformed),
        };
        if let Err(cause) = handled {
            self.members.handle_rejection(cause);
        }
    }

    pub(super) fn handle_message(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        lane: Lane,
        message: &[u8],
    ) {
        let handled = match lane {
            Lane::Control => match Control::decode(message) {
                Ok(control) => self.handle_control(context, from, control),
                Err(error) => Err(rejection_of(&error)),
            },
            Lane::Bulk => match Bulk::decode(message) {
                Ok(bulk) => self.handle_bulk(context, from, &bulk),
                Err(error) => Err(rejection_of(&error)),
            },
            Lane::Frames => Ok(()),
        };
        if let Err(cause) = handled {
            self.members.handle_rejection(cause);
        }
    }

    fn handle_control(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        control: Control,
    ) -> Result<(), Rejection> {
        let now = context.now;
        match control {
            Control::Presence(presence) => self.members.handle_presence(now, from, presence, true),
            Control::Proposal(proposal) => self.handle_proposal(context, from, &proposal),
            Control::Accept { term, certificate } => {
                self.handle_acceptance(context, from, term, certificate);
                Ok(())
            }
            Control::Farewell { term, why } => {
                self.handle_farewell(context, from, &term, why);
                Ok(())
            }
            Control::Step { term, cycle, step } => {
                let sitting = self.seat.sitting_in(&term).ok_or(Rejection::Stale)?;
                let seat = sitting.term().seat_of(&from).ok_or(Rejection::OutOfPlace)?;
                self.try_in_term(context, &term, |sitting, context| {
                    sitting.handle_step(context, seat, cycle, step)
                })
            }
            Control::Holds(holds) => {
                let shown = self.keeping.handle_holds(now, from, &holds);
                match shown {
                    Ok(()) => self.election.review_soon(now),
                    Err(Rejection::Forged) => {
                        self.members.suspect(context, from, "it shows certificates that are none");
                    }
                    Err(_) => {}
                }
                shown
            }
            Control::Sits { proposal, .. } if proposal.recipe != context.own.config.recipe => {
                Err(Rejection::OtherRecipe)
            }
            Control::Sits { proposal, certificate } => {
                self.members.handle_sits(now, &from, (&proposal, &certificate))
            }
            Control::Notice { notice, signature } => {
                let mine = self.seat.sitting_in(&notice.term);
                let mine = mine.is_some_and(|sitting| sitting.term().seats == notice.seats);
                let vouched = mine || self.members.witness().vouches(&notice);
                self.teaching.handle_notice(context, from, (notice, &signature), vouched)
            }
            _ => Err(Rejection::Malformed),
        }
    }

    fn handle_bulk(
        &mut self,
        context: &mut Context<'_>,
        from: PeerKey,
        bulk: &Bulk<'_>,
    ) -> Result<(), Rejection> {
        self.status.handle_bulk(bulk.payload.len());
        match bulk.kind {
            BulkKind::Batch => self.teaching.handle_batch(context, from, bulk.payload),
            BulkKind::Update => {
                let term = self.seat.term_of_prefix(bulk.term).ok_or(Rejection::Stale)?;
                self.try_in_term(context, &term, |sitting, context| {
                    sitting.handle_update(context, &from, bulk.cycle, bulk.payload)
                })
            }
        }
    }
}

fn rejection_of(error: &DecodeError) -> Rejection {
    match error {
        DecodeError::UnknownValue { field: "version", .. } => Rejection::WrongVersion,
        _ => Rejection::Malformed,
    }
}
