//! From a picture file's bytes to pixels, for the page's decoding worker.
//!
//! It is a separate program. It is fetched with the first picture. If a file makes it crash, by using too much memory or
//! through a bug in a library, neither the artist nor other files are affected.

mod names;

use abraham_pictures::{self as pictures, Foreign, Picture};
use wasm_bindgen::prelude::wasm_bindgen;

pub use names::{Frame, Refusal, Reservation};

/// What became of a file: pixels, or why it is left out. What it says are names, not sentences: words are the page's.
#[wasm_bindgen]
pub struct Decoded(Result<Picture, pictures::Refusal>);

#[wasm_bindgen]
impl Decoded {
    /// side·side pixels, RGBA; nothing where the file is left out. They are given once.
    pub fn pixels(&mut self) -> Option<Vec<u8>> {
        self.0.as_mut().ok().map(|picture| std::mem::take(&mut picture.rgba))
    }

    /// Which frame it is, where the file is an animation.
    #[wasm_bindgen(getter)]
    pub fn frame(&self) -> Option<Frame> {
        Some(match self.0.as_ref().ok()?.frame? {
            pictures::Frame::First => Frame::First,
            pictures::Frame::Later => Frame::Later,
        })
    }

    /// Who asks, in the file, that it is not learnt from.
    #[wasm_bindgen(getter)]
    pub fn reservation(&self) -> Option<Reservation> {
        Some(match self.0.as_ref().ok()?.reservation? {
            pictures::Reservation::C2pa => Reservation::C2pa,
            _ => Reservation::Plus,
        })
    }

    /// Why the file is left out.
    #[wasm_bindgen(getter)]
    pub fn refusal(&self) -> Option<Refusal> {
        Some(match self.0.as_ref().err()? {
            pictures::Refusal::Empty => Refusal::Empty,
            pictures::Refusal::FileTooLarge => Refusal::FileTooLarge,
            pictures::Refusal::NoPicture => Refusal::NoPicture,
            pictures::Refusal::Foreign(foreign) => match foreign {
                Foreign::Heic => Refusal::Heic,
                Foreign::Avif => Refusal::Avif,
                Foreign::Jxl => Refusal::Jxl,
                Foreign::Svg => Refusal::Svg,
                Foreign::Tiff => Refusal::Tiff,
                Foreign::Bmp => Refusal::Bmp,
                Foreign::Video => Refusal::Video,
                Foreign::Picture => Refusal::OtherPicture,
                _ => Refusal::OtherFile,
            },
            pictures::Refusal::TooLarge { .. } => Refusal::TooLarge,
            pictures::Refusal::TooManyScans => Refusal::TooManyScans,
            pictures::Refusal::EndsTooSoon => Refusal::EndsTooSoon,
            pictures::Refusal::Clear => Refusal::Clear,
            _ => Refusal::Damaged,
        })
    }

    /// Of a picture that is too large: millions of pixels.
    #[wasm_bindgen(getter)]
    pub fn megapixels(&self) -> Option<f64> {
        match self.0 {
            Err(pictures::Refusal::TooLarge { megapixels }) => Some(megapixels as f64),
            _ => None,
        }
    }
}

/// Reads a picture file and scales the square at its centre to `side`·`side` pixels, 1 to 256.
#[wasm_bindgen]
pub fn decode(bytes: Vec<u8>, side: usize) -> Decoded {
    Decoded(pictures::decode(&bytes, side))
}

/// Cuts a picture into tiles of `side`·`side` pixels: RGBA, one after another; nothing where it is no such picture.
#[wasm_bindgen]
pub fn cut(bytes: Vec<u8>, side: usize) -> Option<Vec<u8>> {
    pictures::cut(&bytes, side).ok().map(|tiles| tiles.concat())
}
