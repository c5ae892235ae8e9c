//! A piece's file and its record: nothing panics, and what is understood is written again in the same words.
#![no_main]

use abraham_provenance::{file, from_text, to_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(piece) = from_text(text)
    {
        assert_eq!(from_text(&to_text(&piece)), Ok(piece));
    }
    let _ = file::open(input);
});
