//! Who is here, as the presence topic tells it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use abraham_limiter::TokenBucket;
use abraham_messages::{
    ArtistName, PeerKey, RecipeId, TermId,
    collective::{Presence, Seated},
};

use crate::{Millis, Rejection, limits};

/// A peer's place in an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place([u8; 32]);

/// A member in sight.
pub(crate) struct Member {
    pub(crate) presence: Presence,
    /// Its place in the pool's order, the same for all.
    pub(crate) place: Place,
    /// Its place in an order that only this member knows.
    pub(crate) chance: Place,
    expires: Millis,
    burst: TokenBucket<Duration>,
}

/// A committee as its painters' presences show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenTerm {
    pub(crate) id: TermId,
    /// Its number and round are the second highest that its painters say, which one liar cannot raise.
    pub(crate) number: u64,
    pub(crate) artist: ArtistName,
    pub(crate) round: u64,
    /// Those in sight, by seat.
    pub(crate) seats: [Option<PeerKey>; 4],
    /// Whether a painter of it showed this member that the four certified a state.
    pub(crate) shown: bool,
}

/// What is known of a term for sure: who sits where, and its artist once that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sits {
    pub(crate) seats: [PeerKey; 4],
    pub(crate) artist: Option<ArtistName>,
}

/// The members in sight, without this one.
#[derive(Default)]
pub(crate) struct Presences {
    /// The recipe of this member, and of all in `members`.
    recipe: RecipeId,
    /// Members of other recipes, and until when they are in sight. They only are counted.
    foreign: BTreeMap<PeerKey, Millis>,
    members: BTreeMap<PeerKey, Member>,
    departed: BTreeMap<PeerKey, u64>,
    departures: VecDeque<PeerKey>,
    /// Makes the order of [`Member::chance`] this member's own.
    secret: [u8; 32],
    known_term: u64,
    formed_term: u64,
}

/// A peer's place in an order that nobody chooses, for one purpose.
pub(crate) fn place(purpose: &[u8], peer: &PeerKey) -> Place {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 order of members v1");
    hasher.update(&(purpose.len() as u64).to_le_bytes()).update(purpose).update(&peer.0);
    Place(*hasher.finalize().as_bytes())
}

impl Presences {
    /// Of a member that paints by `recipe`, and drew `secret` and tells nobody.
    pub(crate) fn new(recipe: RecipeId, secret: [u8; 32]) -> Self {
        Self { recipe, secret, ..Self::default() }
    }

    /// Takes in a presence. `linked` members always find room.
    pub(crate) fn handle_presence(
        &mut self,
        now: Millis,
        from: PeerKey,
        presence: Presence,
        linked: bool,
    ) -> Result<(), Rejection> {
        if presence.recipe != self.recipe {
            return self.handle_foreign(now, from, presence.sequence);
        }
        let leap = self.known_term.saturating_add(limits::MAX_TERM_LEAP);
        let seated = presence.seated.as_ref().map_or(0, |seated| seated.number);
        // A number that no collective can have reached is a lie of its author or of someone whom it believed. It is
        // believed as far as it can be true, and the rest of the presence as before.
        let number = seated.max(presence.known_term).min(leap);
        let room = linked || self.members.len() < limits::MAX_MEMBERS;
        match self.members.get_mut(&from) {
            Some(member) => {
                if presence.sequence <= member.presence.sequence {
                    return Err(Rejection::Replayed);
                }
                if !member.burst.take(&limits::PRESENCE_RATE, 1, Duration::from_millis(now)) {
                    return Err(Rejection::TooMany);
                }
                member.presence = presence;
                member.expires = now.saturating_add(limits::PRESENCE_TIMEOUT);
            }
            None => {
                if self.departed.get(&from).is_some_and(|last| presence.sequence <= *last) {
                    return Err(Rejection::Replayed);
                }
                if !room {
                    return Err(Rejection::TableFull);
                }
                let mut burst = TokenBucket::full(Duration::from_millis(now));
                burst.take(&limits::PRESENCE_RATE, 1, Duration::from_millis(now));
                let member = Member {
                    presence,
                    place: place(b"pool", &from),
                    chance: place(&self.secret, &from),
                    expires: now.saturating_add(limits::PRESENCE_TIMEOUT),
                    burst,
                };
                self.members.insert(from, member);
                self.foreign.remove(&from);
            }
        }
        self.known_term = self.known_term.max(number);
        Ok(())
    }

