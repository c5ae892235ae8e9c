//! PNG and its animations (W3C PNG, third edition), by the png crate.

use std::io::Cursor;

use png::{ColorType, DecodingError, Limits, Transformations};

use crate::{
    Found, Frame, Refusal, Sink, affordable,
    colour::{Samples, ToSrgb},
    limits, orientation, over_white,
};

/// The gamma that stands for sRGB.
const SRGB_GAMMA: f32 = 0.45455;

impl From<DecodingError> for Refusal {
    fn from(error: DecodingError) -> Self {
        match error {
            DecodingError::IoError(error) => error.into(),
            _ => Self::Damaged,
        }
    }
}

pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<Found, Refusal> {
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: limits::MAX_PNG_CHUNK_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info()?;
    affordable(header.width.into(), header.height.into())?;
    let mut reader = decoder.read_info()?;
    let (kind, _) = reader.output_color_type();
    let mut painter = Painter::new(reader.info(), kind, sink);
    let info = reader.info();
    let orientation = info.exif_metadata.as_deref().and_then(orientation::of_exif).unwrap_or_default();
    let animated = info.animation_control.is_some_and(|control| control.num_frames > 1);
    // The picture for those who show no animation, where it is not a frame itself.
    let apart = info.animation_control.is_some() && info.frame_control.is_none();
    let found = |frame| Ok(Found { orientation, frame: animated.then_some(frame) });
    if !apart {
        if info.interlaced {
            let (x, y) = (info.width, info.height);
            let mut data = vec![0; reader.output_buffer_size().ok_or(Refusal::Damaged)?];
            reader.next_frame(&mut data)?;
            painter.frame(&data, (0, 0, x, y))?;
        } else {
            painter.begin()?;
            while let Some(row) = reader.next_row()? {
                painter.row(row.data());
            }
        }
        if painter.seen {
            return found(Frame::First);
        }
    }
    if !animated && !apart {
        return Err(Refusal::Clear);
    }
    // Whatever is clear everywhere leaves the canvas clear, so no frame depends on those before.
    for number in 0..limits::MAX_FRAMES {
        let place = match reader.next_frame_info() {
            Ok(control) => (control.x_offset, control.y_offset, control.width, control.height),
            Err(DecodingError::Parameter(_)) => break,
            Err(error) => return Err(error.into()),
        };
        let mut data = vec![0; reader.output_buffer_size().ok_or(Refusal::Damaged)?];
        reader.next_frame(&mut data)?;
        painter.frame(&data, place)?;
        if painter.seen {
            return found(if apart && number == 0 { Frame::First } else { Frame::Later });
        }
    }
    Err(Refusal::Clear)
}

/// How the file says what its colours are, by the precedence of the standard (section 4.3).
fn colour_of(info: &png::Info<'_>, samples: Samples) -> ToSrgb {
    if let Some(points) = info.coding_independent_code_points {
        return ToSrgb::of_code_points(points.color_primaries, points.transfer_function, samples);
    }
    if info.icc_profile.is_some() {
        return ToSrgb::embedded(info.icc_profile.as_deref(), samples);
    }
    let gamma = info.gama_chunk.map(png::ScaledFloat::into_value).filter(|gamma| *gamma > 0.0);
    let (Some(gamma), None) = (gamma, info.srgb) else { return ToSrgb::none(samples) };
    let place = |(x, y): (png::ScaledFloat, png::ScaledFloat)| (x.into_value(), y.into_value());
    let places = info.chrm_chunk.map(|at| [at.white, at.red, at.green, at.blue].map(place));
    if places.is_none() && (gamma - SRGB_GAMMA).abs() < 0.001 {
        // What programs write that mean sRGB.
        return ToSrgb::none(samples);
    }
    ToSrgb::made(gamma, places, samples)
}

/// Lays rows of any kind over white and hands them on.
struct Painter<'a> {
    sink: &'a mut dyn Sink,
    width: usize,
    height: usize,
    kind: ColorType,
    colour: ToSrgb,
    /// A row in the file's samples, on the canvas; grey written out; in sRGB; and over white.
    stored: Vec<u8>,
    expanded: Vec<u8>,
    shown: Vec<u8>,
    rgb: Vec<u8>,
    /// Whether anything that was painted is seen.
    seen: bool,
}

impl<'a> Painter<'a> {
    fn new(info: &png::Info<'_>, kind: ColorType, sink: &'a mut dyn Sink) -> Self {
        let (width, height) = (info.width as usize, info.height as usize);
        let samples = match kind {
            ColorType::Grayscale => Samples::Grey,
            ColorType::Rgb => Samples::Rgb,
            _ => Samples::Rgba,
        };
        let colour = colour_of(info, samples);
        Self {
            sink,
            width,
            height,
            kind,
            colour,
            stored: Vec::new(),
            expanded: vec![0; width * 4],
            shown: vec![0; width * 4],
            rgb: vec![0; width * 3],
            seen: false,
        }
    }

    fn begin(&mut self) -> Result<(), Refusal> {
        self.sink.begin(self.width, self.height)
    }

    /// The next row of the canvas, in the file's samples.
    fn row(&mut self, row: &[u8]) {
        let Self { sink, kind, colour, expanded, shown, rgb, seen, .. } = self;
        // What is grey for the file and not for its profile, or for none, is written out.
        let row = match kind {
            ColorType::Grayscale if colour.takes() == Samples::Rgb || !colour.is_some() => {
                for (grey, pixel) in row.iter().zip(expanded.as_chunks_mut::<3>().0) {
                    *pixel = [*grey; 3];
                }
                &expanded[..rgb.len()]
            }
            ColorType::GrayscaleAlpha => {
                for ([grey, opacity], pixel) in row.as_chunks().0.iter().zip(expanded.as_chunks_mut().0) {
                    *pixel = [*grey, *grey, *grey, *opacity];
                }
                &expanded[..]
            }
            _ => row,
        };
        if matches!(kind, ColorType::Grayscale | ColorType::Rgb) {
            *seen = true;
            sink.row(colour.row(row, rgb));
        } else {
            *seen |= over_white(colour.row(row, shown), rgb);
            sink.row(rgb);
        }
    }

    /// A frame at its place (left, top, width, height) on a clear canvas.
    fn frame(
        &mut self,
        data: &[u8],
        (left, top, width, height): (u32, u32, u32, u32),
    ) -> Result<(), Refusal> {
        let [left, top, width, height] = [left, top, width, height].map(|v| v as usize);
        let samples = self.kind.samples();
        self.begin()?;
        let mut rows = data.chunks_exact((width * samples).max(1));
        for y in 0..self.height {
            let mut line = std::mem::take(&mut self.stored);
            line.clear();
            line.resize(self.width * samples, 0);
            let within = (top..top + height).contains(&y).then(|| rows.next()).flatten();
            if let (Some(row), Some(place)) = (within, line.get_mut(left * samples..(left + width) * samples))
            {
                place.copy_from_slice(row);
            }
            self.row(&line);
            self.stored = line;
        }
        Ok(())
    }
}
