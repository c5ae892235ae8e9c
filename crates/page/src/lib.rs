//! What the page's scripts and the programs behind them say to each other: plain data, nothing secret.
//!
//! Of these types the scripts' own are made, in `web/generated`; `cargo xtask generate` writes them anew. A number that
//! is larger than 2^53 is refused as it is serialised, since scripts would round it.

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
