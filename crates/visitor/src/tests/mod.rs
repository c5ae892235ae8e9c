//! The engine and the visitor in a simulated world.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod engines;
mod switch;
mod visitors;
mod world;
