//! Fixed point: a real x with f fraction bits is round(x·2^f) in two's complement.

/// Encodes `x` with `fraction_bits` fraction bits, rounding to nearest. Not for values at or above 2^(63−f).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the documented range fits i64; two's complement is the encoding"
)]
pub fn encode(x: f64, fraction_bits: u32) -> u64 {
    (x * f64::from(fraction_bits).exp2()).round() as i64 as u64
}

/// Decodes `v` with `fraction_bits` fraction bits.
pub fn decode(v: u64, fraction_bits: u32) -> f64 {
    v.cast_signed() as f64 / f64::from(fraction_bits).exp2()
}

/// Reads the low `bits` bits of `v` as a two's-complement integer.
pub fn sign_extend(v: u64, bits: u32) -> i64 {
    let shift = 64 - bits;
    (v << shift).cast_signed() >> shift
}

/// 2^bits − 1, for 1 ≤ bits ≤ 64.
pub fn mask(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
}

/// Rounds `v` to `drop` fewer bits, to nearest: the integer nearest to v / 2^drop, ties upwards. `drop` is below 64.
pub fn round_off(v: u64, drop: u32) -> u64 {
    match drop {
        0 => v,
        _ => (v >> drop) + ((v >> (drop - 1)) & 1),
    }
}
