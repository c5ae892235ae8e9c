//! A picture file from anywhere, as one picture and as a sheet of tiles.
#![no_main]

use abraham_pictures::{cut, decode};
use libfuzzer_sys::fuzz_target;

const SIDE: usize = 32;

fuzz_target!(|input: &[u8]| {
    if let Ok(picture) = decode(input, SIDE) {
        assert_eq!(picture.rgba.len(), SIDE * SIDE * 4);
        assert!(picture.rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255));
        // A file is the same picture each time, or a copy would not be seen to be one.
        assert!(decode(input, SIDE).is_ok_and(|again| again == picture));
    }
    if let Ok(tiles) = cut(input, SIDE) {
        assert!(tiles.iter().all(|tile| tile.len() == SIDE * SIDE * 4));
    }
});
