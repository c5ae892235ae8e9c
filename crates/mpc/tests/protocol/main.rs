//! The four-painter protocol against plain arithmetic, its exact traffic, and what becomes of cheats.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cheating;
mod clocked;
mod harness;
mod primitives;
mod privacy;
mod script;
mod traffic;
