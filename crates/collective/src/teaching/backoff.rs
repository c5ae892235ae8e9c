//! Teachers that were silent are not asked for a while.

use std::collections::BTreeMap;

use abraham_messages::PeerKey;

use crate::{Millis, limits};

/// Teachers that were silent: how often, and until when they are not asked.
#[derive(Default)]
pub(super) struct Backoff(BTreeMap<PeerKey, (u32, Millis)>);

impl Backoff {
    pub(super) fn handle_answered(&mut self, teacher: &PeerKey) {
        self.0.remove(teacher);
    }

    /// Waits longer each time. Where the table is full, whoever is asked again soonest is forgotten.
    pub(super) fn handle_silent(&mut self, now: Millis, teacher: PeerKey) {
        if self.0.len() >= limits::MAX_FAULTY_MEMBERS {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(peer, _)| *peer);
            soonest.map(|peer| self.0.remove(&peer));
        }
        let (times, until) = self.0.entry(teacher).or_default();
        *times = times.saturating_add(1);
        *until = now.saturating_add(limits::TEACHER_BACKOFF.delay(*times));
    }

    pub(super) fn is_over(&self, now: Millis, teacher: &PeerKey) -> bool {
        self.0.get(teacher).is_none_or(|(_, until)| *until <= now)
    }

    pub(super) fn expire(&mut self, now: Millis) {
        self.0.retain(|_, (_, until)| until.saturating_add(limits::TEACHER_BACKOFF.max) > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_teacher_is_asked_again_later_each_time_and_at_once_when_it_answered() {
        let (mut backoff, teacher) = (Backoff::default(), PeerKey([1; 33]));
        assert!(backoff.is_over(0, &teacher));
        for (times, wait) in [1, 2, 4, 8, 16, 20, 20].into_iter().enumerate() {
            let now = times as Millis * limits::TEACHER_BACKOFF.max;
            backoff.handle_silent(now, teacher);
            backoff.expire(now);
            assert!(!backoff.is_over(now + wait * limits::TEACHER_BACKOFF.min - 1, &teacher), "{times}");
            assert!(backoff.is_over(now + wait * limits::TEACHER_BACKOFF.min, &teacher), "{times}");
        }
        backoff.handle_answered(&teacher);
        backoff.handle_silent(0, teacher);
        assert!(backoff.is_over(limits::TEACHER_BACKOFF.min, &teacher), "from the beginning");
        backoff.expire(limits::TEACHER_BACKOFF.min + limits::TEACHER_BACKOFF.max);
        assert!(backoff.0.is_empty());
    }
}
