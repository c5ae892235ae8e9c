//! The [`Snapshot`] of a member.

use abraham_messages::{ArtistName, PeerKey, TermId, codec::hex, collective::Holding};

use super::Parts;
use crate::{
    Millis, Snapshot, Term,
    context::{Around, Own},
    limits,
    members::presence::{Member, SeenTerm},
    snapshot::{
        HoldingSnapshot, MemberSnapshot, Phase, RejectionCount, Role, SuspectSnapshot, TermSnapshot,
        WaitingSnapshot, Why,
    },
};

/// A committee of this member's that has done nothing yet.
fn forming_snapshot(term: &Term, proposer: &PeerKey, since: Millis, deadline: Millis) -> TermSnapshot {
    TermSnapshot {
        id: hex(&term.id.0),
        number: term.number,
        mine: true,
        seats: term.seats.map(|peer| hex(&peer.0)),
        seat: Some(term.seat as u8),
        proposer: Some(hex(&proposer.0)),
        artist: None,
        round: 0,
        phase: Phase::Forming,
        since,
        deadline: Some(deadline),
        teachers: Vec::new(),
    }
}

impl Parts {
    /// How things stand, where so many bytes of batches and updates were sent.
    pub(super) fn snapshot(&self, now: Millis, own: &Own, bulk_bytes_sent: u64) -> Snapshot {
        let around = self.around(now, own);
        let terms = around.terms();
        let term = self.term_snapshot(&terms);
        let (role, why) = self.role(own);
        let id = match (self.seat.forming(), self.seat.sitting()) {
            (Some(forming), _) => Some(forming.term().id),
            (_, Some(sitting)) => Some(sitting.term().id),
            _ => terms.first().map(|term| term.id),
        };
        let members = self.members_snapshot(&around, id);
        let faults = self.members.faults().iter();
        let suspects =
            faults.map(|(peer, faults, until)| SuspectSnapshot { key: hex(&peer.0), faults, until });
        let mut done = self.status.done();
        done.bulk_bytes_sent = bulk_bytes_sent;
        let rejections = self.members.rejections();
        Snapshot {
            now,
            me: hex(&own.me.0),
            connection: self.status.connection().clone(),
            role,
            why,
            members,
            member_count: self.members.presences().len() + 1,
            foreign_count: self.members.presences().foreign(),
            term,
            waiting: self.waiting_shown(&around, &terms),
            kept: self.kept(),
            done,
            rejections: rejections.map(|(cause, count)| RejectionCount { cause, count }).collect(),
            suspects: suspects.take(limits::MAX_SNAPSHOT_MEMBERS).collect(),
            last_end: self.status.last_end().cloned(),
        }
    }

    /// The artist that waits, where this member sits nowhere and sees nobody paint.
    fn waiting_shown(&self, around: &Around<'_>, terms: &[SeenTerm]) -> Option<WaitingSnapshot> {
        let waits = self.seat.is_free() && terms.is_empty();
        let waiting = if waits { self.election.waiting(around) } else { None };
        waiting.map(|waiting| self.election.waiting_snapshot(&waiting))
    }

    fn kept(&self) -> Vec<HoldingSnapshot> {
        let kept = self.keeping.store().held().into_iter().map(|held| HoldingSnapshot {
            artist: hex(&held.artist.0),
            round: held.states.first().map_or(0, |state| state.round),
            seat: held.seat as u8,
        });
        kept.collect()
    }

    fn role(&self, own: &Own) -> (Role, Why) {
        if self.seat.sitting().is_some() {
            return (Role::Painter, Why::Elected);
        }
        let why = match self.seat.forming() {
            Some(_) => Why::Electing,
            None => self.election.outlook(),
        };
        let role = match why {
            Why::Teaching => Role::Teacher,
            Why::NotWilling => Role::Watching,
            _ if !own.settings.paint && own.settings.pictures == 0 => Role::Watching,
            _ => Role::Waiting,
        };
        (role, why)
    }

    /// This member, those of the committee, those that are linked, then others, as many as there is room for.
    fn members_snapshot(&self, around: &Around<'_>, term: Option<TermId>) -> Vec<MemberSnapshot> {
        let own = around.own;
        let holding = |holding: &Holding| HoldingSnapshot {
            artist: hex(&holding.artist.0),
            round: holding.states.first().map_or(0, |state| state.round),
            seat: holding.seat,
        };
        let seated = self.seat.seated();
        let me = MemberSnapshot {
            key: hex(&own.me.0),
            paints: self.election.will_paint(around.now, own),
            pictures: own.settings.pictures,
            backend: own.settings.backend,
            linked: false,
            links: self.links.peers().map(|peer| hex(&peer.0)).collect(),
            seat: seated.map(|seated| seated.seat),
            in_term: seated.is_some(),
            holds: self.keeping.store().holding().as_ref().map(holding),
        };
        let in_term = |member: &Member| {
            let id = member.presence.seated.map(|seated| seated.term);
            id.is_some() && id == term
        };
        let mut others: Vec<(&PeerKey, &Member)> = self.members.presences().iter().collect();
        if others.len() >= limits::MAX_SNAPSHOT_MEMBERS {
            others.sort_by_key(|(peer, member)| (!in_term(member), !self.links.is_up(peer)));
            others.truncate(limits::MAX_SNAPSHOT_MEMBERS - 1);
            others.sort_by_key(|(peer, _)| **peer);
        }
        let others = others.into_iter().map(|(peer, member)| {
            let presence = &member.presence;
            MemberSnapshot {
                key: hex(&peer.0),
                paints: presence.paint,
                pictures: presence.pictures,
                backend: presence.backend,
                linked: self.links.is_up(peer),
                links: presence.links.iter().map(|peer| hex(&peer.0)).collect(),
                seat: presence.seated.map(|seated| seated.seat),
                in_term: in_term(member),
                holds: presence.holding.as_ref().map(holding),
            }
        });
        std::iter::once(me).chain(others).collect()
    }

    fn term_snapshot(&self, terms: &[SeenTerm]) -> Option<TermSnapshot> {
        if let Some(sitting) = self.seat.sitting() {
            let (since, deadline) = (sitting.since(), sitting.deadline());
            return Some(TermSnapshot {
                artist: sitting.artist().or(sitting.continued()).map(|artist| hex(&artist.0)),
                round: sitting.round(),
                phase: sitting.phase(),
                teachers: sitting.teachers(),
                ..forming_snapshot(sitting.term(), &sitting.proposer(), since, deadline)
            });
        }
        if let Some(forming) = self.seat.forming() {
            let (since, deadline) = (forming.since(), forming.deadline());
            return Some(forming_snapshot(forming.term(), &forming.proposer(), since, deadline));
        }
        terms.first().map(|term| TermSnapshot {
            id: hex(&term.id.0),
            number: term.number,
            mine: false,
            seats: term.seats.map(|peer| peer.map(|peer| hex(&peer.0)).unwrap_or_default()),
            seat: None,
            proposer: None,
            artist: (term.artist != ArtistName::default()).then(|| hex(&term.artist.0)),
            round: term.round,
            phase: Phase::Working,
            since: 0,
            deadline: None,
            teachers: Vec::new(),
        })
    }
}
