//! Every timeout, size and quorum of the collective, with its reason. Times are milliseconds.

use abraham_messages::limits::LINKS;

use crate::Millis;

// Presence

/// A member says so often that it is here. Half the relay's gossip history, so that one lost message costs nothing.
pub const PRESENCE_EVERY: Millis = 5_000;
/// A member of whom so long nothing was heard is gone: three presences lost in a row, and one on its way.
pub const PRESENCE_EXPIRES: Millis = 20_000;
/// Least time between two presences of this member: changes in quick succession travel as one.
pub const PRESENCE_LEAST: Millis = 250;
/// Presences that one author may send in a burst; one a [`PRESENCE_LEAST`] is let through after it.
pub const PRESENCE_BURST: u32 = 16;
/// Members kept. Beyond, newcomers that this member has no link with are dropped until others expire.
pub const MEMBERS: usize = 4_096;
/// Departed members whose last sequence number is remembered, so that what they said cannot be said again.
pub const DEPARTED: usize = 4_096;
/// How much further than what this member knows a presence may claim that terms have counted, and is believed: no
/// collective forms a million committees unseen.
pub const TERM_LEAP: u64 = 1 << 20;

// Links

/// Willing painters that look for each other: few enough that all can be linked with all, and many more than four,
/// so that four remain where some pairs cannot reach each other.
pub const POOL: usize = 16;
/// The pool doubles after each such time without a committee in sight: its first members may be unable to reach each
/// other.
pub const POOL_WIDENS: Millis = 20_000;
/// The first of the pool that link with a seated committee's painters, to take the place of one that leaves.
pub const RESERVE: usize = 4;
/// Teachers that a painter links to; more than teach in a round, so that rounds differ.
pub const LINKED_TEACHERS: usize = 16;
/// Cycles after which other teachers are linked to: relinking takes about a second, so it must be rare.
pub const TEACHERS_STAY: u32 = 64;
/// Links beyond which those that this member does not want are let go: the rest is room for members that look for
/// this one.
pub const KEPT_LINKS: usize = 20;
/// A link that this member does not want is kept so long, for the other side may.
pub const IDLE_LINK: Millis = 30_000;
/// Links that this member does not want and keeps. Of more, those that it has not wanted for longest are let go at
/// once: half of all links are for those that it looks for itself.
pub const UNWANTED_LINKS: usize = LINKS / 2;
/// Links that stay free where others are not wanted: a node that has as many as it can have takes no call.
pub const FREE_LINKS: usize = 2;
/// Dials that begin at about the same time. A browser gathers candidates for each.
pub const DIALS: usize = 8;
/// A dial that takes longer makes room for the next: honest links mostly stand by then, and a crowd of members that
/// never answer must not keep this one from those that do.
pub const DIAL_FRESH: Millis = 1_000;
/// Dials that may be under way. For a further one the oldest that is no longer fresh is given up; each time that a
/// member was dialled in vain, the next dial is left twice as long before, so that slow ones are reached in the end.
pub const DIALS_PENDING: usize = 16;
/// A dial is given up after so long: a relayed connection, the signalling and a DTLS handshake over a slow line.
pub const DIAL: Millis = 30_000;
/// Of two that both want a link, the one with the smaller key dials, and the other after so long.
pub const DIAL_YIELDS: Millis = 2_000;
/// After a failed dial the next one waits so long, and twice as long after each further one.
pub const REDIAL: Millis = 5_000;
/// Longest wait between two dials to one member.
pub const REDIAL_MOST: Millis = 300_000;
/// Bytes of control messages to one member that the node may not have sent yet; beyond, the link is let go. A round
/// sends less than a kilobyte.
pub const UNSENT_CONTROL: usize = 128 << 10;

// Election

