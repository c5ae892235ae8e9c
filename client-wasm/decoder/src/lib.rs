//! From a picture file's bytes to pixels, for the page's decoding worker.
//!
//! It is a program of its own: it is fetched with the first picture, and a file that ends it, by what it wants of
//! memory or by a mistake in a library, takes neither the artist nor other files with it.

use abraham_pictures::{Foreign, Frame, Picture, Refusal, Reservation};
use wasm_bindgen::prelude::wasm_bindgen;

/// What became of a file: pixels, or why it is left out. What it says are names, not sentences: words are the page's.
#[wasm_bindgen]
pub struct Decoded(Result<Picture, Refusal>);

#[wasm_bindgen]
impl Decoded {
    /// side·side pixels, RGBA; nothing where the file is left out. They are given once.
    pub fn pixels(&mut self) -> Option<Vec<u8>> {
        self.0.as_mut().ok().map(|picture| std::mem::take(&mut picture.rgba))
    }

    /// `first` or `later`, where the file is an animation.
    #[wasm_bindgen(getter)]
    pub fn frame(&self) -> Option<String> {
        let frame = self.0.as_ref().ok()?.frame?;
        let name = match frame {
            Frame::First => "first",
            Frame::Later => "later",
        };
        Some(name.into())
    }

    /// Who asks, in the file, that it is not learnt from: `plus` or `c2pa`.
    #[wasm_bindgen(getter)]
    pub fn reservation(&self) -> Option<String> {
        let reservation = self.0.as_ref().ok()?.reservation?;
        let name = match reservation {
            Reservation::C2pa => "c2pa",
            _ => "plus",
        };
        Some(name.into())
    }

    /// Why the file is left out.
    #[wasm_bindgen(getter)]
    pub fn refusal(&self) -> Option<String> {
        let refusal = self.0.as_ref().err()?;
        let name = match refusal {
            Refusal::Empty => "empty",
            Refusal::FileTooLarge => "file-too-large",
            Refusal::NoPicture => "no-picture",
            Refusal::Foreign(foreign) => match foreign {
                Foreign::Heic => "heic",
                Foreign::Avif => "avif",
                Foreign::Jxl => "jxl",
                Foreign::Svg => "svg",
                Foreign::Tiff => "tiff",
                Foreign::Bmp => "bmp",
                Foreign::Video => "video",
                Foreign::Picture => "other-picture",
                _ => "other-file",
            },
            Refusal::TooLarge { .. } => "too-large",
            Refusal::TooManyScans => "too-many-scans",
            Refusal::EndsTooSoon => "ends-too-soon",
            Refusal::Clear => "clear",
            _ => "damaged",
        };
        Some(name.into())
    }

    /// Of a picture that is too large: millions of pixels.
    #[wasm_bindgen(getter)]
    pub fn megapixels(&self) -> Option<f64> {
        match self.0 {
            Err(Refusal::TooLarge { megapixels }) => Some(megapixels as f64),
            _ => None,
        }
    }
}

/// Reads a picture file and scales the square at its centre to `side`·`side` pixels, 1 to 256.
#[wasm_bindgen]
pub fn decode(bytes: Vec<u8>, side: usize) -> Decoded {
    Decoded(abraham_pictures::decode(&bytes, side))
}

/// Cuts a picture into tiles of `side`·`side` pixels: RGBA, one after another; nothing where it is no such picture.
#[wasm_bindgen]
pub fn cut(bytes: Vec<u8>, side: usize) -> Option<Vec<u8>> {
    abraham_pictures::cut(&bytes, side).ok().map(|tiles| tiles.concat())
}
