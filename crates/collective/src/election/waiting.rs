//! Which artist is waited for, for whom, and why: no other is begun meanwhile, unless visitors choose so.

use std::collections::{BTreeMap, BTreeSet};

use abraham_messages::{ArtistName, PeerKey, codec::hex, collective::Presence};

use super::Election;
use crate::{
    Millis,
    context::Around,
    keeping::holders::Held,
    limits,
    snapshot::{WaitingSnapshot, WaitsFor},
};

/// What members say that they hold: who, which artist, at which seat, and whether this member is linked with it.
type Claim = (PeerKey, ArtistName, u8, bool);

/// Claims of members in sight, and how long they have been as they are.
#[derive(Default)]
pub(super) struct Claims {
    now: BTreeSet<Claim>,
    changed: Option<Millis>,
    /// Since when there were any that changed.
    since: Option<Millis>,
}

impl Claims {
    fn see(&mut self, now: Millis, claims: BTreeSet<Claim>) {
        let rested = limits::CLAIM_TIMEOUT.saturating_add(limits::CLAIM_COOLDOWN);
        if self.since.is_some_and(|since| since.saturating_add(rested) <= now) {
            self.since = None;
        }
        if claims != self.now {
            self.changed = Some(now);
            self.since = self.since.or(Some(now));
            self.now = claims;
        }
    }

    /// A member said goodbye: nobody waits for it to come back.
    pub(super) fn left(&mut self, peer: &PeerKey) {
        let claimed = self.now.len();
        self.now.retain(|(other, ..)| other != peer);
        if self.now.is_empty() && claimed > 0 {
            self.changed = None;
        }
    }

    /// Whether they changed so recently that those who made them may yet be linked with, and show what they hold.
    fn are_waited_for(&self, now: Millis) -> bool {
        let waits = |since: Millis| since.saturating_add(limits::CLAIM_TIMEOUT) > now;
        self.since.is_some_and(waits)
            && self.changed.is_some_and(|at| at.saturating_add(limits::HOLDER_TIMEOUT) > now)
    }
}

/// An artist that is waited for.
pub(crate) struct Waiting {
    pub(crate) artist: ArtistName,
    round: u64,
    holders: BTreeSet<PeerKey>,
    missing: Vec<u8>,
    bound: Vec<PeerKey>,
    visitors: usize,
    why: WaitsFor,
}

impl Election {
    /// Takes note of what members in sight say that they hold.
    pub(super) fn see_claims(&mut self, around: &Around<'_>) {
        let claims = around.members.presences().iter().filter_map(|(peer, member)| {
            let holding = member.presence.holding.as_ref()?;
            Some((*peer, holding.artist, holding.seat, around.links.is_up(peer)))
        });
        let claims = claims.collect();
        self.claims.see(around.now, claims);
    }

    /// The artist that is waited for where four cannot go on with one: that of those in sight who have shown to hold
    /// one, this member included, or, for a while, one that is only claimed.
    pub(crate) fn waiting(&self, around: &Around<'_>) -> Option<Waiting> {
        let mut all: BTreeMap<PeerKey, Vec<Held>> = around.keeping.counted();
        all.insert(around.own.me, around.keeping.store().held());
        let mut artists: BTreeMap<ArtistName, (BTreeSet<usize>, u64)> = BTreeMap::new();
        for held in all.values().flatten() {
            let (seats, round) = artists.entry(held.artist).or_default();
            seats.insert(held.seat);
            *round = held.states.first().map_or(0, |state| state.round).max(*round);
        }
        // One alone who holds what has learnt nothing waits for nothing.
        artists.retain(|_, (seats, round)| *round > 0 || seats.len() >= limits::MIN_HOLDERS);
        let best = artists.into_iter().max_by_key(|(artist, (seats, round))| {
            (seats.len() >= limits::MIN_HOLDERS, *round, std::cmp::Reverse(*artist))
        });
        match best {
            Some((artist, (_, round))) => {
                let has = |(peer, held): (&PeerKey, &Vec<Held>)| {
                    held.iter().any(|held| held.artist == artist).then_some(*peer)
                };
                let shown = all.iter().filter_map(has).collect();
                Some(self.waiting_for(around, artist, round, shown))
            }
            None if self.claims.are_waited_for(around.now) => {
                let claimed = |presence: &Presence| {
                    let holding = presence.holding.as_ref()?;
                    Some((holding.states.first().map_or(0, |state| state.round), holding.artist))
                };
                let best = around
                    .members
                    .presences()
                    .iter()
                    .filter_map(|(_, member)| claimed(&member.presence))
                    .max();
                let (round, artist) = best.unwrap_or_default();
                let waiting = self.waiting_for(around, artist, round, BTreeSet::new());
                Some(Waiting { why: WaitsFor::Claims, ..waiting })
            }
            None => None,
        }
    }

