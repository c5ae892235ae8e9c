//! The [`Snapshot`] of a member.

use abraham_messages::{
    PeerKey,
    codec::hex,
    collective::{Digest, Holding},
};

use crate::{
    Collective, Millis, Snapshot, Term,
    collective::Status,
    limits,
    presence::{Member, SeenTerm},
    snapshot::{
        HoldingSnapshot, MemberSnapshot, Phase, RejectionCount, Role, SuspectSnapshot, TeacherSnapshot,
        TeacherState, TermSnapshot, WaitingSnapshot, Why,
    },
};

/// A committee of this member's that has done nothing yet.
fn forming_snapshot(term: &Term, proposer: &PeerKey, since: Millis, deadline: Millis) -> TermSnapshot {
    TermSnapshot {
        id: hex(&term.id),
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

impl Collective {
    /// How things stand.
    pub fn snapshot(&self, now: Millis) -> Snapshot {
        let terms = self.terms(now);
        let term = self.term_snapshot(&terms);
        let (role, why) = self.role();
        let id = match &self.status {
            Status::Idle => terms.first().map(|term| term.id),
            Status::Forming(forming) => Some(forming.term.id),
            Status::Seated(seat) => Some(seat.term.id),
        };
        let members = self.members(now, id);
        let suspects = self.faults.iter().map(|(peer, faults, until)| SuspectSnapshot {
            key: hex(&peer.0),
            faults,
            until,
        });
        let mut done = self.done;
        done.bulk_bytes_sent = self.out.bulk_bytes;
        Snapshot {
            now,
            me: hex(&self.me.0),
            connection: self.connection.clone(),
            role,
            why,
            members,
            member_count: self.presences.len() + 1,
            term,
            waiting: self.waiting_shown(now),
            kept: self.kept(),
            done,
            rejections: self
                .rejections
                .iter()
                .map(|(cause, count)| RejectionCount { cause, count })
                .collect(),
            suspects: suspects.take(limits::MAX_SNAPSHOT_MEMBERS).collect(),
            last_end: self.last_end.clone(),
        }
    }

    /// The artist that waits, where this member sits nowhere and sees nobody paint.
    fn waiting_shown(&self, now: Millis) -> Option<WaitingSnapshot> {
        let waits = matches!(self.status, Status::Idle) && self.terms(now).is_empty();
        let waiting = if waits { self.waiting(now) } else { None };
        waiting.map(|waiting| self.waiting_snapshot(&waiting))
    }

    fn kept(&self) -> Vec<HoldingSnapshot> {
        let kept = self.store.held().into_iter().map(|held| HoldingSnapshot {
            artist: hex(&held.artist),
            round: held.states.first().map_or(0, |state| state.round),
            seat: held.seat as u8,
        });
        kept.collect()
    }

    fn role(&self) -> (Role, Why) {
        let why = match self.status {
            Status::Seated(_) => return (Role::Painter, Why::Elected),
            Status::Forming(_) => Why::Electing,
            Status::Idle => self.review.outlook,
        };
        let role = match why {
            Why::Teaching => Role::Teacher,
            Why::NotWilling => Role::Watching,
            _ if !self.settings.paint && self.settings.pictures == 0 => Role::Watching,
            _ => Role::Waiting,
        };
        (role, why)
    }

    /// This member, those of the committee, those that are linked, then others, as many as there is room for.
    fn members(&self, now: Millis, term: Option<Digest>) -> Vec<MemberSnapshot> {
        let holding = |holding: &Holding| HoldingSnapshot {
            artist: hex(&holding.artist),
            round: holding.states.first().map_or(0, |state| state.round),
            seat: holding.seat,
        };
        let seated = match &self.status {
            Status::Seated(seat) => Some(seat.seated()),
            _ => None,
        };
        let me = MemberSnapshot {
            key: hex(&self.me.0),
            paints: self.will_paint(now),
            pictures: self.settings.pictures,
            backend: self.settings.backend,
            linked: false,
            links: self.links.peers().map(|peer| hex(&peer.0)).collect(),
            seat: seated.map(|seated| seated.seat),
            in_term: seated.is_some(),
            holds: self.store.holding().as_ref().map(holding),
        };
        let in_term = |member: &Member| {
            let id = member.presence.seated.map(|seated| seated.term);
            id.is_some() && id == term
        };
        let mut others: Vec<(&PeerKey, &Member)> = self.presences.iter().collect();
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
        match &self.status {
            Status::Seated(seat) => Some(TermSnapshot {
                artist: seat.artist().or(seat.continued()).map(|artist| hex(&artist)),
                round: seat.round(),
                phase: seat.phase(),
                teachers: self.teachers(),
                ..forming_snapshot(&seat.term, &seat.proposer, seat.since, seat.deadline)
            }),
            Status::Forming(forming) => {
                Some(forming_snapshot(&forming.term, &forming.proposer, forming.since, forming.deadline))
            }
            Status::Idle => terms.first().map(|term| TermSnapshot {
                id: hex(&term.id),
                number: term.number,
                mine: false,
                seats: term.seats.map(|peer| peer.map(|peer| hex(&peer.0)).unwrap_or_default()),
                seat: None,
                proposer: None,
                artist: (term.artist != [0; 32]).then(|| hex(&term.artist)),
                round: term.round,
                phase: Phase::Working,
                since: 0,
                deadline: None,
                teachers: Vec::new(),
            }),
        }
    }

    fn teachers(&self) -> Vec<TeacherSnapshot> {
        let Status::Seated(seat) = &self.status else { return Vec::new() };
        let Some(gathering) = &seat.gathering else { return Vec::new() };
        let states = gathering.teachers.iter().zip(&gathering.answered).enumerate();
        states
            .map(|(place, (teacher, answered))| TeacherSnapshot {
                key: hex(&teacher.peer.0),
                pictures: teacher.pictures,
                state: match (gathering.counted, answered) {
                    (Some(counted), _) if counted & (1 << place) != 0 => TeacherState::Counted,
                    (Some(_), _) => TeacherState::Silent,
                    (None, true) => TeacherState::Answered,
                    (None, false) => TeacherState::Asked,
                },
            })
            .collect()
    }
}
