//! The collective as a seeded simulation: members on a network with delay, reordering, loss of gossip, lost links,
//! departures, silence, sleep and lies. Clocks begin anywhere; nothing real is waited for.

mod clocks;
mod engine;
mod scenarios;
mod sleep;
mod strangers;
mod world;