    fn waiting_for(
        &self,
        around: &Around<'_>,
        artist: ArtistName,
        round: u64,
        shown: BTreeSet<PeerKey>,
    ) -> Waiting {
        let (store, shows) = (around.keeping.store(), around.keeping.holders());
        let claims = |presence: &Presence| {
            let holding = presence.holding.as_ref().filter(|holding| holding.artist == artist)?;
            Some(usize::from(holding.seat))
        };
        let mut holders = shown;
        let mut taken: BTreeMap<usize, PeerKey> = BTreeMap::new();
        let mut bound = Vec::new();
        let mut free = 0;
        let mut take = |peer: PeerKey, had: Option<usize>, fresh: bool| match had {
            Some(seat) if taken.contains_key(&seat) => bound.push(peer),
            Some(seat) => {
                taken.insert(seat, peer);
            }
            None => free += usize::from(fresh),
        };
        if self.will_paint(around.now, around.own) {
            let had = store.seats().find(|(other, _)| *other == artist).map(|(_, seat)| seat);
            take(around.own.me, had, self.begins || !store.held().iter().any(Held::has_learnt));
        }
        for (peer, member) in around.members.presences().iter() {
            let presence = &member.presence;
            let has_shown = shows.has_shown(peer);
            let claimed = if has_shown { None } else { claims(presence) };
            if claimed.is_some() {
                holders.insert(*peer);
            }
            if !presence.paint || presence.seated.is_some() {
                continue;
            }
            let had = shows.seats(peer).into_iter().find(|(other, _)| *other == artist);
            let fresh = match has_shown {
                true => shows.begins(peer) || shows.artists(peer).is_empty(),
                false => presence.holding.is_none(),
            };
            take(*peer, had.map(|(_, seat)| seat).or(claimed), fresh);
        }
        let missing: Vec<u8> =
            (0..4).filter(|seat| !taken.contains_key(seat)).map(|seat| seat as u8).collect();
        let visitors = missing.len().saturating_sub(free);
        let why = match (holders.len(), visitors) {
            (..limits::MIN_HOLDERS, _) => WaitsFor::Holders,
            (_, 0) => WaitsFor::Links,
            _ => WaitsFor::Visitors,
        };
        Waiting { artist, round, holders, missing, bound, visitors, why }
    }

    /// What the page is told.
    pub(crate) fn waiting_snapshot(&self, waiting: &Waiting) -> WaitingSnapshot {
        let words = |keys: &mut dyn Iterator<Item = &PeerKey>| {
            keys.take(limits::MAX_SNAPSHOT_MEMBERS).map(|key| hex(&key.0)).collect()
        };
        WaitingSnapshot {
            artist: hex(&waiting.artist.0),
            round: waiting.round,
            waits_for: waiting.why,
            holders: words(&mut waiting.holders.iter()),
            seats_missing: waiting.missing.clone(),
            visitors: waiting.visitors as u8,
            bound: words(&mut waiting.bound.iter()),
            begins: self.begins,
        }
    }
}
