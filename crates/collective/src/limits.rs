//! Every timeout, size and quorum of the collective, with its reason. Times are milliseconds.

use std::time::Duration;

use abraham_limiter::{Backoff, Rate};
use abraham_messages::limits::{MAX_ARTISTS, MAX_LINKS};

use crate::Millis;

// Review

/// Interval between two reviews of what a member sees while nothing happens.
pub const REVIEW_INTERVAL: Millis = 1_000;
/// Shortest interval between two reviews: ten thousand presences must not cause as many.
pub const MIN_REVIEW_INTERVAL: Millis = 100;

// Presence

/// Interval between presences. Half the relay's gossip history, so that one lost message costs nothing.
pub const PRESENCE_INTERVAL: Millis = 5_000;
/// Silence after which a member is gone: three presences lost in a row, and one on its way.
pub const PRESENCE_TIMEOUT: Millis = 20_000;
/// Shortest interval between two presences of this member: changes in quick succession travel as one.
pub const MIN_PRESENCE_INTERVAL: Millis = 250;
/// Presences of one author.
pub const PRESENCE_RATE: Rate = Rate::one_every(16, Duration::from_millis(MIN_PRESENCE_INTERVAL));
/// Members kept. Beyond this number, newcomers without a link to this member are left out until others expire.
pub const MAX_MEMBERS: usize = 4_096;
/// Departed members whose last sequence number is remembered, so that nobody can replay what they sent.
pub const MAX_DEPARTED: usize = 4_096;
/// Number of terms beyond those this member knows of that a presence may claim and still be believed: no collective forms
/// a million committees unseen.
pub const MAX_TERM_LEAP: u64 = 1 << 20;

// Links

/// Willing painters that look for each other: few enough that all can be linked with all, and many more than four,
/// so that four remain where some pairs cannot reach each other.
pub const POOL_SIZE: usize = 16;
/// Interval after which the pool doubles while no committee is in sight: its first members may be unable to reach
/// each other.
pub const POOL_WIDENING_INTERVAL: Millis = 20_000;
/// First members of the pool that link with a seated committee's painters, to take the place of one that leaves.
pub const RESERVE_SIZE: usize = 4;
/// Teachers that a painter links to; more than teach in a round, so that rounds differ.
pub const MAX_LINKED_TEACHERS: usize = 16;
/// Cycles between two changes of the linked teachers: relinking takes about a second, so it must be rare.
pub const TEACHER_ROTATION_CYCLES: u32 = 64;
/// Links kept whether wanted or not. Beyond this number, unwanted links close: the rest is room for members that look for
/// this one.
pub const MAX_KEPT_LINKS: usize = 20;
/// Time for which a link stays that this member does not want, because the other side may want it.
pub const IDLE_LINK_TIMEOUT: Millis = 30_000;
/// Unwanted links. If there are more, the longest unwanted close at once: half of all links are for members that this
/// one looks for itself.
pub const MAX_UNWANTED_LINKS: usize = MAX_LINKS / 2;
/// Links that stay free, at the cost of unwanted ones: a node with all its links taken accepts no call.
pub const MIN_FREE_LINKS: usize = 2;
/// Dials that begin at about the same time. A browser gathers candidates for each.
pub const MAX_FRESH_DIALS: usize = 8;
/// Time after which a dial makes room for the next: most honest links are up by then, and a crowd of members that never
/// answer must not keep this one from members that do.
pub const FRESH_DIAL_TIMEOUT: Millis = 1_000;
/// Dials under way. One more dial ends the oldest that is no longer fresh. Each dial in vain doubles the time that the
/// next one to that member is given, so that slow members are reached in the end.
pub const MAX_PENDING_DIALS: usize = 16;
/// Timeout of a dial: a relayed connection, the signalling and a DTLS handshake over a slow line.
pub const DIAL_TIMEOUT: Millis = 30_000;
/// Time for which, of two members that both want a link, the one with the larger key leaves the dial to the other.
pub const DIAL_YIELD_TIMEOUT: Millis = 2_000;
/// Backoff between two dials to one member.
pub const DIAL_BACKOFF: Backoff<Millis> = Backoff { min: 5_000, max: 300_000 };
/// Bytes of control messages to one member that the node has not sent yet; beyond this, the link closes. A round sends
/// less than a kilobyte.
pub const MAX_UNSENT_CONTROL_BYTES: usize = 128 << 10;

// Election

