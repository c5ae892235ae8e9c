//! The four-painter protocol against plain arithmetic, its exact traffic, and what becomes of cheats.

mod cheating;
mod harness;
mod primitives;
mod script;
mod traffic;