    /// A member of another recipe is here. Who was one of this recipe until now was loaded anew.
    fn handle_foreign(&mut self, now: Millis, from: PeerKey, sequence: u64) -> Result<(), Rejection> {
        let last = self.members.get(&from).map(|member| member.presence.sequence);
        if last.max(self.departed.get(&from).copied()).is_some_and(|last| sequence <= last) {
            return Err(Rejection::Replayed);
        }
        if !self.foreign.contains_key(&from) && self.foreign.len() >= limits::MAX_MEMBERS {
            return Err(Rejection::TableFull);
        }
        if last.is_some() {
            self.remove(&from, sequence);
        }
        self.foreign.insert(from, now.saturating_add(limits::PRESENCE_TIMEOUT));
        Ok(())
    }

    /// How many members of other recipes are in sight.
    pub(crate) fn foreign(&self) -> usize {
        self.foreign.len()
    }

    /// A member says that it leaves.
    pub(crate) fn handle_leave(&mut self, from: &PeerKey, sequence: u64) -> Result<(), Rejection> {
        if self.foreign.remove(from).is_some() {
            return Ok(());
        }
        match self.members.get(from) {
            Some(member) if sequence > member.presence.sequence => {
                self.remove(from, sequence);
                Ok(())
            }
            _ => Err(Rejection::Replayed),
        }
    }

    fn remove(&mut self, peer: &PeerKey, sequence: u64) {
        self.members.remove(peer);
        if self.departed.insert(*peer, sequence).is_none() {
            self.departures.push_back(*peer);
        }
        while self.departures.len() > limits::MAX_DEPARTED {
            if let Some(oldest) = self.departures.pop_front() {
                self.departed.remove(&oldest);
            }
        }
    }

    /// Forgets those of whom nothing was heard; a member with a link is still here. Returns how many went.
    pub(crate) fn expire(&mut self, now: Millis, linked: impl Fn(&PeerKey) -> bool) -> usize {
        let gone = self.members.iter().filter(|(peer, member)| member.expires <= now && !linked(peer));
        let gone: Vec<(PeerKey, u64)> = gone.map(|(peer, m)| (*peer, m.presence.sequence)).collect();
        for (peer, sequence) in &gone {
            self.remove(peer, *sequence);
        }
        self.foreign.retain(|_, expires| *expires > now);
        gone.len()
    }

    /// A link to a member is gone: unless it is heard of again soon, so is the member.
    pub(crate) fn unlinked(&mut self, now: Millis, peer: &PeerKey) {
        if let Some(member) = self.members.get_mut(peer) {
            member.expires = member.expires.max(now.saturating_add(limits::MIN_PRESENCE_INTERVAL));
            member.presence.links.clear();
        }
    }

    pub(crate) fn get(&self, peer: &PeerKey) -> Option<&Presence> {
        self.members.get(peer).map(|member| &member.presence)
    }

    /// What makes an order this member's own.
    pub(crate) fn secret(&self) -> [u8; 32] {
        self.secret
    }

    /// A member's place in an order that only this one knows.
    pub(crate) fn chance(&self, peer: &PeerKey) -> Option<Place> {
        self.members.get(peer).map(|member| member.chance)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerKey, &Member)> {
        self.members.iter()
    }

