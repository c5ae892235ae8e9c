//! What a visitor's build says of itself; the same for all who work on one kind of artist.

use abraham_messages::{RecipeId, collective::BackendKind};

use crate::Millis;

/// Sizes and quorums that come from the generator and from the learning rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Hash of the recipe that all painters of an artist have alike.
    pub recipe: RecipeId,
    /// Bytes of a piece's content.
    pub content_bytes: usize,
    /// Bytes of a batch: pictures × side² × channels × 4.
    pub batch_bytes: usize,
    /// Bytes of an encoded update's share for each seat. Shares of this length must decode: painters agree on which
    /// updates count before any painter decodes one.
    pub update_bytes: [usize; 4],
    /// Fewest teachers that a round learns from.
    pub min_teachers: usize,
    /// Fewest pictures, over all of a round's teachers.
    pub min_pictures: u64,
}

/// What the visitor wants, and what its machine can do. May change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether this member may be seated. Where it becomes `false` in a term, the member leaves after the round.
    pub paint: bool,
    /// How many pictures it teaches with; 0 is not teaching.
    pub pictures: u32,
    /// What it computes with.
    pub backend: BackendKind,
    /// Share of the time that it is ready to work, in per cent, 10 to 100; a painter rests after each round so that
    /// this comes out, at most [`crate::limits::MAX_PAUSE`].
    pub pace: u8,
}

impl Settings {
    /// How long to rest after having worked for `worked`.
    pub(crate) fn pause(&self, worked: Millis) -> Millis {
        let pace = Millis::from(self.pace.clamp(10, 100));
        (worked.saturating_mul(100 - pace) / pace).min(crate::limits::MAX_PAUSE)
    }
}
