//! Sizes of files and pictures, each with its reason.

/// Most bytes of a file.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Most pixels of a picture: decoded they are 160 MB, which a phone still has.
pub const MAX_PIXELS: u64 = 40_000_000;
/// Frames of an animation that are looked at for one that is not clear everywhere.
pub(crate) const MAX_FRAMES: usize = 8;
/// Largest side of a square that is asked for, in pixels.
pub(crate) const MAX_SIDE: usize = 256;
/// Bytes that a PNG's profile and texts may take beside the picture. Packed texts stay packed.
pub(crate) const MAX_PNG_CHUNK_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a WebP's colour profile.
pub(crate) const MAX_WEBP_PROFILE_BYTES: usize = 4 * 1024 * 1024;
/// Scans that a JPEG of any size may have. Programs write some ten.
pub(crate) const MIN_JPEG_SCANS: usize = 32;
/// Most scans of a JPEG: with each coefficient of each component in a scan of its own there are 192.
pub(crate) const MAX_JPEG_SCANS: usize = 256;
/// Pixels of all scans of a JPEG together: each scan costs as much as its pixels.
pub(crate) const MAX_JPEG_PIXEL_SCANS: usize = 1_000_000_000;
/// Largest side that the JPEG format has, in pixels.
pub(crate) const MAX_JPEG_SIDE: usize = 65_535;
/// Bytes in which an SVG must begin: there may be a declaration and comments before it.
pub(crate) const MAX_SVG_PROLOG_BYTES: usize = 1024;
/// Bytes after an entry's name within which its value is looked for: a key `use` and a value, in CBOR or JSON.
pub(crate) const MAX_RESERVATION_DISTANCE: usize = 48;
