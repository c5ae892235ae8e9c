//! Who is here, as the presence topic tells it.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{
    PeerKey,
    collective::{Digest, Presence, Seated},
};

use crate::{Drop, Millis, limits};

/// A member in sight.
pub(crate) struct Member {
    pub(crate) presence: Presence,
    /// Its place in the pool's order, the same for all.
    pub(crate) place: Digest,
    expires: Millis,
    burst: Burst,
}

/// Lets a burst through, and then one message a [`limits::PRESENCE_LEAST`].
#[derive(Clone, Copy)]
struct Burst {
    left: u32,
    refilled: Millis,
}

impl Burst {
    fn new(now: Millis) -> Self {
        Self { left: limits::PRESENCE_BURST, refilled: now }
    }

    fn allows(&mut self, now: Millis) -> bool {
        let refill = now.saturating_sub(self.refilled) / limits::PRESENCE_LEAST;
        if refill > 0 {
            self.refilled = now;
            let refill = u32::try_from(refill).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(refill).min(limits::PRESENCE_BURST);
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

/// A committee as its painters' presences show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenTerm {
    pub(crate) id: Digest,
    pub(crate) number: u64,
    pub(crate) artist: Digest,
    pub(crate) round: u64,
    /// Those in sight, by seat.
    pub(crate) seats: [Option<PeerKey>; 4],
}

/// The members in sight, without this one.
#[derive(Default)]
pub(crate) struct Presences {
    members: BTreeMap<PeerKey, Member>,
    departed: BTreeMap<PeerKey, u64>,
    departures: VecDeque<PeerKey>,
    known_term: u64,
    formed_term: u64,
}

/// A peer's place in an order that nobody chooses, for one purpose.
pub(crate) fn place(purpose: &[u8], peer: &PeerKey) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 order of members v1");
    hasher.update(&(purpose.len() as u64).to_le_bytes()).update(purpose).update(&peer.0);
    *hasher.finalize().as_bytes()
}

impl Presences {
    /// Takes in a presence. `linked` members always find room.
    pub(crate) fn hear(
        &mut self,
        now: Millis,
        from: PeerKey,
        presence: Presence,
        linked: bool,
    ) -> Result<(), Drop> {
        let leap = self.known_term.saturating_add(limits::TERM_LEAP);
        let formed = presence.seated.as_ref().map_or(0, |seated| seated.number);
        let number = formed.max(presence.known_term);
        let room = linked || self.members.len() < limits::MEMBERS;
        match self.members.get_mut(&from) {
            Some(member) => {
                if presence.sequence <= member.presence.sequence {
                    return Err(Drop::Replayed);
                }
                if !member.burst.allows(now) {
                    return Err(Drop::TooMany);
                }
                if number > leap {
                    return Err(Drop::Forged);
                }
                member.presence = presence;
                member.expires = now.saturating_add(limits::PRESENCE_EXPIRES);
            }
            None => {
                if self.departed.get(&from).is_some_and(|last| presence.sequence <= *last) {
                    return Err(Drop::Replayed);
                }
                if number > leap {
                    return Err(Drop::Forged);
                }
                if !room {
                    return Err(Drop::TableFull);
                }
                let mut burst = Burst::new(now);
                burst.allows(now);
                let member = Member {
                    presence,
                    place: place(b"pool", &from),
                    expires: now.saturating_add(limits::PRESENCE_EXPIRES),
                    burst,
                };
                self.members.insert(from, member);
            }
        }
        self.known_term = self.known_term.max(number);
        self.formed_term = self.formed_term.max(formed);
        Ok(())
    }

    /// A member says that it leaves.
    pub(crate) fn leave(&mut self, from: &PeerKey, sequence: u64) -> Result<(), Drop> {
        match self.members.get(from) {
            Some(member) if sequence > member.presence.sequence => {
                self.remove(from, sequence);
                Ok(())
            }
            _ => Err(Drop::Replayed),
        }
    }

    fn remove(&mut self, peer: &PeerKey, sequence: u64) {
        self.members.remove(peer);
        if self.departed.insert(*peer, sequence).is_none() {
            self.departures.push_back(*peer);
        }
        while self.departures.len() > limits::DEPARTED {
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
        gone.len()
    }

    /// A link to a member is gone: unless it is heard of again soon, so is the member.
    pub(crate) fn unlinked(&mut self, now: Millis, peer: &PeerKey) {
        if let Some(member) = self.members.get_mut(peer) {
            member.expires = member.expires.max(now.saturating_add(limits::PRESENCE_LEAST));
            member.presence.links.clear();
        }
    }

    pub(crate) fn get(&self, peer: &PeerKey) -> Option<&Presence> {
        self.members.get(peer).map(|member| &member.presence)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerKey, &Member)> {
        self.members.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The highest number of a term that anyone knows of.
    pub(crate) fn known_term(&self) -> u64 {
        self.known_term
    }

    /// The highest number of a term that a member said it sits in. Unlike [`Self::known_term`], a proposal that
    /// fails does not change it, of which only its four know.
    pub(crate) fn formed_term(&self) -> u64 {
        self.formed_term
    }

    /// A term was proposed that counts further. False where the number is out of reach.
    pub(crate) fn know_term(&mut self, number: u64) -> bool {
        let plausible = number <= self.known_term.saturating_add(limits::TERM_LEAP);
        if plausible {
            self.known_term = self.known_term.max(number);
        }
        plausible
    }

    /// Committees of which enough painters are in sight, the one that stays first: that with more rounds, and of two
    /// alike the one with the lower id.
    pub(crate) fn terms(&self, mine: Option<(PeerKey, Seated)>) -> Vec<SeenTerm> {
        let mut terms: BTreeMap<Digest, (SeenTerm, Vec<(u64, Digest)>)> = BTreeMap::new();
        let others = self.members.iter().filter_map(|(peer, member)| Some((*peer, member.presence.seated?)));
        for (peer, seated) in others.chain(mine) {
            let (seen, said) = terms.entry(seated.term).or_insert_with(|| {
                let (id, number) = (seated.term, seated.number);
                (SeenTerm { id, number, artist: [0; 32], round: 0, seats: [None; 4] }, Vec::new())
            });
            if let Some(seat @ None) = seen.seats.get_mut(usize::from(seated.seat)) {
                *seat = Some(peer);
                said.push((seated.round, seated.artist));
            }
        }
        let terms = terms.into_values().map(|(mut term, mut said)| {
            // The second highest, which one liar cannot raise.
            said.sort_by(|a, b| b.cmp(a));
            (term.round, term.artist) = said.get(1).copied().unwrap_or_default();
            term
        });
        let mut terms: Vec<SeenTerm> = terms.collect();
        terms.retain(|term| term.seats.iter().flatten().count() >= limits::TERM_ALIVE);
        terms.sort_by_key(|term| (std::cmp::Reverse(term.round), term.id));
        terms
    }
}
