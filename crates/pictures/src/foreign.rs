//! Files that are known and not decoded.

use crate::limits;

/// What a file is that is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// HEIC or another HEIF, as phones write it.
    Heic,
    /// AVIF.
    Avif,
    /// JPEG XL.
    Jxl,
    /// SVG: a drawing that would have to be run.
    Svg,
    /// TIFF, and the raw formats of cameras that are made of it.
    Tiff,
    /// BMP.
    Bmp,
    /// A film.
    Video,
    /// Another picture, such as an icon or one with layers.
    Picture,
    /// Something else that is known: an archive, a document, sound.
    Other,
}

impl Foreign {
    /// What these bytes are, by their beginning.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let beginning = &bytes[..bytes.len().min(limits::MAX_SVG_PROLOG_BYTES)];
        if memchr::memmem::find(beginning, b"<svg").is_some() {
            return Some(Self::Svg);
        }
        let mime = infer::get(bytes)?.mime_type();
        Some(match mime {
            "image/heif" => Self::Heic,
            "image/avif" => Self::Avif,
            "image/jxl" => Self::Jxl,
            "image/bmp" => Self::Bmp,
            "image/tiff" | "image/x-canon-cr2" => Self::Tiff,
            _ if mime.starts_with("video/") => Self::Video,
            _ if mime.starts_with("image/") => Self::Picture,
            _ => Self::Other,
        })
    }
}
