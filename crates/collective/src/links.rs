//! Links: which members this one is linked with, whom it dials, and whom it lets go.

mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use abraham_messages::{PeerKey, limits::MAX_LINKS, node::Command};

use crate::{Millis, limits, members::presence::Presences};
pub(crate) use wanted::Wanted;

/// A direct link.
#[derive(Debug, Clone, Copy)]
struct Up {
    /// Since when this member has no use for it; the other side may.
    idle: Option<Millis>,
}

/// A link that is wanted.
#[derive(Debug, Clone, Copy)]
enum Dial {
    /// Asked for at one time; given up at another.
    Pending { since: Millis, until: Millis, failures: u32 },
    /// Not asked for before this time.
    Waiting { until: Millis, failures: u32 },
}

impl Dial {
    fn failures(self) -> u32 {
        match self {
            Self::Pending { failures, .. } | Self::Waiting { failures, .. } => failures,
        }
    }

    fn failed(self, now: Millis) -> Self {
        let failures = self.failures().saturating_add(1);
        let wait = limits::DIAL_BACKOFF.delay(failures);
        Self::Waiting { until: now.saturating_add(wait), failures }
    }

    fn begins(self, now: Millis) -> Self {
        Self::Pending {
            since: now,
            until: now.saturating_add(limits::DIAL_TIMEOUT),
            failures: self.failures(),
        }
    }

    fn is_pending(self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// Whether it is under way and began so lately that it is likely to succeed yet.
    fn is_fresh(self, now: Millis) -> bool {
        matches!(self, Self::Pending { since, .. } if since.saturating_add(limits::FRESH_DIAL_TIMEOUT) > now)
    }

    /// Since when it is under way, where that is so long that it may make room for another.
    fn is_slow(self, now: Millis) -> Option<Millis> {
        let Self::Pending { since, failures, .. } = self else { return None };
        let patience = limits::FRESH_DIAL_TIMEOUT.saturating_mul(1 << failures.min(10));
        (since.saturating_add(patience) <= now).then_some(since)
    }
}

/// Direct links and dials.
#[derive(Default)]
pub(crate) struct Links {
    up: BTreeMap<PeerKey, Up>,
    dials: BTreeMap<PeerKey, Dial>,
}

impl Links {
    pub(crate) fn is_up(&self, peer: &PeerKey) -> bool {
        self.up.contains_key(peer)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.up.keys().copied()
    }

    /// Whether dials to it failed, and none has succeeded since.
    pub(crate) fn fails(&self, peer: &PeerKey) -> bool {
        self.failures(peer) > 0
    }

    /// How many dials to it failed since one has succeeded.
    pub(crate) fn failures(&self, peer: &PeerKey) -> u32 {
        self.dials.get(peer).map_or(0, |dial| dial.failures())
    }

    pub(crate) fn link_up(&mut self, peer: PeerKey) {
        self.dials.remove(&peer);
        self.up.insert(peer, Up { idle: None });
    }

    /// Returns whether there was one.
    pub(crate) fn link_down(&mut self, peer: &PeerKey) -> bool {
        self.up.remove(peer).is_some()
    }

    pub(crate) fn unreachable(&mut self, now: Millis, peer: &PeerKey) {
        if let Some(dial) = self.dials.get_mut(peer) {
            *dial = dial.failed(now);
        }
    }

    /// Dials members that are wanted, most wanted first, and beside them others, to which half of the dials go while
    /// there are any; lets links go that nobody wants.
    pub(crate) fn review(
        &mut self,
        now: Millis,
        me: &PeerKey,
        (wanted, others): (&[PeerKey], &[PeerKey]),
        presences: &Presences,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        let wants: BTreeSet<&PeerKey> = wanted.iter().collect();
        for dial in self.dials.values_mut() {
            if matches!(dial, Dial::Pending { until, .. } if *until <= now) {
                *dial = dial.failed(now);
            }
        }
        // A wanted member's failures are remembered while it is in sight, so that it is not dialled again at once.
        self.dials.retain(|peer, dial| match dial {
            Dial::Pending { .. } => true,
            Dial::Waiting { failures: 0, .. } => wants.contains(peer),
            Dial::Waiting { .. } => presences.get(peer).is_some(),
        });
        for (peer, up) in &mut self.up {
            up.idle = match wants.contains(peer) {
                true => None,
                false => up.idle.or(Some(now)),
            };
        }
        let others: Vec<PeerKey> = others.iter().filter(|peer| !wants.contains(peer)).copied().collect();
        let share = if others.is_empty() { limits::MAX_FRESH_DIALS } else { limits::MAX_FRESH_DIALS / 2 };
        self.dial(now, wanted, (share, true), (me, presences), &mut commands);
        self.dial(now, &others, (limits::MAX_FRESH_DIALS, false), (me, presences), &mut commands);
        commands.extend(self.let_go(now).map(|peer| Command::Disconnect { peer }));
        commands
    }

