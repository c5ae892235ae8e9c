//! Who would be a good committee, and whose turn it is to propose it: functions of what one member sees.

use std::collections::BTreeMap;

use abraham_messages::{
    PeerKey,
    collective::{Digest, Holding, ProposedOrigin, StateName},
};

use crate::{limits, presence::place};

/// A member that would take a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) key: PeerKey,
    pub(crate) links: Vec<PeerKey>,
    pub(crate) holding: Option<Holding>,
    pub(crate) marks: u32,
}

/// What an election goes by: this member first, and those that would take a seat and are linked with it.
pub(crate) struct Sight {
    pub(crate) candidates: Vec<Candidate>,
    /// The last term's number, as all that saw it know it.
    pub(crate) number: u64,
    /// Makes the order in which this member picks others its own: the other order is known, and keys are free.
    pub(crate) secret: Digest,
}

/// Four members and what they would work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) seats: [PeerKey; 4],
    pub(crate) origin: ProposedOrigin,
}

fn holds(candidate: &Candidate, artist: &Digest, state: &StateName) -> bool {
    let holding = candidate.holding.as_ref();
    holding.is_some_and(|holding| holding.artist == *artist && holding.states.contains(state))
}

/// The seat that it must keep in an artist.
fn keeps(candidate: &Candidate, artist: &Digest) -> Option<usize> {
    let holding = candidate.holding.as_ref()?;
    (holding.artist == *artist).then_some(usize::from(holding.seat))
}

impl Sight {
    /// Whether two of them say that they are linked with each other.
    fn linked(a: &Candidate, b: &Candidate) -> bool {
        a.links.contains(&b.key) && b.links.contains(&a.key)
    }

    /// States that could be continued if links allow it: most rounds first, and of two alike the lower name.
    fn states(&self) -> Vec<(Digest, StateName)> {
        let mut seats: BTreeMap<(Digest, StateName), [bool; 4]> = BTreeMap::new();
        for holding in self.candidates.iter().filter_map(|candidate| candidate.holding.as_ref()) {
            for state in &holding.states {
                let held = seats.entry((holding.artist, *state)).or_default();
                if let Some(held) = held.get_mut(usize::from(holding.seat)) {
                    *held = true;
                }
            }
        }
        let enough = |held: &[bool; 4]| held.iter().filter(|held| **held).count() >= limits::MIN_HOLDERS;
        let mut states: Vec<_> =
            seats.into_iter().filter(|(_, held)| enough(held)).map(|(state, _)| state).collect();
        states.sort_by_key(|(artist, state)| (std::cmp::Reverse(state.round), *artist, state.state));
        states
    }

    /// Orders candidates: holders of the leading state before others, for each that is replaced leaves one more member
    /// that may only ever take that seat; those with few marks before those with more; then by an order that the
    /// term's number changes. Members that were named come last, holders or not.
    fn ordered(&self, leading: Option<&(Digest, StateName)>) -> Vec<&Candidate> {
        let artist = leading.map_or([0; 32], |(artist, _)| *artist);
        let mut seed = artist.to_vec();
        seed.extend(self.number.to_le_bytes());
        self.sorted(leading, &seed)
    }

    /// The same with an order that only this member knows: who answers no proposal cannot be one of the four each time.
    fn picked(&self, leading: Option<&(Digest, StateName)>) -> Vec<&Candidate> {
        let mut seed = self.secret.to_vec();
        seed.extend(self.number.to_le_bytes());
        self.sorted(leading, &seed)
    }

    fn sorted(&self, leading: Option<&(Digest, StateName)>, seed: &[u8]) -> Vec<&Candidate> {
        let mut ordered: Vec<&Candidate> = self.candidates.iter().collect();
        ordered.sort_by_cached_key(|candidate| {
            let holder = leading.is_some_and(|(artist, state)| holds(candidate, artist, state));
            let passed_over = candidate.marks >= limits::MARK_NAMED;
            (passed_over, !holder, candidate.marks, place(seed, &candidate.key))
        });
        ordered
    }

