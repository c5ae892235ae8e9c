//! GIF (GIF89a), by the gif crate.

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use crate::{Found, Frame, Refusal, Sink, affordable, limits, over_white};

impl From<DecodingError> for Refusal {
    fn from(error: DecodingError) -> Self {
        match error {
            DecodingError::Io(error) => error.into(),
            _ => Self::Damaged,
        }
    }
}

pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<Found, Refusal> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // One byte a pixel.
    options.set_memory_limit(MemoryLimit::Bytes(
        limits::MAX_PIXELS.try_into().unwrap_or(std::num::NonZeroU64::MIN),
    ));
    let mut decoder = options.read_info(bytes)?;
    let (mut width, mut height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    for number in 0..limits::MAX_FRAMES {
        let Some(frame) = decoder.next_frame_info()? else {
            return Err(if number == 0 { Refusal::Damaged } else { Refusal::Clear });
        };
        let (w, h) = (usize::from(frame.width), usize::from(frame.height));
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        let clear = frame.transparent;
        let palette = frame.palette.clone();
        if number == 0 && (w > width || h > height) {
            // As browsers do where the screen is too small for the first frame.
            (width, height) = (w, h);
        }
        affordable(w as u64, h as u64)?;
        affordable(width as u64, height as u64)?;
        let mut indices = vec![0; decoder.buffer_size()];
        decoder.read_into_buffer(&mut indices)?;
        let palette = palette.or_else(|| decoder.global_palette().map(<[u8]>::to_vec)).unwrap_or_default();
        let colours = palette.as_chunks::<3>().0;
        let mut rows = indices.chunks_exact(w);
        let mut rgba = vec![0; width * 4];
        let mut rgb = vec![0; width * 3];
        let mut seen = false;
        sink.begin(width, height)?;
        for y in 0..height {
            rgba.fill(0);
            let row = (top..top + h).contains(&y).then(|| rows.next()).flatten().unwrap_or_default();
            let pixels = rgba.as_chunks_mut::<4>().0.iter_mut().skip(left);
            for (pixel, index) in pixels.zip(row).filter(|(_, index)| Some(**index) != clear) {
                // A colour that the palette lacks is shown as black.
                let [r, g, b] = colours.get(usize::from(*index)).copied().unwrap_or_default();
                *pixel = [r, g, b, 255];
            }
            seen |= over_white(&rgba, &mut rgb);
            sink.row(&rgb);
        }
        if seen {
            // Whether there is another; what is broken after this one does not matter.
            let animated = number > 0 || matches!(decoder.next_frame_info(), Ok(Some(_)));
            let which = if number == 0 { Frame::First } else { Frame::Later };
            return Ok(Found { orientation: 0, frame: animated.then_some(which) });
        }
    }
    Err(Refusal::Clear)
}
