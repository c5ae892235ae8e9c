//! What a libp2p stream says on a data channel (libp2p specification, webrtc/README.md, "Multiplexing"): frames with
//! flags ([`Frame`], [`Assembler`]) and what they do to a stream ([`Framing`]). Nothing here knows a browser, a clock
//! or a waker.

mod codec;
mod state;

pub use codec::{Assembler, Flag, Frame, MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES};
pub use state::{Framing, Read, ResetCause, WriteClosed};
