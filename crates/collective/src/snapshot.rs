//! How things stand, for the page: plain data, nothing secret.

use crate::{BackendKind, Millis, Rejection};

/// Everything the page shows of the collective. Keys and ids are lower-case hex; times are milliseconds of the clock
/// that is passed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When this was taken.
    pub now: Millis,
    /// This member's key.
    pub me: String,
    /// Whether a relay is reached.
    pub connection: Connection,
    /// What this member is now.
    pub role: Role,
    /// Why it is that and no more, in a word; the page has the sentence.
    pub why: Why,
    /// Members in sight, this one first, then by key; at most [`crate::limits::MAX_SNAPSHOT_MEMBERS`].
    pub members: Vec<MemberSnapshot>,
    /// Members in sight, also those that `members` has no room for; this one counts.
    pub member_count: usize,
    /// Members in sight whose page has another recipe. They and this one never sit together.
    pub foreign_count: usize,
    /// The committee that this member sits in, or else the one that it sees.
    pub term: Option<TermSnapshot>,
    /// The artist that is waited for, where nobody paints and one is held.
    pub waiting: Option<WaitingSnapshot>,
    /// Artists whose shares this member keeps, the one certified last first.
    pub kept: Vec<HoldingSnapshot>,
    /// What this member did since it joined.
    pub done: DoneSnapshot,
    /// Bad input that was dropped, by cause, with how often; only causes that occurred.
    pub rejections: Vec<RejectionCount>,
    /// Members that are passed over for a while, where others exist.
    pub suspects: Vec<SuspectSnapshot>,
    /// How this member's last term ended.
    pub last_end: Option<EndCause>,
}

/// Whether others can be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// A relay is being dialled.
    Connecting,
    /// A relay is reached.
    Online,
    /// No relay is reached for now; links stay.
    Offline {
        /// In words for a person, from the node.
        reason: String,
    },
    /// Stopped.
    Stopped,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds a seat.
    Painter,
    /// Is linked to painters and teaches when it is its turn.
    Teacher,
    /// Would paint or teach.
    Waiting,
    /// Neither paints nor teaches.
    Watching,
}

/// Why this member is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was elected.
    Elected,
    /// No relay is reached yet.
    NotConnected,
    /// It chose neither to paint nor to teach.
    NotWilling,
    /// It teaches a committee that is seated.
    Teaching,
    /// It teaches, and the committee has not linked to it yet.
    WaitsForItsTurn,
    /// Fewer than four members that would paint are in sight.
    TooFewPainters,
    /// Four are in sight, but no four that are linked with each other, this one included.
    NoDirectLinks,
    /// Four have found each other; one of them proposes a committee.
    Electing,
    /// Others were elected; it is there when one of them leaves.
    InReserve,
    /// Nobody paints, and it has nothing to paint with: it only teaches.
    NoCommittee,
    /// An artist is held, and cannot go on yet; [`Snapshot::waiting`] has for whom and why.
    WaitsForHolders,
    /// Its own machine failed; it stands back for a while.
    OwnFailure,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSnapshot {
    /// Its key.
    pub key: String,
    /// Whether it would paint.
    pub paints: bool,
    /// Pictures that it says it teaches with.
    pub pictures: u32,
    /// What it computes on.
    pub backend: BackendKind,
    /// Whether this member has a direct link to it.
    pub linked: bool,
    /// Keys of the members that it says it is linked with.
    pub links: Vec<String>,
    /// Its seat where it says that it sits.
    pub seat: Option<u8>,
    /// Whether that is the term of [`Snapshot::term`].
    pub in_term: bool,
    /// The artist whose shares it says it holds.
    pub holds: Option<HoldingSnapshot>,
}

/// Shares that a member says it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingSnapshot {
    /// The artist.
    pub artist: String,
    /// Learning rounds behind its newest state.
    pub round: u64,
    /// The seat: it holds every component but this.
    pub seat: u8,
}

