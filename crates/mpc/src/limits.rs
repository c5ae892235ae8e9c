//! Sizes and counts of the protocol, each with its reason. Those of frames are in [`abraham_messages::limits`].

/// Frames that may wait on one link before its sender waits too.
pub(crate) const MAX_QUEUED_FRAMES: usize = 64;
/// Bytes of the longest testimony: at most five transcripts of 32 bytes a round, so 6,500 rounds between two openings.
pub(crate) const MAX_TESTIMONY_BYTES: usize = 1 << 20;
/// Rounds of which a testimony tells when frames left and came: as many as lie between the start of a delay and the
/// moment in which a painter gives up, several times over.
pub(crate) const MAX_TIMED_ROUNDS: usize = 64;
/// Frames of the program that are skipped on one link while a testimony is awaited; an honest painter has sent fewer.
pub(crate) const MAX_SKIPPED_FRAMES: usize = 256;
/// Bytes of the longest account of four testimonies, each behind its length.
pub(crate) const MAX_HEARSAY_BYTES: usize = 4 * (MAX_TESTIMONY_BYTES + 8);
/// Most updates that the painters vote on at once: a vote has one bit for each.
pub(crate) const MAX_VOTED_UPDATES: usize = 256;
/// Bytes of explicit components that painter 0 passes on at once, in one frame: half of what a frame may have.
pub(crate) const MAX_PASSED_BYTES: usize = abraham_messages::limits::MAX_FRAME_BYTES / 2;
