//! Decides who is here, who paints, and whose turn it is: presence, election, committee, term and round. It has no network
//! and no clock.

mod collective;
mod config;
mod context;
mod election;
mod error;
#[cfg(test)]
mod fixtures;
mod input;
mod keeping;
pub mod limits;
mod links;
mod members;
mod outbox;
pub mod snapshot;
mod sortition;
mod status;
mod teaching;
mod term;
pub mod work;

pub use abraham_messages::collective::BackendKind;
pub use collective::Collective;
pub use config::{Config, Settings};
pub use error::Error;
pub use input::{Event, Input, Output};
pub use members::Rejection;
pub use snapshot::{EndCause, Snapshot};
pub use work::{Done, Failed, HeldCommitments, Origin, Term, Work};

/// Milliseconds of a monotonic clock that is passed in; where it begins does not matter.
pub type Millis = u64;
