/** What the programs and the page say to each other. Made of crates/page by `cargo xtask generate`: change it there. */

/** How the studio is opened. */
export type OpenOptions = {
/** Whether to compute on a graphics card. */
webgpu: WebGpu,
/** Samples of a pixel, 1 or 3. */
channels: number,
/** Paintings a round. */
batch: number, };

/** Whether to compute on a graphics card. */
export type WebGpu = "auto" | "off" | "on";

/** What the studio is and where it lives. */
export type StudioStatus = {
/** What computes. */
device: DeviceStatus,
/** The artist, in hex. */
genesis: string,
/** Learning rounds behind it. */
round: number,
/** Code of what keeps it from being stored on this device; none where it is stored. */
unstored: string | null,
/** Whether it was drawn in this visit, because none was on this device. */
born: boolean,
/** Its round in the last whole save on this device; none where there is none. */
saved: number | null,
/** Code of why the last save could not be used, where the one before it was. */
passedOver: string | null, };

/** What computes in the worker. */
export type DeviceStatus = {
/** The name of the graphics adapter; none where the processor computes. */
adapter: string | null,
/** Why the processor computes; none where it does not. */
refused: NoGraphics | null,
/** What the browser or the driver said of that, for whoever looks into it. */
detail: string | null, };

/** Why no graphics card computes. */
export type NoGraphics = "switched-off" | "no-adapter" | "refused" | "software" | "disagrees" | "failed" | "lost";

/** One learning round. */
export type Round = {
/** Learning rounds behind the artist. */
round: number,
/** Pictures that it learned from. */
pictures: number,
/** Whether nothing was learnt, since the norm of a gradient was out of its bounds. */
refused: boolean,
/** What was painted: tiles of SIDE×SIDE RGBA, one after another. */
batch: Uint8Array,
/** Bytes that the painters sent to each other. */
bytes: number,
/** The same bytes by kind of message. */
kinds: Record<string, number>,
/** Rounds of the protocol that they took. */
protocolRounds: number,
/** How long it took. */
millis: number, };

/** A piece's picture file, with its record inside. */
export type Painting = {
/** The file. */
png: Uint8Array, };

/** A kept piece, and what its record says: nothing of it is checked. */
export type Piece = {
/** Its name on this device. */
id: string,
/** The picture file. */
png: Uint8Array,
/** Learning rounds behind the artist that painted it; none where the record cannot be read. */
round: number | null,
/** Whether it bears the signatures of four painters. */
together: boolean, };

/** A piece that four tabs painted and signed; its signatures were checked by this tab. */
export type CollectivePiece = {
/** The picture file, with its record inside. */
png: Uint8Array,
/** Learning rounds behind the artist. */
round: number,
/** Whether this tab was one of the painters. */
helped: boolean, };

/** What the check of a picture file found. */
export type Checked = {
/** Whether it is a whole piece. */
verdict: Verdict,
/** What the record says, where it can be read; true only where the file is intact. */
record: PieceRecord | null,
/** The record as it lies in the file. */
text: string | null, };

/** What a picture file is. */
export type Verdict = "intact" | "older" | "no-record" | "record" | "picture" | "content" | "signature" | "signature-count" | "painter-twice" | "damaged" | "too-long";

/** A record for people: hashes, keys and signatures in hex. */
export type PieceRecord = {
/** Who painted it. */
artist: string,
/** What the artist is made by. */
recipe: string,
/** Learning rounds behind the artist. */
round: number,
/** What it was drawn from. */
latent: string,
/** The artist's state. */
state: string,
/** The picture. */
content: string,
/** By seat, where four painted. */
signatures: Array<PainterSignature>, };

/** Who signed, and how. */
export type PainterSignature = {
/** Its key. */
painter: string,
/** Its signature. */
signature: string, };

/** Where the network is: what a relay's `/api/v1/config` says of it. */
export type NetworkOptions = {
/** Multiaddrs of relays, each ending in `/p2p/` and the relay's name; `ws`, `wss` and `webrtc-direct` only. */
relays: Array<string>,
/** Servers that help to find ways to others. */
iceServers: { urls: string | string[], username?: string, credential?: string, }[], };

/** How this tab joins. */
export type JoinOptions = {
/** Whether to compute on a graphics card. */
webgpu: WebGpu,
/** Share of the time that rounds may take, up to 1. */
share: number, };

/** What a member says to the page. */
export type MemberEvent = { "event": "collective",
/** All of it. */
snapshot: Snapshot, } | { "event": "collectiveBatch",
/** Tiles of SIDE×SIDE RGBA, one after another. */
tiles: Uint8Array, } | { "event": "collectivePiece" } & CollectivePiece | { "event": "traffic" } & Traffic | { "event": "failure" } & Failure;

