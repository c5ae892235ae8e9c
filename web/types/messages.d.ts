/** What the page and its worker say to each other, and what they expect of the wasm module. */

import type { CollectivePiece, Traffic, Snapshot } from "./collective.js";
import type { Refusal, Reservation } from "./decoding.js";

/** How the studio is opened. */
export interface OpenOptions {
  /** `auto` takes a real graphics card where there is one; `on` and `off` force it. */
  webgpu: "auto" | "off" | "on";
  channels: 1 | 3;
  /** Paintings a round. */
  batch: number;
}

/** What computes in the worker. */
export interface DeviceStatus {
  /** The name of the graphics adapter; null where the processor computes. */
  adapter: string | null;
  /** Why the processor computes, else null. All but `lost` are codes of `Error` of the crate `abraham-gpu`. */
  refused: "switched-off" | "no-adapter" | "refused" | "software" | "disagrees" | "failed" | "lost" | null;
  /** What the browser or the driver said of that. */
  detail: string | null;
}

export interface Status {
  device: DeviceStatus;
  /** The artist, in hex. */
  genesis: string;
  round: number;
  pictures: number;
  /** Code of what keeps it from being stored on this device; null where it is stored. */
  unstored: string | null;
  /** Whether it was drawn in this visit, because none was on this device. */
  born: boolean;
  /** Its round in the last whole save on this device; null where there is none. */
  saved: number | null;
  /** Code of why the last save could not be used, where the one before it was; else null. */
  passedOver: string | null;
}

/** One learning round. */
export interface Round {
  round: number;
  pictures: number;
  /** Whether nothing was learnt, since a gradient was larger than what is safe. */
  refused: boolean;
  /** Tiles of 32×32 RGBA, one after another. */
  batch: Uint8Array;
  /** Bytes that the painters sent to each other. */
  bytes: number;
  protocolRounds: number;
  millis: number;
  /** The same bytes by kind of message. */
  kinds: Record<string, number>;
}

/** A piece's picture file, with its record inside. */
export interface Painting {
  png: Uint8Array;
}

/** A kept piece, and what its record says: nothing of it is checked. */
export interface Piece extends Painting {
  id: string;
  /** Null where the record cannot be read. */
  round: number | null;
  /** Whether it bears the signatures of four painters. */
  together: boolean;
}

/** `intact`, or what is wrong with a piece's file: codes of `Error` of the crate `abraham-provenance`. */
export type Verdict =
  | "intact"
  | "older"
  | "no-record"
  | "record"
  | "picture"
  | "content"
  | "signature"
  | "signature-count"
  | "painter-twice"
  | "damaged"
  | "too-long";

/** Hashes, keys and signatures in hex. */
export interface PieceRecord {
  artist: string;
  recipe: string;
  round: number;
  latent: string;
  state: string;
  content: string;
  /** By seat, where four painted. */
  signatures: { painter: string; signature: string }[];
}

/** What the check of a picture file found. */
export interface Checked {
  verdict: Verdict;
  /** What the record says, where it can be read; true only where the verdict is `intact`. */
  record: PieceRecord | null;
  /** The record as it lies in the file. */
  text: string | null;
}

/** A file that the visitor gave. */
export interface Chosen {
  /** Null where the browser could not even give it. */
  file: File | null;
  /** Its name, with those of the folders it came in before it. */
  path: string;
}

/** What the visitor gave at once. */
export interface Given {
  files: Chosen[];
  /** Files that were passed over: what systems leave behind, and notes and sidecars beside pictures. */
  leftovers: number;
  beside: number;
}

/** What a lesson did so far. Of each kind of file the first few are named; the counts are of all. */
export interface Teaching {
  done: number;
  total: number;
  /** Pictures that are new. */
  used: number;
  /** Pictures that it has already: they count once. */
  copies: number;
  /** Files that were not looked at, for there were too many. */
  unlooked: number;
  /** Files that were not looked at, for it has pictures enough. */
  beyond: number;
  /** As they were given. */
  leftovers: number;
  beside: number;
  /** Files that were left out. */
  refused: { path: string; why: Refusal; megapixels?: number | undefined }[];
  refusedCount: number;
  /** Animations, and which frame was taken. */
  notes: { path: string; frame: "first" | "later" }[];
  /** Files, of this lesson and before it, that ask not to be learnt from: they wait for the visitor's word. */
  reserved: { path: string; by: Reservation }[];
  reservedCount: number;
}

/** What the worker does with the visitor's own artist. */
export type Activity =
  | { phase: "idle" | "paused" | "saving" | "painting" }
  /** It looks at picture `at` of `of`; both are null while the flags are fetched. */
  | { phase: "teaching"; at: number | null; of: number | null }
  /** The painters paint so many pictures and take a step towards so many of the visitor's. */
  | { phase: "learning"; round: number; paintings: number; pictures: number };

export type Phase = Activity["phase"];

export interface Failure {
  code: string;
  message: string;
}

