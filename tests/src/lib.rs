//! The page as a visitor has it: a real relay, a real Chromium, and nothing else.
//!
//! Every test runs in [`visit`], which gives it its own relay on a free port and its own browser with an empty
//! profile. A test fails when it returns an error or when the browser's console shows one; then the console log
//! and a picture of each tab are in `target/artifacts/<test>`.

mod browser;
mod peer;
mod pictures;
mod tab;

pub use browser::{Abilities, Setup, Visit, Visitor, WebGpu, visit};
pub use peer::{Links, Peer, PeerKind, TimesToLink};
pub use pictures::{Pictures, write_noise};
pub use tab::{Tab, selector};
