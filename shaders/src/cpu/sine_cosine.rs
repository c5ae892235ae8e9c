//! Mirror of `shader/sine_cosine.wgsl`.

use crate::sine_table;

/// Writes sine and cosine of 2π·angle/2^`period_bits` with [`sine_table::FRACTION_BITS`] fraction bits, as wrapped
/// integers. The angle's bits above the period do not matter; it is first rounded to 16 bits of a turn, halves up.
///
/// All three slices have one length; `period_bits` is 16 to 64.
pub fn sine_cosine(angle: &[u64], period_bits: u32, sine: &mut [u64], cosine: &mut [u64]) {
    debug_assert!((sine_table::TURN_BITS..=64).contains(&period_bits));
    let table = sine_table::quarter_wave();
    let shift = period_bits - sine_table::TURN_BITS;
    let half = (1u64 << shift) >> 1;
    for ((angle, sine), cosine) in angle.iter().zip(sine).zip(cosine) {
        // A carry out of the turn, or out of 64 bits, is a whole turn and drops out below.
        let step = (angle.wrapping_add(half) >> shift) as u16;
        *sine = look_up(table, step);
        *cosine = look_up(table, step.wrapping_add(sine_table::QUARTER_STEPS));
    }
}

/// The sine of `step`/2^16 of a turn, from the first quarter by symmetry.
fn look_up(table: &[u16], step: u16) -> u64 {
    let within = step % sine_table::QUARTER_STEPS;
    let index =
        if step & sine_table::QUARTER_STEPS == 0 { within } else { sine_table::QUARTER_STEPS - within };
    let value = u64::from(table[usize::from(index)]);
    if step & 0x8000 == 0 { value } else { value.wrapping_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_turn_is_within_half_a_unit() {
        let angle: Vec<u64> = (0..1 << 16).collect();
        let (mut sine, mut cosine) = (vec![0; angle.len()], vec![0; angle.len()]);
        sine_cosine(&angle, 16, &mut sine, &mut cosine);
        for (i, (s, c)) in sine.iter().zip(&cosine).enumerate() {
            let (sin, cos) = (std::f64::consts::TAU * i as f64 / 65536.0).sin_cos();
            assert!((s.cast_signed() as f64 - 4096.0 * sin).abs() <= 0.5 + 1e-9, "sine at step {i}");
            assert!((c.cast_signed() as f64 - 4096.0 * cos).abs() <= 0.5 + 1e-9, "cosine at step {i}");
        }
    }

    #[test]
    fn wider_angles_round_to_the_nearest_step_and_wrap() {
        for period_bits in [17, 24, 44, 63, 64] {
            let shift = period_bits - 16;
            let half = 1u64 << (shift - 1);
            let look = |angle: u64| {
                let (mut s, mut c) = ([0], [0]);
                sine_cosine(&[angle], period_bits, &mut s, &mut c);
                (s[0], c[0])
            };
            let above = if period_bits == 64 { 0 } else { 1 << period_bits };
            for step in [0u64, 1, 16383, 16384, 40000, 65535] {
                let exact = look(step << shift);
                assert_eq!(look((step << shift) + above), exact);
                assert_eq!(look((step << shift).wrapping_sub(half)), exact, "halves round up");
                assert_eq!(look((step << shift) + half - 1), exact);
                assert_eq!(look((step << shift).wrapping_add(half)), look((step + 1) << shift));
            }
        }
    }
}
