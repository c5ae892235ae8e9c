//! What a member makes of what it sees: whom it wants to be linked with, whether it is its turn to propose a
//! committee, whether its own makes way for another.

use std::{cell::LazyCell, cmp::Reverse, collections::BTreeMap};

use abraham_messages::PeerKey;
use abraham_messages::collective::{Digest, Presence};

use crate::{
    Collective, EndCause, Millis,
    collective::Status,
    election::candidates::{Candidate, Candidates},
    limits,
    members::presence::{SeenTerm, Sits, place},
    snapshot::Why,
};

impl Collective {
    /// Committees that are said to be, this member's own with its own knowledge.
    pub(crate) fn seen_terms(&self) -> Vec<SeenTerm> {
        let mine = match &self.status {
            Status::Seated(seat) => Some(seat),
            _ => None,
        };
        let sits = |term: &Digest| match mine.filter(|seat| seat.term.id == *term) {
            Some(seat) => Some(Sits { seats: seat.term.seats, artist: seat.artist() }),
            None => self.witness.sits(term),
        };
        self.presences.terms(mine.map(|seat| (self.me, seat.seated())), sits)
    }

    /// Committees that count for this member.
    pub(crate) fn terms(&self, now: Millis) -> Vec<SeenTerm> {
        let mut terms = self.seen_terms();
        let linked = |term: &SeenTerm| term.seats.iter().flatten().any(|painter| self.links.is_up(painter));
        terms.retain(|term| self.witness.counts(now, term, linked(term)));
        terms
    }

    /// The highest number of a term that this member saw or sat in itself. Not what others say: a number that one made up
    /// would go round for ever.
    pub(crate) fn last_term(&self) -> u64 {
        self.presences.formed_term().max(self.review.sat)
    }

    /// This member and those that would take a seat and are linked with it.
    pub(crate) fn candidates(&self, now: Millis) -> Candidates {
        let held = self.store.held();
        let me = Candidate {
            key: self.me,
            links: self.links.peers().collect(),
            shown: held.iter().filter(|held| held.has_learnt()).map(|held| held.artist).collect(),
            held,
            seats: self.store.seats().collect(),
            begins: self.review.begins,
            faults: 0,
        };
        let mut counted = self.holders.counted(&self.store);
        let others = self.links.peers().filter_map(|key| {
            let presence = self.presences.get(&key).filter(|p| p.paint && p.seated.is_none())?;
            Some(Candidate {
                key,
                links: presence.links.clone(),
                held: counted.remove(&key).unwrap_or_default(),
                shown: self.holders.artists(&key),
                seats: self.holders.seats(&key),
                begins: self.holders.begins(&key),
                faults: self.faults.of(&key),
            })
        });
        let number = self.last_term();
        let candidates = std::iter::once(me).chain(others).collect();
        let secret = self.presences.secret();
        Candidates { all: candidates, number, waits: self.waiting(now).is_some(), secret }
    }

    pub(crate) fn look_around(&mut self, now: Millis) {
        let links = &self.links;
        self.presences.expire(now, |peer| links.is_up(peer));
        self.faults.fade(now);
        self.holders.expire(now, &self.store);
        self.see_claims(now);
        self.teacher_backoff.retain(|_, (_, until)| until.saturating_add(limits::MAX_TEACHER_BACKOFF) > now);
        self.witness.review(now, &self.seen_terms());
        let terms = self.terms(now);
        if let Some(number) = terms.iter().map(|term| term.number).max() {
            self.review.without_since = now;
            self.presences.count_term(number);
        }
        let wanted = self.wanted(now, &terms);
        let others = self.others(now, &terms);
        for command in self.links.review(now, &self.me, (&wanted, &others), &self.presences) {
            self.out.command(command);
        }
        match &self.status {
            Status::Idle => self.elect(now, &terms),
            Status::Seated(seat) if seat.is_between() => self.make_way(now, &terms),
            _ => {}
        }
    }

    /// Whom this member wants to be linked with, most wanted first.
    fn wanted(&self, now: Millis, terms: &[SeenTerm]) -> Vec<PeerKey> {
        let mut wanted: Vec<PeerKey> = Vec::new();
        match &self.status {
            Status::Forming(forming) => wanted.extend(forming.term.seats),
            Status::Seated(seat) => {
                wanted.extend(seat.term.seats);
                // Two committees that see each other link, so that one can make way.
                let others = terms.iter().filter(|term| term.id != seat.term.id);
                wanted.extend(others.take(1).flat_map(|term| term.seats.iter().flatten()));
                wanted.extend(self.teachers_wanted(&seat.term.id, seat.cycle()));
            }
            Status::Idle => {}
        }
        // A teacher keeps the links that painters made.
        if let (Status::Idle, Some(term)) = (&self.status, terms.first()) {
            wanted.extend(term.seats.iter().flatten().filter(|painter| self.links.is_up(painter)));
        }
        if matches!(self.status, Status::Idle) {
            wanted.extend(self.unshown(terms));
        }
        if matches!(self.status, Status::Idle) && self.will_paint(now) {
            if self.seeks(terms) {
                wanted.extend(self.friends());
            }
            wanted.extend(self.pool(now, terms));
        }
        let mut seen = std::collections::BTreeSet::from([self.me]);
        wanted.retain(|peer| seen.insert(*peer));
        wanted
    }

