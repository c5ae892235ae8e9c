//! What a visitor's page is told.

use abraham_collective::Snapshot;
use abraham_messages::SignedPiece;

use crate::FrameTraffic;

/// Something for the page. All but [`Event::Snapshot`] are told once, as they happen.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// How things stand; at most ten a second, and one at the end.
    Snapshot {
        /// The collective as this member sees it.
        snapshot: Box<Snapshot>,
        /// What it sent to and got from other painters.
        frames: FrameTraffic,
        /// What its links measured, by member.
        links: Vec<LinkTraffic>,
    },
    /// A batch that was opened, once: as a painter of it, or as one of its teachers.
    Batch {
        /// 8-bit samples, picture after picture, rows first, channels interleaved.
        samples: Vec<u8>,
        /// Whether this member painted it; else it teaches.
        painted: bool,
    },
    /// A piece with valid signatures.
    Piece {
        /// Record, samples and signatures.
        piece: Box<SignedPiece>,
        /// Whether this member was one of its painters.
        helped: bool,
    },
    /// Any other news of the collective.
    Collective(abraham_collective::Event),
    /// A piece of work failed.
    Failed {
        /// The cause, in words for a person.
        reason: String,
    },
    /// The network cannot be used here; [`Event::Stopped`] follows.
    Unsupported {
        /// The cause, in words for a person.
        reason: String,
    },
    /// The visitor stopped; nothing follows.
    Stopped,
}

/// What passed on one direct link, as the node measured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTraffic {
    /// The other end.
    pub peer: abraham_messages::PeerKey,
    /// Bytes sent since the link stands.
    pub sent: u64,
    /// Bytes received since the link stands.
    pub received: u64,
    /// From a ping to its answer, in milliseconds.
    pub round_trip_ms: u32,
}