    /// Whether anybody in sight says that it sits in this term.
    pub(crate) fn speak_of(&self, term: &TermId) -> bool {
        self.members.values().any(|member| member.presence.seated.is_some_and(|seated| seated.term == *term))
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The highest number of a term that anyone says there was, as far as that can be believed. It only counts
    /// terms: nothing is refused for having a lower one.
    pub(crate) fn known_term(&self) -> u64 {
        self.known_term
    }

    /// The highest number of a term that this member counted as one. Unlike [`Self::known_term`], a proposal that
    /// fails does not change it, of which only its four know, nor does what a single member says.
    pub(crate) fn formed_term(&self) -> u64 {
        self.formed_term
    }

    /// Terms count so far.
    pub(crate) fn count_term(&mut self, number: u64) {
        self.formed_term = self.formed_term.max(number);
    }

    /// Committees of which enough painters are in sight: those of which `sits` knows who sits in them before those
    /// that are only said to be, and then the one that stays first, that with more rounds, and of two alike the one
    /// with the lower id.
    pub(crate) fn terms(
        &self,
        mine: Option<(PeerKey, Seated)>,
        sits: impl Fn(&TermId) -> Option<Sits>,
    ) -> Vec<SeenTerm> {
        struct Claim {
            term: SeenTerm,
            sits: Option<Sits>,
            states: Vec<(u64, ArtistName)>,
            numbers: Vec<u64>,
        }
        let mut terms: BTreeMap<TermId, Claim> = BTreeMap::new();
        let others = self.members.iter().filter_map(|(peer, member)| Some((*peer, member.presence.seated?)));
        for (peer, seated) in others.chain(mine) {
            let said = terms.entry(seated.term).or_insert_with(|| {
                let (id, sits) = (seated.term, sits(&seated.term));
                let shown = sits.is_some();
                let term = SeenTerm {
                    id,
                    number: 0,
                    artist: ArtistName::default(),
                    round: 0,
                    seats: [None; 4],
                    shown,
                };
                Claim { term, sits, states: Vec::new(), numbers: Vec::new() }
            });
            let seat = usize::from(seated.seat);
            if said.sits.is_some_and(|sits| sits.seats.get(seat) != Some(&peer)) {
                continue;
            }
            if let Some(seat @ None) = said.term.seats.get_mut(seat) {
                *seat = Some(peer);
                said.states.push((seated.round, seated.artist));
                said.numbers.push(seated.number);
            }
        }
        let terms = terms.into_values().map(|Claim { mut term, sits, mut states, mut numbers }| {
            // The second highest, which one liar cannot raise.
            states.sort_by(|a, b| b.cmp(a));
            numbers.sort_by(|a, b| b.cmp(a));
            (term.round, term.artist) = states.get(1).copied().unwrap_or_default();
            term.number = numbers.get(1).copied().unwrap_or_default();
            term.artist = sits.and_then(|sits| sits.artist).unwrap_or(term.artist);
            term
        });
        let mut terms: Vec<SeenTerm> = terms.collect();
        terms.retain(|term| term.seats.iter().flatten().count() >= limits::MIN_PAINTERS_IN_VIEW);
        terms.sort_by_key(|term| (!term.shown, std::cmp::Reverse(term.round), term.id));
        terms
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::fixtures;

    fn key(n: u32) -> PeerKey {
        let mut key = [2; 33];
        key[1..5].copy_from_slice(&n.to_le_bytes());
        PeerKey(key)
    }

    fn presence(sequence: u64) -> Presence {
        Presence { recipe: RecipeId([0; 32]), ..fixtures::presence(sequence, &[]) }
    }

    #[test]
    fn a_presence_lasts_twenty_seconds_and_cannot_be_said_again() {
        let mut presences = Presences::default();
        assert_eq!(presences.handle_presence(0, key(1), presence(5), false), Ok(()));
        assert_eq!(presences.handle_presence(1, key(1), presence(5), false), Err(Rejection::Replayed));
        assert_eq!(presences.handle_presence(2, key(1), presence(4), false), Err(Rejection::Replayed));
        assert_eq!(presences.expire(limits::PRESENCE_TIMEOUT - 1, |_| false), 0);
        assert_eq!(
            presences.expire(limits::PRESENCE_TIMEOUT, |_| true),
            0,
            "a link is better than a presence"
        );
        assert_eq!(presences.expire(limits::PRESENCE_TIMEOUT, |_| false), 1);
        let later = limits::PRESENCE_TIMEOUT + 1;
        assert_eq!(
            presences.handle_presence(later, key(1), presence(5), false),
            Err(Rejection::Replayed),
            "nor after it left"
        );
        assert_eq!(presences.handle_presence(later, key(1), presence(6), false), Ok(()));
        assert_eq!(presences.handle_leave(&key(1), 6), Err(Rejection::Replayed));
        assert_eq!(presences.handle_leave(&key(1), 7), Ok(()));
        assert_eq!(presences.handle_presence(later, key(1), presence(7), false), Err(Rejection::Replayed));
    }

    #[test]
    fn members_of_another_recipe_are_counted_and_nothing_else() {
        let mut presences = Presences::default();
        let foreign = |sequence| Presence { recipe: RecipeId([1; 32]), known_term: 9, ..presence(sequence) };
        assert_eq!(presences.handle_presence(0, key(1), foreign(5), false), Ok(()));
        assert_eq!(presences.handle_presence(0, key(2), presence(5), false), Ok(()));
        assert_eq!((presences.len(), presences.foreign(), presences.known_term()), (1, 1, 0));
        // One that was loaded anew, with another recipe.
        assert_eq!(presences.handle_presence(0, key(2), foreign(5), false), Err(Rejection::Replayed));
        assert_eq!(presences.handle_presence(0, key(2), foreign(6), false), Ok(()));
        assert_eq!((presences.len(), presences.foreign()), (0, 2));
        assert_eq!(presences.handle_presence(0, key(2), presence(6), false), Err(Rejection::Replayed));
        assert_eq!(presences.handle_presence(0, key(2), presence(7), false), Ok(()));
        assert_eq!((presences.len(), presences.foreign()), (1, 1));
        for n in 3..10_000 {
            let _ = presences.handle_presence(0, key(n), foreign(1), false);
        }
        assert_eq!(presences.foreign(), limits::MAX_MEMBERS);
        presences.expire(limits::PRESENCE_TIMEOUT, |_| true);
        assert_eq!((presences.len(), presences.foreign()), (1, 0));
    }

    #[test]
    fn ten_thousand_members_do_not_fill_more_than_the_table_and_links_find_room() {
        let mut presences = Presences::default();
        let full = (0..10_000).filter(|n| {
            presences.handle_presence(0, key(*n), presence(1), false) == Err(Rejection::TableFull)
        });
        assert_eq!(full.count(), 10_000 - limits::MAX_MEMBERS);
        assert_eq!(presences.handle_presence(0, key(20_000), presence(1), true), Ok(()));
        presences.expire(limits::PRESENCE_TIMEOUT, |_| false);
        assert_eq!(presences.len(), 0);
        assert!(
            presences.departed.len() <= limits::MAX_DEPARTED
                && presences.departures.len() <= limits::MAX_DEPARTED
        );
    }

    #[test]
    fn one_author_is_let_through_at_a_rate() {
        let mut presences = Presences::default();
        let heard = |presences: &mut Presences, now, sequences: std::ops::Range<u64>| {
            sequences.filter(|s| presences.handle_presence(now, key(1), presence(*s), false).is_ok()).count()
        };
        assert_eq!(heard(&mut presences, 0, 1..1_000), limits::PRESENCE_RATE.burst as usize);
        assert_eq!(heard(&mut presences, 4 * limits::MIN_PRESENCE_INTERVAL, 1_000..2_000), 4);
    }

    #[test]
    fn a_number_that_no_collective_has_reached_is_clamped_and_the_presence_kept() {
        let mut presences = Presences::default();
        let claim = |sequence, known_term| Presence { known_term, ..presence(sequence) };
        assert_eq!(presences.handle_presence(0, key(2), claim(1, 40), false), Ok(()));
        assert_eq!(presences.known_term(), 40);
        for sequence in 1..9 {
            assert_eq!(presences.handle_presence(0, key(1), claim(sequence, u64::MAX), false), Ok(()));
            assert_eq!(presences.known_term(), 40 + sequence * limits::MAX_TERM_LEAP);
        }
        assert_eq!(presences.len(), 2);
        assert_eq!(presences.formed_term(), 0, "nobody sits anywhere");
    }

    fn sits(seat: u8, round: u64, term: u8) -> Presence {
        Presence {
            seated: Some(Seated {
                term: TermId([term; 32]),
                number: 3,
                seat,
                artist: ArtistName([1; 32]),
                round,
            }),
            ..presence(1)
        }
    }

    #[test]
    fn a_committee_is_seen_when_three_of_its_painters_are_and_one_cannot_inflate_it() {
        let mut presences = Presences::default();
        let terms = |presences: &Presences| presences.terms(None, |_| None);
        presences.handle_presence(0, key(1), sits(0, 10, 1), false).unwrap();
        presences.handle_presence(0, key(2), sits(1, 10, 1), false).unwrap();
        assert!(terms(&presences).is_empty());
        // A second member that says it has a taken seat does not count.
        presences.handle_presence(0, key(3), sits(1, 10, 1), false).unwrap();
        assert!(terms(&presences).is_empty());
        let mut inflated = sits(3, u64::MAX, 1);
        inflated.seated = inflated.seated.map(|seated| Seated { number: u64::MAX, ..seated });
        presences.handle_presence(0, key(4), inflated, false).unwrap();
        let seen = terms(&presences);
        assert_eq!((seen.len(), seen[0].round, seen[0].number), (1, 10, 3));
        for n in 5..9 {
            presences.handle_presence(0, key(n), sits(n as u8 - 5, 11, 2), false).unwrap();
        }
        assert_eq!(terms(&presences)[0].id, TermId([2; 32]), "more rounds come first");
    }

    #[test]
    fn where_it_is_known_who_sits_nobody_else_can_say_so_and_what_was_shown_comes_first() {
        let mut presences = Presences::default();
        let seats = [10, 11, 12, 13].map(key);
        let known = |term: &TermId| {
            (*term == TermId([1; 32])).then_some(Sits { seats, artist: Some(ArtistName([7; 32])) })
        };
        for n in 0..4 {
            presences.handle_presence(0, key(n), sits(n as u8, 99, 1), false).unwrap();
            presences.handle_presence(0, key(20 + n), sits(n as u8, 99, 2), false).unwrap();
        }
        let seen = presences.terms(None, known);
        assert_eq!((seen.len(), seen[0].id), (1, TermId([2; 32])), "of the first, none of the four is here");
        for n in 0..3 {
            presences.handle_presence(0, key(10 + n), sits(n as u8, 4, 1), false).unwrap();
        }
        let seen = presences.terms(None, known);
        assert_eq!(seen.iter().map(|term| term.shown).collect::<Vec<_>>(), [true, false]);
        assert_eq!((seen[0].round, seen[0].artist), (4, ArtistName([7; 32])));
        assert_eq!(seen[0].seats, [Some(seats[0]), Some(seats[1]), Some(seats[2]), None]);
    }
}
