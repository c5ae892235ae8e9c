//! A teacher's update as the integers that are shared with the painters.

use abraham_ring::RingTensor;

use crate::{Error, Sums, apportion::apportion};

/// Fraction bits of an update's numerators.
pub const NUMERATOR_FRACTION_BITS: u32 = 24;

/// Fraction bits of an update's denominators.
pub const DENOMINATOR_FRACTION_BITS: u32 = 16;

/// A teacher's update, within its public bounds: 0 ≤ den_j, Σ_j den_j = 1 exactly, and |num_j| ≤ den_j in every value,
/// since pictures lie in [−1, 1]. Secret; the painters get it only as shares.
pub struct Update {
    /// B×D, with [`NUMERATOR_FRACTION_BITS`].
    pub num: RingTensor,
    /// B×1, with [`DENOMINATOR_FRACTION_BITS`]; its integers add up to 2^16.
    pub den: RingTensor,
}

impl Update {
    /// One matrix for the upload: batch × (samples + 1), the denominators in the last column.
    pub fn joined(&self) -> RingTensor {
        let samples = self.num.cols();
        RingTensor::from_fn(self.num.rows(), samples + 1, |r, c| {
            if c < samples { self.num.row(r)[c] } else { self.den.data()[r] }
        })
    }
}

/// Rounds kernel sums to integers and clips them to an update's bounds.
///
/// The denominators are rounded by largest remainder, so that they still add up to exactly 1, which the painters may
/// open as a check.
///
/// # Errors
/// [`Error::Sums`] where the sums are not such that pictures in [−1, 1] could have given them, up to rounding.
pub fn quantise(sums: &Sums) -> Result<Update, Error> {
    let rows = sums.den.len();
    if rows == 0 || !sums.num.len().is_multiple_of(rows) {
        return Err(Error::Sums("the numerators do not fit the denominators"));
    }
    if !sums.num.iter().chain(&sums.den).all(|x| x.is_finite()) {
        return Err(Error::Sums("a value is not a number"));
    }
    let den: Vec<f64> = sums.den.iter().map(|x| f64::from(x.max(0.0))).collect();
    if (den.iter().sum::<f64>() - 1.0).abs() > 1e-2 {
        return Err(Error::Sums("the denominators do not add up to 1"));
    }
    let den = apportion(1 << DENOMINATOR_FRACTION_BITS, &den);
    let dimension = sums.num.len() / rows;
    let unit = f64::from(1 << NUMERATOR_FRACTION_BITS);
    let num = RingTensor::from_fn(rows, dimension, |row, col| {
        let bound = (den[row] << (NUMERATOR_FRACTION_BITS - DENOMINATOR_FRACTION_BITS)).cast_signed();
        let num = (f64::from(sums.num[row * dimension + col]) * unit).round() as i64;
        num.clamp(-bound, bound).cast_unsigned()
    });
    Ok(Update { num, den: RingTensor::new(rows, 1, den)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stays_within_its_bounds(
            den in prop::collection::vec(0.0..1f32, 1..70),
            means in prop::collection::vec(-1.001..1.001f32, 210),
        ) {
            let total: f32 = den.iter().sum();
            prop_assume!(total > 1e-3);
            let den: Vec<f32> = den.iter().map(|x| x / total).collect();
            let num: Vec<f32> = den.iter().flat_map(|d| [*d; 3]).zip(means).map(|(d, m)| d * m).collect();
            let update = quantise(&Sums { num: num.clone(), den: den.clone() }).unwrap();
            prop_assert_eq!(update.den.data().iter().sum::<u64>(), 1 << 16);
            prop_assert_eq!(update.num.shape(), (den.len(), 3));
            for (row, den_row) in update.den.data().iter().enumerate() {
                prop_assert!((*den_row as f64 / 65536.0 - f64::from(den[row])).abs() < 1.1 / 65536.0);
                for (value, num) in update.num.row(row).iter().zip(&num[3 * row..]) {
                    let value = value.cast_signed();
                    prop_assert!(value.unsigned_abs() <= den_row << 8);
                    let found = value as f64 / f64::from(1 << 24);
                    prop_assert!((found - f64::from(*num)).abs() < 2e-3 * f64::from(den[row]) + 1.1 / 65536.0);
                }
            }
        }
    }

    #[test]
    fn joins_the_denominators_as_the_last_column() {
        let sums = Sums { num: vec![0.25, -0.25, 0.5, 0.125], den: vec![0.25, 0.75] };
        let joined = quantise(&sums).unwrap().joined();
        assert_eq!(joined.shape(), (2, 3));
        let unit = 1u64 << NUMERATOR_FRACTION_BITS;
        assert_eq!(joined.row(0), [unit / 4, (unit / 4).wrapping_neg(), 1 << 14]);
        assert_eq!(joined.row(1), [unit / 2, unit / 8, 3 << 14]);
    }

    #[test]
    fn refuses_what_no_pictures_give() {
        let refused = |num: &[f32], den: &[f32]| {
            matches!(quantise(&Sums { num: num.to_vec(), den: den.to_vec() }), Err(Error::Sums(_)))
        };
        assert!(!refused(&[0.5, -0.5], &[0.5, 0.5]));
        assert!(refused(&[0.5, f32::NAN], &[0.5, 0.5]));
        assert!(refused(&[0.5, 0.5], &[f32::INFINITY, 0.5]));
        assert!(refused(&[0.5, 0.5], &[0.5, 0.7]));
        assert!(refused(&[0.5, 0.5], &[0.0, 0.0]));
        assert!(refused(&[0.5, 0.5, 0.5], &[0.5, 0.5]));
        assert!(refused(&[], &[]));
    }
}
