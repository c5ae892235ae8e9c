//! JPEG (ITU-T T.81), by zune-jpeg.

use memchr::memmem;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use crate::{
    Found, Refusal, Sink, affordable,
    colour::{Samples, ToSrgb},
    limits, orientation,
};

const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
const END: [u8; 2] = [0xff, 0xd9];

/// What is decoded after the end of a file that lacks its last two bytes, to see whether more is lacking: zeros are the
/// shortest code of every table, so where codes are wanted these are taken, and mean something else than the grey that
/// the library puts where there are none.
pub(crate) const FILLER: [u8; 4096] = [0; 4096];

/// Whether the mark of the end is missing. In a scan's data neither marker can occur.
pub(crate) fn is_cut(bytes: &[u8]) -> bool {
    memmem::rfind(bytes, &END) < memmem::rfind(bytes, &START_OF_SCAN)
}

pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<Found, Refusal> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limits::MAX_JPEG_SIDE)
        .set_max_height(limits::MAX_JPEG_SIDE)
        .jpeg_set_max_scans(limits::MAX_JPEG_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| Refusal::Damaged)?;
    let (width, height) = decoder.dimensions().ok_or(Refusal::Damaged)?;
    let stored = decoder.input_colorspace().ok_or(Refusal::Damaged)?;
    let pixels = affordable(width as u64, height as u64)?;
    let allowed =
        (limits::MAX_JPEG_PIXEL_SCANS / pixels).clamp(limits::MIN_JPEG_SCANS, limits::MAX_JPEG_SCANS);
    if memmem::find_iter(bytes, &START_OF_SCAN).nth(allowed).is_some() {
        return Err(Refusal::TooManyScans);
    }
    let samples = match stored {
        ColorSpace::Luma => Samples::Grey,
        ColorSpace::CMYK | ColorSpace::YCCK => Samples::Cmyk,
        ColorSpace::YCbCr | ColorSpace::RGB => Samples::Rgb,
        _ => return Err(Refusal::Damaged),
    };
    let colour = ToSrgb::embedded(decoder.icc_profile().as_deref(), samples);
    // Without a profile the library does what browsers do.
    let decoded = match colour.takes() {
        _ if !colour.is_some() => ColorSpace::RGB,
        Samples::Cmyk => stored,
        Samples::Grey => ColorSpace::Luma,
        Samples::Rgb | Samples::Rgba => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(decoded));
    let mut data = vec![0; pixels * decoded.num_components()];
    decoder.decode_into(&mut data).map_err(|_| Refusal::Damaged)?;
    sink.begin(width, height)?;
    let mut rgb = vec![0; width * 3];
    for row in data.chunks_exact_mut(width * decoded.num_components()) {
        match decoded {
            ColorSpace::CMYK => row.iter_mut().for_each(|ink| *ink = 255 - *ink),
            ColorSpace::YCCK => ycck_to_cmyk(row),
            _ => {}
        }
        sink.row(colour.row(row, &mut rgb));
    }
    let orientation = decoder.exif().and_then(|exif| orientation::of_exif(exif));
    Ok(Found { orientation: orientation.unwrap_or_default(), frame: None })
}

/// Adobe's YCCK to CMYK with 255 for full: black is stored inverted, and JFIF's matrix gives the other inks twice
/// inverted.
fn ycck_to_cmyk(row: &mut [u8]) {
    for pixel in row.as_chunks_mut::<4>().0 {
        let [y, cb, cr, black] = pixel.map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let inks = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb, 255.0 - black];
        *pixel = inks.map(|ink| (ink + 0.5).clamp(0.0, 255.0) as u8);
    }
}
