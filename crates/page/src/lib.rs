//! What the page's scripts and the programs behind them say to each other: plain data, nothing secret.
//!
//! `cargo xtask generate` makes the scripts' types from these, in `web/generated`. Serialising a number larger than 2^53
//! fails, because scripts would round it.

#[cfg(test)]
mod generated;
mod member;
mod network;
mod piece;
pub mod sizes;
mod snapshot;
mod studio;

pub use member::{Failure, JoinOptions, LinkTraffic, MemberEvent, Traffic};
pub use network::NetworkOptions;
pub use piece::{Checked, CollectivePiece, PainterSignature, Painting, Piece, PieceRecord, Verdict};
pub use snapshot::{
    Backend, Connection, Done, EndCause, Member, Role, Snapshot, Teacher, TeacherState, Term, TermPhase,
    Waiting, WaitsFor, Why,
};
pub use studio::{DeviceStatus, NoGraphics, OpenOptions, Round, StudioStatus, WebGpu};
