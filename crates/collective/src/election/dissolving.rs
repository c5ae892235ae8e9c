//! When a member's committee makes way for another.

use std::{cell::LazyCell, cmp::Reverse};

use abraham_messages::PeerKey;

use super::Election;
use crate::{Millis, context::Around, limits, members::presence::SeenTerm};

impl Election {
    /// Whether this member's term ends because another committee, of those in sight, has learnt for longer.
    pub(crate) fn makes_way(&mut self, around: &Around<'_>, terms: &[SeenTerm]) -> bool {
        let Some(sitting) = around.seat.sitting() else { return false };
        let mine = sitting.term().id;
        let artist = sitting.artist();
        // Mostly there is no other committee, and nothing to look up.
        let counted = LazyCell::new(|| around.keeping.counted());
        // Another committee of the same artist must have shown certificates that are linked with this one's.
        let follows = |term: &SeenTerm| {
            let holds = |painter: &&PeerKey| {
                counted.get(painter).is_some_and(|held| held.iter().any(|held| Some(held.artist) == artist))
            };
            let shown = term.seats.iter().flatten().filter(holds).count();
            Some(term.artist) != artist || shown >= limits::MIN_DISSOLVE_LINKS
        };
        let Some(first) = terms.iter().find(|term| {
            term.id == mine || {
                let linked = term.seats.iter().flatten().filter(|painter| around.links.is_up(painter));
                term.shown && linked.count() >= limits::MIN_DISSOLVE_LINKS && follows(term)
            }
        }) else {
            return false;
        };
        let (id, round) = (first.id, first.round);
        if id == mine || (round, Reverse(id)) < (sitting.round(), Reverse(mine)) {
            return false;
        }
        let rested = |at: Millis| at.saturating_add(limits::MIN_DISSOLVE_INTERVAL) <= around.now;
        if !self.dissolved.is_none_or(rested) {
            return false;
        }
        self.dissolved = Some(around.now);
        true
    }
}
