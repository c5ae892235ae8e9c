//! Timeouts and sizes of a node, each with its reason. Limits of messages are in [`abraham_messages::limits`].

use std::time::Duration;

use abraham_limiter::{Backoff, Rate};
use abraham_messages::limits::MAX_LINKS;

// Dials

/// Timeout of a dial, until it has ended in a link or failed: a circuit, signalling, ICE and the lanes' streams.
pub(crate) const DIAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Wait, after a failed attempt, for one that the other side may be making.
pub(crate) const DIAL_GRACE: Duration = Duration::from_secs(1);
/// Addresses of one member that are looked at: they come from the member itself.
pub(crate) const MAX_DIAL_ADDRESSES: usize = 8;

// Links

/// Window in which a second connection comes from both sides having dialled; later, one has lost the first.
pub(crate) const SIMULTANEOUS_DIAL_WINDOW: Duration = Duration::from_secs(5);
/// Timeout for a direct connection to have its lanes; beyond, it is closed, as is one from a peer that is no member.
pub(crate) const FORMING_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a relayed connection: signalling takes a second.
pub(crate) const RELAYED_TIMEOUT: Duration = Duration::from_secs(30);
/// Interval between pings.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Timeout of a ping's answer.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence after which a link is over: three pings without an answer.
pub(crate) const SILENCE_TIMEOUT: Duration = PING_INTERVAL.saturating_mul(3);
/// Standstill of this node itself, as in a tab that was frozen, after which nobody's silence means anything.
pub(crate) const MIN_STANDSTILL: Duration = Duration::from_secs(5);
/// Links that other members may make by themselves; the rest are for those that this node asks for.
pub(crate) const MAX_UNASKED_LINKS: usize = MAX_LINKS / 2;
/// Connections that are no link and may stand at the same time, relays' among them.
pub(crate) const MAX_OTHER_CONNECTIONS: usize = 64;
/// Bytes that all links together may hold of messages that were not taken. Beyond it a link with more than its
/// share is closed, so all of them hold less than twice this.
pub(crate) const MAX_HELD_BYTES: u64 = 256 << 20;
/// Bytes moved on one lane in one turn, so that no lane or link starves the others.
pub(crate) const MAX_TURN_BYTES: usize = 1 << 20;

// Presence

/// Own messages that wait for the first subscriber: one of presence, and what goes with it. Older ones are stale.
pub(crate) const MAX_WAITING_MESSAGES: usize = 4;
/// Authors whose rates are remembered.
pub(crate) const MAX_AUTHORS: usize = 4096;
/// Bytes that a message counts beside its length: checking its signature costs as much.
pub(crate) const SIGNATURE_COST_BYTES: u64 = 256;
/// Shortest interval between two times that a member is named for saying too much.
pub(crate) const MIN_NAMED_INTERVAL: Duration = Duration::from_secs(10);

// Relays

/// Relays that a node stays with at the same time: when one goes, the other still carries its presence.
pub(crate) const WANTED_RELAYS: usize = 2;
/// Addresses of relays that a node may be given.
pub(crate) const MAX_RELAYS: usize = 16;
/// Backoff after failures of a relay.
pub(crate) const RELAY_BACKOFF: Backoff<Duration> =
    Backoff { min: Duration::from_secs(1), max: Duration::from_secs(30) };
/// Timeout of a relay's answer.
pub(crate) const RELAY_TIMEOUT: Duration = Duration::from_secs(15);

// The node

/// Commands and events that may wait in each direction.
pub(crate) const MAX_QUEUE: usize = 1024;
/// Interval between two looks for what is late.
pub(crate) const TICK_INTERVAL: Duration = Duration::from_millis(500);
/// Time for the last publication to leave, and for connections to close, before a node ends.
pub(crate) const GOODBYE_TIMEOUT: Duration = Duration::from_millis(200);

// The presence topic

/// What one author may say at once, and in the long run each second, in bytes. Presence is below 1 kB every five
/// seconds and at most four times a second; a piece is at most 16 KiB every fifteen seconds.
pub(crate) const AUTHOR_RATE: Rate = Rate::per_second(64 << 10, 8 << 10);

/// The same of everything that one member forwards over a link; what is over it is dropped, so that one link does not
/// use up the whole topic's rate. The member is not to blame: it may itself hear that much.
pub(crate) const SHARE_RATE: Rate = Rate::per_second(1 << 20, 256 << 10);

/// The same of the whole topic: four thousand members' presence.
pub(crate) const TOPIC_RATE: Rate = Rate::per_second(4 << 20, 1 << 20);

/// What one member may forward over a link of what is over its authors' rates. An author may tell each member something
/// else, so that each passes on what is right by itself and too much together; but no honest member passes on more than
/// [`TOPIC_RATE`], so twice that comes only from one that does not keep to the rules.
pub(crate) const FORWARDED_RATE: Rate = Rate::per_second(2 * TOPIC_RATE.burst, 2 * TOPIC_RATE.count);