/// Four willing painters that are linked must have been in view unchanged for so long before one proposes: presence
/// reaches everyone in less.
pub const SETTLE: Millis = 1_000;
/// The proposer of rank k waits k times so long: a proposal and its four acceptances take less.
pub const RANK: Millis = 2_000;
/// A proposer is not accepted where its turn is more than so many ranks away: views differ by a few members.
pub const RANK_SLACK: u64 = 4;
/// A proposal must be accepted by all four within this.
pub const ACCEPT: Millis = 5_000;
/// Whoever says that it holds an artist and has not shown it yet, or has just gone out of sight without a goodbye, is
/// waited for so long before others draw a new one: two dials that fail, and the waits after them. It begins anew with
/// each change of such members' presence or links. Who has shown an artist is waited for as long as it is in sight.
pub const HOLDERS_PATIENCE: Millis = 2 * (DIAL + REDIAL);
/// Longest time that mere claims are waited for, however often they change: strangers may make them.
pub const CLAIMS_MOST: Millis = 3 * HOLDERS_PATIENCE;
/// After it none are waited for during so long.
pub const CLAIMS_REST: Millis = 3_600_000;
/// Who signed a certificate and sat in the committee that it is linked with: two, of whom one may lie. Two committees
/// that share three painters, because one seat was filled, always have them, for three of four must sign; two that
/// share only two painters have them where both signed.
pub const LINKING: usize = 2;
/// Committees by which an artist is known whose shares this member does not have.
pub const COMMITTEES_KNOWN: usize = 64;
/// Certificates of one member that are checked at once: of four artists, with their chains. A check is four
/// signatures, some milliseconds.
pub const CHECK_BURST: u32 = 48;
/// After it one more is checked each such time: a term makes two.
pub const CHECK_EVERY: Millis = 1_000;
/// Least time between two messages of this member that show what it holds.
pub const SHOW_LEAST: Millis = 250;
/// Where another painter waited for a third in vain, this one ends the term for its own reason if it would have, itself,
/// within this: clocks that started together run out together.
pub const SILENCE_AGREES: Millis = 2_000;
/// Most random time that is added before proposing again after a failed proposal, so that two that collide part.
pub const RETRY_JITTER: Millis = 1_000;
/// Holders without which an artist cannot be continued: one lacks a component.
pub const MIN_HOLDERS: usize = 2;
/// Signatures that make a certificate: a liar can withhold one of four, and cannot add one.
pub const CERTIFICATE_QUORUM: usize = 3;
/// Painters of a term that must be in view for the term to count as alive: one may be unheard of for a while.
pub const TERM_ALIVE: usize = 3;
/// A term that no painter of it has shown is believed for so long; who is linked with one of its painters waits for it
/// to be set up, [`BEGIN`].
pub const UNSHOWN: Millis = 15_000;
/// Once such terms were believed for so long they are not again, until none was in sight for this time.
pub const DOUBT_LASTS: Millis = 120_000;
/// Painters of each term that was not shown that a member looks for, so that one shows it.
pub const UNSHOWN_DIALS: usize = 2;
/// Terms not shown whose painters a member looks for.
pub const UNSHOWN_TERMS: usize = 2;
/// Terms whose painters are known because one showed it.
pub const TERMS_SHOWN: usize = 64;
/// One member may show a further term after so long: each check costs four verifications.
pub const SHOWN_LEAST: Millis = 1_000;
/// Learning rounds that a certificate may have behind it: at one a second, a century. Messages may speak of many
/// more ([`abraham_messages::limits::ROUNDS`]), so an honest painter never comes to say what others refuse.
pub const ROUNDS: u64 = 1 << 32;
/// Painters of another committee that this member must be linked with before its own makes way: gossip alone shall
/// not dissolve one.
pub const DISSOLVE_LINKED: usize = 2;
/// A member's committee makes way at most so often.
pub const DISSOLVE_EVERY: Millis = 60_000;
/// Mark of a member that refused a proposal, that lost its link, or that was in a term which ended without named
/// suspects.
pub const MARK: u32 = 1;
/// Mark of a member that painters named, or that this member waited for in vain. From so many on it is passed over even
/// where it holds the artist.
pub const MARK_NAMED: u32 = 3;
/// Marks are forgotten after so long: a tab that slept is a good painter again.
pub const MARK_LASTS: Millis = 120_000;
/// The mark of a member that refused a proposal, which it may have had a good reason for, is forgotten after so long.
pub const REFUSAL_LASTS: Millis = 10_000;
/// Most marks that one member collects.
pub const MARK_MOST: u32 = 12;
/// Members whose marks are remembered.
pub const MARKED: usize = 1_024;
/// A member whose own engine failed does not offer to paint for so long.
pub const OWN_FAILURE: Millis = 30_000;

