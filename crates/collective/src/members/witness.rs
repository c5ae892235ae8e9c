//! Which terms count. That one sits is said in presences, which cost nothing; so a term counts once one of its painters
//! showed, over its link, a state that the four certified. One that is only said to be is believed for a while, since
//! painters have nothing to show before they are set up, and links take time; but not again and again.

use std::collections::BTreeMap;

use abraham_messages::{
    PeerKey, TermId,
    collective::{Certificate, Notice, Proposal, ProposedOrigin},
};

use crate::{
    Millis, Rejection,
    election::forming::term_id,
    keeping::certificate,
    limits,
    members::presence::{SeenTerm, Sits},
};

/// What painters showed this member.
#[derive(Default)]
pub(crate) struct Witness {
    shown: BTreeMap<TermId, Sits>,
    /// When a member last showed something that had to be checked.
    checked: BTreeMap<PeerKey, Millis>,
    /// Since when terms are in sight of which none was shown, and when one last was.
    doubt: Option<(Millis, Millis)>,
}

impl Witness {
    /// A painter shows its term over its link: the proposal that it began with and a certificate of it. `in_sight`
    /// tells of which terms anybody still speaks.
    pub(crate) fn handle_sits(
        &mut self,
        now: Millis,
        from: &PeerKey,
        (proposal, certificate): (&Proposal, &Certificate),
        in_sight: impl Fn(&TermId) -> bool,
    ) -> Result<(), Rejection> {
        let statement = &certificate.statement;
        let named = match &proposal.origin {
            ProposedOrigin::Continue { artist, .. } => *artist == statement.artist,
            ProposedOrigin::Genesis => true,
        };
        if !named || proposal.seats != statement.seats || !proposal.seats.contains(from) {
            return Err(Rejection::OutOfPlace);
        }
        if self.shown.contains_key(&statement.term) {
            return Ok(());
        }
        // Each check costs four verifications.
        let last = self.checked.get(from).copied();
        if last.is_some_and(|at| at.saturating_add(limits::MIN_SHOWN_INTERVAL) > now) {
            return Err(Rejection::TooMany);
        }
        self.checked.insert(*from, now);
        // Without the proposal anybody could certify a term of others with painters of its own.
        if term_id(proposal) != statement.term {
            return Err(Rejection::Forged);
        }
        if !certificate::is_valid(&proposal.recipe, certificate) {
            return Err(Rejection::BadSignature);
        }
        if self.shown.len() >= limits::MAX_SHOWN_TERMS {
            self.shown.retain(|term, _| in_sight(term));
        }
        if self.shown.len() >= limits::MAX_SHOWN_TERMS {
            return Err(Rejection::TableFull);
        }
        let sits = Sits { seats: statement.seats, artist: Some(statement.artist) };
        self.shown.insert(statement.term, sits);
        Ok(())
    }

    pub(crate) fn unlinked(&mut self, peer: &PeerKey) {
        self.checked.remove(peer);
    }

    /// Who sits in a term, where that was shown.
    pub(crate) fn sits(&self, term: &TermId) -> Option<Sits> {
        self.shown.get(term).copied()
    }

    /// Whether a notice is of painters whose term was shown, and of their artist.
    pub(crate) fn vouches(&self, notice: &Notice) -> bool {
        let sits = self.sits(&notice.term);
        sits.is_some_and(|sits| sits.seats == notice.seats && sits.artist == Some(notice.artist))
    }

    /// Takes note of the terms in sight.
    pub(crate) fn review(&mut self, now: Millis, seen: &[SeenTerm]) {
        if seen.iter().any(|term| term.shown) {
            self.doubt = None;
        } else if !seen.is_empty() {
            let since = self.doubt.map_or(now, |(since, _)| since);
            self.doubt = Some((since, now));
        } else if self.doubt.is_some_and(|(_, last)| last.saturating_add(limits::DOUBT_DURATION) <= now) {
            self.doubt = None;
        }
    }

    /// Whether a term that is in sight counts; `linked` where this member is linked with one of its painters, who may
    /// only be setting up.
    pub(crate) fn counts(&self, now: Millis, term: &SeenTerm, linked: bool) -> bool {
        let patience = if linked { limits::BEGIN_TIMEOUT } else { limits::UNSHOWN_TERM_TIMEOUT };
        term.shown || self.doubt.is_none_or(|(since, _)| now < since.saturating_add(patience))
    }
}
