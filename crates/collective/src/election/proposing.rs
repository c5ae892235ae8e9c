//! Whether it is a member's turn to propose a committee, and which.

use super::{
    Election,
    candidates::{Candidate, Candidates, Choice},
};
use crate::{context::Around, limits, members::presence::SeenTerm, snapshot::Why};

impl Election {
    /// This member and those that would take a seat and are linked with it.
    pub(crate) fn candidates(&self, around: &Around<'_>) -> Candidates {
        let Around { own, members, links, keeping, .. } = around;
        let (store, holders, presences) = (keeping.store(), keeping.holders(), members.presences());
        let held = store.held();
        let me = Candidate {
            key: own.me,
            links: links.peers().collect(),
            shown: held.iter().filter(|held| held.has_learnt()).map(|held| held.artist).collect(),
            held,
            seats: store.seats().collect(),
            begins: self.begins,
            faults: 0,
        };
        let mut counted = keeping.counted();
        let others = links.peers().filter_map(|key| {
            let presence = presences.get(&key).filter(|p| p.paint && p.seated.is_none())?;
            Some(Candidate {
                key,
                links: presence.links.clone(),
                held: counted.remove(&key).unwrap_or_default(),
                shown: holders.artists(&key),
                seats: holders.seats(&key),
                begins: holders.begins(&key),
                faults: members.faults().of(&key),
            })
        });
        let number = around.last_term();
        let candidates = std::iter::once(me).chain(others).collect();
        let secret = presences.secret();
        Candidates { all: candidates, number, waits: self.waiting(around).is_some(), secret }
    }

    /// The committee that this member proposes now, where it is its turn.
    pub(crate) fn elect(&mut self, around: &Around<'_>, terms: &[SeenTerm]) -> Option<Choice> {
        let now = around.now;
        self.outlook = self.look_out(around, terms);
        let few = self.outlook == Why::TooFewPainters;
        let candidates = (self.outlook == Why::Electing).then(|| self.candidates(around));
        let Some((candidates, choice)) =
            candidates.and_then(|candidates| candidates.choose().map(|choice| (candidates, choice)))
        else {
            self.ready_since = None;
            let lacking = few || self.outlook == Why::Electing;
            if lacking && self.waiting(around).is_some() {
                self.outlook = Why::WaitsForHolders;
            } else if lacking && !few {
                self.outlook = Why::NoDirectLinks;
            }
            return None;
        };
        let since = *self.ready_since.get_or_insert(now);
        let rank = candidates.rank(&around.own.me).unwrap_or_default();
        let turn = rank.saturating_mul(limits::RANK_INTERVAL);
        let due =
            since.saturating_add(limits::SETTLE_TIMEOUT).saturating_add(self.jitter).saturating_add(turn);
        if now < due {
            self.next = self.next.min(due);
            return None;
        }
        Some(choice)
    }

    /// Why this member does not sit, as far as that can be told without choosing a committee.
    fn look_out(&self, around: &Around<'_>, terms: &[SeenTerm]) -> Why {
        let Around { own, links, .. } = around;
        let settings = &own.settings;
        if !around.online && links.peers().next().is_none() {
            return Why::NotConnected;
        }
        if !settings.paint && settings.pictures == 0 {
            return Why::NotWilling;
        }
        if let (Some(term), true) = (terms.first(), settings.pictures > 0) {
            let linked = term.seats.iter().flatten().filter(|painter| links.is_up(painter));
            if linked.count() >= limits::NOTICE_QUORUM {
                return Why::Teaching;
            }
            if !settings.paint {
                return Why::WaitsForItsTurn;
            }
        }
        if !settings.paint {
            return Why::NoCommittee;
        }
        if !self.will_paint(around.now, own) {
            return Why::OwnFailure;
        }
        if !terms.is_empty() {
            return Why::InReserve;
        }
        let willing = around.members.presences().iter().filter(|(_, member)| member.presence.paint).count();
        if willing < 3 { Why::TooFewPainters } else { Why::Electing }
    }
}
