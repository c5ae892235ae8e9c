//! Members that did badly are passed over for a while, where others exist.

use std::collections::BTreeMap;

use abraham_messages::PeerKey;

use crate::{Millis, limits};

#[derive(Debug, Clone, Copy)]
struct Fault {
    faults: u32,
    until: Millis,
}

/// Faults of members, which fade.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<PeerKey, Fault>);

impl Faults {
    /// Adds faults. Where the table is full, whoever has fewest faults is forgotten, and of those alike the one whose faults
    /// would fade first.
    pub(crate) fn add(&mut self, now: Millis, peer: PeerKey, faults: u32) {
        self.add_for(now, peer, faults, limits::FAULT_DURATION);
    }

    /// Adds faults that fade sooner than others, if it has no others.
    pub(crate) fn add_for(&mut self, now: Millis, peer: PeerKey, faults: u32, lasts: Millis) {
        self.fade(now);
        if self.0.len() >= limits::MAX_FAULTY_MEMBERS && !self.0.contains_key(&peer) {
            let least =
                self.0.iter().min_by_key(|(_, fault)| (fault.faults, fault.until)).map(|(peer, _)| *peer);
            least.map(|peer| self.0.remove(&peer));
        }
        let fault = self.0.entry(peer).or_insert(Fault { faults: 0, until: 0 });
        fault.faults = (fault.faults + faults).min(limits::MAX_FAULTS);
        fault.until = fault.until.max(now.saturating_add(lasts));
    }

    pub(crate) fn fade(&mut self, now: Millis) {
        self.0.retain(|_, fault| fault.until > now);
    }

    pub(crate) fn of(&self, peer: &PeerKey) -> u32 {
        self.0.get(peer).map_or(0, |fault| fault.faults)
    }

    /// Everyone with faults: key, faults, until when.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerKey, u32, Millis)> {
        self.0.iter().map(|(peer, fault)| (peer, fault.faults, fault.until))
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
        let mut faults = Faults::default();
        let cheat = key(1 << 20);
        faults.add(0, cheat, limits::NAMED_FAULT);
        faults.add(1, cheat, limits::NAMED_FAULT);
        for n in 0..5 * limits::MAX_FAULTY_MEMBERS as u32 {
            faults.add(2 + u64::from(n), key(n), limits::NAMED_FAULT);
        }
        assert_eq!(faults.iter().count(), limits::MAX_FAULTY_MEMBERS);
        assert_eq!(
            faults.of(&cheat),
            2 * limits::NAMED_FAULT,
            "who was named twice is not forgotten for them"
        );
        assert_eq!(faults.of(&key(0)), 0);
        assert_eq!(faults.of(&key(5 * limits::MAX_FAULTY_MEMBERS as u32 - 1)), limits::NAMED_FAULT);
        faults.add(9_000, key(0), limits::FAULT);
        assert_eq!(faults.of(&key(0)), limits::FAULT);
        faults.fade(9_000 + limits::FAULT_DURATION);
        assert_eq!(faults.iter().count(), 0);
    }
}
