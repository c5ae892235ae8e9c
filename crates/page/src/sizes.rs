//! Sizes of the page's artists. Those that the page's scripts count on, too, are in `web/generated/sizes.js`.

/// Width and height of a picture in pixels.
pub const SIDE: usize = 32;
/// Samples of a pixel: every artist of the page paints in colour.
pub const CHANNELS: usize = 3;
/// Pictures that an artist paints a round: an update of the collective's then has 0.8 MB.
pub const BATCH: usize = 32;
/// Bytes of what a teacher sends for one batch: its shares for the four painters.
pub const UPDATE_BYTES: usize = 787_112;
/// Pictures that a studio may be told to paint a round, at most: such a round takes a few seconds without a graphics
/// card.
pub const MAX_BATCH: usize = 128;
/// Files of one drop that are looked at: a folder of ten thousand takes minutes.
pub const MAX_LESSON_FILES: usize = 10_000;
/// Pictures that one visitor teaches; a round's cost grows with them.
pub const MAX_TAUGHT_PICTURES: usize = 2_000;