// Term

/// The engine's time to fill seats, agree on keys and draw an artist: 10 MB a filled seat over a slow line.
pub const BEGIN: Millis = 90_000;
/// The engine's time to paint a batch or a piece, or to learn, on slow machines over slow lines: almost a minute, and what
/// painters then need to agree on who took it. Its own channel has shorter deadlines for each frame.
pub const WORK: Millis = 76_000;
/// All painters must be ready for the next cycle within this: the longest rest, a slow machine, and as much again.
pub const READY: Millis = 60_000;
/// Longest rest of a painter between two rounds, whatever its pace.
pub const REST: Millis = 30_000;
/// A painter waits so long where there was nothing to learn and nothing to paint.
pub const NOTHING_TO_DO: Millis = 1_000;
/// Painters' short messages must have come within this.
pub const STEP: Millis = 10_000;
/// How much later than this one the slowest painter may begin to wait for a step: its own engine's work.
pub const STEP_AFTER_WORK: Millis = 30_000;
/// Updates that came in time count: a batch of 400 KB down, the kernel sums on a slow machine, an update up.
pub const TEACHING: Millis = 10_000;
/// Teachers of a round: an update costs three protocol rounds, and eight give the crowd that the guard wants.
pub const TEACHERS: usize = 8;
/// Teachers that a painter names as present.
pub const TEACHERS_NAMED: usize = 24;
/// A teacher that was silent is not asked for so long, twice as long after each further time.
pub const TEACHER_RESTS: Millis = 30_000;
/// Longest time that a silent teacher is not asked.
pub const TEACHER_RESTS_MOST: Millis = 600_000;
/// Rounds after which a piece is painted.
pub const PIECE_ROUNDS: u64 = 8;
/// A piece is painted after so long where nothing can be learnt.
pub const PIECE_EVERY: Millis = 15_000;
/// Painters of the four that must think a piece due.
pub const PIECE_QUORUM: usize = 3;

// Teacher

/// Equal notices of a batch that a teacher goes on with: three of four painters, of whom one may lie.
pub const NOTICES: usize = 3;
/// A teacher waits so long for notices and batch. As long as painters wait for its update.
pub const TEACH_WAIT: Millis = TEACHING;
/// A teacher's engine has so long; the answer is not sent after it.
pub const TEACH_WORK: Millis = 2 * TEACHING;
/// Least time between two batches that a teacher computes for. Who asks learns something about its pictures each
/// time, so it does not answer faster than a round takes.
pub const TEACH_LEAST: Millis = 2_000;
/// Batches of one artist that a teacher computes for in a [`TEACH_DAY`].
pub const TEACH_MOST: u32 = 4_000;
/// Batches of all artists together: names of artists are free.
pub const TEACH_MOST_ALL: u32 = 2 * TEACH_MOST;
/// After so long a teacher counts anew.
pub const TEACH_DAY: Millis = 24 * 3_600_000;
/// Terms for which a teacher computes a batch of one and the same round, without more ado: a term that failed in a
/// round has learnt nothing in it, and the next begins the round again. Links that break make a few of them.
pub const TEACH_AGAIN: usize = 8;
/// After more terms that failed in one round, the next is taught after so long: one painter alone can make them fail.
pub const TEACH_AGAIN_AFTER: Millis = 60_000;
/// Rounds and terms taught that a teacher remembers.
pub const TAUGHT: usize = 256;
/// Artists whose batches a teacher counts.
pub const TAUGHT_ARTISTS: usize = 64;

// Pieces heard of

/// Least time between two pieces of one painter that are checked and shown: each check costs four verifications.
pub const PIECE_LEAST: Millis = 1_000;
/// Hashes of pieces that are remembered, so that none is shown twice.
pub const PIECES_KNOWN: usize = 256;

// View

/// Members that the page is given.
pub const VIEW_MEMBERS: usize = 64;
/// Reasons given by others or the node are cut to so many characters.
pub const REASON_CHARS: usize = 200;