    /// Dials those that are due, while fewer than `most` dials are fresh. For a wanted member a link that nobody wants
    /// makes room.
    fn dial(
        &mut self,
        now: Millis,
        peers: &[PeerKey],
        (most, wanted): (usize, bool),
        (me, presences): (&PeerKey, &Presences),
        commands: &mut Vec<Command>,
    ) {
        let mut fresh = self.dials.values().filter(|dial| dial.is_fresh(now)).count();
        for peer in peers {
            if self.up.contains_key(peer) {
                continue;
            }
            let Some(presence) = presences.get(peer).filter(|presence| !presence.addresses.is_empty()) else {
                continue;
            };
            let yields = if me < peer || !wanted { 0 } else { limits::DIAL_YIELD_TIMEOUT };
            let first = Dial::Waiting { until: now.saturating_add(yields), failures: 0 };
            let dial = *self.dials.entry(*peer).or_insert(first);
            let due = matches!(dial, Dial::Waiting { until, .. } if until <= now);
            if !due || fresh >= most {
                continue;
            }
            let idle = self.up.values().filter(|up| up.idle.is_some()).count();
            let pending = self.dials.values().filter(|dial| dial.is_pending()).count();
            let kept = if wanted { self.up.len() - idle } else { self.up.len() };
            if kept + pending >= MAX_LINKS {
                continue;
            }
            if pending >= limits::MAX_PENDING_DIALS {
                let Some(slow) = self.slowest(now, dial.failures()) else { continue };
                self.unreachable(now, &slow);
                commands.push(Command::Disconnect { peer: slow });
            }
            self.dials.insert(*peer, dial.begins(now));
            fresh += 1;
            commands.push(Command::Connect { peer: *peer, addresses: presence.addresses.clone() });
        }
    }

    /// The dial that is longest under way, and so long that it makes room for one to a member that failed no oftener.
    fn slowest(&self, now: Millis, failures: u32) -> Option<PeerKey> {
        let slow = self.dials.iter().filter(|(_, dial)| dial.failures() >= failures);
        let slow = slow.filter_map(|(peer, dial)| Some((dial.is_slow(now)?, *peer)));
        slow.min().map(|(_, peer)| peer)
    }

    /// Links that nobody wants and that are too many, longest unwanted first: at once where they take what is for
    /// members that this one looks for, else after a while.
    fn let_go(&self, now: Millis) -> impl Iterator<Item = PeerKey> + use<> {
        let mut idle: Vec<(Millis, PeerKey)> =
            self.up.iter().filter_map(|(peer, up)| Some((up.idle?, *peer))).collect();
        idle.sort_unstable();
        let pending = self.dials.values().filter(|dial| dial.is_pending()).count();
        let crowded = (self.up.len() + pending).saturating_sub(MAX_LINKS - limits::MIN_FREE_LINKS);
        let at_once = crowded.max(idle.len().saturating_sub(limits::MAX_UNWANTED_LINKS));
        let surplus = self.up.len().saturating_sub(limits::MAX_KEPT_LINKS);
        let over = idle.into_iter().enumerate().filter(move |(place, (since, _))| {
            *place < at_once || (*place < surplus && since.saturating_add(limits::IDLE_LINK_TIMEOUT) <= now)
        });
        over.map(|(_, (_, peer))| peer)
    }
}

#[cfg(test)]
mod tests {
    use abraham_messages::{RecipeId, collective::Presence};

    use super::*;
    use crate::fixtures;

    const ME: PeerKey = PeerKey([0; 33]);

    fn key(n: u8) -> PeerKey {
        PeerKey([n; 33])
    }

    fn keys(range: std::ops::Range<u8>) -> Vec<PeerKey> {
        range.map(key).collect()
    }

    fn presences() -> Presences {
        let mut presences = Presences::default();
        for n in 1..=250 {
            let presence = Presence { recipe: RecipeId([0; 32]), ..fixtures::presence(1, &[]) };
            presences.handle_presence(0, key(n), presence, false).unwrap();
        }
        presences
    }

    struct Scene {
        links: Links,
        presences: Presences,
    }

    impl Scene {
        fn new() -> Self {
            Self { links: Links::default(), presences: presences() }
        }

        /// Members that are dialled, and those that are let go.
        fn review(&mut self, now: Millis, wanted: &[PeerKey], others: &[PeerKey]) -> [Vec<PeerKey>; 2] {
            let (mut dialled, mut gone) = (Vec::new(), Vec::new());
            for command in self.links.review(now, &ME, (wanted, others), &self.presences) {
                match command {
                    Command::Connect { peer, .. } => dialled.push(peer),
                    Command::Disconnect { peer } => gone.push(peer),
                    other => panic!("{other:?}"),
                }
            }
            gone.iter().for_each(|peer| assert!(self.links.link_down(peer) || !dialled.contains(peer)));
            [dialled, gone]
        }
    }

