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

use std::time::Duration;

/// How long anything that a page works on may take before the test gives up. It only bounds a failure: whoever is slow
/// still passes, and four tabs on one loaded machine are slow.
const PAGE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a browser may take to start and to answer one command. It is longer than [`PAGE_TIMEOUT`], for a page is
/// waited for within a command.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(330);

pub use between::{Answer, Between};
pub use browser::{Abilities, Setup, Visit, Visitor, WebGpu, visit};
pub use member::{Member, Standing};
pub use other::{OtherBrowser, OtherTab};
pub use peer::{Links, Peer, PeerKind, TimesToLink};
pub use pictures::{Pictures, write_noise};
pub use relay::{RelayHere, RelayProgram};
pub use stranger::Stranger;
pub use tab::{Tab, selector};
