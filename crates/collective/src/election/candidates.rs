//! Who would be a good committee, and whose turn it is to propose it: functions of what one member sees.

use std::collections::BTreeMap;

use abraham_messages::{
    ArtistName, PeerKey,
    collective::{ProposedOrigin, StateName},
};

use crate::{keeping::holders::Held, limits, members::presence::place};

/// A member that would take a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) key: PeerKey,
    pub(crate) links: Vec<PeerKey>,
    /// The artists that it has shown to hold, as far as that counts.
    pub(crate) held: Vec<Held>,
    /// The artists that it has shown to hold and keeps to, for they have learnt, whether that counts or not.
    pub(crate) shown: Vec<ArtistName>,
    /// The seats of artists that it had: it takes no other.
    pub(crate) seats: Vec<(ArtistName, usize)>,
    /// Whether it would work on another artist than those that it holds, or that wait.
    pub(crate) begins: bool,
    pub(crate) faults: u32,
}

/// What an election goes by: this member first, and those that would take a seat and are linked with it.
pub(crate) struct Candidates {
    pub(crate) all: Vec<Candidate>,
    /// The last term's number, as all that saw it know it.
    pub(crate) number: u64,
    /// Whether an artist is waited for: then only those begin another whose visitors chose so.
    pub(crate) waits: bool,
    /// Makes the order in which this member picks others its own: the other order is known, and keys are free.
    pub(crate) secret: [u8; 32],
}

/// Four members and what they would work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) seats: [PeerKey; 4],
    pub(crate) origin: ProposedOrigin,
}

impl Candidate {
    fn holds(&self, artist: &ArtistName, state: &StateName) -> bool {
        self.held.iter().any(|held| held.artist == *artist && held.states.contains(state))
    }

    /// The seat that it must keep in an artist.
    fn keeps(&self, artist: &ArtistName) -> Option<usize> {
        self.seats.iter().find(|(other, _)| other == artist).map(|(_, seat)| *seat)
    }

    /// Whether it would work on an artist: one that it holds, any where it holds none, and, by its visitor's choice,
    /// any other. One that holds what cannot be linked with what this member has of an artist would not.
    fn would(&self, artist: &ArtistName) -> bool {
        let counts = self.held.iter().any(|held| held.artist == *artist);
        counts || !self.shown.contains(artist) && (self.shown.is_empty() || self.begins)
    }
}

impl Candidates {
    /// Whether two of them say that they are linked with each other.
    fn linked(a: &Candidate, b: &Candidate) -> bool {
        a.links.contains(&b.key) && b.links.contains(&a.key)
    }

    /// States that could be continued if links allow it: most rounds first, and of two alike the lower name.
    fn states(&self) -> Vec<(ArtistName, StateName)> {
        let all: Vec<&Candidate> = self.all.iter().collect();
        held_by_enough(&all)
    }

    /// Orders candidates: holders of the leading state before others, for each that is replaced leaves one more member
    /// that may only ever take that seat; those with few faults before those with more; then by an order that the
    /// term's number changes. Members that were named come last, holders or not.
    fn ordered(&self, leading: Option<&(ArtistName, StateName)>) -> Vec<&Candidate> {
        let artist = leading.map(|(artist, _)| *artist).unwrap_or_default();
        let mut seed = artist.0.to_vec();
        seed.extend(self.number.to_le_bytes());
        self.sorted(leading, &seed)
    }

    /// The same with an order that only this member knows: who answers no proposal cannot be one of the four each time.
    fn picked(&self, leading: Option<&(ArtistName, StateName)>) -> Vec<&Candidate> {
        let mut seed = self.secret.to_vec();
        seed.extend(self.number.to_le_bytes());
        self.sorted(leading, &seed)
    }

