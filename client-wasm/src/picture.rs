//! Pictures as the page wants them: RGBA tiles and PNG files.

use crate::error::Error;

/// Samples of 1 or 3 channels, interleaved, as RGBA.
pub(crate) fn rgba(samples: &[u8], channels: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(samples.len() / channels * 4);
    for pixel in samples.chunks_exact(channels) {
        match pixel {
            [grey] => out.extend_from_slice(&[*grey, *grey, *grey, 255]),
            pixel => {
                out.extend_from_slice(pixel);
                out.push(255);
            }
        }
    }
    out
}

/// A PNG that carries its provenance record in a text chunk.
pub(crate) fn png(samples: &[u8], side: usize, channels: usize, record: &str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.add_itxt_chunk("abraham-provenance".into(), record.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(out)
}
