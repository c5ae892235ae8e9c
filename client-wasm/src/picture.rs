//! Pictures as the page wants them: RGBA tiles.

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