export type Request =
  | { type: "open"; options: OpenOptions }
  | ({ type: "teach" } & Given)
  /** What to do with pictures that ask not to be learnt from. */
  | { type: "teachReserved" }
  | { type: "leaveReserved" }
  /** The decoder's script did not come, is no script, or threw. */
  | { type: "decoderFailed"; message: string }
  /** The page was put aside and is back: a decoder that was being fetched never comes. */
  | { type: "renewDecoder" }
  | { type: "teachDemo" }
  | { type: "forget" }
  | { type: "start" }
  | { type: "pause" }
  | { type: "stop" }
  | { type: "throttle"; share: number }
  | { type: "paint" }
  | { type: "keep"; png: Uint8Array }
  | { type: "check"; png: Uint8Array }
  | { type: "pieces" }
  | { type: "delete"; pieceId: string }
  | { type: "reset" }
  /** Become a member; with a studio or without. The port, which is transferred, leads to the window's network node. */
  | { type: "join"; port: MessagePort; share: number; webgpu: OpenOptions["webgpu"] }
  /** `share` of the time that rounds may take. While `resting`, it leaves its seat and teaches nothing. */
  | { type: "pace"; share: number; resting: boolean }
  /** Whether it would begin another artist beside one that waits: the visitor's choice, over when a term begins. */
  | { type: "beginAnother"; begins: boolean }
  /** Say goodbye and close every link. */
  | { type: "leave" };

/** What each request is answered with; where nothing is said, nothing. */
export interface Answers {
  open: Status;
  teach: Teaching;
  teachReserved: Teaching;
  leaveReserved: void;
  decoderFailed: void;
  renewDecoder: void;
  teachDemo: Teaching;
  /** `silent`: how many other windows of this visitor did not answer, and so may still have the pictures. */
  forget: { silent: number };
  start: void;
  pause: void;
  stop: void;
  throttle: void;
  paint: Painting;
  keep: string;
  check: Checked;
  pieces: Piece[];
  delete: void;
  /** As for `forget`. */
  reset: { silent: number };
  join: void;
  pace: void;
  beginAnother: void;
  leave: void;
}

export type Event =
  | ({ event: "status" } & Status)
  | ({ event: "teaching" } & Teaching)
  | ({ event: "activity" } & Activity)
  | ({ event: "round" } & Round)
  | ({ event: "failure" } & Failure)
  /** The number of pictures changed; also where there is no studio, and so no status. */
  | { event: "lessons"; pictures: number }
  /** The artist's program is being fetched: bytes so far, bytes in all, and for how long. */
  | { event: "fetching"; done: number; total: number; millis: number }
  /** Pictures come: the window is to begin a decoder and give it the port, which is transferred; an earlier one ends. */
  | { event: "decoder"; port: MessagePort }
  /** The decoder is to end, whatever it does. */
  | { event: "decoderEnds" }
  /** How many pictures the device did not take, and the code of the failure. */
  | { event: "shelf"; unsaved: number; code: string | null }
  /** Another window of this visitor forgot the pictures, and so did this one. */
  | { event: "forgotten" }
  | { event: "collective"; snapshot: Snapshot }
  /** A batch that the collective painted, as this tab has it: tiles of 32×32 RGBA, one after another. */
  | { event: "collectiveBatch"; round: number; tiles: Uint8Array }
  | ({ event: "collectivePiece" } & CollectivePiece)
  | ({ event: "traffic" } & Traffic);

export type Answer = { id: number } & ({ ok: true; value: unknown } | { ok: false; error: Failure });

/** The wasm module's studio. No two of its methods may run at once. */
export interface Studio {
  round(lessons: Lessons): Promise<Round>;
  paint(): Promise<Painting>;
  save(): Promise<void>;
  status(): Promise<Omit<Status, "pictures">>;
  free(): void;
}

/** The visitor's pictures in the wasm module, for the solo studio and the collective alike. */
export interface Lessons {
  /** Adds a picture of the artist's size, RGBA, unless it is there already; returns how many there are. */
  teach(rgba: Uint8Array): number;
  /** Lets the collective learn from the pictures as they are now. */
  share(): void;
  forget(): void;
}

/** The visitor's pictures on this device, as far as this window knows of them. One window at a time may call it. */
export interface Shelf {
  /** The first tiles of SIDE×SIDE, RGBA, `most` at most. */
  taken(most: number): Promise<Uint8Array[]>;
  /** Adds all or none; false where another window removed all meanwhile. */
  put(tiles: Uint8Array[]): Promise<boolean>;
  clear(): Promise<void>;
}

/** This tab as a member of the collective. */
export interface Member {
  /** `share` of the time that rounds may take. While `resting`, it leaves its seat and teaches nothing. */
  pace(share: number, resting: boolean): void;
  /** Whether it would begin another artist beside one that waits. */
  beginAnother(begins: boolean): void;
  /** Says goodbye; done once it was said. */
  leave(): Promise<void>;
  free(): void;
}

/** What `pkg/abraham_client.js` exports. */
export interface StudioModule {
  default(options: { module_or_path: Response }): Promise<unknown>;
  /** Where its wasm is, and how many bytes it has. */
  program: URL;
  programBytes: number;
  Studio: { open(options: OpenOptions): Promise<Studio> };
  Lessons: new (channels: number) => Lessons;
  Shelf: new () => Shelf;
  Member: {
    join(
      options: { webgpu: OpenOptions["webgpu"]; share: number },
      lessons: Lessons,
      port: MessagePort,
      tell: (event: Event) => void,
    ): Promise<Member>;
  };
  keptPieces(): Promise<Piece[]>;
  keepPiece(png: Uint8Array): Promise<string>;
  checkPiece(png: Uint8Array): Checked;
  deletePiece(id: string): Promise<void>;
  /** Deletes all that was saved of the artist on this device; kept pieces and taught pictures stay. */
  deleteArtist(): Promise<void>;
}
