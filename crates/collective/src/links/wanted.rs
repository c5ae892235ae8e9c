//! Whom a member wants to be linked with, by what its parts know.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use abraham_messages::{PeerKey, TermId, collective::Presence};

use crate::{
    context::Around,
    election::Election,
    limits,
    members::presence::{Place, SeenTerm, place},
};

/// What a member goes by; `terms` are the committees that count.
pub(crate) struct Wanted<'a> {
    pub(crate) around: &'a Around<'a>,
    pub(crate) election: &'a Election,
    pub(crate) terms: &'a [SeenTerm],
}

impl Wanted<'_> {
    /// Members that it wants to be linked with, most wanted first.
    pub(crate) fn peers(&self) -> Vec<PeerKey> {
        let Around { seat, links, own, .. } = self.around;
        let mut wanted: Vec<PeerKey> = Vec::new();
        if let Some(forming) = seat.forming() {
            wanted.extend(forming.term().seats);
        }
        if let Some(sitting) = seat.sitting() {
            let mine = sitting.term();
            wanted.extend(mine.seats);
            // Two committees that see each other link, so that one can make way.
            let others = self.terms.iter().filter(|term| term.id != mine.id);
            wanted.extend(others.take(1).flat_map(|term| term.seats.iter().flatten()));
            wanted.extend(self.teachers(&mine.id, sitting.cycle()));
        }
        if seat.is_free() {
            // A teacher keeps the links that painters made.
            let painters = self.terms.first().into_iter().flat_map(|term| term.seats.iter().flatten());
            wanted.extend(painters.filter(|painter| links.is_up(painter)));
            wanted.extend(self.unshown());
        }
        if seat.is_free() && self.will_paint() {
            if self.seeks() {
                wanted.extend(self.friends());
            }
            wanted.extend(self.pool());
        }
        let mut seen = BTreeSet::from([own.me]);
        wanted.retain(|peer| seen.insert(*peer));
        wanted
    }

    /// Any members that would paint, in an order that only this member knows: whoever has found out how to be first in
    /// the pool's order and answers no dial must not keep others from each other.
    pub(crate) fn others(&self) -> Vec<PeerKey> {
        let Around { members, links, .. } = self.around;
        // Members in the pool find each other at once; the rest leaves them that time.
        let lonely = self.election.alone_for(self.around.now) >= limits::SETTLE_TIMEOUT;
        if !self.seeks() || !self.will_paint() || !lonely {
            return Vec::new();
        }
        let mut others: Vec<(u32, Place, PeerKey)> = members
            .presences()
            .iter()
            .filter(|(peer, _)| !links.is_up(peer) && self.waits(peer).is_some())
            .map(|(peer, member)| (links.failures(peer), member.chance, *peer))
            .collect();
        others.sort_unstable();
        others
            .into_iter()
            .map(|(_, _, peer)| peer)
            .take(limits::MAX_PENDING_DIALS + limits::MAX_FRESH_DIALS)
            .collect()
    }

    fn will_paint(&self) -> bool {
        self.election.will_paint(self.around.now, self.around.own)
    }

    /// Painters of terms that nobody showed this member: one of them is to do so.
    fn unshown(&self) -> Vec<PeerKey> {
        let Around { members, links, .. } = self.around;
        let mut unshown = Vec::new();
        for term in self.terms.iter().filter(|term| !term.shown).take(limits::MAX_UNSHOWN_TERMS) {
            let mut painters: Vec<PeerKey> = term.seats.iter().flatten().copied().collect();
            painters.sort_by_cached_key(|peer| (links.failures(peer), members.presences().chance(peer)));
            painters.truncate(limits::MAX_UNSHOWN_DIALS);
            unshown.extend(painters);
        }
        unshown
    }

    /// Whether this member looks for others to form a committee, and those that it is linked with are not enough.
    fn seeks(&self) -> bool {
        self.around.seat.is_free() && !self.election.is_ready() && self.terms.is_empty()
    }

    /// Members that are linked with one that this member is linked with, by the word of both: they answer dials, and
    /// four that are all linked with each other are what is looked for.
    fn friends(&self) -> Vec<PeerKey> {
        let Around { members, links, .. } = self.around;
        let mut friends: BTreeMap<PeerKey, usize> = BTreeMap::new();
        for middle in links.peers() {
            let Some(presence) = members.presences().get(&middle) else { continue };
            for friend in &presence.links {
                if self.waits(friend).is_some_and(|presence| presence.links.contains(&middle)) {
                    *friends.entry(*friend).or_default() += 1;
                }
            }
        }
        let mut friends: Vec<(u32, Reverse<usize>, PeerKey)> =
            friends.into_iter().map(|(peer, count)| (links.failures(&peer), Reverse(count), peer)).collect();
        friends.sort_unstable();
        friends.into_iter().map(|(_, _, peer)| peer).take(limits::POOL_SIZE).collect()
    }

    /// The presence of a member that would paint and does not sit.
    fn waits(&self, peer: &PeerKey) -> Option<&Presence> {
        let presence = self.around.members.presences().get(peer);
        presence.filter(|presence| presence.paint && presence.seated.is_none())
    }

    /// Teachers that a painter links to. All four painters see much the same members and so choose much the same.
    fn teachers(&self, term: &TermId, cycle: u32) -> Vec<PeerKey> {
        let Around { members, links, .. } = self.around;
        let mut seed = term.0.to_vec();
        seed.extend((cycle / limits::TEACHER_ROTATION_CYCLES).to_le_bytes());
        let teachers = members.presences().iter().filter(|(_, member)| member.presence.pictures > 0);
        let mut teachers: Vec<PeerKey> = teachers.map(|(peer, _)| *peer).collect();
        teachers.sort_by_cached_key(|peer| (links.fails(peer), place(&seed, peer)));
        teachers.truncate(limits::MAX_LINKED_TEACHERS);
        teachers
    }

    /// Members that look for each other to form a committee: the first that would paint, in an order that is the same
    /// for all. Those that this member cannot reach do not count, and the longer there is no committee, the more do.
    fn pool(&self) -> Vec<PeerKey> {
        let Around { now, own, members, links, .. } = self.around;
        let mut pool: Vec<(bool, Place, PeerKey)> = members
            .presences()
            .iter()
            .filter(|(_, member)| member.presence.paint && member.presence.seated.is_none())
            .map(|(peer, member)| (links.fails(peer), member.place, *peer))
            .chain([(false, place(b"pool", &own.me), own.me)])
            .collect();
        pool.sort_unstable();
        let widened = self.election.alone_for(*now) / limits::POOL_WIDENING_INTERVAL;
        let size = limits::POOL_SIZE << widened.min(4);
        let rank = pool.iter().position(|(_, _, peer)| *peer == own.me).unwrap_or(usize::MAX);
        if rank >= size {
            return Vec::new();
        }
        pool.truncate(size);
        let mut wanted: Vec<PeerKey> = pool.into_iter().map(|(_, _, peer)| peer).collect();
        // The first in reserve know the painters already when one of them leaves.
        if rank < limits::RESERVE_SIZE {
            let painters = self.terms.first().into_iter().flat_map(|term| term.seats.iter().flatten());
            wanted.splice(0..0, painters.copied());
        }
        wanted
    }
}
