//! Why input was dropped, and how often.

use std::collections::BTreeMap;

/// Why input was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// Not a message of this protocol, or with a count or length that none has.
    Malformed,
    /// Another version of the messages.
    WrongVersion,
    /// Said before.
    Replayed,
    /// More than one member may say.
    TooMany,
    /// The table of members is full.
    TableFull,
    /// A claim that cannot be true.
    Forged,
    /// Of a term, cycle or step that is over, or that this member is not in.
    Stale,
    /// A message that this sender has no business to send.
    OutOfPlace,
    /// A signature that is not the sender's.
    BadSignature,
    /// Of members that paint by another recipe.
    OtherRecipe,
    /// A batch or share of another length or hash.
    WrongShape,
}

/// Counts of dropped input.
#[derive(Debug, Default)]
pub(crate) struct Rejections(BTreeMap<Rejection, u64>);

impl Rejections {
    pub(crate) fn count(&mut self, cause: Rejection) {
        *self.0.entry(cause).or_default() += 1;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Rejection, u64)> + '_ {
        self.0.iter().map(|(cause, count)| (*cause, *count))
    }
}
