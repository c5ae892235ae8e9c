//! Who is here, whom this member blames, what it refused, and which committees count.

pub(crate) mod faults;
pub(crate) mod presence;
pub(crate) mod rejections;
pub(crate) mod witness;
