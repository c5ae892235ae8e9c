//! Where a term stands, and whom it waits for.

use abraham_messages::{ArtistName, PeerKey, collective::Seated};

use super::{Sitting, Stage, learning::Gathering, round::Plan, steps::Kind};
use crate::{
    Millis, Origin, Term,
    snapshot::{Phase, TeacherSnapshot},
};

impl Sitting {
    /// Who sits where.
    pub(crate) fn term(&self) -> &Term {
        &self.term
    }

    /// Who proposed the committee.
    pub(crate) fn proposer(&self) -> PeerKey {
        self.proposer
    }

    /// Since when it is at what it does now.
    pub(crate) fn since(&self) -> Millis {
        self.since
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn deadline(&self) -> Millis {
        self.deadline
    }

    pub(crate) fn artist(&self) -> Option<ArtistName> {
        self.state.map(|state| state.artist)
    }

    /// The artist that the term began with, where it continues one.
    pub(crate) fn continued(&self) -> Option<ArtistName> {
        match &self.origin {
            Origin::Continue { artist, .. } => Some(*artist),
            Origin::Genesis => None,
        }
    }

    /// Learning rounds behind what the term works on, from its beginning.
    pub(crate) fn round(&self) -> u64 {
        match (&self.state, &self.origin) {
            (Some(state), _) => state.round,
            (None, Origin::Continue { round, .. }) => *round,
            (None, Origin::Genesis) => 0,
        }
    }

    pub(crate) fn cycle(&self) -> u32 {
        self.steps.cycle()
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Begin { .. } => Phase::SettingUp,
            Stage::Pausing | Stage::Ready | Stage::Planned(_) => Phase::Ready,
            Stage::PaintBatch { .. } => Phase::Painting,
            Stage::Teaching => Phase::Teaching,
            Stage::Have | Stage::Counted => Phase::Agreeing,
            Stage::Learn { .. } => Phase::Learning,
            Stage::Held | Stage::Certify { .. } => Phase::Certifying,
            Stage::PaintPiece { .. } => Phase::Piece,
            Stage::Sign(_) => Phase::Signing,
        }
    }

    /// Whether the term is between two cycles, where a painter may leave without loss.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.stage, Stage::Pausing | Stage::Ready)
    }

    /// Whether the engine sets up, which includes that seats are filled.
    pub(crate) fn is_filling(&self) -> bool {
        matches!(self.stage, Stage::Begin { .. })
    }

    /// Whether the engine is at this work.
    pub(crate) fn awaits(&self, ticket: u64) -> bool {
        match self.stage {
            Stage::Begin { ticket: awaited }
            | Stage::PaintBatch { ticket: awaited }
            | Stage::Learn { ticket: awaited }
            | Stage::PaintPiece { ticket: awaited, .. } => awaited == ticket,
            _ => false,
        }
    }

    /// The painter whose leave the four are about to take.
    pub(crate) fn leaver(&self) -> Option<usize> {
        match &self.stage {
            Stage::Planned(Plan::Leave(seat)) => Some(*seat),
            _ => None,
        }
    }

    /// Seats that are waited for.
    pub(crate) fn missing(&self) -> Vec<usize> {
        let kind = match self.stage {
            Stage::Ready => Kind::Ready,
            Stage::Planned(_) => Kind::Planned,
            Stage::Have => Kind::Have,
            Stage::Counted => Kind::Counted,
            Stage::Held => Kind::Held,
            Stage::Certify { .. } => Kind::Certify,
            Stage::Sign(_) => Kind::Sign,
            _ => return Vec::new(),
        };
        self.steps.missing(kind)
    }

    /// The teachers of this round, or the last.
    pub(crate) fn teachers(&self) -> Vec<TeacherSnapshot> {
        self.gathering.as_ref().map(Gathering::snapshot).unwrap_or_default()
    }

    /// What others are told.
    pub(crate) fn seated(&self) -> Seated {
        Seated {
            term: self.term.id,
            number: self.term.number,
            seat: self.term.seat as u8,
            artist: self.artist().unwrap_or_default(),
            round: self.round(),
        }
    }
}
