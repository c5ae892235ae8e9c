//! Every limit of the relay, with its reason. `docs/operating.md` shows the table to operators.

use std::time::Duration;

use abraham_limiter::{Backoff, Rate};

/// Connections of one HTTP worker at once; more wait in the listening socket's queue.
pub(crate) const MAX_HTTP_CONNECTIONS: usize = 1024;
/// Connections of one address at once, and requests of one client in progress. A browser holds six; when an office has
/// more, the one on which nothing moved for the longest time is closed.
pub(crate) const MAX_HTTP_SOCKETS: usize = 64;
/// Timeout of a client that leaves everything unread that it asked for.
pub(crate) const HTTP_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are handed to a connection at a time, so that one that is not read holds no more.
pub(crate) const HTTP_SLICE_BYTES: usize = 32 << 10;
/// HTTP connections that may wait to be accepted.
pub(crate) const MAX_HTTP_BACKLOG: u32 = 1024;
/// Timeout of the head of a request.
pub(crate) const HTTP_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of an idle HTTP connection.
pub(crate) const HTTP_KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout of the client's side of a close, after the answer.
pub(crate) const HTTP_DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of requests in progress after a stop, in seconds.
pub(crate) const STOP_TIMEOUT_SECONDS: u64 = 10;
/// Requests of one address. A page takes about 40, so an office of 150 can open it in the same second.
pub(crate) const HTTP_REQUEST_RATE: Rate = Rate::per_second(6000, 200);

/// Timeout for the sockets to listen: a wildcard address waits for the system's list of interfaces.
pub(crate) const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for a new connection to be encrypted and multiplexed: three round trips, so even a line of a
/// second and a half gets through.
pub(crate) const UPGRADE_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of a connection that does nothing. One with a reservation is never idle.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Connections that may be upgrading at once: some kilobytes and one key exchange each.
pub(crate) const MAX_PENDING: u32 = 1024;
/// Those of one address, so that one that stops half-way thirty times does not keep everyone else waiting.
pub(crate) const MAX_PENDING_PER_ADDRESS: u32 = 32;
/// Those of one IPv6 /48.
pub(crate) const MAX_PENDING_PER_NETWORK: u32 = 128;
/// Addresses' worth of peers that one IPv6 /48 may hold.
pub(crate) const MAX_ADDRESSES_PER_NETWORK: u32 = 2;
/// Connections beyond the number of visitors that may be closing: each made room for a newcomer.
pub(crate) const MAX_MAKING_ROOM: u32 = 256;
/// Silence on the presence topic after which a visitor no longer counts as a member; members are let go last, and speak
/// every five seconds.
pub(crate) const PRESENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections of one peer: one it uses, and one that replaces it before the old one is seen dead.
pub(crate) const MAX_CONNECTIONS_PER_PEER: u32 = 4;
/// Streams of one connection: its circuits both ways, gossip both ways, ping, identify. Each may hold 256 KiB unread.
pub(crate) const MAX_STREAMS: usize = 128;
/// Streams of one connection that are still agreeing on a protocol.
pub(crate) const MAX_NEGOTIATING_STREAMS: usize = 32;
/// Bytes of one websocket frame. A frame carries at most a few Noise messages of 64 KiB.
pub(crate) const MAX_WEBSOCKET_FRAME_BYTES: usize = 1 << 20;
/// Bytes read from one peer that dialled in. Presence takes 1 kB a second; a relay that forwards for thousands of
/// members takes a few hundred. More waits in the peer's own socket, so that no flood costs more than this.
pub(crate) const READ_RATE: Rate = Rate::per_second(2 << 20, 512 << 10);
/// New connections of one address: an office or school behind one address joins at once.
pub(crate) const CONNECTION_RATE: Rate = Rate::per_second(500, 10);
/// Interval between signs of life that a peer is asked for, so that one that is gone gives its place back.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Timeout of the answer: timers of hidden tabs wake once a minute, but answers need no timer.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(30);

