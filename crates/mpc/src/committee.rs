//! Who the four are, and who does what for which pair.

use std::fmt;

/// One of the four painters, 0 to 3. Painter i holds every component of a sharing except component i.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PainterId(u8);

impl PainterId {
    /// All four.
    pub const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];

    /// The painter at a seat, where there is such a seat.
    pub fn new(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The seat, 0 to 3; also the component that this painter lacks.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn byte(self) -> u8 {
        self.0
    }

    /// The three others, in the order of their seats.
    pub fn others(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |other| *other != self)
    }
}

impl fmt::Display for PainterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "painter {}", self.0)
    }
}

/// How a value that exactly two painters know enters a sharing (a *joint input*): component `drawn` comes from the
/// PRF key of its three holders, component `explicit` is the value minus that draw, the other two are zero.
/// The painter that lacks component `drawn` is sent the explicit component by `sender`; `witness` knows it too.
#[derive(Clone, Copy)]
pub(crate) struct Pairing {
    pub(crate) explicit: usize,
    pub(crate) drawn: usize,
    pub(crate) sender: PainterId,
    pub(crate) witness: PainterId,
    /// The diagonal x_d·y_d of a product that this pair adds to its two cross terms.
    pub(crate) diagonal: Option<usize>,
}

impl Pairing {
    pub(crate) fn receiver(&self) -> PainterId {
        PainterId::ALL[self.drawn]
    }

    pub(crate) fn knows(&self, painter: PainterId) -> bool {
        painter == self.sender || painter == self.witness
    }
}

const P: [PainterId; 4] = PainterId::ALL;

/// The six pairs. Messages and hashes are spread so that no painter sends or receives more than two of the six.
pub(crate) const PAIRINGS: [Pairing; 6] = [
    Pairing { explicit: 0, drawn: 1, sender: P[2], witness: P[3], diagonal: Some(0) },
    Pairing { explicit: 1, drawn: 2, sender: P[3], witness: P[0], diagonal: None },
    Pairing { explicit: 2, drawn: 3, sender: P[0], witness: P[1], diagonal: Some(2) },
    Pairing { explicit: 3, drawn: 0, sender: P[1], witness: P[2], diagonal: Some(3) },
    Pairing { explicit: 0, drawn: 2, sender: P[1], witness: P[3], diagonal: None },
    Pairing { explicit: 1, drawn: 3, sender: P[2], witness: P[0], diagonal: Some(1) },
];

/// The pairing through which painters 2 and 3 enter what they know, z0 + z1.
pub(crate) const LOW: usize = 0;
/// The pairing through which painters 0 and 1 enter what they know, z2 + z3.
pub(crate) const HIGH: usize = 2;
/// The four pairings that hold one component of {0, 1} and one of {2, 3}: (low component, high component, pairing).
pub(crate) const CROSS: [(usize, usize, usize); 4] = [(0, 2, 4), (0, 3, 3), (1, 2, 1), (1, 3, 5)];

/// Who serves painter p the component that p lacks: (sender of the component, sender of its hash).
pub(crate) fn servers(p: PainterId) -> (PainterId, PainterId) {
    (PainterId::ALL[(p.index() + 1) % 4], PainterId::ALL[(p.index() + 2) % 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairings_fit_who_holds_what() {
        let mut diagonals = Vec::new();
        let mut received = [0; 4];
        for pairing in PAIRINGS {
            let mut seats =
                [pairing.explicit, pairing.drawn, pairing.sender.index(), pairing.witness.index()];
            seats.sort_unstable();
            assert_eq!(
                seats,
                [0, 1, 2, 3],
                "a pair knows both components of the other two, and only it does"
            );
            if let Some(d) = pairing.diagonal {
                assert!(d == pairing.explicit || d == pairing.drawn);
                diagonals.push(d);
            }
            received[pairing.receiver().index()] += 1;
        }
        diagonals.sort_unstable();
        assert_eq!(diagonals, [0, 1, 2, 3]);
        assert!(received.iter().all(|n| (1..=2).contains(n)));
        for (low, high, pairing) in CROSS {
            let mut pair = [PAIRINGS[pairing].explicit, PAIRINGS[pairing].drawn];
            pair.sort_unstable();
            assert_eq!(pair, [low, high]);
        }
        assert!(PAIRINGS[LOW].knows(P[2]) && PAIRINGS[LOW].knows(P[3]));
        assert!(PAIRINGS[HIGH].knows(P[0]) && PAIRINGS[HIGH].knows(P[1]));
    }
}
