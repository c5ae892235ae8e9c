//! Every timeout and size of the engine, with its reason. Times are milliseconds. Those of the collective are in
//! [`abraham_collective::limits`].

use abraham_collective::Millis;
use abraham_messages::{limits, node::Lane};

/// Timeout of a frame between painters. Frames of a round take far less, and a committee that stops waits up to seven
/// times for its suspects, which must fit into [`abraham_collective::limits::WORK_TIMEOUT`].
pub const FRAME_TIMEOUT: Millis = 8_000;

/// Margin by which the engine answers before the collective's timeout, so that it can say which painter it waited for.
pub const ANSWER_MARGIN: Millis = 2_000;

/// Part of the time for painters' work that is reserved for agreeing on who took the rest: the painters wait this long
/// for the testimony of a silent one.
pub const AGREEMENT_TIMEOUT: Millis = 2 * FRAME_TIMEOUT;

/// Timeout of painters' wait for each other before they agree on keys. Painters whose seat is being filled take
/// longest: three components of 3.5 MB over a slow line. Less than [`abraham_collective::limits::BEGIN_TIMEOUT`].
pub const FILL_TIMEOUT: Millis = 75_000;

/// Bytes of one frame of a component that fills a seat: small, so that credit comes back while the rest is sent.
pub const FILL_CHUNK_BYTES: usize = 1 << 20;

/// Time for which frames of a term that has not begun here are kept: as long as its acceptances may take.
pub const EARLY_FRAME_TIMEOUT: Millis = abraham_collective::limits::ACCEPT_TIMEOUT;

/// Bytes of such early frames from one painter. The sender gets no credit for them, so an honest one sends no more than
/// a window and one chunk.
pub const MAX_EARLY_BYTES: usize = limits::MAX_BULK_BYTES + 2 * FILL_CHUNK_BYTES;

/// Bytes of waiting frames from one painter up to which it still gets credit: as much as the largest frame, so that two
/// painters that both send before they receive do not wait for each other.
pub const QUEUE_CREDIT_BYTES: usize = limits::MAX_FRAME_BYTES;

/// Bytes of waiting frames from one painter beyond which more are dropped: it sends without credit.
pub const MAX_QUEUE_BYTES: usize = QUEUE_CREDIT_BYTES + limits::MAX_BULK_BYTES + limits::MAX_FRAME_BYTES;

/// Interval between two snapshots for the page.
pub const SNAPSHOT_INTERVAL: Millis = 100;

const _: () = assert!(FILL_TIMEOUT + ANSWER_MARGIN < abraham_collective::limits::BEGIN_TIMEOUT);
const _: () = assert!(FILL_CHUNK_BYTES + limits::FRAME_TERM_BYTES <= limits::MAX_FRAME_BYTES);

/// Whether a message may be sent while this many bytes are still unsent.
pub(crate) fn has_room(lane: Lane, unsent: usize, bytes: usize) -> bool {
    unsent == 0 || unsent.saturating_add(bytes) <= lane.window_bytes()
}