/// Time until a reservation must be renewed. It ends with its connection in any case, so its length frees no
/// place sooner. It is long because the holder compares its end with its own clock: one that is less than this ahead
/// still finds it in the future, and one that is up to three weeks behind still gets a wait that fits a browser's timer
/// (2^31 ms; three quarters of what is left).
pub(crate) const RESERVATION_DURATION: Duration = Duration::from_secs(10 * 24 * 60 * 60);
/// Reservations of one peer over all its connections.
pub(crate) const MAX_RESERVATIONS_PER_PEER: usize = 4;
/// Reservations that one peer asks for: one an hour, and one whenever its connection broke.
pub(crate) const RESERVATION_RATE_PER_PEER: Rate = Rate::per_second(30, 1);
/// Reservations that one address asks for.
pub(crate) const RESERVATION_RATE_PER_ADDRESS: Rate = Rate::per_second(2000, 20);
/// Circuits at once. Signalling takes about a second of one, so this is about 1,000 new links a second.
pub(crate) const MAX_CIRCUITS: usize = 1024;
/// Circuits at once that one peer asked for: its links at full number, with head-room.
pub(crate) const MAX_CIRCUITS_PER_PEER: usize = 32;
/// Circuits at once that peers of one address or one IPv6 /48 asked for: fewer than the streams of one connection, so
/// that they cannot use up those of the peer that they lead to.
pub(crate) const MAX_CIRCUITS_PER_NETWORK: usize = 64;
/// Longest life of a circuit: signalling takes a second, and tabs give a dial up after as long as this.
pub(crate) const MAX_CIRCUIT_DURATION: Duration = Duration::from_secs(20);
/// Timeout of a circuit's wait for the peer it leads to: then its place is free in any case.
pub(crate) const CIRCUIT_ANSWER_TIMEOUT: Duration = Duration::from_secs(70);
/// Bytes of one circuit, both ways together. Signalling takes some kilobytes; nothing else belongs there.
pub(crate) const MAX_CIRCUIT_BYTES: u64 = 128 << 10;
/// Circuits that one peer asks for: all its links at once, then again when they break.
pub(crate) const CIRCUIT_RATE_PER_PEER: Rate = Rate::per_second(120, 2);
/// Circuits that one address asks for.
pub(crate) const CIRCUIT_RATE_PER_ADDRESS: Rate = Rate::per_second(4000, 100);

/// Identifiers in one announcement of messages: 75 bytes each must fit gossipsub's 16 KiB of control messages.
pub(crate) const MAX_GOSSIP_ANNOUNCED: usize = 200;
/// Peers that get every message at once. A tab whose only peer is the relay hears of others through it alone.
pub(crate) const MESH_SIZE: usize = 192;
/// Number of peers below which the relay adds some.
pub(crate) const MIN_MESH_SIZE: usize = 64;
/// Number of peers above which it lets some go; they hear of messages a second later.
pub(crate) const MAX_MESH_SIZE: usize = 256;
/// Part of the remaining peers that is told of messages each second.
pub(crate) const GOSSIP_FACTOR: f64 = 0.05;
/// Packets that wait for one slow peer.
pub(crate) const MAX_GOSSIP_QUEUE: usize = 512;
/// Messages of one author: a presence every five seconds, at most four a second on change, a piece now and then.
pub(crate) const AUTHOR_MESSAGE_RATE: Rate = Rate::per_second(32, 5);
/// Bytes of one author: eight pieces at once, then one in two seconds beside its presence.
pub(crate) const AUTHOR_BYTE_RATE: Rate = Rate::per_second(128 << 10, 10 << 10);
/// Messages through one peer, whoever wrote them: a tab forwards for its links too.
pub(crate) const PEER_MESSAGE_RATE: Rate = Rate::per_second(1024, 256);
/// Bytes of presence that the relay passes on for everyone, each message with [`TOPIC_MESSAGE_OVERHEAD_BYTES`] more: what
/// it receives goes to up to [`MAX_MESH_SIZE`] peers, so this is 32 MiB a second out. Networks share it evenly.
pub(crate) const TOPIC_BYTE_RATE: Rate = Rate::per_second(512 << 10, 128 << 10);
/// Cost of a message of presence beside its length: signature, author and headers travel with each copy.
pub(crate) const TOPIC_MESSAGE_OVERHEAD_BYTES: usize = 256;
/// Bytes that one network may have waiting for its turn.
pub(crate) const MAX_TOPIC_QUEUE_BYTES: usize = 64 << 10;
/// Networks that may have something waiting.
pub(crate) const MAX_TOPIC_SOURCES: usize = 4096;
/// Bytes that each network may send in one turn, at most: a presence of the usual size fits.
pub(crate) const MAX_TOPIC_TURN_BYTES: usize = 2 << 10;
/// Timeout of presence that waits for its turn. Gossipsub forgets messages after five seconds.
pub(crate) const TOPIC_TIMEOUT: Duration = Duration::from_secs(3);
/// Faults of one peer (messages dropped for its own rate, or malformed) before its connections are closed.
pub(crate) const FAULT_RATE: Rate = Rate::per_second(128, 1);
/// Time for which a peer that was put out stays out.
pub(crate) const BLOCK_DURATION: Duration = Duration::from_secs(5 * 60);
/// Lowest gossipsub score of a peer that stays: about ten messages with wrong signatures within seconds.
pub(crate) const MIN_SCORE: f64 = -100.0;
/// Addresses, authors or peers that one table of rates remembers.
pub(crate) const MAX_REMEMBERED: usize = 1 << 16;

/// Backoff before a lost relay of the mesh is dialled again.
pub(crate) const REDIAL_BACKOFF: Backoff<Duration> =
    Backoff { min: Duration::from_secs(1), max: Duration::from_secs(60) };
/// Addresses of the relay that a reservation carries: each becomes one address in every tab's presence.
pub(crate) const MAX_RESERVATION_ADDRESSES: usize = 4;
