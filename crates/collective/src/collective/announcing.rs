//! What this member tells others of itself: its presence, pieces that it helped to paint, goodbyes.

use abraham_messages::{
    PeerKey, SignedPiece,
    collective::{Control, Farewell, Gossip, Presence},
    limits::{MAX_GOSSIP_BYTES, MAX_LINKS},
    node::Command,
};

use super::{Collective, Status};
use crate::{Millis, election::forming::term_id, limits};

/// When and what was published of this member.
pub(super) struct Publishing {
    pub(super) sequence: u64,
    pub(super) last: Option<Millis>,
    pub(super) changed: bool,
}

/// When this member last showed what it holds, and whether that has changed since.
#[derive(Default)]
pub(super) struct Announcing {
    last: Option<Millis>,
    changed: bool,
}

impl Collective {
    /// What this member holds, or whether it would begin another artist, changed.
    pub(crate) fn announce_holds_soon(&mut self) {
        self.announcing.changed = true;
    }

    pub(super) fn announce_holds_at(&self) -> Option<Millis> {
        let last = self.announcing.last.map_or(0, |last| last.saturating_add(limits::MIN_HOLDS_INTERVAL));
        self.announcing.changed.then_some(last)
    }

    /// Shows all that are linked what this member holds.
    pub(super) fn announce_holds(&mut self, now: Millis) {
        self.announcing = Announcing { last: Some(now), changed: false };
        for peer in self.links.peers().collect::<Vec<_>>() {
            self.send_holds(peer);
        }
    }

    /// Shows a linked member what this one holds.
    pub(super) fn send_holds(&mut self, peer: PeerKey) {
        let message = Control::Holds(self.store.holds(self.review.begins));
        self.out.control(peer, &message);
    }

    pub(super) fn publish_at(&self) -> Millis {
        let Some(last) = self.publishing.last else { return 0 };
        let wait =
            if self.publishing.changed { limits::MIN_PRESENCE_INTERVAL } else { limits::PRESENCE_INTERVAL };
        last.saturating_add(wait)
    }

    pub(crate) fn presence(&mut self, now: Millis) -> Presence {
        self.publishing.sequence += 1;
        let seated = match &self.status {
            Status::Seated(seat) => Some(seat.seated()),
            _ => None,
        };
        Presence {
            sequence: self.publishing.sequence,
            paint: self.will_paint(now),
            pictures: self.settings.pictures,
            backend: self.settings.backend,
            addresses: self.addresses.clone(),
            links: self.links.peers().take(MAX_LINKS).collect(),
            holding: self.store.holding(),
            seated,
            known_term: self.last_term(),
        }
    }

    /// Tells everyone, or, while no relay is reached, those that are linked.
    pub(super) fn publish(&mut self, now: Millis) {
        let presence = self.presence(now);
        if self.is_online() {
            let message = Gossip::Presence(presence).encode();
            self.out.command(Command::Publish { message });
        } else {
            let message = Control::Presence(presence);
            for peer in self.links.peers() {
                self.out.control(peer, &message);
            }
        }
        self.publishing.last = Some(now);
        self.publishing.changed = false;
    }

    /// What shows others that this member's term is one, once it has certified a state.
    pub(super) fn sits(&self) -> Option<Control> {
        let Status::Seated(seat) = &self.status else { return None };
        let proposal = self.review.accepted.clone().filter(|proposal| term_id(proposal) == seat.term.id)?;
        let certificate = self.store.of_term(&seat.term.id)?;
        Some(Control::Sits { proposal, certificate: Box::new(certificate.clone()) })
    }

    /// Shows all that are linked that this member's term is one.
    pub(crate) fn announce_term(&mut self) {
        let Some(message) = self.sits() else { return };
        for peer in self.links.peers() {
            self.out.control(peer, &message);
        }
    }

    /// Publishes a piece that this member's committee painted.
    pub(crate) fn publish_piece(&mut self, piece: &SignedPiece) {
        let message = Gossip::Piece(Box::new(piece.clone())).encode();
        if message.len() <= MAX_GOSSIP_BYTES {
            self.out.command(Command::Publish { message });
        }
    }

    /// Says goodbye to a term's painters.
    pub(crate) fn send_farewell(&mut self, term: &[u8; 32], seats: &[PeerKey; 4], why: Farewell) {
        let message = Control::Farewell { term: *term, why };
        for peer in seats.iter().filter(|peer| **peer != self.me) {
            self.out.control(*peer, &message);
        }
    }
}
