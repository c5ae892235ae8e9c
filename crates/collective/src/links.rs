//! Which members this one is linked with, and which it wants to be.

use std::collections::{BTreeMap, BTreeSet};

use abraham_messages::{PeerKey, limits::LINKS, node::Command};

use crate::{Millis, limits, presence::Presences};

/// A direct link.
#[derive(Debug, Clone, Copy)]
struct Up {
    /// Since when this member has no use for it; the other side may.
    idle: Option<Millis>,
}

/// A link that is wanted.
#[derive(Debug, Clone, Copy)]
enum Dial {
    /// Asked for; given up at this time.
    Pending { until: Millis, failures: u32 },
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
        let wait = limits::REDIAL.saturating_mul(1 << (failures - 1).min(10)).min(limits::REDIAL_MOST);
        Self::Waiting { until: now.saturating_add(wait), failures }
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
        self.dials.get(peer).is_some_and(|dial| dial.failures() > 0)
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

    /// Dials members that are wanted, most wanted first, and lets links go that nobody wants.
    pub(crate) fn review(
        &mut self,
        now: Millis,
        me: &PeerKey,
        wanted: &[PeerKey],
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
        let mut pending = self.dials.values().filter(|dial| matches!(dial, Dial::Pending { .. })).count();
        for peer in wanted {
            if self.up.contains_key(peer) {
                continue;
            }
            let Some(presence) = presences.get(peer).filter(|presence| !presence.addresses.is_empty()) else {
                continue;
            };
            let yields = if me < peer { 0 } else { limits::DIAL_YIELDS };
            let first = Dial::Waiting { until: now.saturating_add(yields), failures: 0 };
            let dial = self.dials.entry(*peer).or_insert(first);
            let due = matches!(dial, Dial::Waiting { until, .. } if *until <= now);
            if due && pending < limits::DIALS && self.up.len() + pending < LINKS {
                *dial = Dial::Pending { until: now.saturating_add(limits::DIAL), failures: dial.failures() };
                pending += 1;
                commands.push(Command::Connect { peer: *peer, addresses: presence.addresses.clone() });
            }
        }
        for (peer, up) in &mut self.up {
            up.idle = match wants.contains(peer) {
                true => None,
                false => up.idle.or(Some(now)),
            };
        }
        let mut idle: Vec<(Millis, PeerKey)> =
            self.up.iter().filter_map(|(peer, up)| Some((up.idle?, *peer))).collect();
        idle.sort_unstable();
        let surplus = self.up.len().saturating_sub(limits::KEPT_LINKS);
        let over = idle.into_iter().filter(|(since, _)| since.saturating_add(limits::IDLE_LINK) <= now);
        commands.extend(over.take(surplus).map(|(_, peer)| Command::Disconnect { peer }));
        commands
    }
}
