//! Keeping: what this member keeps, what others have shown to keep, and pieces that were heard of.

pub(crate) mod certificate;
pub(crate) mod holders;
mod received;
mod store;

use std::collections::BTreeMap;

use abraham_messages::{
    ArtistName, PeerKey, RecipeId, SignedPiece,
    collective::{Certificate, Control, Holds},
};

use crate::{Millis, Rejection, Work, context::Context, limits, links::Links, members::presence::SeenTerm};
use holders::{Held, Holders};
use received::ReceivedPieces;
use store::Store;

/// What is kept of artists, here and by those that are linked, and which pieces are known.
pub(crate) struct Keeping {
    store: Store,
    holders: Holders,
    pieces: ReceivedPieces,
    announcing: Announcing,
}

/// When this member last showed what it holds, and whether that has changed since.
#[derive(Default)]
struct Announcing {
    last: Option<Millis>,
    changed: bool,
}

impl Keeping {
    /// Of artists of this recipe.
    pub(crate) fn new(recipe: RecipeId) -> Self {
        Self {
            store: Store::default(),
            holders: Holders::new(recipe),
            pieces: ReceivedPieces::default(),
            announcing: Announcing::default(),
        }
    }

    /// A linked member shows what it holds.
    pub(crate) fn handle_holds(
        &mut self,
        now: Millis,
        from: PeerKey,
        holds: &Holds,
    ) -> Result<(), Rejection> {
        self.holders.handle_holds(now, from, holds, &self.store)
    }

    /// A piece was published. `terms` are the committees in sight.
    pub(crate) fn handle_piece(
        &mut self,
        context: &Context<'_>,
        terms: &[SeenTerm],
        from: PeerKey,
        piece: &SignedPiece,
    ) -> Result<(), Rejection> {
        self.pieces.handle_piece(context.now, &context.own.config, terms, from, piece)
    }

    pub(crate) fn handle_link_down(&mut self, peer: &PeerKey) {
        self.holders.unlinked(peer);
    }

    /// This member's own committee painted a piece.
    pub(crate) fn remember_piece(&mut self, piece: &SignedPiece) {
        self.pieces.remember(piece);
    }

    /// This member is about to see shares of an artist, or has.
    pub(crate) fn remember_seat(&mut self, artist: ArtistName, seat: usize) {
        self.store.remember(artist, seat);
    }

    /// A state was certified in this member's term.
    pub(crate) fn certify(&mut self, seat: usize, certificate: Certificate) {
        self.store.certify(seat, certificate);
    }

    /// Has the engine forget what has no certificate, and others told what is held now.
    pub(crate) fn forget_uncertified(&mut self, context: &mut Context<'_>) {
        context.out.work(Work::Keep { artists: self.store.artists() });
        self.announce_soon();
    }

    /// Forgets what others showed long ago.
    pub(crate) fn expire(&mut self, now: Millis) {
        self.holders.expire(now, &self.store);
    }

    /// What this member keeps.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// What linked members have shown.
    pub(crate) fn holders(&self) -> &Holders {
        &self.holders
    }

    /// What linked members have shown to hold, as far as it counts.
    pub(crate) fn counted(&self) -> BTreeMap<PeerKey, Vec<Held>> {
        self.holders.counted(&self.store)
    }

    /// What this member holds, or whether it would begin another artist, changed.
    pub(crate) fn announce_soon(&mut self) {
        self.announcing.changed = true;
    }

    /// When [`Self::announce_holds`] is due.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let last = self.announcing.last.map_or(0, |last| last.saturating_add(limits::MIN_HOLDS_INTERVAL));
        self.announcing.changed.then_some(last)
    }

    /// Shows all that are linked what this member holds, and whether it would begin another artist.
    pub(crate) fn announce_holds(&mut self, context: &mut Context<'_>, links: &Links, begins: bool) {
        self.announcing = Announcing { last: Some(context.now), changed: false };
        for peer in links.peers() {
            self.send_holds(context, peer, begins);
        }
    }

    /// Shows it to one.
    pub(crate) fn send_holds(&self, context: &mut Context<'_>, peer: PeerKey, begins: bool) {
        let message = Control::Holds(self.store.holds(begins));
        context.out.control(peer, &message);
    }
}