    /// Painters of terms that nobody showed this member: one of them is to do so.
    fn unshown(&self, terms: &[SeenTerm]) -> Vec<PeerKey> {
        let mut unshown = Vec::new();
        for term in terms.iter().filter(|term| !term.shown).take(limits::MAX_UNSHOWN_TERMS) {
            let mut painters: Vec<PeerKey> = term.seats.iter().flatten().copied().collect();
            painters.sort_by_cached_key(|peer| (self.links.failures(peer), self.presences.chance(peer)));
            painters.truncate(limits::MAX_UNSHOWN_DIALS);
            unshown.extend(painters);
        }
        unshown
    }

    /// Whether this member looks for others to form a committee, and those that it is linked with are not enough.
    fn seeks(&self, terms: &[SeenTerm]) -> bool {
        let idle = matches!(self.status, Status::Idle) && self.review.ready_since.is_none();
        idle && terms.is_empty()
    }

    /// Members that are linked with one that this member is linked with, by the word of both: they answer dials, and
    /// four that are all linked with each other are what is looked for.
    fn friends(&self) -> Vec<PeerKey> {
        let mut friends: BTreeMap<PeerKey, usize> = BTreeMap::new();
        for middle in self.links.peers() {
            let Some(presence) = self.presences.get(&middle) else { continue };
            for friend in &presence.links {
                if self.waits(friend).is_some_and(|presence| presence.links.contains(&middle)) {
                    *friends.entry(*friend).or_default() += 1;
                }
            }
        }
        let mut friends: Vec<(u32, Reverse<usize>, PeerKey)> = friends
            .into_iter()
            .map(|(peer, count)| (self.links.failures(&peer), Reverse(count), peer))
            .collect();
        friends.sort_unstable();
        friends.into_iter().map(|(_, _, peer)| peer).take(limits::POOL_SIZE).collect()
    }

    /// The presence of a member that would paint and does not sit.
    fn waits(&self, peer: &PeerKey) -> Option<&Presence> {
        self.presences.get(peer).filter(|presence| presence.paint && presence.seated.is_none())
    }

    /// Any members that would paint, in an order that only this member knows: whoever has found out how to be first in
    /// the pool's order and answers no dial must not keep others from each other.
    fn others(&self, now: Millis, terms: &[SeenTerm]) -> Vec<PeerKey> {
        // Members in the pool find each other at once; the rest leaves them that time.
        let lonely = now.saturating_sub(self.review.without_since) >= limits::SETTLE_TIMEOUT;
        if !self.seeks(terms) || !self.will_paint(now) || !lonely {
            return Vec::new();
        }
        let mut others: Vec<(u32, Digest, PeerKey)> = self
            .presences
            .iter()
            .filter(|(peer, _)| !self.links.is_up(peer) && self.waits(peer).is_some())
            .map(|(peer, member)| (self.links.failures(peer), member.chance, *peer))
            .collect();
        others.sort_unstable();
        others
            .into_iter()
            .map(|(_, _, peer)| peer)
            .take(limits::MAX_PENDING_DIALS + limits::MAX_FRESH_DIALS)
            .collect()
    }

    /// Teachers that a painter links to. All four painters see much the same members and so choose much the same.
    fn teachers_wanted(&self, term: &[u8; 32], cycle: u32) -> Vec<PeerKey> {
        let mut seed = term.to_vec();
        seed.extend((cycle / limits::TEACHER_ROTATION_CYCLES).to_le_bytes());
        let teachers = self.presences.iter().filter(|(_, member)| member.presence.pictures > 0);
        let mut teachers: Vec<PeerKey> = teachers.map(|(peer, _)| *peer).collect();
        teachers.sort_by_cached_key(|peer| (self.links.fails(peer), place(&seed, peer)));
        teachers.truncate(limits::MAX_LINKED_TEACHERS);
        teachers
    }

