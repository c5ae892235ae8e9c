//! Whether a member accepts a committee that another proposes.

use abraham_messages::{
    PeerKey,
    collective::{Proposal, ProposedOrigin},
};

use super::{Election, forming::term_id};
use crate::{context::Around, limits};

impl Election {
    /// Whether this member sees no reason against a proposal that names it, or which.
    pub(crate) fn would_accept(
        &self,
        around: &Around<'_>,
        from: &PeerKey,
        proposal: &Proposal,
    ) -> Result<(), &'static str> {
        let (now, me) = (around.now, around.own.me);
        let id = term_id(proposal);
        if !around.seat.is_free() || !self.will_paint(now, around.own) {
            return Err("it sits, or does not want to");
        }
        if self.early.is_refused(&id, &proposal.seats) {
            return Err("another has refused");
        }
        if !around.terms().is_empty() {
            return Err("a committee is in sight");
        }
        let presences = around.members.presences();
        let others = || proposal.seats.iter().filter(|peer| **peer != me);
        let here = |peer: &PeerKey| {
            let presence = presences.get(peer);
            around.links.is_up(peer) && presence.is_some_and(|p| p.paint && p.seated.is_none())
        };
        if !others().all(here) {
            return Err("one of the four is not linked, or would not paint");
        }
        // Of two others one's word is enough: the other's newest presence may still be on its way.
        let says = |a: &PeerKey, b: &PeerKey| presences.get(a).is_some_and(|p| p.links.contains(b));
        if !others().all(|a| others().all(|b| a == b || says(a, b) || says(b, a))) {
            return Err("two of the four are not linked");
        }
        let candidates = self.candidates(around);
        let waited = self.ready_since.map_or(0, |since| now.saturating_sub(since));
        let turns = (waited / limits::RANK_INTERVAL).saturating_add(limits::MAX_RANK_SLACK);
        if candidates.rank(from).is_none_or(|rank| rank > turns) {
            return Err("it is not the proposer's turn");
        }
        let seat = proposal.seats.iter().position(|peer| *peer == me).ok_or("it has no seat")?;
        match &proposal.origin {
            ProposedOrigin::Genesis if candidates.waits && !self.begins => {
                Err("an artist is waited for, and the visitor did not choose to begin another")
            }
            ProposedOrigin::Genesis => match candidates.choose() {
                Some(choice) if choice.origin != ProposedOrigin::Genesis => {
                    Err("an artist that it could help to continue would be given up")
                }
                _ => Ok(()),
            },
            ProposedOrigin::Continue { from, .. } if from.round > limits::MAX_ROUNDS => {
                Err("no artist has so many rounds")
            }
            ProposedOrigin::Continue { artist, from, holders } => {
                let store = around.keeping.store();
                let enough = holders.iter().filter(|holder| **holder).count() >= limits::MIN_HOLDERS;
                let holds = store.certificate(artist, from, seat).is_some();
                match enough && store.may_sit(artist, seat) && (holds || !holders[seat]) {
                    true => candidates.would_continue(&proposal.seats, artist, from, holders),
                    false => Err("its shares do not fit the seat"),
                }
            }
        }
    }
}
