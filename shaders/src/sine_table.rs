//! One quarter of the sine wave, computed in integers so that it is the same on every machine.

use std::sync::LazyLock;

/// Bits of a turn that the table resolves.
pub const TURN_BITS: u32 = 16;

/// Fraction bits of a table value.
pub const FRACTION_BITS: u32 = 12;

/// Steps of a quarter turn: the table has one entry for each, and one for the quarter's end.
pub const QUARTER_STEPS: u16 = 1 << (TURN_BITS - 2);

/// Fraction bits of the working precision: products of two numbers below 4 fit 128 bits.
const WORKING_BITS: u32 = 60;

/// π/2 at the working precision.
const HALF_PI: u128 = 1_811_004_864_519_280_711;

/// round(2^12·sin(2π·i/2^16)) for i from 0 to [`QUARTER_STEPS`], both included; halves do not occur.
pub fn quarter_wave() -> &'static [u16] {
    static TABLE: LazyLock<Vec<u16>> = LazyLock::new(|| (0..=QUARTER_STEPS).map(entry).collect());
    &TABLE
}

/// One entry, by the Taylor series of sine: 13 terms leave less than 2^-58 at π/2.
fn entry(step: u16) -> u16 {
    let sine = working_sine(step);
    let shift = WORKING_BITS - FRACTION_BITS;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a sine is at most 1, so that the entry is at most 4096"
    )]
    {
        ((sine + (1 << (shift - 1))) >> shift) as u16
    }
}

/// The sine of `step` at the working precision, within 2^-54.
fn working_sine(step: u16) -> u128 {
    let x = (HALF_PI * u128::from(step)) >> (TURN_BITS - 2);
    let square = (x * x) >> WORKING_BITS;
    let mut term = x;
    let (mut plus, mut minus) = (x, 0);
    for k in 1..13u128 {
        term = ((term * square) >> WORKING_BITS) / (2 * k * (2 * k + 1));
        if k % 2 == 0 {
            plus += term;
        } else {
            minus += term;
        }
    }
    plus - minus
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table's FNV-1a hash. A new value is another protocol: painters with different tables disagree.
    #[test]
    fn is_pinned() {
        let hash = quarter_wave()
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        assert_eq!(hash, 0xa227_3b06_cba2_687f, "{hash:#018x}");
    }

    #[test]
    fn no_entry_is_near_a_tie_so_that_every_rounding_is_right() {
        let shift = WORKING_BITS - FRACTION_BITS;
        for step in 0..=QUARTER_STEPS {
            let below = working_sine(step) & ((1 << shift) - 1);
            let to_tie = below.abs_diff(1 << (shift - 1));
            assert!(to_tie > 1 << 8, "step {step}");
            let float = (std::f64::consts::TAU * f64::from(step) / 65536.0).sin();
            assert!(
                (working_sine(step) as f64 / f64::from(WORKING_BITS).exp2() - float).abs() < 1e-15,
                "step {step}"
            );
        }
    }
}
