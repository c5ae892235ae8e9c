//! Sizes of the page's artists. Those that the page's scripts count on, too, are in `web/generated/sizes.js`.

/// Width and height of a picture in pixels.
pub const SIDE: usize = 32;
/// Samples of a pixel: every artist of the page paints in colour.
pub const CHANNELS: usize = 3;
/// Numbers that a piece is drawn from.
pub const LATENTS: usize = 8;
/// Widths of the two layers between them and the samples.
pub const HIDDEN: [usize; 2] = [256, 64];
/// Numbers that an artist consists of: a weight for each pair of units in layers that follow each other, and a bias for
/// each unit.
pub const PARAMETERS: usize = {
    let layers = [LATENTS, HIDDEN[0], HIDDEN[1], SIDE * SIDE * CHANNELS];
    let (mut sum, mut layer) = (0, 1);
    while layer < layers.len() {
        sum += (layers[layer - 1] + 1) * layers[layer];
        layer += 1;
    }
    sum
};
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
