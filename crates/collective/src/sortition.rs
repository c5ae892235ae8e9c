//! Numbers that nobody else can guess, from a seed that is passed in.

use zeroize::Zeroizing;

pub(crate) struct Sortition {
    key: Zeroizing<[u8; 32]>,
    drawn: u64,
}

impl Sortition {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(seed), drawn: 0 }
    }

    pub(crate) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        *blake3::keyed_hash(&self.key, &self.drawn.to_le_bytes()).as_bytes()
    }

    /// Below `bound`, which must be small against 2^64 for the bias not to matter.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.draw()[..8]);
        u64::from_le_bytes(word) % bound.max(1)
    }
}