    /// This member's rank among those that may propose: how many have their turn before it.
    pub(crate) fn rank(&self, peer: &PeerKey) -> Option<u64> {
        let states = self.states();
        let ordered = self.ordered(states.first());
        ordered.iter().position(|candidate| candidate.key == *peer).map(|rank| rank as u64)
    }

    /// The committee that this member would propose: four that are all linked with each other, itself one of them,
    /// continuing the artist with most rounds that four such can continue.
    ///
    /// An older state without members that are passed over goes before a newer one with them, and a new artist before
    /// one that only members can continue which failed again and again.
    pub(crate) fn choose(&self) -> Option<Choice> {
        let states = self.states();
        let continued = |most| states.iter().find_map(|state| self.seat(Some(state), most));
        continued(limits::MARK_NAMED)
            .or_else(|| continued(2 * limits::MARK_NAMED))
            .or_else(|| self.seat(None, limits::MARK_NAMED))
            .or_else(|| self.seat(None, u32::MAX))
    }

    /// Seats four members with fewer than `most` marks.
    fn seat(&self, state: Option<&(Digest, StateName)>, most: u32) -> Option<Choice> {
        let me = self.candidates.first()?;
        let ordered = self.picked(state);
        let others = ordered
            .into_iter()
            .filter(|other| other.key != me.key && other.marks < most && Self::linked(me, other));
        let others: Vec<&Candidate> = others.take(limits::POOL).collect();
        for (i, a) in others.iter().enumerate() {
            for (j, b) in others.iter().enumerate().skip(i + 1).filter(|(_, b)| Self::linked(a, b)) {
                for c in &others[j + 1..] {
                    if Self::linked(a, c)
                        && Self::linked(b, c)
                        && let Some(choice) = arrange([me, a, b, c], state)
                    {
                        return Some(choice);
                    }
                }
            }
        }
        None
    }
}

