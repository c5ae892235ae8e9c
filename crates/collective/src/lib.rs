//! Who is here, who paints, and whose turn it is: presence, election, committee, term and round, without network or
//! clock.

mod config;
mod drops;
mod input;
pub mod limits;
pub mod view;
pub mod work;

pub use abraham_messages::collective::{BackendKind, Capability, Digest, SignedPiece};
pub use config::{Config, Settings};
pub use drops::Drop;
pub use input::{Event, Input, Output};
pub use view::{EndCause, View};
pub use work::{Done, Failed, HeldCommitments, Origin, Term, Work};

/// Milliseconds of a monotonic clock that is passed in; where it begins does not matter.
pub type Millis = u64;
