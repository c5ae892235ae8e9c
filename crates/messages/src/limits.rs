//! Every limit on what comes from outside, with its reason.

/// Bytes of one frame between painters. The largest honest frame is a joint input of a 64×64 colour
/// generator's last layer (128 × 12,288 elements of 4 bytes, twice in one round), about 13 MB.
pub const MAX_FRAME_BYTES: usize = 32 << 20;

/// Frames that may wait out of order on one link before the sender counts as faulty: a round has at most
/// four frames on a link, and a painter can be one round ahead.
pub const MAX_FRAMES_AHEAD: u64 = 16;

/// Painters of an artist.
pub const PAINTERS: usize = 4;

/// Fewest pictures, over all teachers, that a committee learns from. With 216 flags, almost no painting was a copy; with
/// 60, several were recognisable; with 20, plain copies came out (measured; no differential privacy). Above this number
/// nothing is promised either; below it, expect copies.
pub const MIN_PICTURES: usize = 64;

/// Fewest pictures in the solo studio. Nobody but the visitor sees what it paints, so copies reveal nothing to anyone. But
/// with fewer than this, the artist can only repeat what it was shown.
pub const MIN_SOLO_PICTURES: usize = 16;

/// Fewest teachers present in a committee's round. With one of ten present, the pictures fell apart (Fréchet distance 124,
/// where 30 is reached with all), and a sum over few teachers is nearly one teacher's own.
pub const MIN_TEACHERS: usize = 3;

/// Bytes of a piece's content: 64×64 samples in colour.
pub const MAX_CONTENT_BYTES: usize = 12 << 10;

/// Bytes of a signed piece as text: its content in hex, nine hashes, four keys and signatures.
pub const MAX_PIECE_TEXT_BYTES: usize = 32 << 10;

/// Bytes of a picture file with a piece inside: the text, and its rendering, which may be larger than the content.
pub const MAX_PIECE_FILE_BYTES: usize = 16 << 20;

/// Bytes of one painter's checkpoint: three components of weights and momentum of a 64×64 colour generator
/// (1.6 million parameters, 8 bytes each, twice), with head-room.
pub const MAX_CHECKPOINT_BYTES: usize = 128 << 20;

/// Bytes of one message of the collective to a linked member: a proposal with its proofs, some kilobytes.
pub const MAX_CONTROL_BYTES: usize = 64 << 10;

/// Bytes of one batch or update: 128 colour pictures of 32×32, 8 bytes a sample, with head-room.
pub const MAX_BULK_BYTES: usize = 8 << 20;

/// Bytes after a frame that identify the painters' term. They come last so that neither side moves the frame to add or
/// remove them.
pub const FRAME_TERM_BYTES: usize = 8;

/// Bytes of one message on the presence topic: a piece of 32×32 in colour with its record and signatures.
pub const MAX_GOSSIP_BYTES: usize = 16 << 10;
/// Bytes that gossipsub adds to a message: author, sequence number, topic, signature, key, and protobuf.
pub const GOSSIP_OVERHEAD_BYTES: usize = 1 << 10;
/// Bytes of one gossipsub packet: the largest messages, together with control messages. A stream with a larger packet is
/// closed. The limit is well above one message, because gossipsub compares it with everything in a stream's buffer, which
/// is up to 8 KiB more than one packet (libp2p-gossipsub 0.50.1, `validate_rpc_limits`). A node whose stream was closed for
/// this reason receives nothing any more.
pub const MAX_GOSSIP_PACKET_BYTES: usize = 64 << 10;

/// Bytes of what a tab's window and its worker say to each other, beside a payload: a presence, or some addresses.
pub const MAX_THREAD_HEAD_BYTES: usize = 64 << 10;

/// Bytes of a payload between a tab's window and its worker: a frame.
pub const MAX_THREAD_PAYLOAD_BYTES: usize = MAX_FRAME_BYTES + FRAME_TERM_BYTES;

/// Direct links that one member keeps: the painters, the teachers of a round, and candidates for the next term.
pub const MAX_LINKS: usize = 24;

/// Largest number of learning rounds in any message: at one per millisecond, nine thousand years. Counting on from there
/// cannot overflow.
pub const MAX_ROUNDS: u64 = 1 << 48;

/// Largest number of times, in any message, that an artist's shares were made anew: once for each change of painters, far
/// fewer than rounds.
pub const MAX_GENERATIONS: u64 = 1 << 48;

/// Bytes of one presence: its links (34 bytes each), its addresses, and some hashes.
pub const MAX_PRESENCE_BYTES: usize = 2 << 10;

/// Addresses in a presence: a member keeps reservations with two relays, and may be reached directly.
pub const MAX_ADDRESSES: usize = 3;

/// Bytes of one address: a relay's, its peer id and the member's.
pub const MAX_ADDRESS_BYTES: usize = 256;

/// Artists that a member keeps shares of and announces.
pub const MAX_ARTISTS: usize = 4;

/// Certificates of an artist's earlier committees that link to its newest one: one per change of painters. Eight changes,
/// one seat at a time, replace every painter twice.
pub const MAX_CHAIN: usize = 8;

/// Artists for which a member says which seat it had: far more than one visit meets.
pub const MAX_SEATS_TOLD: usize = 16;
