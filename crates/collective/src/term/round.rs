//! What four painters do next, and which updates count: functions of what all four said.

use abraham_messages::{
    Latent, StepsHash, TermId,
    collective::{Ready, Step, TeacherOffer},
};

use crate::{Config, limits, members::presence::place};

/// What a cycle is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// The painter at this seat leaves.
    Leave(usize),
    /// Learn from these, whose updates come in this order.
    Learn(Vec<TeacherOffer>),
    /// Paint a piece.
    Piece,
    /// Wait.
    Nothing,
}

/// The teachers that all four painters name, each with the fewest pictures that one of them names; at most
/// [`limits::MAX_TEACHERS`], drawn anew each cycle.
fn teachers(readies: [&Ready; 4], term: &TermId, cycle: u32) -> Vec<TeacherOffer> {
    let mut teachers: Vec<TeacherOffer> = Vec::new();
    for offer in &readies[0].teachers {
        let mut least = Some(offer.pictures);
        for ready in &readies[1..] {
            let named = ready.teachers.iter().find(|other| other.peer == offer.peer);
            least = least.zip(named).map(|(least, named)| least.min(named.pictures));
        }
        let known = teachers.iter().any(|other| other.peer == offer.peer);
        if let Some(pictures) = least.filter(|pictures| *pictures > 0 && !known) {
            teachers.push(TeacherOffer { peer: offer.peer, pictures });
        }
    }
    let mut seed = term.0.to_vec();
    seed.extend(cycle.to_le_bytes());
    teachers.sort_by_cached_key(|teacher| place(&seed, &teacher.peer));
    teachers.truncate(limits::MAX_TEACHERS);
    teachers
}

/// Whether the learning rule allows learning from these (`abraham_learning::guard`).
pub(crate) fn is_crowd<'a>(teachers: impl Iterator<Item = &'a TeacherOffer>, config: &Config) -> bool {
    let (count, pictures) = teachers
        .fold((0, 0_u64), |(count, pictures), teacher| (count + 1, pictures + u64::from(teacher.pictures)));
    count >= config.min_teachers && pictures >= config.min_pictures
}

/// What the four do in a cycle. The same for all, where all were told the same.
pub(crate) fn plan(readies: [&Ready; 4], term: &TermId, cycle: u32, config: &Config) -> Plan {
    if let Some(seat) = readies.iter().position(|ready| ready.leaves) {
        return Plan::Leave(seat);
    }
    if readies.iter().filter(|ready| ready.piece_due).count() >= limits::PIECE_QUORUM {
        return Plan::Piece;
    }
    let teachers = teachers(readies, term, cycle);
    match is_crowd(teachers.iter(), config) {
        true => Plan::Learn(teachers),
        false => Plan::Nothing,
    }
}

/// A hash over what the four painters said in one step, by seat.
pub(crate) fn digest(steps: [&Step; 4]) -> StepsHash {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 what four painters said v1");
    for step in steps {
        let bytes = step.hashed_bytes();
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
    }
    StepsHash(*hasher.finalize().as_bytes())
}

/// The latent of a term's piece.
pub(crate) fn latent(term: &TermId, cycle: u32) -> Latent {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 latent of a committee's piece v1");
    hasher.update(&term.0).update(&cycle.to_le_bytes());
    Latent(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use abraham_messages::PeerKey;

    use super::*;
    use crate::fixtures::config;

    fn offers(pictures: &[u32]) -> Ready {
        let offer =
            |(n, pictures): (usize, &u32)| TeacherOffer { peer: PeerKey([n as u8; 33]), pictures: *pictures };
        Ready { teachers: pictures.iter().enumerate().map(offer).collect(), leaves: false, piece_due: false }
    }

    fn decide(readies: [&Ready; 4]) -> Plan {
        plan(readies, &TermId([1; 32]), 7, &config())
    }

    #[test]
    fn only_teachers_that_all_four_name_count_with_the_fewest_pictures() {
        let all = offers(&[30, 30, 30, 30]);
        let Plan::Learn(teachers) = decide([&all; 4]) else { panic!("enough for a round") };
        assert_eq!(teachers.len(), 4);
        let less = offers(&[30, 30, 4]);
        let Plan::Learn(teachers) = decide([&all, &less, &all, &all]) else { panic!("just enough") };
        let mut pictures: Vec<u32> = teachers.iter().map(|teacher| teacher.pictures).collect();
        pictures.sort_unstable();
        assert_eq!(pictures, [4, 30, 30]);
        let few = offers(&[30, 30, 3]);
        assert_eq!(decide([&all, &few, &all, &all]), Plan::Nothing);
        let none = offers(&[0, 100, 100]);
        assert_eq!(decide([&none; 4]), Plan::Nothing, "a teacher without pictures is none");
    }

    #[test]
    fn a_teacher_named_twice_counts_once() {
        let mut twice = offers(&[30, 30]);
        twice.teachers.extend(twice.teachers.clone());
        assert_eq!(decide([&twice; 4]), Plan::Nothing);
    }

    #[test]
    fn a_piece_comes_when_three_think_it_due_and_a_farewell_before_all() {
        let all = offers(&[30, 30, 30]);
        let due = Ready { piece_due: true, ..all.clone() };
        assert_eq!(decide([&due, &due, &due, &all]), Plan::Piece);
        assert!(matches!(decide([&due, &due, &all, &all]), Plan::Learn(_)));
        let leaves = Ready { leaves: true, ..due.clone() };
        assert_eq!(decide([&due, &due, &leaves, &due]), Plan::Leave(2));
    }

    #[test]
    fn a_round_has_at_most_eight_teachers_and_others_each_time() {
        let many = offers(&[30; 20]);
        let mut seen = std::collections::BTreeSet::new();
        for cycle in 0..30 {
            let Plan::Learn(teachers) = plan([&many; 4], &TermId([1; 32]), cycle, &config()) else {
                panic!("enough for a round")
            };
            assert_eq!(teachers.len(), limits::MAX_TEACHERS);
            seen.extend(teachers.iter().map(|teacher| teacher.peer));
        }
        assert_eq!(seen.len(), 20);
    }
}
