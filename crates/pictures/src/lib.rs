//! From a picture file's bytes to the small square that the artist is taught.
//!
//! Files come from strangers' cameras, chats and archives, and some are made to do harm. So
//!
//! - the bytes decide what a file is, not its name;
//! - every size is checked before memory is allocated for it;
//! - the number of pixels, frames and scans limits the work;
//! - nothing is guessed that a browser would not show: a file is taught as an `img` element shows it, or left out with a
//!   reason for the visitor.
//!
//! The crate is pure: bytes in, pixels out. Libraries do the decoding. This crate decides what they leave open: which frame,
//! which way up, which colours, over which background, and how small.

mod colour;
mod foreign;
mod gif;
mod jpeg;
mod limits;
mod orientation;
mod png;
mod refusal;
mod reservation;
mod square;
mod webp;

pub use foreign::Foreign;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS};
pub use refusal::Refusal;
pub use reservation::Reservation;

use square::{Sheet, Square};

/// What a file was turned into.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// side·side pixels of red, green, blue and an opacity of 255, row by row.
    pub rgba: Vec<u8>,
    /// Which frame it is, where the file is an animation.
    pub frame: Option<Frame>,
    /// What the file asks of those who would learn from it.
    pub reservation: Option<Reservation>,
}

/// Which frame of an animation was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// The first.
    First,
    /// A later one, for those before are clear everywhere.
    Later,
}

/// Formats that are decoded.
#[derive(Clone, Copy)]
enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
}

/// Where the pixels of a picture go, row by row from above.
trait Sink {
    /// A picture of this size begins; an earlier one that was begun is dropped.
    ///
    /// # Errors
    /// Where the picture is too large to be taken.
    fn begin(&mut self, width: usize, height: usize) -> Result<(), Refusal>;

    /// The next row, width·3 bytes of red, green and blue.
    fn row(&mut self, rgb: &[u8]);
}

/// What a decoder found beside the pixels.
#[derive(Default)]
struct Found {
    /// How the stored picture is to be turned: EXIF's number, 1 to 8.
    orientation: u8,
    frame: Option<Frame>,
}

/// Reads a file, whatever its name, and scales the square at its centre to `side`·`side` pixels. Each of them is the
/// mean of the pixels that it covers, laid over white; that mean is of integers, so that all devices find the same.
///
/// # Errors
/// [`Refusal`], for whatever is no picture, no whole picture, or would cost too much.
///
/// # Panics
/// Where `side` is 0 or above 256, which is a mistake of the caller.
pub fn decode(bytes: &[u8], side: usize) -> Result<Picture, Refusal> {
    assert!((1..=limits::MAX_SIDE).contains(&side), "no square has this side");
    let format = check(bytes)?;
    let mut square = Square::new(side);
    let found = read(format, bytes, &mut square)?;
    let mut rgba = square.rgba();
    if matches!(format, Format::Jpeg) && jpeg::is_cut(bytes) {
        // Two bytes or half of the picture may be missing. What comes after the end is seen only where the picture
        // needs it.
        let mut longer = bytes.to_vec();
        longer.extend_from_slice(&jpeg::FILLER);
        let mut again = Square::new(side);
        if read(format, &longer, &mut again).is_err() || again.rgba() != rgba {
            return Err(Refusal::EndsTooSoon);
        }
    }
    orientation::turn(&mut rgba, side, found.orientation);
    Ok(Picture { rgba, frame: found.frame, reservation: reservation::find(bytes) })
}

/// Cuts a picture whose sides are multiples of `side` into tiles, row by row: the pictures of a set in one file.
///
/// # Errors
/// [`Refusal`], as for [`decode`]; a picture of another size is [`Refusal::Damaged`].
///
/// # Panics
/// Where `side` is 0 or above 256, which is a mistake of the caller.
pub fn cut(bytes: &[u8], side: usize) -> Result<Vec<Vec<u8>>, Refusal> {
    assert!((1..=limits::MAX_SIDE).contains(&side), "no square has this side");
    let format = check(bytes)?;
    let mut sheet = Sheet::new(side);
    read(format, bytes, &mut sheet)?;
    sheet.tiles()
}

fn check(bytes: &[u8]) -> Result<Format, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    if bytes.len() > limits::MAX_FILE_BYTES {
        return Err(Refusal::FileTooLarge);
    }
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        _ => Err(Foreign::of(bytes).map_or(Refusal::NoPicture, Refusal::Foreign)),
    }
}

fn read(format: Format, bytes: &[u8], sink: &mut dyn Sink) -> Result<Found, Refusal> {
    match format {
        Format::Jpeg => jpeg::read(bytes, sink),
        Format::Png => png::read(bytes, sink),
        Format::Gif => gif::read(bytes, sink),
        Format::WebP => webp::read(bytes, sink),
    }
}

/// Refuses a picture that would cost too much, before anything is taken for it; returns its pixels.
fn affordable(width: u64, height: u64) -> Result<usize, Refusal> {
    match width.saturating_mul(height) {
        0 => Err(Refusal::Damaged),
        pixels if pixels > limits::MAX_PIXELS => {
            Err(Refusal::TooLarge { megapixels: pixels.div_ceil(1_000_000) })
        }
        pixels => Ok(pixels as usize),
    }
}

/// Lays a row of red, green, blue and opacity over white; returns whether anything of it is seen.
fn over_white(rgba: &[u8], rgb: &mut [u8]) -> bool {
    let mut seen = false;
    for (from, to) in rgba.as_chunks::<4>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
        let [colour @ .., opacity] = from;
        seen |= *opacity > 0;
        let opacity = u32::from(*opacity);
        *to = colour.map(|c| ((u32::from(c) * opacity + 255 * (255 - opacity) + 127) / 255) as u8);
    }
    seen
}
