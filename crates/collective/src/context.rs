//! What parts are lent while an input is taken in.

use abraham_messages::PeerKey;
use abraham_provenance::Signer;

use crate::{
    Config, Millis, Settings,
    keeping::Keeping,
    limits,
    links::Links,
    members::{Members, presence::SeenTerm},
    outbox::Outbox,
    sortition::Sortition,
    term::Seating,
};

/// What is a member's own: its key, what its build says, and what its visitor wants.
pub(crate) struct Own {
    pub(crate) me: PeerKey,
    pub(crate) signer: Signer,
    pub(crate) config: Config,
    pub(crate) settings: Settings,
}

/// What every part is lent while an input is taken in; built once for each.
pub(crate) struct Context<'a> {
    pub(crate) now: Millis,
    pub(crate) own: &'a Own,
    pub(crate) sortition: &'a mut Sortition,
    pub(crate) out: &'a mut Outbox,
}

/// What the other parts know, for a part that decides by it.
pub(crate) struct Around<'a> {
    pub(crate) now: Millis,
    pub(crate) own: &'a Own,
    /// Whether a relay is reached.
    pub(crate) online: bool,
    pub(crate) members: &'a Members,
    pub(crate) links: &'a Links,
    pub(crate) seat: &'a Seating,
    pub(crate) keeping: &'a Keeping,
}

impl Around<'_> {
    /// Committees that count for this member.
    pub(crate) fn terms(&self) -> Vec<SeenTerm> {
        self.members.terms(self.now, self.seat.own(self.own.me), self.links)
    }

    /// The highest number of a term that this member saw or sat in itself. Not what others say: a number that one made
    /// up would go round for ever.
    pub(crate) fn last_term(&self) -> u64 {
        self.members.presences().formed_term().max(self.seat.last_number())
    }
}

/// Cuts what others say to a length that a page can show.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(limits::MAX_REASON_CHARS).collect()
}
