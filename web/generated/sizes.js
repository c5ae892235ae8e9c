/** Sizes that the page's programs and its scripts count on. Made of crates/page by `cargo xtask generate`: change it there. */

/** Width and height of a picture in pixels. */
export const SIDE = 32;
/** Samples of a pixel: every artist of the page paints in colour. */
export const CHANNELS = 3;
/** Pictures that an artist paints a round. */
export const BATCH = 32;
/** Bytes of a picture as RGBA. */
export const TILE_BYTES = 4096;
/** Bytes that leave with what a tab teaches in one round: its shares for the four painters. */
export const UPDATE_BYTES = 787112;
/** Painters of an artist. */
export const PAINTERS = 4;
/** Fewest pictures that an artist of one's own learns from: with fewer it can only repeat them. */
export const MIN_SOLO_PICTURES = 16;
/** Fewest pictures, of all teachers together, that a collective learns from. */
export const MIN_PICTURES = 64;
/** Fewest teachers of a collective's round, so that no sum is of one visitor's pictures alone. */
export const MIN_TEACHERS = 3;
/** Bytes of the largest picture file that is read. */
export const MAX_FILE_BYTES = 20971520;
/** Millions of pixels of the largest picture that is read. */
export const MAX_MEGAPIXELS = 40;
/** Files of one drop that are looked at. */
export const MAX_LESSON_FILES = 10000;
/** Pictures that one visitor teaches. */
export const MAX_TAUGHT_PICTURES = 2000;
/** Bytes of the largest file that may be a piece. */
export const MAX_PIECE_FILE_BYTES = 16777216;