    /// Members that look for each other to form a committee: the first that would paint, in an order that is the same
    /// for all. Those that this member cannot reach do not count, and the longer there is no committee, the more do.
    fn pool(&self, now: Millis, terms: &[SeenTerm]) -> Vec<PeerKey> {
        let waits = |paint: bool, seated: bool| paint && !seated;
        let mut pool: Vec<(bool, [u8; 32], PeerKey)> = self
            .presences
            .iter()
            .filter(|(_, member)| waits(member.presence.paint, member.presence.seated.is_some()))
            .map(|(peer, member)| (self.links.fails(peer), member.place, *peer))
            .chain([(false, place(b"pool", &self.me), self.me)])
            .collect();
        pool.sort_unstable();
        let widened = now.saturating_sub(self.review.without_since) / limits::POOL_WIDENING_INTERVAL;
        let size = limits::POOL_SIZE << widened.min(4);
        let rank = pool.iter().position(|(_, _, peer)| *peer == self.me).unwrap_or(usize::MAX);
        if rank >= size {
            return Vec::new();
        }
        pool.truncate(size);
        let mut wanted: Vec<PeerKey> = pool.into_iter().map(|(_, _, peer)| peer).collect();
        // The first in reserve know the painters already when one of them leaves.
        if rank < limits::RESERVE_SIZE {
            let painters = terms.first().into_iter().flat_map(|term| term.seats.iter().flatten());
            wanted.splice(0..0, painters.copied());
        }
        wanted
    }

    /// Proposes a committee when it is this member's turn.
    fn elect(&mut self, now: Millis, terms: &[SeenTerm]) {
        self.review.outlook = self.outlook(now, terms);
        let few = self.review.outlook == Why::TooFewPainters;
        let candidates = (self.review.outlook == Why::Electing).then(|| self.candidates(now));
        let Some((candidates, choice)) =
            candidates.and_then(|candidates| candidates.choose().map(|choice| (candidates, choice)))
        else {
            self.review.ready_since = None;
            let lacking = few || self.review.outlook == Why::Electing;
            if lacking && self.waiting(now).is_some() {
                self.review.outlook = Why::WaitsForHolders;
            } else if lacking && !few {
                self.review.outlook = Why::NoDirectLinks;
            }
            return;
        };
        let since = *self.review.ready_since.get_or_insert(now);
        let rank = candidates.rank(&self.me).unwrap_or_default();
        let turn = rank.saturating_mul(limits::RANK_INTERVAL);
        let due = since
            .saturating_add(limits::SETTLE_TIMEOUT)
            .saturating_add(self.review.jitter)
            .saturating_add(turn);
        if now >= due {
            self.propose(now, choice.seats, choice.origin);
        } else {
            self.review.next = self.review.next.min(due);
        }
    }

    /// Why this member does not sit, as far as that can be told without choosing a committee.
    fn outlook(&self, now: Millis, terms: &[SeenTerm]) -> Why {
        if !self.is_online() && self.links.peers().next().is_none() {
            return Why::NotConnected;
        }
        if !self.settings.paint && self.settings.pictures == 0 {
            return Why::NotWilling;
        }
        if let (Some(term), true) = (terms.first(), self.settings.pictures > 0) {
            let linked = term.seats.iter().flatten().filter(|painter| self.links.is_up(painter));
            if linked.count() >= limits::NOTICE_QUORUM {
                return Why::Teaching;
            }
            if !self.settings.paint {
                return Why::WaitsForItsTurn;
            }
        }
        if !self.settings.paint {
            return Why::NoCommittee;
        }
        if !self.will_paint(now) {
            return Why::OwnFailure;
        }
        if !terms.is_empty() {
            return Why::InReserve;
        }
        let willing = self.presences.iter().filter(|(_, member)| member.presence.paint).count();
        if willing < 3 { Why::TooFewPainters } else { Why::Electing }
    }

    /// Ends this member's term where another committee has learnt for longer.
    fn make_way(&mut self, now: Millis, terms: &[SeenTerm]) {
        let Status::Seated(seat) = &self.status else { return };
        let mine = seat.term.id;
        let artist = seat.artist();
        // Mostly there is no other committee, and nothing to look up.
        let counted = LazyCell::new(|| self.holders.counted(&self.store));
        // Another committee of the same artist must have shown certificates that are linked with this one's.
        let follows = |term: &SeenTerm| {
            let holds = |painter: &&PeerKey| {
                counted.get(painter).is_some_and(|held| held.iter().any(|held| Some(held.artist) == artist))
            };
            let shown = term.seats.iter().flatten().filter(holds).count();
            Some(term.artist) != artist || shown >= limits::MIN_DISSOLVE_LINKS
        };
        let Some(first) = terms.iter().find(|term| {
            term.id == mine || {
                let linked = term.seats.iter().flatten().filter(|painter| self.links.is_up(painter));
                term.shown && linked.count() >= limits::MIN_DISSOLVE_LINKS && follows(term)
            }
        }) else {
            return;
        };
        let (id, round) = (first.id, first.round);
        if id == mine || (round, std::cmp::Reverse(id)) < (seat.round(), std::cmp::Reverse(mine)) {
            return;
        }
        if self.review.dissolved.is_some_and(|at| at.saturating_add(limits::MIN_DISSOLVE_INTERVAL) > now) {
            return;
        }
        self.review.dissolved = Some(now);
        self.end_term(now, EndCause::Dissolved);
    }
}
