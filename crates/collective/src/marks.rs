//! Members that did badly are passed over for a while, where others exist.

use std::collections::BTreeMap;

use abraham_messages::PeerKey;

use crate::{Millis, limits};

#[derive(Debug, Clone, Copy)]
struct Mark {
    marks: u32,
    until: Millis,
}

/// Marks of members, which fade.
#[derive(Debug, Default)]
pub(crate) struct Marks(BTreeMap<PeerKey, Mark>);

impl Marks {
    /// Adds marks. Where the table is full of others that are still marked, it forgets nobody.
    pub(crate) fn add(&mut self, now: Millis, peer: PeerKey, marks: u32) {
        self.add_for(now, peer, marks, limits::MARK_LASTS);
    }

    /// Adds marks that fade sooner than others, if it has no others.
    pub(crate) fn add_for(&mut self, now: Millis, peer: PeerKey, marks: u32, lasts: Millis) {
        self.fade(now);
        if self.0.len() >= limits::MARKED && !self.0.contains_key(&peer) {
            return;
        }
        let mark = self.0.entry(peer).or_insert(Mark { marks: 0, until: 0 });
        mark.marks = (mark.marks + marks).min(limits::MARK_MOST);
        mark.until = mark.until.max(now.saturating_add(lasts));
    }

    pub(crate) fn fade(&mut self, now: Millis) {
        self.0.retain(|_, mark| mark.until > now);
    }

    pub(crate) fn of(&self, peer: &PeerKey) -> u32 {
        self.0.get(peer).map_or(0, |mark| mark.marks)
    }

    /// Everyone with marks: key, marks, until when.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerKey, u32, Millis)> {
        self.0.iter().map(|(peer, mark)| (peer, mark.marks, mark.until))
    }
}
