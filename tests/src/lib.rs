//! The page as a visitor has it: a real relay, a real Chromium, and nothing else.
//!
//! Every test runs in [`visit`], which gives it its own relay on a free port and its own browser with an empty
//! profile. A test fails when it returns an error or when the browser's console shows one; then the console log
//! and a picture of each tab are in `target/artifacts/<test>`.

mod between;
mod browser;
mod member;
mod other;
mod peer;
mod pictures;
mod relay;
mod stranger;
mod tab;

pub use between::{Answer, Between};
pub use browser::{Abilities, Setup, Visit, Visitor, WebGpu, visit};
pub use member::{Member, Standing};
pub use other::{OtherBrowser, OtherTab};
pub use peer::{Links, Peer, PeerKind, TimesToLink};
pub use pictures::{Pictures, write_noise};
pub use relay::{RelayHere, RelayProgram};
pub use stranger::Stranger;
pub use tab::{Tab, selector};
