//! A teacher's share of an update, for each painter and some shapes.
#![no_main]

use abraham_mpc::{PainterId, Scale, UpdateShare};
use libfuzzer_sys::fuzz_target;

const SCALE: Scale = Scale::full(24);

fuzz_target!(|input: &[u8]| {
    let Some((&[painter, rows, cols], bytes)) = input.split_first_chunk() else { return };
    let holder = PainterId::ALL[usize::from(painter % 4)];
    let shape = (usize::from(rows % 8), usize::from(cols % 8));
    if let Ok(share) = UpdateShare::decode(bytes, holder, shape, SCALE) {
        assert_eq!(share.encode().as_slice(), bytes);
        assert_eq!(bytes.len(), UpdateShare::bytes_for(holder, shape));
    }
});
