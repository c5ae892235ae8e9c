//! Dividing a whole number in proportion, exactly.

/// Divides `total` in proportion to `weights`, by largest remainder (Hamilton's method); the parts add up to `total`.
///
/// Only additions, multiplications and divisions in a fixed order are used, so that the parts are the same on every
/// machine. Ties go to the earlier weight. `weights` are finite and not negative, with a positive sum, and `total` is
/// below 2^52.
pub(crate) fn apportion(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let quotas: Vec<f64> = weights.iter().map(|weight| weight / sum * total as f64).collect();
    let mut parts: Vec<u64> = quotas.iter().map(|quota| *quota as u64).collect();
    let left = total.saturating_sub(parts.iter().sum());
    let remainder = |i: usize| quotas[i] - parts[i] as f64;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    // Fewer than one unit a part is left, so that no part is raised twice.
    for i in order.into_iter().take(left as usize) {
        parts[i] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ties_go_to_the_earlier() {
        assert_eq!(apportion(5, &[1.0, 1.0]), [3, 2]);
        assert_eq!(apportion(4, &[0.0, 1.0, 1.0, 1.0]), [0, 2, 1, 1]);
        assert_eq!(apportion(0, &[1.0, 3.0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_within_one_of_their_quota(
            total in 0..1u64 << 40,
            weights in prop::collection::vec(0.0..1e6f64, 1..80),
        ) {
            prop_assume!(weights.iter().sum::<f64>() > 0.0);
            let parts = apportion(total, &weights);
            prop_assert_eq!(parts.iter().sum::<u64>(), total);
            let sum: f64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((*part as f64 - weight / sum * total as f64).abs() < 1.01);
            }
        }
    }
}
