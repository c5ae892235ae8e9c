//! How the collective stands. Keys and artists are lower-case hex; times are milliseconds of the worker's clock.

use serde::Serialize;

/// Everything that the page shows of the collective.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Snapshot {
    /// When this was taken.
    pub now: u64,
    /// This member's key.
    pub me: String,
    /// Whether a relay is reached.
    pub connection: Connection,
    /// What this member is now.
    pub role: Role,
    /// Why it is that and no more, in a word.
    pub why: Why,
    /// Members in sight, this one first; at most a page full.
    pub members: Vec<Member>,
    /// Members in sight, also those that `members` has no room for.
    pub member_count: usize,
    /// Members in sight whose page has another recipe: they and this one never sit together.
    pub foreign_count: usize,
    /// The committee that this member sits in, or else the one that it sees.
    pub term: Option<Term>,
    /// The artist that is waited for, where nobody paints and one is held.
    pub waiting: Option<Waiting>,
    /// Artists whose shares this member keeps.
    pub kept: Vec<String>,
    /// What this member did since it joined.
    pub done: Done,
    /// How often bad input was dropped.
    pub rejections: u64,
    /// How this member's last term ended.
    pub last_end: Option<EndCause>,
}

/// Whether others can be met.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
#[cfg_attr(test, derive(ts_rs::TS))]
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
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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

/// Why a member is what it is.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    /// An artist is held, and cannot go on yet.
    WaitsForHolders,
    /// Its own machine failed; it stands back for a while.
    OwnFailure,
}

/// One member.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Whether it would paint.
    pub paints: bool,
    /// Pictures that it says it teaches with.
    pub pictures: u32,
    /// What it computes on.
    pub backend: Backend,
    /// Whether this member has a direct link to it.
    pub linked: bool,
    /// Keys of the members that it says it is linked with.
    pub links: Vec<String>,
}

/// What a member computes on.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Backend {
    /// A processor.
    Cpu,
    /// A graphics card.
    Gpu,
}

/// An artist that waits: nobody begins another unless their visitors choose so.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Waiting {
    /// The artist; zeros where those who hold it were just here, and none is left to say which.
    pub artist: String,
    /// Learning rounds behind the newest state that somebody in sight holds.
    pub round: u64,
    /// What it waits for.
    pub waits_for: WaitsFor,
    /// Keys of those in sight who hold it, this member included.
    pub holders: Vec<String>,
    /// Seats that nobody in sight who would paint has had.
    pub seats_missing: Vec<u8>,
    /// So many more visitors must come.
    pub visitors: u8,
    /// Keys of those here who would paint and may not: others have the one seat that they had.
    pub bound: Vec<String>,
    /// Whether this member would begin another artist beside it.
    pub begins: bool,
}

/// What an artist waits for.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Term {
    /// Its number.
    pub number: u64,
    /// Keys of its painters, by seat; empty where this member does not know one.
    pub seats: [String; 4],
    /// This member's seat.
    pub seat: Option<u8>,
    /// Its artist, once that has a name.
    pub artist: Option<String>,
    /// Learning rounds behind the artist's weights.
    pub round: u64,
    /// What it does now; for a term of others only what this member took part in is known.
    pub phase: TermPhase,
    /// Teachers of the round, in the order of their updates.
    pub teachers: Vec<Teacher>,
}

/// What a committee does.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TermPhase {
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
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Teacher {
    /// Its key.
    pub key: String,
    /// How far it is.
    pub state: TeacherState,
}

/// How far a teacher is in a round.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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

/// What a member did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Done {
    /// Learning rounds in which it held a seat.
    pub rounds_painted: u64,
    /// Rounds that it sent an update to.
    pub rounds_taught: u64,
    /// Pieces that it signed.
    pub pieces: u64,
}

/// Why a term ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "cause")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EndCause {
    /// Not all four accepted in time, or one refused.
    NotFormed,
    /// A painter left, or its link was lost.
    Departed,
    /// A painter was waited for in vain.
    Silent,
    /// Painters stopped the protocol; one of two is at fault.
    Suspected,
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