/// Gives four members their seats, where they can work on this state.
fn arrange(four: [&Candidate; 4], state: Option<&(Digest, StateName)>) -> Option<Choice> {
    let Some((artist, from)) = state else {
        let mut seats = four.map(|candidate| candidate.key);
        seats.sort_unstable();
        return Some(Choice { seats, origin: ProposedOrigin::Genesis });
    };
    let mut seats: [Option<PeerKey>; 4] = [None; 4];
    let mut holders = [false; 4];
    for candidate in four {
        if let Some(seat) = keeps(candidate, artist) {
            let place = seats.get_mut(seat).filter(|place| place.is_none())?;
            *place = Some(candidate.key);
            holders[seat] = holds(candidate, artist, from);
        }
    }
    if holders.iter().filter(|holder| **holder).count() < limits::MIN_HOLDERS {
        return None;
    }
    let mut new = four.into_iter().filter(|candidate| keeps(candidate, artist).is_none());
    let mut filled = [PeerKey([0; 33]); 4];
    for (seat, place) in filled.iter_mut().zip(seats) {
        *seat = match place {
            Some(key) => key,
            None => new.next()?.key,
        };
    }
    Some(Choice { seats: filled, origin: ProposedOrigin::Continue { artist: *artist, from: *from, holders } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> PeerKey {
        PeerKey([n; 33])
    }

    fn candidate(n: u8, of: u8) -> Candidate {
        let links = (0..of).filter(|other| *other != n).map(key).collect();
        Candidate { key: key(n), links, holding: None, marks: 0 }
    }

    fn sight(of: u8) -> Sight {
        Sight { candidates: (0..of).map(|n| candidate(n, of)).collect(), number: 1, secret: [0; 32] }
    }

    fn holder(sight: &mut Sight, n: usize, seat: u8, rounds: &[u64]) {
        let states = rounds.iter().map(|round| StateName { round: *round, state: [7; 32] }).collect();
        sight.candidates[n].holding = Some(Holding { artist: [9; 32], seat, states });
    }

    #[test]
    fn four_linked_members_begin_a_new_artist() {
        let choice = sight(4).choose().unwrap();
        assert_eq!(choice.origin, ProposedOrigin::Genesis);
        assert_eq!(choice.seats, [0, 1, 2, 3].map(key));
        assert!(sight(3).choose().is_none());
    }

    #[test]
    fn a_pair_without_a_link_is_never_seated_together() {
        let mut five = sight(5);
        five.candidates[1].links.retain(|other| *other != key(2));
        for number in 0..50 {
            five.number = number;
            let seats = five.choose().unwrap().seats;
            assert!(!(seats.contains(&key(1)) && seats.contains(&key(2))), "one side's word is enough");
        }
        let mut four = sight(4);
        four.candidates[1].links.retain(|other| *other != key(2));
        assert!(four.choose().is_none());
    }

    #[test]
    fn holders_keep_their_seats_and_the_newest_state_that_two_hold_is_continued() {
        let mut sight = sight(6);
        holder(&mut sight, 2, 3, &[12, 11]);
        holder(&mut sight, 4, 1, &[11, 10]);
        holder(&mut sight, 5, 0, &[11]);
        let choice = sight.choose().unwrap();
        assert_eq!(choice.seats[3], key(2));
        assert_eq!(choice.seats[1], key(4));
        assert_eq!(choice.seats[0], key(5));
        assert!(choice.seats[2] == key(0), "the proposer is always one of the four");
        let ProposedOrigin::Continue { from, holders, .. } = choice.origin else { panic!("not continued") };
        assert_eq!((from.round, holders), (11, [true, true, false, true]));
        // Nobody but the first proposes where holders are here.
        assert!(sight.rank(&key(2)) < sight.rank(&key(0)));
    }

    #[test]
    fn a_holder_of_an_old_state_sits_at_its_old_seat_or_nowhere() {
        let mut sight = sight(4);
        holder(&mut sight, 0, 0, &[5]);
        holder(&mut sight, 1, 1, &[5]);
        holder(&mut sight, 2, 1, &[2]);
        let choice = sight.choose().unwrap();
        assert_eq!(choice.origin, ProposedOrigin::Genesis, "two cannot keep one seat");
        holder(&mut sight, 2, 3, &[2]);
        let choice = sight.choose().unwrap();
        assert_eq!(choice.seats, [0, 1, 3, 2].map(key));
        let ProposedOrigin::Continue { holders, .. } = choice.origin else { panic!("not continued") };
        assert_eq!(holders, [true, true, false, false], "its state is filled again");
    }

    #[test]
    fn one_holder_is_not_enough() {
        let mut sight = sight(4);
        holder(&mut sight, 1, 2, &[100]);
        assert_eq!(sight.choose().unwrap().origin, ProposedOrigin::Genesis);
    }

    #[test]
    fn marked_members_are_passed_over_where_others_exist() {
        let mut five = sight(5);
        five.candidates[3].marks = 1;
        assert!(!five.choose().unwrap().seats.contains(&key(3)));
        assert_eq!(five.rank(&key(3)), Some(4));
        let mut four = sight(4);
        four.candidates[3].marks = 9;
        assert!(four.choose().unwrap().seats.contains(&key(3)));
    }

    #[test]
    fn whom_a_member_picks_only_it_knows_and_turns_everyone() {
        let mut sight = sight(8);
        let ranks = |sight: &Sight| (0..8).map(|n| sight.rank(&key(n))).collect::<Vec<_>>();
        let (before, mut four) = (ranks(&sight), std::collections::BTreeSet::new());
        for secret in 0..30 {
            sight.secret = [secret; 32];
            assert_eq!(ranks(&sight), before);
            four.insert(sight.choose().unwrap().seats);
        }
        assert!(four.len() > 15, "of 35 fours with this member: {}", four.len());
    }

    #[test]
    fn turns_change_with_the_number() {
        let mut sight = sight(8);
        let first = |sight: &Sight| (0..8).find(|n| sight.rank(&key(*n)) == Some(0)).unwrap();
        let mut firsts = std::collections::BTreeSet::new();
        for number in 0..60 {
            sight.number = number;
            firsts.insert(first(&sight));
        }
        assert!(firsts.len() >= 6, "{firsts:?}");
    }
}
