//! What the decoder says, in names that the page has words for.

#![allow(missing_docs, reason = "wasm-bindgen adds a variant and a function of its own")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Which frame of an animation was taken.
#[wasm_bindgen]
pub enum Frame {
    /// The first.
    First = "first",
    /// A later one, since the first is clear.
    Later = "later",
}

/// By what a file asks that it is not learnt from.
#[wasm_bindgen]
pub enum Reservation {
    /// PLUS's property DataMining, which IPTC's standard has as well.
    Plus = "plus",
    /// An assertion of C2PA.
    C2pa = "c2pa",
}

/// Why a file is left out.
#[wasm_bindgen]
pub enum Refusal {
    /// There is nothing in it.
    Empty = "empty",
    /// It is longer than any file that is read.
    FileTooLarge = "file-too-large",
    /// It is no picture.
    NoPicture = "no-picture",
    /// HEIC, which browsers do not read.
    Heic = "heic",
    /// AVIF.
    Avif = "avif",
    /// JPEG XL.
    Jxl = "jxl",
    /// A drawing, which could hold programs.
    Svg = "svg",
    /// TIFF, or a camera's raw format.
    Tiff = "tiff",
    /// BMP.
    Bmp = "bmp",
    /// A film.
    Video = "video",
    /// A picture of a kind that is not read.
    OtherPicture = "other-picture",
    /// No picture, but a file of a known kind.
    OtherFile = "other-file",
    /// It has too many pixels.
    TooLarge = "too-large",
    /// It is written in too many passes.
    TooManyScans = "too-many-scans",
    /// It cannot be read.
    Damaged = "damaged",
    /// A part of it is missing.
    EndsTooSoon = "ends-too-soon",
    /// It shows nothing.
    Clear = "clear",
}
