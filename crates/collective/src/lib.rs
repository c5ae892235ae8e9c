//! Who is here, who paints, and whose turn it is: presence, election, committee, term and round, without network or
//! clock.

mod bucket;
mod certificate;
mod collective;
mod committee;
mod config;
mod election;
mod error;
mod faults;
mod holders;
mod input;
pub mod limits;
mod links;
mod outbox;
mod presence;
mod received;
mod rejections;
mod round;
pub mod snapshot;
mod sortition;
mod steps;
#[cfg(test)]
mod strangers;
mod teacher;
mod term;
#[cfg(test)]
mod tests;
mod waiting;
mod witness;
pub mod work;

pub use abraham_messages::collective::{BackendKind, Digest};
pub use collective::Collective;
pub use config::{Config, Settings};
pub use error::Error;
pub use input::{Event, Input, Output};
pub use rejections::Rejection;
pub use snapshot::{EndCause, Snapshot};
pub use work::{Done, Failed, HeldCommitments, Origin, Term, Work};

/// Milliseconds of a monotonic clock that is passed in; where it begins does not matter.
pub type Millis = u64;
