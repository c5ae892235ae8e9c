//! What the four painters of a term said, step by step.

use std::collections::BTreeMap;

use abraham_messages::collective::Step;

use crate::Rejection;

/// The kinds of steps, in no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Ready,
    Planned,
    Have,
    Counted,
    Held,
    Certify,
    Sign,
}

fn kind(step: &Step) -> Option<Kind> {
    Some(match step {
        Step::Ready(_) => Kind::Ready,
        Step::Planned { .. } => Kind::Planned,
        Step::Have { .. } => Kind::Have,
        Step::Counted { .. } => Kind::Counted,
        Step::Held { .. } => Kind::Held,
        Step::Certify { .. } => Kind::Certify,
        Step::Sign(_) => Kind::Sign,
        _ => return None,
    })
}

/// Steps of this cycle and first steps of the next: at most eight a painter.
#[derive(Default)]
pub(crate) struct Steps {
    cycle: u32,
    said: BTreeMap<(u32, Kind, usize), Step>,
}

impl Steps {
    pub(crate) fn cycle(&self) -> u32 {
        self.cycle
    }

    /// Begins the next cycle.
    pub(crate) fn next_cycle(&mut self) {
        self.cycle += 1;
        let cycle = self.cycle;
        self.said.retain(|(of, _, _), _| *of >= cycle);
    }

    /// Takes in what the painter at `seat` says. What it said first stays.
    pub(crate) fn handle_step(&mut self, seat: usize, cycle: u32, step: Step) -> Result<(), Rejection> {
        let kind = kind(&step).ok_or(Rejection::Malformed)?;
        // A painter that has all four of a step may be one step ahead of one that has three.
        let in_reach =
            cycle == self.cycle || (cycle.checked_sub(1) == Some(self.cycle) && kind == Kind::Ready);
        if !in_reach {
            return Err(Rejection::Stale);
        }
        match self.said.entry((cycle, kind, seat)) {
            std::collections::btree_map::Entry::Occupied(_) => Err(Rejection::Replayed),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(step);
                Ok(())
            }
        }
    }

    pub(crate) fn get(&self, kind: Kind, seat: usize) -> Option<&Step> {
        self.said.get(&(self.cycle, kind, seat))
    }

    /// What all four said in this cycle, once they have.
    pub(crate) fn all(&self, kind: Kind) -> Option<[&Step; 4]> {
        let [Some(a), Some(b), Some(c), Some(d)] = [0, 1, 2, 3].map(|seat| self.get(kind, seat)) else {
            return None;
        };
        Some([a, b, c, d])
    }

    /// Seats that have not said it.
    pub(crate) fn missing(&self, kind: Kind) -> Vec<usize> {
        (0..4).filter(|seat| self.get(kind, *seat).is_none()).collect()
    }
}

#[cfg(test)]
mod tests {
    use abraham_messages::StepsHash;

    use super::*;

    #[test]
    fn a_step_counts_once_and_only_in_reach() {
        let mut steps = Steps::default();
        let counted = |n| Step::Counted { haves: StepsHash([n; 32]) };
        let ready = || Step::Planned { readies: StepsHash([0; 32]) };
        assert_eq!(steps.handle_step(1, 0, counted(1)), Ok(()));
        assert_eq!(steps.handle_step(1, 0, counted(2)), Err(Rejection::Replayed));
        assert_eq!(steps.get(Kind::Counted, 1), Some(&counted(1)), "what was said first stays");
        assert_eq!(
            steps.handle_step(1, 1, ready()),
            Err(Rejection::Stale),
            "only readiness may be a cycle ahead"
        );
        assert_eq!(steps.handle_step(1, u32::MAX, ready()), Err(Rejection::Stale));
        assert_eq!(steps.missing(Kind::Counted), [0, 2, 3]);
        for seat in [0, 2, 3] {
            steps.handle_step(seat, 0, counted(1)).unwrap();
        }
        assert!(steps.all(Kind::Counted).is_some());
        steps.next_cycle();
        assert!(steps.all(Kind::Counted).is_none());
        assert_eq!(steps.handle_step(0, 0, counted(1)), Err(Rejection::Stale));
    }
}