/// An artist that waits: nobody begins another unless their visitors choose so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingSnapshot {
    /// The artist; zeros where those who hold it were just here, and none is left to say which.
    pub artist: String,
    /// Learning rounds behind the newest state that somebody in sight holds.
    pub round: u64,
    /// What it waits for.
    pub waits_for: WaitsFor,
    /// Keys of those in sight who hold it, this member included.
    pub holders: Vec<String>,
    /// Seats that nobody in sight who would paint has had; only who had none may take them.
    pub seats_missing: Vec<u8>,
    /// So many more visitors must come.
    pub visitors: u8,
    /// Keys of those here who would paint and may not: others have the one seat that they had.
    pub bound: Vec<String>,
    /// Whether this member would begin another artist beside it.
    pub begins: bool,
}

/// What an artist waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// More visitors, for seats that nobody here may take.
    Visitors,
    /// Another who holds it: one alone lacks a part of it.
    Holders,
    /// Direct links between those who are here.
    Links,
    /// Some say that they hold it, or did so a moment ago, and have not shown it: they are given some time.
    Claims,
}

/// A committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermSnapshot {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Whether this member sits in it.
    pub mine: bool,
    /// Its painters, by seat; empty where this member does not know one.
    pub seats: [String; 4],
    /// This member's seat.
    pub seat: Option<u8>,
    /// Who proposed it, where known.
    pub proposer: Option<String>,
    /// Its artist, once that has a name.
    pub artist: Option<String>,
    /// Learning rounds behind the artist's weights.
    pub round: u64,
    /// What it does now; for a term of others only what this member took part in is known.
    pub phase: Phase,
    /// When the phase began.
    pub since: Millis,
    /// When it is given up.
    pub deadline: Option<Millis>,
    /// Teachers of the round, in the order of their updates.
    pub teachers: Vec<TeacherSnapshot>,
}

/// What a committee does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It was proposed; not all have accepted.
    Forming,
    /// Seats are filled, keys agreed, the artist drawn or woken.
    SettingUp,
    /// Rests, as slow as its slowest painter wants, and waits for all four.
    Ready,
    /// Paints the batch of a round.
    Painting,
    /// Teachers compute.
    Teaching,
    /// Painters compare which updates they have.
    Agreeing,
    /// Learns from them.
    Learning,
    /// Signs the artist's new state.
    Certifying,
    /// Paints a piece.
    Piece,
    /// Signs the piece.
    Signing,
    /// It is at work; this member is not one of its painters.
    Working,
}

/// A teacher of the round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeacherSnapshot {
    /// Its key.
    pub key: String,
    /// Pictures that it says it has.
    pub pictures: u32,
    /// How far it is.
    pub state: TeacherState,
}

/// How far a teacher is in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeacherState {
    /// It was told of the batch.
    Asked,
    /// This painter has its share of the update.
    Answered,
    /// All four painters have theirs.
    Counted,
    /// Some painter got nothing in time.
    Silent,
}

/// What this member did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DoneSnapshot {
    /// Terms that it sat in.
    pub terms: u64,
    /// Learning rounds in which it held a seat.
    pub rounds_painted: u64,
    /// Rounds that it sent an update to.
    pub rounds_taught: u64,
    /// Pieces that it signed.
    pub pieces: u64,
    /// Bytes of batches and updates that it sent; frames between painters are counted by the engine.
    pub bulk_bytes_sent: u64,
    /// Bytes of batches and updates that it received.
    pub bulk_bytes_received: u64,
}

/// How often input was dropped for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectionCount {
    /// The cause.
    pub cause: Rejection,
    /// How often.
    pub count: u64,
}

/// A member that is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspectSnapshot {
    /// Its key.
    pub key: String,
    /// How strongly.
    pub faults: u32,
    /// Until when.
    pub until: Millis,
}

/// Why a term ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndCause {
    /// Not all four accepted in time, or one refused.
    NotFormed,
    /// A painter left, or its link was lost.
    Departed {
        /// Its seat.
        seat: u8,
    },
    /// A painter was waited for in vain.
    Silent {
        /// Its seat.
        seat: u8,
    },
    /// Painters stopped the protocol; one of the two is at fault.
    Suspected {
        /// The two seats.
        seats: [u8; 2],
    },
    /// Painters were not told the same.
    Disagreement,
    /// Another committee has learnt for longer; this one makes way.
    Dissolved,
    /// This member's engine failed.
    OwnFailure {
        /// In words for a person.
        reason: String,
    },
    /// This member left: its visitor paused or stopped.
    Left,
}
