//! The exponential function, the same bit for bit on every machine.

use std::f64::consts::LOG2_E;

/// ln 2 rounded to 32 bits, so that its product with an integer of up to 20 bits is exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;

/// ln 2 − [`LN2_HIGH`].
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 1/n! for n from 13 down to 0: the Taylor polynomial, whose first dropped term is below 5·10^-18 at ln 2 / 2.
const COEFFICIENTS: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// exp(x) for x ≤ 0, within a relative error of 10^-15; 0 below −708, where the result would be subnormal.
///
/// No platform's library is called: x = k·ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite's two-part reduction), a
/// polynomial in r by Horner's rule in a fixed order, and k added to the exponent. Every step is one IEEE 754
/// double-precision operation, which Rust neither reorders nor fuses.
pub(crate) fn exp_of_nonpositive(x: f64) -> f64 {
    if x < -708.0 {
        return 0.0;
    }
    // The conversion truncates, which rounds to nearest after the half is taken off.
    let k = (x * LOG2_E - 0.5) as i64;
    let r = (x - k as f64 * LN2_HIGH) - k as f64 * LN2_LOW;
    let polynomial = COEFFICIENTS.iter().fold(0.0, |sum, coefficient| sum * r + coefficient);
    polynomial * f64::from_bits((1023 + k).cast_unsigned() << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in 0..=708_000 {
            let x = -f64::from(step) / 1000.0;
            let (ours, theirs) = (exp_of_nonpositive(x), x.exp());
            assert!((ours - theirs).abs() <= 1e-15 * theirs, "exp({x}) = {theirs}, not {ours}");
        }
        assert_eq!(exp_of_nonpositive(0.0), 1.0);
        assert_eq!(exp_of_nonpositive(-709.0), 0.0);
        assert_eq!(exp_of_nonpositive(f64::NEG_INFINITY), 0.0);
    }

    #[test]
    fn is_pinned() {
        let hash = (0..7080).fold(0u64, |hash, step| {
            hash.rotate_left(5) ^ exp_of_nonpositive(-f64::from(step) / 10.0).to_bits()
        });
        assert_eq!(hash, 0xccf1_92ff_0765_3cda, "{hash:#018x}");
    }
}
