//! The engine and the visitor in a simulated world.

mod engines;
mod switch;
mod visitors;
mod world;
