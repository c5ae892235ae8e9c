/** How the collective stands: `Snapshot` of the crate `abraham-collective` as the worker hands it on. Times are its ms. */

export interface Snapshot {
  now: number;
  /** Keys are lower-case hex of compressed points, 66 characters. */
  me: string;
  connection: Connection;
  role: "painter" | "teacher" | "waiting" | "watching";
  why: Why;
  /** This one first; at most a page full. */
  members: Member[];
  memberCount: number;
  foreignCount: number;
  /** The committee that this member sits in, or else the one that it sees. */
  term?: Term | null;
  /** The artist that is waited for, where nobody paints and one is held. */
  waiting?: Waiting | null;
  /** Artists whose shares this member keeps, the one certified last first. */
  kept: Held[];
  done: Done;
  rejections: { cause: string; count: number }[];
  suspects: { key: string; faults: number; until: number }[];
  lastEnd?: EndCause | null;
}

export type Connection =
  | { state: "connecting" }
  | { state: "online" }
  | { state: "offline"; reason: string }
  | { state: "stopped" };

export type Why =
  | "elected"
  | "notConnected"
  | "notWilling"
  | "teaching"
  | "waitsForItsTurn"
  | "tooFewPainters"
  | "noDirectLinks"
  | "electing"
  | "inReserve"
  | "noCommittee"
  | "waitsForHolders"
  | "ownFailure";

export interface Member {
  key: string;
  paints: boolean;
  pictures: number;
  backend: string;
  /** Whether this member has a direct link to it. */
  linked: boolean;
  links: string[];
  seat?: number | null;
  /** Whether that seat is in `Snapshot.term`. */
  inTerm: boolean;
  holds?: Held | null;
}

export interface Held {
  artist: string;
  /** Learning rounds behind the newest state of it. */
  round: number;
  seat: number;
}

export interface Waiting {
  artist: string;
  /** Learning rounds behind the newest state that somebody in sight holds. */
  round: number;
  /** What it waits for: visitors who may take a free seat, another who holds it, links, or those who say they hold it. */
  waitsFor: "visitors" | "holders" | "links" | "claims";
  /** Keys of those in sight who hold it, this member included. */
  holders: string[];
  /** Seats that nobody in sight has had. */
  seatsMissing: number[];
  /** So many more visitors must come. */
  visitors: number;
  /** Keys of those here who would paint and may not: others have the one seat that they had. */
  bound: string[];
  /** Whether this member would begin another artist beside it. */
  begins: boolean;
}

export interface Term {
  id: string;
  number: number;
  /** Whether this member sits in it. */
  mine: boolean;
  /** Keys by seat; empty where unknown. */
  seats: [string, string, string, string];
  seat?: number | null;
  proposer?: string | null;
  artist?: string | null;
  /** Learning rounds behind the artist's weights. */
  round: number;
  phase: TermPhase;
  since: number;
  deadline?: number | null;
  teachers: { key: string; pictures: number; state: "asked" | "answered" | "counted" | "silent" }[];
}

export type TermPhase =
  | "forming"
  | "settingUp"
  | "ready"
  | "painting"
  | "teaching"
  | "agreeing"
  | "learning"
  | "certifying"
  | "piece"
  | "signing"
  | "working";

export interface Done {
  terms: number;
  roundsPainted: number;
  roundsTaught: number;
  pieces: number;
  bulkBytesSent: number;
  bulkBytesReceived: number;
}

export type EndCause =
  | { cause: "notFormed" }
  | { cause: "departed"; seat: number }
  | { cause: "silent"; seat: number }
  | { cause: "suspected"; seats: [number, number] }
  | { cause: "disagreement" }
  | { cause: "dissolved" }
  | { cause: "ownFailure"; reason: string }
  | { cause: "left" };

/** What went over this tab's links since it joined, in bytes, all of it. */
export interface Traffic {
  sent: number;
  received: number;
  /** What this tab's last update had on its way to the four painters; 0 before the first. */
  updateBytes: number;
  links: { key: string; sent: number; received: number }[];
}

/** A piece that four tabs painted and signed; its signatures were checked by this tab. */
export interface CollectivePiece {
  /** The picture file, with its record inside. */
  png: Uint8Array;
  round: number;
  /** Whether this tab was one of the painters. */
  helped: boolean;
}
