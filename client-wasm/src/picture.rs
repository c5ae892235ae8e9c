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

/// What the picture says of its making to programs that show where pictures come from: XMP with the digital source type
/// of the IPTC's vocabulary for what a trained model made.
const SOURCE: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
    xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
    Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"/>\
    </rdf:RDF></x:xmpmeta>";

/// A PNG that carries its provenance record in a text chunk, and says that a trained algorithm made it.
pub(crate) fn png(samples: &[u8], side: usize, channels: usize, record: &str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.add_itxt_chunk("abraham-provenance".into(), record.into())?;
    encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), SOURCE.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(out)
}
