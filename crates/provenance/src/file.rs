//! A piece as a picture file: a PNG that carries the piece as text, and says that a trained algorithm made it.
//!
//! The record lies in an iTXt chunk (PNG, third edition, section 11.3.3.4) before the picture, so that a file without
//! one is known by its first bytes.

use std::io::Cursor;

use abraham_messages::{SignedPiece, limits::MAX_PIECE_FILE_BYTES};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Encoder, Reader};

use crate::{Error, check, from_text, to_text};

/// The first bytes of a PNG.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The keyword of the chunk that holds the record.
const RECORD: &str = "abraham-provenance";

/// What the picture says of its making to programs that show where pictures come from: XMP with the digital source type
/// of the IPTC's vocabulary for what a trained model made.
const SOURCE: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
    xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
    Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"/>\
    </rdf:RDF></x:xmpmeta>";

/// The chunks that a piece's file may have. Others change how a picture looks, or move it: a colour that is transparent,
/// a profile, an animation. Then what is seen would not be what was signed.
const CHUNKS: [&[u8; 4]; 6] = [b"IHDR", b"IDAT", b"IEND", b"iTXt", b"tEXt", b"tIME"];

/// Writes a piece whose content is `side` × `side` samples, grey or in colour.
///
/// # Errors
/// [`Error::Size`] where the content is no such picture.
pub fn write(signed: &SignedPiece, side: u32) -> Result<Vec<u8>, Error> {
    let size = Error::Size { bytes: signed.content.len(), side };
    let color = color_of(signed.content.len(), side).ok_or(size)?;
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, side, side);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let written = (|| {
        encoder.add_itxt_chunk(RECORD.into(), to_text(signed))?;
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), SOURCE.into())?;
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&signed.content)?;
        writer.finish()
    })();
    written.map_err(|_: png::EncodingError| size)?;
    Ok(out)
}

/// Of a square picture with so many samples.
fn color_of(samples: usize, side: u32) -> Option<ColorType> {
    let pixels = usize::try_from(u64::from(side) * u64::from(side)).ok()?;
    if samples == pixels {
        Some(ColorType::Grayscale)
    } else {
        (pixels.checked_mul(3)? == samples).then_some(ColorType::Rgb)
    }
}

/// The record in a picture file as text, unchecked: whoever made the file can have written anything.
///
/// # Errors
/// [`Error::TooLong`], [`Error::NoRecord`], [`Error::Damaged`].
pub fn record(file: &[u8]) -> Result<String, Error> {
    Ok(begin(file)?.1)
}

/// Reads a piece's picture file and checks all of it: the record, the content's hash, each signature, and that the
/// picture is what the content shows.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn open(file: &[u8]) -> Result<SignedPiece, Error> {
    let (mut reader, text) = begin(file)?;
    let signed = from_text(&text)?;
    check(&signed)?;
    let info = reader.info();
    let color = color_of(signed.content.len(), info.width);
    if info.width != info.height || color != Some(info.color_type) || info.bit_depth != BitDepth::Eight {
        return Err(Error::Picture);
    }
    let mut samples = vec![0; signed.content.len()];
    reader.next_frame(&mut samples).map_err(|_| Error::Damaged)?;
    reader.finish().map_err(|_| Error::Damaged)?;
    let shows_samples = chunks(file)?.iter().all(|(kind, _)| CHUNKS.contains(kind));
    if samples == signed.content && shows_samples { Ok(signed) } else { Err(Error::Picture) }
}

/// A chunk's type and data.
type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

/// All chunks of a file, whose checksums are not looked at.
fn chunks(file: &[u8]) -> Result<Vec<Chunk<'_>>, Error> {
    const CHECKSUM_BYTES: usize = 4;
    let mut rest = file.strip_prefix(SIGNATURE).ok_or(Error::NoRecord)?;
    let mut found = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (kind, after) = after.split_first_chunk().ok_or(Error::Damaged)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (data, after) = after.split_at_checked(length).ok_or(Error::Damaged)?;
        found.push((kind, data));
        rest = after.get(CHECKSUM_BYTES..).ok_or(Error::Damaged)?;
    }
    // Whatever follows the last chunk is no part of the picture.
    if rest.is_empty() { Ok(found) } else { Err(Error::Damaged) }
}

/// What follows the keyword in a chunk of text that is named as the record.
fn record_in<'a>((kind, data): Chunk<'a>) -> Option<Chunk<'a>> {
    let text = [b"iTXt", b"tEXt", b"zTXt"].contains(&kind).then_some(data)?;
    Some((kind, text.strip_prefix(RECORD.as_bytes())?.strip_prefix(b"\0")?))
}

/// Checks that a file has one record, in the form in which it is written. A second one would be read by this program or by
/// the next; a compressed one may be of any size.
fn has_one_record(file: &[u8]) -> Result<(), Error> {
    let records: Vec<Chunk<'_>> = chunks(file)?.into_iter().filter_map(record_in).collect();
    match records[..] {
        [] => Err(Error::NoRecord),
        [(b"iTXt", [0, ..])] => Ok(()),
        _ => Err(Error::Record),
    }
}

type Begun<'a> = (Reader<Cursor<&'a [u8]>>, String);

/// Reads a file as far as its picture.
fn begin(file: &[u8]) -> Result<Begun<'_>, Error> {
    if file.len() > MAX_PIECE_FILE_BYTES {
        return Err(Error::TooLong { bytes: file.len(), limit: MAX_PIECE_FILE_BYTES });
    }
    has_one_record(file)?;
    let mut options = DecodeOptions::default();
    // The record is such a chunk: one that is damaged is told, not passed over.
    options.set_skip_ancillary_crc_failures(false);
    let reader =
        Decoder::new_with_options(Cursor::new(file), options).read_info().map_err(|_| Error::Damaged)?;
    // One that lies behind the picture is not where it is written.
    let text = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == RECORD).ok_or(Error::Record)?;
    let text = text.get_text().map_err(|_| Error::Damaged)?;
    Ok((reader, text))
}
