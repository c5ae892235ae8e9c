//! Teachers: this member as one, and those that it asks.

pub(crate) mod teacher;