/// Time for which four willing, linked painters must be in view unchanged before one proposes: presence reaches
/// everyone in less.
pub const SETTLE_TIMEOUT: Millis = 1_000;
/// Wait of a proposer for each rank before its own: one proposal and its four acceptances take less.
pub const RANK_INTERVAL: Millis = 2_000;
/// Ranks by which a proposer may be early and still be accepted: views differ by a few members.
pub const MAX_RANK_SLACK: u64 = 4;
/// Timeout of a proposal, for all four acceptances.
pub const ACCEPT_TIMEOUT: Millis = 5_000;
/// Refused proposals that are remembered, for those that come after their refusal.
pub const MAX_REFUSALS: usize = 32;
/// Wait for a member that says it holds an artist and has not shown it yet, or that went out of sight without a goodbye,
/// before others draw a new one: two dials that fail, and the backoff after them. It starts again with each change of
/// such members' presence or links. If a member has shown an artist, the wait lasts as long as that member is in sight.
pub const HOLDER_TIMEOUT: Millis = 2 * (DIAL_TIMEOUT + DIAL_BACKOFF.min);
/// Longest wait for mere claims, no matter how often they change: strangers may make them.
pub const CLAIM_TIMEOUT: Millis = 3 * HOLDER_TIMEOUT;
/// Cooldown after that wait, during which no claim is waited for.
pub const CLAIM_COOLDOWN: Millis = 3_600_000;
/// Signers of a certificate who also sat in the committee that it is linked with: two, of whom one may lie. Two
/// committees that share three painters, because one seat was filled, always have them, for three of four must sign;
/// two that share only two painters have them where both signed.
pub const MIN_LINKING_SIGNERS: usize = 2;
/// Committees by which an artist is known whose shares this member does not have.
pub const MAX_KNOWN_COMMITTEES: usize = 64;
/// Artists that are known from what others showed: twice as many as linked members can show, because the artists of
/// members that are gone are remembered for a while.
pub const MAX_KNOWN_ARTISTS: usize = 2 * MAX_LINKS * MAX_ARTISTS;
/// Certificates that need not be checked again.
pub const MAX_CHECKED_CERTIFICATES: usize = 2_048;
/// Artists whose seats a member remembers; far more than one visit can meet.
pub const MAX_REMEMBERED_SEATS: usize = 256;
/// Certificates of one member that are checked: at once those of four artists, with their chains; then one a second, for
/// a term makes two. A check is four signatures, some milliseconds.
pub const CERTIFICATE_CHECK_RATE: Rate = Rate::per_second(48, 1);
/// Shortest interval between two messages of this member that show what it holds.
pub const MIN_HOLDS_INTERVAL: Millis = 250;
/// Margin within which two deadlines agree. If another painter waited for a third in vain, and this painter's own
/// deadline is within this margin, it ends the term for its own reason: clocks that started together run out together.
pub const SILENCE_MARGIN: Millis = 2_000;
/// Longest random wait before proposing again after a failed proposal, so that two that collided do not collide again.
pub const MAX_RETRY_JITTER: Millis = 1_000;
/// Holders without which an artist cannot be continued: one lacks a component.
pub const MIN_HOLDERS: usize = 2;
/// Signatures that make a certificate: a liar can withhold one of four, and cannot add one.
pub const CERTIFICATE_QUORUM: usize = 3;
/// Painters that must be in view for a term to count as alive: the fourth may be out of sight for a while.
pub const MIN_PAINTERS_IN_VIEW: usize = 3;
/// Time for which a term is believed that none of its painters has shown. Members linked with one of its painters wait
/// until it is set up, [`BEGIN_TIMEOUT`].
pub const UNSHOWN_TERM_TIMEOUT: Millis = 15_000;
/// Time without such a term in sight after which one is believed again.
pub const DOUBT_DURATION: Millis = 120_000;
/// Painters of each unshown term that a member looks for, so that one shows it.
pub const MAX_UNSHOWN_DIALS: usize = 2;
/// Unshown terms whose painters a member looks for.
pub const MAX_UNSHOWN_TERMS: usize = 2;
/// Terms whose painters are known because one showed it.
pub const MAX_SHOWN_TERMS: usize = 64;
/// Shortest interval between two terms that one member shows: each check costs four verifications.
pub const MIN_SHOWN_INTERVAL: Millis = 1_000;
/// Learning rounds that a certificate may have behind it: at one a second, a century. Messages may speak of many
/// more ([`abraham_messages::limits::MAX_ROUNDS`]), so an honest painter never comes to say what others refuse.
pub const MAX_ROUNDS: u64 = 1 << 32;
/// Linked painters of another committee that are needed before this member's own makes way: gossip alone must not
/// dissolve a committee.
pub const MIN_DISSOLVE_LINKS: usize = 2;
/// Shortest time between two occasions on which a member's committee makes way.
pub const MIN_DISSOLVE_INTERVAL: Millis = 60_000;
/// Fault of a member that refused a proposal, that lost its link, or that was in a term which ended without named
/// suspects.
pub const FAULT: u32 = 1;
/// Faults of a member that painters named, or that this member waited for in vain. With this many faults, a member is
/// passed over even if it holds the artist.
pub const NAMED_FAULT: u32 = 3;
/// Time after which faults are forgotten: a tab that slept is a good painter again.
pub const FAULT_DURATION: Millis = 120_000;
/// Time after which a refused proposal is forgotten; there may have been a good reason for it.
pub const REFUSAL_DURATION: Millis = 10_000;
/// Largest number of faults of one member.
pub const MAX_FAULTS: u32 = 12;
/// Members whose faults are remembered.
pub const MAX_FAULTY_MEMBERS: usize = 1_024;
/// Cooldown of a member whose own engine failed, in which it does not offer to paint.
pub const OWN_FAILURE_COOLDOWN: Millis = 30_000;

