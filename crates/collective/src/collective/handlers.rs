//! Messages from others: decoded, and handed to the part that knows whether it was theirs to say. What was not is counted.

use abraham_messages::{
    DecodeError, PeerKey,
    collective::{Bulk, BulkKind, Control, Digest, Gossip},
    node::Lane,
};

use super::{Collective, Status};
use crate::{Event, Millis, Rejection};

impl Collective {
    pub(super) fn handle_gossip(&mut self, now: Millis, from: PeerKey, message: &[u8]) {
        if from == self.me {
            return;
        }
        let handled = match Gossip::decode(message) {
            Err(error) => Err(rejection_of(&error)),
            Ok(Gossip::Presence(presence)) => {
                self.presences.handle_presence(now, from, presence, self.links.is_up(&from))
            }
            Ok(Gossip::Leave { sequence }) => {
                let left = self.presences.handle_leave(&from, sequence);
                if left.is_ok() {
                    self.review.claims.left(&from);
                }
                left
            }
            Ok(Gossip::Piece(piece)) => {
                // Who has no link at all cannot be shown a term, and would see no piece.
                let unlinked = self.links.peers().next().is_none();
                let terms = if unlinked { self.seen_terms() } else { self.terms(now) };
                let handled = self.pieces.handle_piece(now, &self.config, &terms, from, &piece);
                if handled.is_ok() {
                    self.out.event(Event::Piece { piece, helped: false });
                }
                handled
            }
            Ok(_) => Err(Rejection::Malformed),
        };
        if let Err(cause) = handled {
            self.rejections.count(cause);
        }
    }

    pub(super) fn handle_message(&mut self, now: Millis, from: PeerKey, lane: Lane, message: &[u8]) {
        let handled = match lane {
            Lane::Control => match Control::decode(message) {
                Ok(control) => self.handle_control(now, from, control),
                Err(error) => Err(rejection_of(&error)),
            },
            Lane::Bulk => match Bulk::decode(message) {
                Ok(bulk) => self.handle_bulk(now, from, &bulk),
                Err(error) => Err(rejection_of(&error)),
            },
            Lane::Frames => Ok(()),
        };
        if let Err(cause) = handled {
            self.rejections.count(cause);
        }
    }

    fn handle_control(&mut self, now: Millis, from: PeerKey, control: Control) -> Result<(), Rejection> {
        match control {
            Control::Presence(presence) => self.presences.handle_presence(now, from, presence, true),
            Control::Proposal(proposal) => self.handle_proposal(now, from, &proposal),
            Control::Accept { term, certificate } => {
                self.handle_acceptance(now, from, term, certificate);
                Ok(())
            }
            Control::Farewell { term, why } => {
                self.handle_farewell(now, from, &term, why);
                Ok(())
            }
            Control::Step { term, cycle, step } => {
                let seat = match &self.status {
                    Status::Seated(seat) if seat.term.id == term => {
                        seat.seat_of(&from).ok_or(Rejection::OutOfPlace)?
                    }
                    _ => return Err(Rejection::Stale),
                };
                self.try_in_term(now, |term, context| term.handle_step(context, seat, cycle, step))
            }
            Control::Holds(holds) => {
                let shown = self.holders.handle_holds(now, from, &holds, &self.store);
                match shown {
                    Ok(()) => self.review_soon(now),
                    Err(Rejection::Forged) => self.suspect(now, from, "it shows certificates that are none"),
                    Err(_) => {}
                }
                shown
            }
            Control::Sits { proposal, certificate } => {
                let presences = &self.presences;
                if proposal.recipe != self.config.recipe {
                    return Err(Rejection::OtherRecipe);
                }
                let in_sight = |term: &Digest| presences.speak_of(term);
                self.witness.handle_sits(now, &from, (&proposal, &certificate), in_sight)
            }
            Control::Notice { notice, signature } => {
                let mine = match &self.status {
                    Status::Seated(seat) => seat.term.id == notice.term && seat.term.seats == notice.seats,
                    _ => false,
                };
                if self.settings.pictures == 0 || !(mine || self.witness.vouches(&notice)) {
                    return Err(Rejection::OutOfPlace);
                }
                self.teacher.handle_notice(now, from, notice, &signature)
            }
            _ => Err(Rejection::Malformed),
        }
    }

    fn handle_bulk(&mut self, now: Millis, from: PeerKey, bulk: &Bulk<'_>) -> Result<(), Rejection> {
        self.done.bulk_bytes_received += bulk.payload.len() as u64;
        match bulk.kind {
            BulkKind::Batch if self.settings.pictures == 0 => Err(Rejection::OutOfPlace),
            BulkKind::Batch => self.teacher.handle_batch(now, from, bulk.payload, self.config.batch_bytes),
            BulkKind::Update => match &self.status {
                Status::Seated(seat) if seat.term.prefix() == bulk.term => self
                    .try_in_term(now, |seat, context| {
                        seat.handle_update(context, &from, bulk.cycle, bulk.payload)
                    }),
                _ => Err(Rejection::Stale),
            },
        }
    }
}

fn rejection_of(error: &DecodeError) -> Rejection {
    match error {
        DecodeError::UnknownValue { field: "version", .. } => Rejection::WrongVersion,
        _ => Rejection::Malformed,
    }
}
