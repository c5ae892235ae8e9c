//! Counts what a painter sends: rounds and bytes do not depend on the machine, so tests assert them exactly.

use abraham_messages::Kind;

/// What one painter has sent since the meter was last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meter {
    /// Protocol rounds: steps in which this painter waits for what others sent in the same step.
    pub rounds: u64,
    /// Frames sent.
    pub frames: u64,
    bytes: [u64; Kind::ALL.len()],
}

impl Meter {
    pub(crate) fn sent(&mut self, kind: Kind, bytes: usize) {
        self.frames += 1;
        self.bytes[kind as usize - 1] += bytes as u64;
    }

    /// Bytes sent in frames of `kind`, headers included.
    pub fn bytes_of(&self, kind: Kind) -> u64 {
        self.bytes[kind as usize - 1]
    }

    /// Bytes sent, headers included.
    pub fn bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// Bytes by kind, without the kinds that sent nothing.
    pub fn by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Kind::ALL.into_iter().map(|kind| (kind.name(), self.bytes_of(kind))).filter(|(_, bytes)| *bytes > 0)
    }

    /// Adds what another painter sent in the same rounds: bytes and frames add up, rounds run side by side.
    pub fn beside(&mut self, other: &Self) {
        self.rounds = self.rounds.max(other.rounds);
        self.frames += other.frames;
        for (mine, theirs) in self.bytes.iter_mut().zip(other.bytes) {
            *mine += theirs;
        }
    }

    /// Adds what was sent afterwards.
    pub fn then(&mut self, later: &Self) {
        let rounds = self.rounds + later.rounds;
        self.beside(later);
        self.rounds = rounds;
    }
}