    #[test]
    fn links_beyond_those_kept_are_let_go_only_when_nobody_wanted_them_for_a_while() {
        let mut scene = Scene::new();
        let wanted = keys(1..13);
        keys(1..23).into_iter().for_each(|peer| scene.links.link_up(peer));
        for now in [0, 1_000, limits::IDLE_LINK_TIMEOUT - 1] {
            assert_eq!(scene.review(now, &wanted, &[])[1], [], "the other side may want them: {now}");
        }
        let surplus = 22 - limits::MAX_KEPT_LINKS;
        assert_eq!(scene.review(limits::IDLE_LINK_TIMEOUT, &wanted, &[])[1].len(), surplus);
        assert_eq!(scene.review(9 * limits::IDLE_LINK_TIMEOUT, &wanted, &[])[1], []);
    }

    #[test]
    fn half_of_the_links_are_for_members_that_this_one_looks_for() {
        let mut scene = Scene::new();
        for n in 1..=limits::MAX_UNWANTED_LINKS as u8 {
            scene.links.link_up(key(n));
            assert_eq!(scene.review(n.into(), &[], &[])[1], []);
        }
        let next = limits::MAX_UNWANTED_LINKS as u8 + 1;
        scene.links.link_up(key(next));
        assert_eq!(scene.review(100, &[], &[])[1], [key(1)], "the one that is longest of no use, at once");
        assert_eq!(scene.review(101, &[], &[])[1], []);
    }

    #[test]
    fn a_wanted_member_takes_the_place_of_one_that_is_not_wanted() {
        let mut scene = Scene::new();
        let mut wanted = keys(1..13);
        keys(1..25).into_iter().for_each(|peer| scene.links.link_up(peer));
        assert_eq!(scene.review(0, &wanted, &[]), [vec![], keys(13..15)], "others can call");
        wanted.extend(keys(40..43));
        let [dialled, gone] = scene.review(1, &wanted, &[]);
        assert_eq!(dialled, keys(40..43));
        assert_eq!(gone, keys(15..18));
        // Of those that are wanted none has to go, and for others that are not wanted nobody has.
        let mut scene = Scene::new();
        keys(1..25).into_iter().for_each(|peer| scene.links.link_up(peer));
        assert_eq!(scene.review(2, &keys(1..30), &[]), [vec![], vec![]]);
        assert_eq!(scene.review(3, &keys(1..25), &keys(60..70)), [vec![], vec![]]);
    }

    #[test]
    fn half_of_the_dials_go_to_others_and_slow_ones_make_room() {
        let mut scene = Scene::new();
        let (wanted, others) = (keys(1..30), keys(30..200));
        let [dialled, _] = scene.review(0, &wanted, &others);
        let half = limits::MAX_FRESH_DIALS / 2;
        assert_eq!(dialled, [keys(1..1 + half as u8), keys(30..30 + half as u8)].concat());
        assert_eq!(scene.review(limits::FRESH_DIAL_TIMEOUT - 1, &wanted, &others), [vec![], vec![]]);
        let [dialled, gone] = scene.review(limits::FRESH_DIAL_TIMEOUT, &wanted, &others);
        assert_eq!((dialled.len(), gone.len()), (limits::MAX_FRESH_DIALS, 0));
        let [dialled, gone] = scene.review(2 * limits::FRESH_DIAL_TIMEOUT, &wanted, &others);
        assert_eq!((dialled.len(), gone.len()), (limits::MAX_FRESH_DIALS, limits::MAX_FRESH_DIALS));
        assert!(gone.contains(&key(1)) && scene.links.failures(&key(1)) == 1);
        // Whoever was given up is tried again, and given more time.
        let mut scene = Scene::new();
        let few = keys(1..9);
        assert_eq!(scene.review(0, &few, &[])[0], few, "without others all dials are for those wanted");
        few.iter().for_each(|peer| scene.links.unreachable(0, peer));
        let failures = |scene: &Scene| [1, 200].map(|n| scene.links.failures(&key(n)));
        assert_eq!(failures(&scene), [1, 0], "who was never dialled never failed");
        assert_eq!(scene.review(limits::DIAL_BACKOFF.min, &few, &[])[0], few);
        let mut again = Scene::new();
        assert_eq!(again.review(0, &few, &[])[0], few);
        (0..2).for_each(|_| again.links.unreachable(0, &key(1)));
        assert_eq!(failures(&again), [2, 0]);
        again.links.link_up(key(1));
        assert_eq!(failures(&again), [0, 0], "a dial has succeeded");
        let later = limits::DIAL_BACKOFF.min + limits::FRESH_DIAL_TIMEOUT;
        let more = keys(20..28);
        assert_eq!(scene.review(later, &more, &[]), [more.clone(), vec![]]);
        let last = later + limits::FRESH_DIAL_TIMEOUT - 1;
        assert_eq!(scene.review(last, &keys(30..38), &[]), [vec![], vec![]]);
    }
}
