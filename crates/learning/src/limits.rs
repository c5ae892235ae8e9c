//! Sizes and counts of learning, each with its reason. How many must teach is in [`abraham_messages::limits`].

/// Most teachers of one round: it bounds the gradient.
pub const MAX_TEACHERS: usize = 1 << 10;
/// The largest share, in thousandths: at 0.2 samples near backed works were 0.89 and still diverse; more drowns the
/// teachers.
pub const MAX_SHARE_PER_MILLE: u16 = 200;
/// Most pieces on each side of one round's curation: it bounds the products with the batch.
pub const MAX_CURATED: usize = 256;
/// Most pictures that one teacher holds: 192 MiB of memory in colour at 32×32.
pub const MAX_PICTURES: usize = 16_384;
/// Largest side of a picture, in pixels.
pub const MAX_SIDE: usize = 256;
