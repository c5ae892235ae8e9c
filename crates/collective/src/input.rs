//! What the collective is told, and what it wants done.

use abraham_messages::{
    ArtistName, PeerKey, SignedPiece, TermId,
    node::{self, Command},
};

use crate::{
    EndCause, Settings,
    work::{Done, Failed, Term, Work},
};

/// What happened. An answer may hold shares, so it cannot be printed.
#[non_exhaustive]
pub enum Input {
    /// At the network node. Messages of [`abraham_messages::node::Lane::Frames`] are the engine's: the visitor gives them
    /// to it and acknowledges them itself. All others come here, and the collective acknowledges them.
    Node(node::Event),
    /// The visitor chose otherwise, or the machine changed.
    Settings(Settings),
    /// The engine answers a work.
    Answer {
        /// The ticket that the work had.
        ticket: u64,
        /// What came of it.
        result: Result<Done, Failed>,
    },
    /// The visitor chose to begin another artist beside those that wait, or no longer. It takes four who choose so; the
    /// choice is over when a term begins.
    BeginAnother(bool),
    /// The visitor stops or the page goes: say goodbye at once. Nothing leaves after the outputs of this, the last of
    /// which is [`Command::Stop`].
    Stop,
}

/// What is to be done. Outputs are in order; taking all of them before anything else is handled keeps that order. Work may hold
/// shares, so they cannot be printed.
pub enum Output {
    /// For the network node.
    Command(Command),
    /// For the engine.
    Work {
        /// Goes into the answer.
        ticket: u64,
        /// What to do.
        work: Work,
    },
    /// For the page and the log.
    Event(Event),
}

/// Something that a visitor may like to know at once; [`crate::Snapshot`] has how things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// This member refused a proposal.
    Refused {
        /// Whose.
        proposer: PeerKey,
        /// Why, in words for a log.
        reason: &'static str,
    },
    /// This member took a seat.
    TermBegan(Term),
    /// This member's term is over.
    TermEnded {
        /// The term.
        term: TermId,
        /// Why.
        cause: EndCause,
    },
    /// A state was certified.
    Learned {
        /// The artist.
        artist: ArtistName,
        /// Learning rounds behind its weights now.
        round: u64,
        /// Teachers that counted.
        teachers: usize,
        /// Of whom the painters dropped this many.
        dropped: usize,
    },
    /// This member's update went out to the painters.
    Taught {
        /// The committee's term.
        term: TermId,
        /// Bytes uploaded, over all four painters.
        bytes: u64,
    },
    /// A piece with valid signatures: painted with this member's help, or heard of.
    Piece {
        /// Record, samples and signatures.
        piece: Box<SignedPiece>,
        /// Whether this member was one of the painters.
        helped: bool,
    },
    /// A member did what no honest one does.
    Suspected {
        /// Who.
        peer: PeerKey,
        /// What, in words for a log.
        what: String,
    },
}
