//! Members: who is here, whom this one blames, which committees count, what it refuses, and what it tells of itself.

mod faults;
pub(crate) mod presence;
mod publishing;
mod rejections;
mod witness;

use abraham_messages::{
    PeerKey, RecipeId, TermId,
    collective::{Certificate, Presence, Proposal, Seated},
    node::Command,
};

use crate::{
    Event, Millis,
    context::{Context, Own, short},
    limits,
    links::Links,
};
use faults::Faults;
use presence::{Presences, SeenTerm, Sits};
use publishing::Publishing;
pub(crate) use publishing::Told;
pub use rejections::Rejection;
use rejections::Rejections;
use witness::Witness;

/// The members in sight, and what this one makes of them.
pub(crate) struct Members {
    presences: Presences,
    faults: Faults,
    rejections: Rejections,
    witness: Witness,
    publishing: Publishing,
}

/// A painter's own term, of which it needs nobody's word.
#[derive(Clone, Copy)]
pub(crate) struct OwnTerm {
    pub(crate) me: PeerKey,
    pub(crate) seated: Seated,
    pub(crate) sits: Sits,
}

impl Members {
    /// Of a member that paints by `recipe`, and drew `secret` and tells nobody.
    pub(crate) fn new(recipe: RecipeId, secret: [u8; 32]) -> Self {
        Self {
            presences: Presences::new(recipe, secret),
            faults: Faults::default(),
            rejections: Rejections::default(),
            witness: Witness::default(),
            publishing: Publishing::default(),
        }
    }

    /// Takes in a presence. `linked` members always find room.
    pub(crate) fn handle_presence(
        &mut self,
        now: Millis,
        from: PeerKey,
        presence: Presence,
        linked: bool,
    ) -> Result<(), Rejection> {
        self.presences.handle_presence(now, from, presence, linked)
    }

    /// A member says that it leaves.
    pub(crate) fn handle_leave(&mut self, from: &PeerKey, sequence: u64) -> Result<(), Rejection> {
        self.presences.handle_leave(from, sequence)
    }

    /// A painter shows its term over its link.
    pub(crate) fn handle_sits(
        &mut self,
        now: Millis,
        from: &PeerKey,
        shown: (&Proposal, &Certificate),
    ) -> Result<(), Rejection> {
        self.witness.handle_sits(now, from, shown, |term| self.presences.speak_of(term))
    }

    /// A link is gone: unless it is heard of again soon, so is the member.
    pub(crate) fn handle_link_down(&mut self, now: Millis, peer: &PeerKey) {
        self.presences.unlinked(now, peer);
        self.witness.unlinked(peer);
        self.publishing.soon();
    }

    /// A relay is reached, where this member has these addresses.
    pub(crate) fn handle_online(&mut self, addresses: Vec<String>) {
        self.publishing.handle_online(addresses);
    }

    /// Input was refused.
    pub(crate) fn handle_rejection(&mut self, cause: Rejection) {
        self.rejections.count(cause);
    }

    /// A member did badly.
    pub(crate) fn blame(&mut self, now: Millis, peer: PeerKey, faults: u32) {
        self.faults.add(now, peer, faults);
    }

    /// A member refused a proposal, which may have had a good reason.
    pub(crate) fn blame_refusal(&mut self, now: Millis, peer: PeerKey) {
        self.faults.add_for(now, peer, limits::FAULT, limits::REFUSAL_DURATION);
    }

    /// A member did what no honest one does.
    pub(crate) fn suspect(&mut self, context: &mut Context<'_>, peer: PeerKey, what: &str) {
        self.faults.add(context.now, peer, limits::NAMED_FAULT);
        context.out.event(Event::Suspected { peer, what: short(what) });
    }

    /// Forgets what is over, and takes note of the terms in sight.
    pub(crate) fn review(&mut self, now: Millis, mine: Option<OwnTerm>, links: &Links) {
        self.presences.expire(now, |peer| links.is_up(peer));
        self.faults.fade(now);
        self.witness.review(now, &self.seen_terms(mine));
    }

    /// Terms count so far.
    pub(crate) fn count_term(&mut self, number: u64) {
        self.presences.count_term(number);
    }

    /// What others say of themselves.
    pub(crate) fn presences(&self) -> &Presences {
        &self.presences
    }

    /// Whom this member blames.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What it refused, by cause, with how often.
    pub(crate) fn rejections(&self) -> impl Iterator<Item = (Rejection, u64)> + '_ {
        self.rejections.iter()
    }

    /// Which terms were shown.
    pub(crate) fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Committees that are said to be, this member's own with its own knowledge.
    pub(crate) fn seen_terms(&self, mine: Option<OwnTerm>) -> Vec<SeenTerm> {
        let sits = |term: &TermId| match mine.filter(|mine| mine.seated.term == *term) {
            Some(mine) => Some(mine.sits),
            None => self.witness.sits(term),
        };
        self.presences.terms(mine.map(|mine| (mine.me, mine.seated)), sits)
    }

    /// Committees that count for this member.
    pub(crate) fn terms(&self, now: Millis, mine: Option<OwnTerm>, links: &Links) -> Vec<SeenTerm> {
        let mut terms = self.seen_terms(mine);
        let linked = |term: &SeenTerm| term.seats.iter().flatten().any(|painter| links.is_up(painter));
        terms.retain(|term| self.witness.counts(now, term, linked(term)));
        terms
    }

    /// What others should know of this member changed.
    pub(crate) fn publish_soon(&mut self) {
        self.publishing.soon();
    }

    /// When [`Self::publish`] is due.
    pub(crate) fn deadline(&self) -> Millis {
        self.publishing.due()
    }

    /// This member's presence, never the same twice.
    pub(crate) fn presence(&mut self, own: &Own, told: Told) -> Presence {
        self.publishing.presence(own, told)
    }

    /// Tells everyone of this member, or those that are linked where `links` are given, because no relay is reached.
    pub(crate) fn publish(&mut self, context: &mut Context<'_>, told: Told, links: Option<&Links>) {
        self.publishing.publish(context, told, links);
    }

    /// Tells everyone that this member leaves.
    pub(crate) fn publish_leave(&mut self, context: &mut Context<'_>) {
        let message = self.publishing.leave().encode();
        context.out.command(Command::Publish { message });
    }
}
