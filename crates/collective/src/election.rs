//! Election: who would be a good committee, whose turn it is to propose it, which artist is waited for, and whether this
//! member accepts what is proposed.

mod accepting;
pub(crate) mod candidates;
mod dissolving;
pub(crate) mod forming;
mod proposing;
mod waiting;

use abraham_messages::{PeerKey, TermId, collective::Certificate};

use crate::{
    Millis,
    context::{Around, Own},
    limits,
    members::presence::SeenTerm,
    snapshot::Why,
    sortition::Sortition,
};
use forming::{Early, Forming};
use waiting::Claims;

/// When this member looks around again, and what it knows since it last did.
pub(crate) struct Election {
    next: Millis,
    last: Millis,
    early: Early,
    /// What members in sight say that they hold.
    claims: Claims,
    /// Since when it could propose a committee.
    ready_since: Option<Millis>,
    /// Random time to wait longer after a failed proposal.
    jitter: Millis,
    /// Since when no committee is in sight.
    without_since: Millis,
    /// Its own machine failed: until when it does not offer to paint.
    stands_back: Millis,
    /// When its committee last made way.
    dissolved: Option<Millis>,
    /// Whether its visitor chose to begin another artist beside those that wait.
    begins: bool,
    /// Why it does not sit.
    outlook: Why,
}

impl Election {
    /// Of a member that joins.
    pub(crate) fn new(now: Millis) -> Self {
        Self {
            next: now,
            last: now,
            early: Early::default(),
            claims: Claims::default(),
            ready_since: None,
            jitter: 0,
            without_since: now,
            stands_back: 0,
            dissolved: None,
            begins: false,
            outlook: Why::NotConnected,
        }
    }

    /// The visitor chose to begin another artist beside those that wait, or no longer.
    pub(crate) fn handle_begin_another(&mut self, begins: bool) {
        self.begins = begins;
    }

    /// A member said goodbye: nobody waits for it to come back.
    pub(crate) fn handle_leave(&mut self, peer: &PeerKey) {
        self.claims.left(peer);
    }

    pub(crate) fn handle_link_down(&mut self, peer: &PeerKey) {
        self.early.unlinked(peer);
    }

    /// A member accepts a proposal that did not come yet.
    pub(crate) fn handle_acceptance(
        &mut self,
        from: PeerKey,
        term: TermId,
        certificate: Option<Box<Certificate>>,
    ) {
        self.early.accept(from, term, certificate);
    }

    /// A member refuses a proposal that did not come yet.
    pub(crate) fn handle_refusal(&mut self, from: PeerKey, term: TermId) {
        self.early.refuse(from, term);
    }

    /// This member accepted a proposal; `forming` gets what was said of it before it came.
    pub(crate) fn handle_accepted(&mut self, forming: &mut Forming) {
        self.early.apply(forming);
        self.ready_since = None;
    }

    /// This member took a seat, which ends its visitor's choice to begin another artist; whether there was one.
    pub(crate) fn handle_term_began(&mut self) -> bool {
        self.jitter = 0;
        std::mem::take(&mut self.begins)
    }

    /// The committee did not form: it waits a random time before it proposes again.
    pub(crate) fn handle_not_formed(&mut self, sortition: &mut Sortition) {
        self.ready_since = None;
        self.jitter = sortition.below(limits::MAX_RETRY_JITTER);
    }

    /// This member's term is over.
    pub(crate) fn handle_term_ended(&mut self) {
        self.ready_since = None;
        self.jitter = 0;
    }

    /// Its own machine failed.
    pub(crate) fn handle_own_failure(&mut self, now: Millis) {
        self.stands_back = now.saturating_add(limits::OWN_FAILURE_COOLDOWN);
    }

    /// As if it could have proposed since then.
    #[cfg(test)]
    pub(crate) fn handle_ready(&mut self, since: Millis) {
        self.ready_since = Some(since);
    }

    /// Something changed that may change what this member wants.
    pub(crate) fn review_soon(&mut self, now: Millis) {
        let soon = self.last.saturating_add(limits::MIN_REVIEW_INTERVAL).max(now);
        self.next = self.next.min(soon);
    }

    /// When this member looks around again.
    pub(crate) fn deadline(&self) -> Millis {
        self.next
    }

    /// It looks around, where it is time to; whether it is.
    pub(crate) fn begin_review(&mut self, now: Millis) -> bool {
        let due = now >= self.next;
        if due {
            self.last = now;
            self.next = now.saturating_add(limits::REVIEW_INTERVAL);
        }
        due
    }

    /// Takes note of the committees that count, and of what members say that they hold.
    pub(crate) fn review(&mut self, around: &Around<'_>, terms: &[SeenTerm]) {
        self.see_claims(around);
        if !terms.is_empty() {
            self.without_since = around.now;
        }
    }

    /// Whether this member would take a seat.
    pub(crate) fn will_paint(&self, now: Millis, own: &Own) -> bool {
        own.settings.paint && now >= self.stands_back
    }

    /// Whether its visitor chose to begin another artist.
    pub(crate) fn begins(&self) -> bool {
        self.begins
    }

    /// Why it does not sit.
    pub(crate) fn outlook(&self) -> Why {
        self.outlook
    }

    /// Whether it could propose a committee.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready_since.is_some()
    }

    /// For how long no committee is in sight.
    pub(crate) fn alone_for(&self, now: Millis) -> Millis {
        now.saturating_sub(self.without_since)
    }
}
