//! How a committee comes to be: who would be a good one, whose turn it is to propose it, and whether four accept.

pub(crate) mod candidates;
pub(crate) mod forming;
pub(crate) mod waiting;