/** What went over this tab's links since it joined, in bytes, all of it. */
export type Traffic = {
/** To others. */
sent: number,
/** From others. */
received: number,
/** What this tab's last update had on its way to the four painters; 0 before the first. */
updateBytes: number,
/** Link by link. */
links: Array<LinkTraffic>, };

/** What went over one link, in bytes. */
export type LinkTraffic = {
/** The other end's key. */
key: string,
/** To it. */
sent: number,
/** From it. */
received: number, };

/** What went wrong: a code, for which the page has the words, and a sentence where it has none. */
export type Failure = {
/** In kebab-case. */
code: string,
/** What a person can read who looks into it. */
message: string, };

/** Everything that the page shows of the collective. */
export type Snapshot = {
/** When this was taken. */
now: number,
/** This member's key. */
me: string,
/** Whether a relay is reached. */
connection: Connection,
/** What this member is now. */
role: Role,
/** Why it is that and no more, in a word. */
why: Why,
/** Members in sight, this one first; at most a page full. */
members: Array<Member>,
/** Members in sight, also those that `members` has no room for. */
memberCount: number,
/** Members in sight whose page has another recipe: they and this one never sit together. */
foreignCount: number,
/** The committee that this member sits in, or else the one that it sees. */
term: Term | null,
/** The artist that is waited for, where nobody paints and one is held. */
waiting: Waiting | null,
/** Artists whose shares this member keeps. */
kept: Array<string>,
/** What this member did since it joined. */
done: Done,
/** How often bad input was dropped. */
rejections: number,
/** How this member's last term ended. */
lastEnd: EndCause | null, };

/** Whether others can be met. */
export type Connection = { "state": "connecting" } | { "state": "online" } | { "state": "offline",
/** In words for a person, from the node. */
reason: string, } | { "state": "stopped" };

/** What a member is. */
export type Role = "painter" | "teacher" | "waiting" | "watching";

/** Why a member is what it is. */
export type Why = "elected" | "notConnected" | "notWilling" | "teaching" | "waitsForItsTurn" | "tooFewPainters" | "noDirectLinks" | "electing" | "inReserve" | "noCommittee" | "waitsForHolders" | "ownFailure";

/** One member. */
export type Member = {
/** Its key. */
key: string,
/** Whether it would paint. */
paints: boolean,
/** Pictures that it says it teaches with. */
pictures: number,
/** What it computes on. */
backend: Backend,
/** Whether this member has a direct link to it. */
linked: boolean,
/** Keys of the members that it says it is linked with. */
links: Array<string>, };

/** What a member computes on. */
export type Backend = "cpu" | "gpu";

/** An artist that waits: nobody begins another unless their visitors choose so. */
export type Waiting = {
/** The artist; zeros where those who hold it were just here, and none is left to say which. */
artist: string,
/** Learning rounds behind the newest state that somebody in sight holds. */
round: number,
/** What it waits for. */
waitsFor: WaitsFor,
/** Keys of those in sight who hold it, this member included. */
holders: Array<string>,
/** Seats that nobody in sight who would paint has had. */
seatsMissing: Array<number>,
/** So many more visitors must come. */
visitors: number,
/** Keys of those here who would paint and may not: others have the one seat that they had. */
bound: Array<string>,
/** Whether this member would begin another artist beside it. */
begins: boolean, };

/** What an artist waits for. */
export type WaitsFor = "visitors" | "holders" | "links" | "claims";

/** A committee. */
export type Term = {
/** Its number. */
number: number,
/** Keys of its painters, by seat; empty where this member does not know one. */
seats: [string, string, string, string],
/** This member's seat. */
seat: number | null,
/** Its artist, once that has a name. */
artist: string | null,
/** Learning rounds behind the artist's weights. */
round: number,
/** What it does now; for a term of others only what this member took part in is known. */
phase: TermPhase,
/** Teachers of the round, in the order of their updates. */
teachers: Array<Teacher>, };

/** What a committee does. */
export type TermPhase = "forming" | "settingUp" | "ready" | "painting" | "teaching" | "agreeing" | "learning" | "certifying" | "piece" | "signing" | "working";

/** A teacher of the round. */
export type Teacher = {
/** Its key. */
key: string,
/** How far it is. */
state: TeacherState, };

/** How far a teacher is in a round. */
export type TeacherState = "asked" | "answered" | "counted" | "silent";

/** What a member did. */
export type Done = {
/** Learning rounds in which it held a seat. */
roundsPainted: number,
/** Rounds that it sent an update to. */
roundsTaught: number,
/** Pieces that it signed. */
pieces: number, };

/** Why a term ended. */
export type EndCause = { "cause": "notFormed" } | { "cause": "departed" } | { "cause": "silent" } | { "cause": "suspected" } | { "cause": "disagreement" } | { "cause": "dissolved" } | { "cause": "ownFailure",
/** In words for a person. */
reason: string, } | { "cause": "left" };
