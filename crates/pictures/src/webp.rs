//! WebP (RFC 9649), by the image-webp crate.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use crate::{
    Found, Frame, Refusal, Sink, affordable,
    colour::{Samples, ToSrgb},
    limits, over_white,
};

impl From<DecodingError> for Refusal {
    fn from(error: DecodingError) -> Self {
        match error {
            DecodingError::IoError(error) => error.into(),
            _ => Self::Damaged,
        }
    }
}

/// The EXIF orientation of a WebP is not looked at, as in browsers.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<Found, Refusal> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes))?;
    decoder.set_memory_limit(limits::MAX_WEBP_PROFILE_BYTES);
    let (width, height) = decoder.dimensions();
    affordable(width.into(), height.into())?;
    let (width, height) = (width as usize, height as usize);
    let samples = if decoder.has_alpha() { Samples::Rgba } else { Samples::Rgb };
    let icc = decoder.icc_profile().ok().flatten();
    let colour = ToSrgb::embedded(icc.as_deref(), samples);
    let channels = if samples == Samples::Rgba { 4 } else { 3 };
    let mut data = vec![0; decoder.output_buffer_size().ok_or(Refusal::Damaged)?];
    let animated = decoder.is_animated();
    let frames = if animated { limits::MAX_FRAMES.min(decoder.num_frames() as usize) } else { 1 };
    for number in 0..frames {
        if animated {
            decoder.read_frame(&mut data)?;
        } else {
            decoder.read_image(&mut data)?;
        }
        sink.begin(width, height)?;
        let mut shown = vec![0; width * channels];
        let mut rgb = vec![0; width * 3];
        let mut seen = samples == Samples::Rgb;
        for row in data.chunks_exact(width * channels) {
            let row = colour.row(row, &mut shown);
            if samples == Samples::Rgba {
                seen |= over_white(row, &mut rgb);
                sink.row(&rgb);
            } else {
                sink.row(row);
            }
        }
        if seen {
            let which = if number == 0 { Frame::First } else { Frame::Later };
            return Ok(Found {
                orientation: 0,
                frame: (animated && decoder.num_frames() > 1).then_some(which),
            });
        }
    }
    Err(Refusal::Clear)
}
