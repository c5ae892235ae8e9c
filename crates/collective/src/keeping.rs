//! What this member keeps and what others have shown to keep: certified states, and pieces that were heard of.

pub(crate) mod certificate;
pub(crate) mod holders;
pub(crate) mod received;
pub(crate) mod store;