    fn sorted(&self, leading: Option<&(ArtistName, StateName)>, seed: &[u8]) -> Vec<&Candidate> {
        let mut ordered: Vec<&Candidate> = self.all.iter().collect();
        ordered.sort_by_cached_key(|candidate| {
            let holder = leading.is_some_and(|(artist, state)| candidate.holds(artist, state));
            let passed_over = candidate.faults >= limits::NAMED_FAULT;
            (passed_over, !holder, candidate.faults, place(seed, &candidate.key))
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
    /// An older state without members that are passed over goes before a newer one with them. A new artist is begun
    /// only where none is waited for, whatever faults those have who hold one.
    pub(crate) fn choose(&self) -> Option<Choice> {
        let states = self.states();
        let continued = |most| states.iter().find_map(|state| self.seat(Some(state), most));
        continued(limits::NAMED_FAULT)
            .or_else(|| continued(2 * limits::NAMED_FAULT))
            .or_else(|| continued(u32::MAX))
            .or_else(|| self.seat(None, limits::NAMED_FAULT))
            .or_else(|| self.seat(None, u32::MAX))
    }

    /// Whether this member would go on with this state in a committee, or why not. It is the newest that two of the
    /// four hold, of an artist that this member would work on, and nobody sits where it may not.
    pub(crate) fn would_continue(
        &self,
        seats: &[PeerKey; 4],
        artist: &ArtistName,
        from: &StateName,
        holders: &[bool; 4],
    ) -> Result<(), &'static str> {
        let find = |key: &PeerKey| self.all.iter().find(|candidate| candidate.key == *key);
        let four: Option<Vec<&Candidate>> = seats.iter().map(find).collect();
        let four = four.ok_or("one of the four is not linked, or would not paint")?;
        if !four.iter().all(|candidate| candidate.would(artist)) {
            return Err("one of the four keeps another artist, or another state of this one");
        }
        if four
            .iter()
            .enumerate()
            .any(|(seat, candidate)| candidate.keeps(artist).is_some_and(|kept| kept != seat))
        {
            return Err("one of the four had another seat");
        }
        match self.choose().map(|choice| choice.origin) {
            Some(ProposedOrigin::Continue { artist: other, .. }) if other != *artist => {
                return Err("another artist is in sight");
            }
            _ => {}
        }
        let newest = held_by_enough(&four).into_iter().find(|(other, _)| other == artist);
        if newest.is_none_or(|(_, state)| state != *from) {
            return Err("it is not the newest state that two of the four have shown to hold");
        }
        match four.iter().zip(holders).all(|(candidate, holder)| candidate.holds(artist, from) == *holder) {
            true => Ok(()),
            false => Err("others hold the state than the proposal says"),
        }
    }

    /// Seats four members with fewer than `most` faults.
    fn seat(&self, state: Option<&(ArtistName, StateName)>, most: u32) -> Option<Choice> {
        let me = self.all.first()?;
        let would = |candidate: &Candidate| match state {
            Some((artist, _)) => candidate.would(artist),
            None => !self.waits || candidate.begins,
        };
        if !would(me) {
            return None;
        }
        let ordered = self.picked(state);
        let others = ordered.into_iter().filter(|other| {
            other.key != me.key && other.faults < most && would(other) && Self::linked(me, other)
        });
        let others: Vec<&Candidate> = others.take(limits::POOL_SIZE).collect();
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

/// The states that these hold at two seats or more, without which one cannot go on: most rounds first, and of two alike
/// the lower name.
fn held_by_enough(candidates: &[&Candidate]) -> Vec<(ArtistName, StateName)> {
    let mut seats: BTreeMap<(ArtistName, StateName), [bool; 4]> = BTreeMap::new();
    for held in candidates.iter().flat_map(|candidate| &candidate.held) {
        for state in &held.states {
            let taken = seats.entry((held.artist, *state)).or_default();
            if let Some(taken) = taken.get_mut(held.seat) {
                *taken = true;
            }
        }
    }
    let enough = |held: &[bool; 4]| held.iter().filter(|held| **held).count() >= limits::MIN_HOLDERS;
    let mut states: Vec<_> =
        seats.into_iter().filter(|(_, held)| enough(held)).map(|(state, _)| state).collect();
    states.sort_by_key(|(artist, state)| {
        (std::cmp::Reverse((state.round, state.generation)), *artist, state.state)
    });
    states
}

/// Gives four members their seats, where they can work on this state.
fn arrange(four: [&Candidate; 4], state: Option<&(ArtistName, StateName)>) -> Option<Choice> {
    let Some((artist, from)) = state else {
        let mut seats = four.map(|candidate| candidate.key);
        seats.sort_unstable();
        return Some(Choice { seats, origin: ProposedOrigin::Genesis });
    };
    let mut seats: [Option<PeerKey>; 4] = [None; 4];
    let mut holders = [false; 4];
    for candidate in four {
        if let Some(seat) = candidate.keeps(artist) {
            let place = seats.get_mut(seat).filter(|place| place.is_none())?;
            *place = Some(candidate.key);
            holders[seat] = candidate.holds(artist, from);
        }
    }
    if holders.iter().filter(|holder| **holder).count() < limits::MIN_HOLDERS {
        return None;
    }
    let mut new = four.into_iter().filter(|candidate| candidate.keeps(artist).is_none());
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
    use abraham_messages::StateId;

    use super::*;

    fn key(n: u8) -> PeerKey {
        PeerKey([n; 33])
    }

    fn candidate(n: u8, of: u8) -> Candidate {
        let links = (0..of).filter(|other| *other != n).map(key).collect();
        let (held, shown, seats) = (Vec::new(), Vec::new(), Vec::new());
        Candidate { key: key(n), links, held, shown, seats, begins: false, faults: 0 }
    }

    fn candidates(of: u8) -> Candidates {
        Candidates {
            all: (0..of).map(|n| candidate(n, of)).collect(),
            number: 1,
            waits: false,
            secret: [0; 32],
        }
    }

    const A: ArtistName = ArtistName([9; 32]);

    fn holder(candidates: &mut Candidates, n: usize, seat: usize, rounds: &[u64]) {
        let states = rounds
            .iter()
            .map(|round| StateName { round: *round, generation: 0, state: StateId([7; 32]) })
            .collect();
        let candidate = &mut candidates.all[n];
        (candidate.shown, candidate.seats) = (vec![A], vec![(A, seat)]);
        candidate.held = vec![Held { artist: A, seat, states }];
        candidates.waits = true;
    }

    #[test]
    fn four_linked_members_begin_a_new_artist() {
        let choice = candidates(4).choose().unwrap();
        assert_eq!(choice.origin, ProposedOrigin::Genesis);
        assert_eq!(choice.seats, [0, 1, 2, 3].map(key));
        assert!(candidates(3).choose().is_none());
    }

    #[test]
    fn a_pair_without_a_link_is_never_seated_together() {
        let mut five = candidates(5);
        five.all[1].links.retain(|other| *other != key(2));
        for number in 0..50 {
            five.number = number;
            let seats = five.choose().unwrap().seats;
            assert!(!(seats.contains(&key(1)) && seats.contains(&key(2))), "one side's word is enough");
        }
        let mut four = candidates(4);
        four.all[1].links.retain(|other| *other != key(2));
        assert!(four.choose().is_none());
    }

    #[test]
    fn holders_keep_their_seats_and_the_newest_state_that_two_hold_is_continued() {
        let mut candidates = candidates(6);
        holder(&mut candidates, 2, 3, &[12, 11]);
        holder(&mut candidates, 4, 1, &[11, 10]);
        holder(&mut candidates, 5, 0, &[11]);
        let choice = candidates.choose().unwrap();
        assert_eq!(choice.seats[3], key(2));
        assert_eq!(choice.seats[1], key(4));
        assert_eq!(choice.seats[0], key(5));
        assert!(choice.seats[2] == key(0), "the proposer is always one of the four");
        let ProposedOrigin::Continue { from, holders, .. } = choice.origin else { panic!("not continued") };
        assert_eq!((from.round, holders), (11, [true, true, false, true]));
        // Nobody but the first proposes where holders are here.
        assert!(candidates.rank(&key(2)) < candidates.rank(&key(0)));
    }

    #[test]
    fn a_holder_of_an_old_state_sits_at_its_old_seat_or_nowhere() {
        let mut candidates = candidates(4);
        holder(&mut candidates, 0, 0, &[5]);
        holder(&mut candidates, 1, 1, &[5]);
        holder(&mut candidates, 2, 1, &[2]);
        assert_eq!(
            candidates.choose(),
            None,
            "two cannot keep one seat, and no other artist is begun for that"
        );
        holder(&mut candidates, 2, 3, &[2]);
        let choice = candidates.choose().unwrap();
        assert_eq!(choice.seats, [0, 1, 3, 2].map(key));
        let ProposedOrigin::Continue { holders, .. } = choice.origin else { panic!("not continued") };
        assert_eq!(holders, [true, true, false, false], "its state is filled again");
    }

    #[test]
    fn one_holder_is_not_enough_and_nobody_begins_another_artist() {
        let mut candidates = candidates(5);
        holder(&mut candidates, 1, 2, &[100]);
        assert_eq!(candidates.choose(), None);
        // But four whose visitors chose so do, without the holder, whose visitor did not.
        [0, 2, 3, 4].iter().for_each(|n| candidates.all[*n].begins = true);
        let choice = candidates.choose().unwrap();
        assert_eq!((choice.origin, choice.seats), (ProposedOrigin::Genesis, [0, 2, 3, 4].map(key)));
        candidates.all[4].begins = false;
        assert_eq!(candidates.choose(), None);
    }

    #[test]
    fn marks_lead_to_no_other_artist() {
        let mut candidates = candidates(4);
        (0..3).for_each(|n| holder(&mut candidates, n, n, &[7]));
        candidates.all.iter_mut().for_each(|candidate| candidate.faults = limits::MAX_FAULTS);
        for waits in [false, true] {
            candidates.waits = waits;
            assert!(matches!(candidates.choose().unwrap().origin, ProposedOrigin::Continue { .. }));
        }
    }

    #[test]
    fn who_holds_an_artist_works_on_no_other() {
        let mut candidates = candidates(6);
        holder(&mut candidates, 1, 0, &[7]);
        holder(&mut candidates, 2, 1, &[7]);
        let other = &mut candidates.all[3];
        other.held = vec![Held { artist: ArtistName([8; 32]), seat: 2, states: Vec::new() }];
        (other.shown, other.seats) = (vec![ArtistName([8; 32])], vec![(ArtistName([8; 32]), 2)]);
        // What it holds of this one cannot be linked with what is known.
        (candidates.all[4].shown, candidates.all[4].seats) = (vec![A], vec![(A, 2)]);
        assert_eq!(candidates.choose().unwrap().seats, [1, 2, 0, 5].map(key));
        candidates.all[5].links.clear();
        assert_eq!(candidates.choose(), None);
        candidates.all[3].begins = true;
        candidates.all[4].begins = true;
        let mut seats = candidates.choose().unwrap().seats;
        seats.sort_unstable();
        assert_eq!(seats, [0, 1, 2, 3].map(key));
    }

    #[test]
    fn marked_members_are_passed_over_where_others_exist() {
        let mut five = candidates(5);
        five.all[3].faults = 1;
        assert!(!five.choose().unwrap().seats.contains(&key(3)));
        assert_eq!(five.rank(&key(3)), Some(4));
        let mut four = candidates(4);
        four.all[3].faults = 9;
        assert!(four.choose().unwrap().seats.contains(&key(3)));
    }

    #[test]
    fn whom_a_member_picks_only_it_knows_and_turns_everyone() {
        let mut candidates = candidates(8);
        let ranks = |candidates: &Candidates| (0..8).map(|n| candidates.rank(&key(n))).collect::<Vec<_>>();
        let (before, mut four) = (ranks(&candidates), std::collections::BTreeSet::new());
        for secret in 0..30 {
            candidates.secret = [secret; 32];
            assert_eq!(ranks(&candidates), before);
            four.insert(candidates.choose().unwrap().seats);
        }
        assert!(four.len() > 15, "of 35 fours with this member: {}", four.len());
    }

    #[test]
    fn turns_change_with_the_number() {
        let mut candidates = candidates(8);
        let first = |candidates: &Candidates| (0..8).find(|n| candidates.rank(&key(*n)) == Some(0)).unwrap();
        let mut firsts = std::collections::BTreeSet::new();
        for number in 0..60 {
            candidates.number = number;
            firsts.insert(first(&candidates));
        }
        assert!(firsts.len() >= 6, "{firsts:?}");
    }
}
