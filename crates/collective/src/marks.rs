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
    /// Adds marks. Where the table is full, whoever has fewest marks is forgotten, and of those alike the one whose marks
    /// would fade first.
    pub(crate) fn add(&mut self, now: Millis, peer: PeerKey, marks: u32) {
        self.add_for(now, peer, marks, limits::MARK_LASTS);
    }

    /// Adds marks that fade sooner than others, if it has no others.
    pub(crate) fn add_for(&mut self, now: Millis, peer: PeerKey, marks: u32, lasts: Millis) {
        self.fade(now);
        if self.0.len() >= limits::MARKED && !self.0.contains_key(&peer) {
            let least = self.0.iter().min_by_key(|(_, mark)| (mark.marks, mark.until)).map(|(peer, _)| *peer);
            least.map(|peer| self.0.remove(&peer));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> PeerKey {
        let mut key = [2; 33];
        key[1..5].copy_from_slice(&n.to_le_bytes());
        PeerKey(key)
    }

    #[test]
    fn a_full_table_has_room_for_a_further_cheat_and_forgets_the_least_and_oldest() {
        let mut marks = Marks::default();
        let cheat = key(1 << 20);
        marks.add(0, cheat, limits::MARK_NAMED);
        marks.add(1, cheat, limits::MARK_NAMED);
        for n in 0..5 * limits::MARKED as u32 {
            marks.add(2 + u64::from(n), key(n), limits::MARK_NAMED);
        }
        assert_eq!(marks.iter().count(), limits::MARKED);
        assert_eq!(marks.of(&cheat), 2 * limits::MARK_NAMED, "who was named twice is not forgotten for them");
        assert_eq!(marks.of(&key(0)), 0);
        assert_eq!(marks.of(&key(5 * limits::MARKED as u32 - 1)), limits::MARK_NAMED);
        marks.add(9_000, key(0), limits::MARK);
        assert_eq!(marks.of(&key(0)), limits::MARK);
        marks.fade(9_000 + limits::MARK_LASTS);
        assert_eq!(marks.iter().count(), 0);
    }
}