// Term

/// Timeout for the engine to fill seats, agree on keys and draw an artist: 10 MB a filled seat over a slow line.
pub const BEGIN_TIMEOUT: Millis = 90_000;
/// Timeout for the engine to paint a batch or a piece, or to learn, on slow machines over slow lines: almost a minute,
/// plus the time that painters then need to agree on who took it. Its own channel has shorter deadlines for each frame.
pub const WORK_TIMEOUT: Millis = 76_000;
/// Timeout for all painters to be ready for the next cycle: the longest pause, a slow machine, and as much again.
pub const READY_TIMEOUT: Millis = 60_000;
/// Longest pause of a painter between two rounds, whatever its pace.
pub const MAX_PAUSE: Millis = 30_000;
/// Pause of a painter where there was nothing to learn and nothing to paint.
pub const IDLE_PAUSE: Millis = 1_000;
/// Timeout of painters' short messages.
pub const STEP_TIMEOUT: Millis = 10_000;
/// Timeout of a step that follows work: the slowest painter may start to wait this much later than this one.
pub const STEP_AFTER_WORK_TIMEOUT: Millis = 30_000;
/// Timeout of updates: a batch of 400 KB down, the kernel sums on a slow machine, an update up.
pub const TEACHING_TIMEOUT: Millis = 10_000;
/// Teachers of a round: an update costs three protocol rounds, and eight make the crowd that the guard requires.
pub const MAX_TEACHERS: usize = 8;
/// Teachers that a painter names as present.
pub const MAX_NAMED_TEACHERS: usize = 24;
/// Backoff after which a silent teacher is asked again.
pub const TEACHER_BACKOFF: Backoff<Millis> = Backoff { min: 30_000, max: 600_000 };
/// Rounds between two pieces.
pub const PIECE_INTERVAL_ROUNDS: u64 = 8;
/// Interval between two pieces where nothing can be learnt.
pub const PIECE_INTERVAL: Millis = 15_000;
/// How many of the four painters must think that a piece is due.
pub const PIECE_QUORUM: usize = 3;

// Teacher

/// Equal notices of a batch that a teacher needs to go on: three of four painters, of whom one may lie.
pub const NOTICE_QUORUM: usize = 3;
/// Timeout of a teacher's wait for notices and batch. As long as painters wait for its update.
pub const TEACHER_WAIT_TIMEOUT: Millis = TEACHING_TIMEOUT;
/// Timeout of a teacher's engine; no answer is sent after it.
pub const TEACHER_WORK_TIMEOUT: Millis = 2 * TEACHING_TIMEOUT;
/// Shortest interval between two batches that a teacher computes for. Each answer tells the one who asks something about
/// its pictures, so it does not answer faster than a round takes.
pub const MIN_TEACHING_INTERVAL: Millis = 2_000;
/// Batches of one artist that a teacher computes for in a [`TAUGHT_BATCHES_INTERVAL`].
pub const MAX_TAUGHT_BATCHES: u32 = 4_000;
/// Batches of all artists together: names of artists are free.
pub const MAX_TAUGHT_BATCHES_OF_ALL: u32 = 2 * MAX_TAUGHT_BATCHES;
/// Interval after which a teacher counts anew.
pub const TAUGHT_BATCHES_INTERVAL: Millis = 24 * 3_600_000;
/// Terms for which a teacher computes a batch of the same round without waiting: a term that failed in a round has
/// learned nothing in it, and the next begins the round again. Broken links cause a few such terms.
pub const MAX_REPEATED_TEACHINGS: usize = 8;
/// Interval between further terms of the same round: one painter alone can make them fail.
pub const REPEATED_TEACHING_INTERVAL: Millis = 60_000;
/// Rounds and terms taught that a teacher remembers.
pub const MAX_REMEMBERED_TEACHINGS: usize = 256;
/// Artists whose batches a teacher counts.
pub const MAX_TAUGHT_ARTISTS: usize = 64;

// Pieces of others

/// Shortest interval between two pieces of one painter that are checked and shown: each check costs four verifications.
pub const MIN_PIECE_INTERVAL: Millis = 1_000;
/// Hashes of pieces that are remembered, so that none is shown twice.
pub const MAX_KNOWN_PIECES: usize = 256;

// Snapshot

/// Members that the page is given.
pub const MAX_SNAPSHOT_MEMBERS: usize = 64;
/// Characters to which reasons given by others or the node are cut.
pub const MAX_REASON_CHARS: usize = 200;
