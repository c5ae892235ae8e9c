//! Every timeout and size of the engine, with its reason. Times are milliseconds. Those of the collective are in
//! [`abraham_collective::limits`].

use abraham_collective::Millis;
use abraham_messages::{limits, node::Lane};

/// A painter waits so long for a frame. Frames of a round take far less, and a committee that stops waits up to seven
/// times for its suspects, which must fit into [`abraham_collective::limits::WORK`].
pub const FRAME: Millis = 8_000;

/// The engine answers so long before the collective's time for its work is over, so that it can say whom it waited for.
pub const ANSWER: Millis = 2_000;

/// Of the time for painters' work so much is left, where they are not done, to agree on who took the rest: who says nothing
/// is waited for so long for its testimony.
pub const TO_AGREE: Millis = 2 * FRAME;

/// Painters wait so long for each other before they agree on keys: those whose seat is being filled take
/// longest, three components of 3.5 MB over a slow line. Less than [`abraham_collective::limits::BEGIN`].
pub const FILL: Millis = 75_000;

/// Bytes of one frame of a component that fills a seat: small, so that credit comes back while the rest is sent.
pub const FILL_CHUNK: usize = 1 << 20;

/// Frames of a term that has not begun here are kept so long: as long as its acceptances may take.
pub const EARLY: Millis = abraham_collective::limits::ACCEPT;

/// Bytes of such frames of one painter. Their sender gets no credit for them, so an honest one sends no more than a
/// window and one chunk.
pub const EARLY_BYTES: usize = limits::BULK_BYTES + 2 * FILL_CHUNK;

/// Bytes of frames of one painter that wait here while credit is still given: as much as the largest frame, so that
/// two painters that both send before they receive do not wait for each other.
pub const QUEUE_BYTES: usize = limits::FRAME_BYTES;

/// Bytes of frames of one painter beyond which they are dropped: it sends without credit.
pub const QUEUE_LIMIT_BYTES: usize = QUEUE_BYTES + limits::BULK_BYTES + limits::FRAME_BYTES;

/// Least time between two snapshots for the page.
pub const VIEW_EVERY: Millis = 100;

const _: () = assert!(FILL + ANSWER < abraham_collective::limits::BEGIN);
const _: () = assert!(FILL_CHUNK + limits::FRAME_PREFIX_BYTES <= limits::FRAME_BYTES);

/// Whether a message may be sent where so many bytes are not sent yet.
pub(crate) fn has_room(lane: Lane, unsent: usize, bytes: usize) -> bool {
    unsent == 0 || unsent.saturating_add(bytes) <= lane.window_bytes()
}
