//! What others say: decoded, and handed to the part that knows whether it was theirs to say. What was not is counted.

use abraham_messages::{
    DecodeError, PeerKey,
    collective::{Bulk, BulkKind, Control, Digest, Gossip},
    node::Lane,
};

use super::{Collective, Status};
use crate::{Drop, Event, Millis};

impl Collective {
    pub(super) fn heard(&mut self, now: Millis, from: PeerKey, message: &[u8]) {
        if from == self.me {
            return;
        }
        let heard = match Gossip::decode(message) {
            Err(error) => Err(drop_of(&error)),
            Ok(Gossip::Presence(presence)) => {
                self.presences.hear(now, from, presence, self.links.is_up(&from))
            }
            Ok(Gossip::Leave { sequence }) => self.presences.leave(&from, sequence),
            Ok(Gossip::Piece(piece)) => {
                // Who has no link at all cannot be shown a term, and would see no piece.
                let unlinked = self.links.peers().next().is_none();
                let terms = if unlinked { self.seen_terms() } else { self.terms(now) };
                let heard = self.pieces.hear(now, &self.config, &terms, from, &piece);
                if heard.is_ok() {
                    self.out.event(Event::Piece { piece, helped: false });
                }
                heard
            }
            Ok(_) => Err(Drop::Malformed),
        };
        if let Err(cause) = heard {
            self.drops.count(cause);
        }
    }

    pub(super) fn message(&mut self, now: Millis, from: PeerKey, lane: Lane, message: &[u8]) {
        let taken = match lane {
            Lane::Control => match Control::decode(message) {
                Ok(control) => self.control(now, from, control),
                Err(error) => Err(drop_of(&error)),
            },
            Lane::Bulk => match Bulk::decode(message) {
                Ok(bulk) => self.bulk(now, from, &bulk),
                Err(error) => Err(drop_of(&error)),
            },
            Lane::Frames => Ok(()),
        };
        if let Err(cause) = taken {
            self.drops.count(cause);
        }
    }

    fn control(&mut self, now: Millis, from: PeerKey, control: Control) -> Result<(), Drop> {
        match control {
            Control::Presence(presence) => self.presences.hear(now, from, presence, true),
            Control::Proposal(proposal) => self.proposed(now, from, &proposal),
            Control::Accept { term, certificate } => {
                self.accepted(now, from, term, certificate);
                Ok(())
            }
            Control::Farewell { term, why } => {
                self.farewell(now, from, &term, why);
                Ok(())
            }
            Control::Step { term, cycle, step } => {
                let seat = match &self.status {
                    Status::Seated(seat) if seat.term.id == term => {
                        seat.seat_of(&from).ok_or(Drop::OutOfPlace)?
                    }
                    _ => return Err(Drop::Stale),
                };
                self.try_in_term(now, |sitting, context| sitting.hear(context, seat, cycle, step))
            }
            Control::Sits { proposal, certificate } => {
                let presences = &self.presences;
                let in_sight = |term: &Digest| presences.speak_of(term);
                self.witness.show(now, &from, (&proposal, &certificate), in_sight)
            }
            Control::Notice { notice, signature } => {
                let mine = match &self.status {
                    Status::Seated(seat) => seat.term.id == notice.term && seat.term.seats == notice.seats,
                    _ => false,
                };
                if self.settings.pictures == 0 || !(mine || self.witness.vouches(&notice)) {
                    return Err(Drop::OutOfPlace);
                }
                self.teacher.notice(now, from, notice, &signature)
            }
            _ => Err(Drop::Malformed),
        }
    }

    fn bulk(&mut self, now: Millis, from: PeerKey, bulk: &Bulk<'_>) -> Result<(), Drop> {
        self.done.bulk_bytes_received += bulk.payload.len() as u64;
        match bulk.kind {
            BulkKind::Batch if self.settings.pictures == 0 => Err(Drop::OutOfPlace),
            BulkKind::Batch => self.teacher.batch(now, from, bulk.payload, self.config.batch_bytes),
            BulkKind::Update => match &self.status {
                Status::Seated(seat) if seat.term.prefix() == bulk.term => self
                    .try_in_term(now, |seat, context| seat.update(context, &from, bulk.cycle, bulk.payload)),
                _ => Err(Drop::Stale),
            },
        }
    }
}

fn drop_of(error: &DecodeError) -> Drop {
    match error {
        DecodeError::UnknownValue { field: "version", .. } => Drop::WrongVersion,
        _ => Drop::Malformed,
    }
}
