//! Where this member sits: nowhere, in a committee that forms, or in a term.

use abraham_messages::{
    PeerKey, TermId,
    collective::{Control, Proposal, Seated},
};

use super::Sitting;
use crate::{
    Millis,
    election::forming::{Forming, term_id},
    keeping::Keeping,
    members::{OwnTerm, presence::Sits},
};

enum Place {
    Nowhere,
    /// In a committee that has not formed.
    Forming(Box<Forming>),
    /// In a term.
    Taken(Box<Sitting>),
}

/// Where this member sits.
pub(crate) struct Seating {
    place: Place,
    /// The proposal that this member accepted last.
    accepted: Option<Proposal>,
    /// The number of the last term that it sat in.
    last_number: u64,
}

impl Default for Seating {
    /// Nowhere.
    fn default() -> Self {
        Self { place: Place::Nowhere, accepted: None, last_number: 0 }
    }
}

impl Seating {
    /// Whether this member sits nowhere.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.place, Place::Nowhere)
    }

    /// The committee that forms, where it is in one.
    pub(crate) fn forming(&self) -> Option<&Forming> {
        match &self.place {
            Place::Forming(forming) => Some(forming),
            _ => None,
        }
    }

    /// The committee that would begin this term.
    pub(crate) fn forming_of(&mut self, term: &TermId) -> Option<&mut Forming> {
        match &mut self.place {
            Place::Forming(forming) => Some(&mut **forming).filter(|forming| forming.term().id == *term),
            _ => None,
        }
    }

    /// The term that it sits in.
    pub(crate) fn sitting(&self) -> Option<&Sitting> {
        match &self.place {
            Place::Taken(sitting) => Some(sitting),
            _ => None,
        }
    }

    /// This term, where it sits in it.
    pub(crate) fn sitting_in(&mut self, term: &TermId) -> Option<&mut Sitting> {
        match &mut self.place {
            Place::Taken(sitting) => Some(&mut **sitting).filter(|sitting| sitting.term().id == *term),
            _ => None,
        }
    }

    /// A term that it sits in and of which this is so.
    fn term_where(&self, is_so: impl Fn(&Sitting) -> bool) -> Option<TermId> {
        self.sitting().filter(|sitting| is_so(sitting)).map(|sitting| sitting.term().id)
    }

    /// A term that it sits in.
    pub(crate) fn term(&self) -> Option<TermId> {
        self.term_where(|_| true)
    }

    /// A term in which something is due.
    pub(crate) fn term_due(&self, now: Millis) -> Option<TermId> {
        self.term_where(|sitting| sitting.deadline() <= now)
    }

    /// The term whose updates begin with this.
    pub(crate) fn term_of_prefix(&self, prefix: [u8; 8]) -> Option<TermId> {
        self.term_where(|sitting| sitting.term().prefix() == prefix)
    }

    /// The term whose engine is at this work.
    pub(crate) fn term_awaiting(&self, ticket: u64) -> Option<TermId> {
        self.term_where(|sitting| sitting.awaits(ticket))
    }

    /// A term that it sits in together with this member.
    pub(crate) fn term_with(&self, peer: &PeerKey) -> Option<TermId> {
        self.term_where(|sitting| sitting.term().seat_of(peer).is_some())
    }

    /// It accepted a proposal.
    pub(crate) fn form(&mut self, proposal: Proposal, forming: Forming) {
        self.accepted = Some(proposal);
        self.place = Place::Forming(Box::new(forming));
    }

    /// All four accepted.
    pub(crate) fn take(&mut self, sitting: Sitting) {
        self.last_number = sitting.term().number;
        self.place = Place::Taken(Box::new(sitting));
    }

    /// The committee did not form; it, where there was one.
    pub(crate) fn give_up(&mut self) -> Option<Box<Forming>> {
        match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Forming(forming) => Some(forming),
            other => {
                self.place = other;
                None
            }
        }
    }

    /// This term is over; it, where it sat in it.
    pub(crate) fn leave(&mut self, term: &TermId) -> Option<Box<Sitting>> {
        match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Taken(sitting) if sitting.term().id == *term => Some(sitting),
            other => {
                self.place = other;
                None
            }
        }
    }

    /// The visitor chose to leave: no use in resting before saying so.
    pub(crate) fn hurry(&mut self, now: Millis) {
        if let Place::Taken(sitting) = &mut self.place {
            sitting.hurry(now);
        }
    }

    /// When something is due here.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        match &self.place {
            Place::Nowhere => None,
            Place::Forming(forming) => Some(forming.deadline()),
            Place::Taken(sitting) => Some(sitting.deadline()),
        }
    }

    /// The number of the last term that this member sat in.
    pub(crate) fn last_number(&self) -> u64 {
        self.last_number
    }

    /// What others are told.
    pub(crate) fn seated(&self) -> Option<Seated> {
        self.sitting().map(Sitting::seated)
    }

    /// What this member, `me`, knows of its own term.
    pub(crate) fn own(&self, me: PeerKey) -> Option<OwnTerm> {
        let sitting = self.sitting()?;
        let sits = Sits { seats: sitting.term().seats, artist: sitting.artist() };
        Some(OwnTerm { me, seated: sitting.seated(), sits })
    }

    /// What shows others that this member's term is one, once it has certified a state.
    pub(crate) fn shown(&self, keeping: &Keeping) -> Option<Control> {
        let term = self.sitting()?.term().id;
        let proposal = self.accepted.clone().filter(|proposal| term_id(proposal) == term)?;
        let certificate = keeping.store().of_term(&term)?;
        Some(Control::Sits { proposal, certificate: Box::new(certificate.clone()) })
    }
}
