//! Which way up a picture is shown: EXIF's orientation (CIPA DC-008, 4.6.5).

use image::metadata::Orientation;

/// The orientation that a block of EXIF asks for, without the `Exif\0\0` before it: a number from 1 to 8.
pub(crate) fn of_exif(tiff: &[u8]) -> Option<u8> {
    Orientation::from_exif_chunk(tiff).map(Orientation::to_exif)
}

/// Turns and mirrors a square of RGBA as the orientation asks.
pub(crate) fn turn(rgba: &mut Vec<u8>, side: usize, orientation: u8) {
    let last = side - 1;
    // Where the pixel shown at (x, y) is stored.
    let stored = |x: usize, y: usize| match orientation {
        2 => (last - x, y),
        3 => (last - x, last - y),
        4 => (x, last - y),
        5 => (y, x),
        6 => (y, last - x),
        7 => (last - y, last - x),
        8 => (last - y, x),
        _ => (x, y),
    };
    let pixels = rgba.as_chunks::<4>().0;
    let turned = (0..side * side).flat_map(|at| {
        let (x, y) = stored(at % side, at / side);
        pixels[y * side + x]
    });
    *rgba = turned.collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(big: bool, orientation: u16) -> Vec<u8> {
        let short = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let long = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut out = if big { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(short(42));
        out.extend(long(8));
        out.extend(short(2));
        // Another field before it.
        for (tag, value) in [(0x0100, 7), (0x0112, orientation)] {
            out.extend(short(tag));
            out.extend(short(3));
            out.extend(long(1));
            out.extend(short(value));
            out.extend([0, 0]);
        }
        out
    }

    #[test]
    fn the_number_is_found_in_either_byte_order() {
        for number in 0..20 {
            let expected = (1..=8).contains(&number).then_some(number as u8);
            assert_eq!(of_exif(&exif(true, number)), expected);
            assert_eq!(of_exif(&exif(false, number)), expected);
        }
        let whole = exif(true, 6);
        for length in 0..whole.len() - 3 {
            assert_eq!(of_exif(&whole[..length]), None);
        }
        // A directory beyond the end.
        assert_eq!(of_exif(b"MM\0*\xff\xff\xff\xff\0\x01"), None);
    }

    #[test]
    fn each_of_the_eight_is_its_own_way_up() {
        let stored: Vec<u8> = (1..=4).flat_map(|v| [v; 4]).collect();
        let shown = [
            [1, 2, 3, 4],
            [2, 1, 4, 3],
            [4, 3, 2, 1],
            [3, 4, 1, 2],
            [1, 3, 2, 4],
            [3, 1, 4, 2],
            [4, 2, 3, 1],
            [2, 4, 1, 3],
        ];
        for (orientation, expected) in (1..).zip(shown) {
            let mut picture = stored.clone();
            turn(&mut picture, 2, orientation);
            assert_eq!(picture, expected.map(|v: u8| [v; 4]).concat(), "{orientation}");
        }
    }
}
