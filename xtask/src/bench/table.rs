//! The result, for people and for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outcomes::{Outcome, Outcomes};
use crate::promises::{Goal, Promise};

/// One row of the result; what is written with `--json` is as it is here.
#[derive(Serialize)]
pub(super) struct Row {
    name: &'static str,
    #[serde(flatten)]
    outcome: Outcome,
    /// Absent where a number is only told.
    target: Option<f64>,
    /// The tighter baseline, which is SPU with sine where nothing else is said: the same activation as here.
    baseline: Option<f64>,
    baseline_name: Option<String>,
    #[serde(skip)]
    promise: &'static Promise,
    #[serde(skip)]
    baselines: Vec<f64>,
}

impl Row {
    /// `spu` has numbers by promise and baseline, which take the place of the recorded ones.
    pub(super) fn new(
        promise: &'static Promise,
        outcomes: &Outcomes,
        spu: &BTreeMap<(String, String), f64>,
    ) -> Self {
        let baselines: Vec<(String, f64)> = promise
            .baselines
            .iter()
            .map(|(name, recorded)| match spu.get(&(promise.name.to_owned(), (*name).to_owned())) {
                Some(now) => (format!("{name}, measured in this run"), *now),
                None => ((*name).to_owned(), *recorded),
            })
            .collect();
        let (baseline_name, baseline) = baselines.first().cloned().unzip();
        Self {
            name: promise.name,
            outcome: outcomes.of(promise.name),
            target: promise.goal.number(),
            baseline,
            baseline_name,
            promise,
            baselines: baselines.into_iter().map(|(_, value)| value).collect(),
        }
    }

    /// Its cells in the table; that nothing was measured takes the place of all that would follow.
    fn cells(&self) -> Vec<String> {
        let (unit, unit_name) = self.promise.shown;
        let number = |value: f64| {
            let value = value / unit;
            if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
        };
        let value = match &self.outcome {
            Outcome::Measured { value, .. } => *value,
            Outcome::NotMeasured { not_measured } => {
                return vec![self.name.to_owned(), format!("not measured: {not_measured}")];
            }
        };
        let (target, reached) = match self.promise.goal {
            Goal::AtMost(most) => (format!("≤ {}", number(most)), Some(value <= most)),
            Goal::AtLeast(least) => (format!("≥ {}", number(least)), Some(value >= least)),
            Goal::Told => (String::new(), None),
        };
        let reached = reached.map_or("", |reached| if reached { "reached" } else { "missed" });
        let measured = format!("{} {unit_name}", number(value));
        let mut cells = vec![self.name.to_owned(), measured, target, reached.to_owned()];
        cells.extend(self.baselines.iter().map(|value| number(*value)));
        cells
    }
}

/// Prints a table with a heading.
pub(super) fn print(rows: &[Row]) {
    let heading = ["what", "measured", "to reach", "", "SPU, sine", "SPU, ReLU"].map(str::to_owned);
    let mut table = vec![heading.to_vec()];
    table.extend(rows.iter().map(Row::cells));
    // The last cell of a row may be as wide as it likes.
    let mut widths = Vec::new();
    for row in &table {
        for (column, cell) in row.iter().take(row.len() - 1).enumerate() {
            widths.resize(widths.len().max(column + 1), 0);
            widths[column] = widths[column].max(cell.chars().count());
        }
    }
    for row in table {
        let (last, others) = row.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        let line: String =
            others.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        println!("{}", (line + last).trim_end());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Outcomes, Row};
    use crate::promises::PROMISES;

    #[test]
    fn a_row_has_its_number_and_target_or_why_there_is_none() {
        let mut outcomes = Outcomes::default();
        outcomes.measured("relay_failed_reservations", 2.0, "reservations");
        outcomes.measured("relay_bytes_per_peer", 2048.0, "bytes");
        let cells = |name: &str| {
            let promise = PROMISES.iter().find(|promise| promise.name == name).unwrap();
            Row::new(promise, &outcomes, &BTreeMap::new()).cells()
        };
        assert_eq!(
            cells("relay_failed_reservations"),
            ["relay_failed_reservations", "2 reservations", "≤ 0", "missed"]
        );
        assert_eq!(cells("relay_bytes_per_peer"), ["relay_bytes_per_peer", "2 KiB", "", ""]);
        assert_eq!(
            cells("netem_80ms_rounds_per_s"),
            ["netem_80ms_rounds_per_s", "not measured: no program measures it"]
        );
    }
}
