//! The learning rate of each round, in integers.

use abraham_shaders::sine_table::{self, QUARTER_STEPS, quarter_wave};

/// Fraction bits of a learning rate.
pub const LEARNING_RATE_FRACTION_BITS: u32 = 16;

/// Rounds over which the learning rate rises from 0, or a quarter of all rounds where these are few.
pub const WARM_UP_ROUNDS: u64 = 50;

/// Fraction bits that the base rates are kept with before they are scaled and rounded.
const BASE_FRACTION_BITS: u32 = 40;

/// 0.005, the last layer's highest rate.
const BASE_LAST: u128 = 5_497_558_139;

/// 0.005 / 2π, the hidden layers' highest rate: their sines have 2π times the slope.
const BASE_HIDDEN: u128 = 874_963_553;

/// Learning rates of one round, with [`LEARNING_RATE_FRACTION_BITS`] fraction bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearningRates {
    /// Of the hidden layers.
    pub hidden: u64,
    /// Of the last layer, which is linear.
    pub last: u64,
}

/// The share of the highest rate, in thousandths, below which a schedule without an end does not fall.
const OPEN_ENDED_FLOOR_PER_MILLE: u64 = 100;

/// Linear warm-up, then a half cosine down to a floor; the same integers on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    total_rounds: u64,
    floor_per_mille: u64,
}

impl Schedule {
    /// Falls to 0 at `total_rounds` and stays there.
    pub const fn to_zero(total_rounds: u64) -> Self {
        Self { total_rounds, floor_per_mille: 0 }
    }

    /// Falls to a tenth of the highest rate within `settling_rounds` and stays there: for a studio that learns for as
    /// long as its visitor likes.
    pub const fn open_ended(settling_rounds: u64) -> Self {
        Self { total_rounds: settling_rounds, floor_per_mille: OPEN_ENDED_FLOOR_PER_MILLE }
    }

    /// What tells this schedule from others.
    pub(crate) fn numbers(&self) -> [u64; 2] {
        [self.total_rounds, self.floor_per_mille]
    }

    /// The rates of round `round`, counted from 0.
    pub fn rates(&self, round: u64) -> LearningRates {
        let (numerator, denominator) = self.factor(round);
        let scale = |base: u128| {
            let denominator = denominator << (BASE_FRACTION_BITS - LEARNING_RATE_FRACTION_BITS);
            ((base * numerator + denominator / 2) / denominator) as u64
        };
        LearningRates { hidden: scale(BASE_HIDDEN), last: scale(BASE_LAST) }
    }

    /// The share of the highest rate, at most 1, as numerator and denominator below 2^64.
    fn factor(&self, round: u64) -> (u128, u128) {
        let warm_up = WARM_UP_ROUNDS.min(self.total_rounds / 4);
        if round < warm_up {
            return (u128::from(round) + 1, u128::from(warm_up));
        }
        let floor = (u128::from(self.floor_per_mille), 1000);
        if round >= self.total_rounds {
            return floor;
        }
        let (numerator, denominator) = self.cosine(round, warm_up);
        if numerator * floor.1 < floor.0 * denominator { floor } else { (numerator, denominator) }
    }

    /// The half cosine after the warm-up.
    fn cosine(&self, round: u64, warm_up: u64) -> (u128, u128) {
        let total = self.total_rounds;
        let quarter = u128::from(QUARTER_STEPS);
        let span = u128::from(total - warm_up);
        // Half a turn over the span, to the table's nearest step.
        let step = (2 * quarter * u128::from(round - warm_up) + span / 2) / span;
        let one = 1u128 << sine_table::FRACTION_BITS;
        let entry = |step: u128| u128::from(quarter_wave()[step as usize]);
        let raised = if step <= quarter { one + entry(quarter - step) } else { one - entry(step - quarter) };
        (raised, 2 * one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(total: u64, round: u64, base: f64) -> f64 {
        let warm_up = WARM_UP_ROUNDS.min(total / 4);
        let factor = if round < warm_up {
            (round + 1) as f64 / warm_up as f64
        } else {
            let progress = (round - warm_up) as f64 / (total - warm_up) as f64;
            (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0
        };
        (base * factor * 65536.0).min(base * 65536.0)
    }

    #[test]
    fn follows_the_cosine() {
        for total in [1, 3, 40, 200, 1000, 100_000] {
            let schedule = Schedule::to_zero(total);
            for round in (0..total).step_by(1 + total as usize / 777) {
                let rates = schedule.rates(round);
                assert!((rates.last as f64 - reference(total, round, 0.005)).abs() < 0.6, "{total} {round}");
                let hidden = reference(total, round, 0.005 / std::f64::consts::TAU);
                assert!((rates.hidden as f64 - hidden).abs() < 0.6, "{total} {round}");
            }
            assert_eq!(schedule.rates(total), LearningRates { hidden: 0, last: 0 });
            assert_eq!(schedule.rates(u64::MAX), LearningRates { hidden: 0, last: 0 });
        }
    }

    #[test]
    fn peaks_after_the_warm_up() {
        let schedule = Schedule::to_zero(1000);
        assert_eq!(schedule.rates(0), LearningRates { hidden: 1, last: 7 });
        assert_eq!(schedule.rates(WARM_UP_ROUNDS), LearningRates { hidden: 52, last: 328 });
    }

    #[test]
    fn never_ends_where_it_is_open_ended() {
        let schedule = Schedule::open_ended(1000);
        assert_eq!(schedule.rates(0), Schedule::to_zero(1000).rates(0));
        assert_eq!(schedule.rates(500), Schedule::to_zero(1000).rates(500));
        for round in [990, 1000, u64::MAX] {
            assert_eq!(schedule.rates(round), LearningRates { hidden: 5, last: 33 });
        }
    }

    #[test]
    fn survives_absurd_lengths() {
        let schedule = Schedule::to_zero(u64::MAX);
        assert_eq!(schedule.rates(1 << 40).last, 328);
        assert_eq!(Schedule::to_zero(0).rates(0).last, 0);
    }
}
