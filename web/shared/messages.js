/**
 * What the page and its worker say to each other: types alone. Those of what the programs say are made of their code, in
 * `generated/page.d.ts` and `pkg`.
 */

/** @import { Refusal as Undecoded, Frame, Reservation } from "../pkg/abraham_decoder.js" */
/** @import { Checked, Failure, MemberEvent, OpenOptions, Painting, Piece, Round, StudioStatus, WebGpu } from "../generated/page.js" */

/** How the studio stands, and how many pictures there are. @typedef {StudioStatus & { pictures: number }} Status */

/**
 * Why a file is left out. The decoder names most reasons. The others are said of it: `gone` could not be read, since it
 * was moved, deleted or changed after it was chosen, or is a folder; `too-slow` took too long; `too-much` ended the
 * decoder, by what it wanted of memory or by a mistake of ours.
 *
 * @typedef {Undecoded | "gone" | "too-slow" | "too-much"} Refusal
 */

/**
 * A file that the visitor gave.
 *
 * @typedef {object} Chosen
 * @property {File | null} file null where the browser could not even give it
 * @property {string} path its name, with those of the folders it came in before it
 */

/**
 * What the visitor gave at once.
 *
 * @typedef {object} Given
 * @property {Chosen[]} files
 * @property {number} leftovers files that were passed over: what systems leave behind
 * @property {number} beside files that were passed over: notes and sidecars beside pictures
 */

/**
 * What a lesson did so far. Of each kind of file the first few are named; the counts are of all.
 *
 * @typedef {object} Teaching
 * @property {number} done
 * @property {number} total
 * @property {number} used pictures that are new
 * @property {number} copies pictures that it has already: they count once
 * @property {number} unlooked files that were not looked at, for there were too many
 * @property {number} beyond files that were not looked at, for it has pictures enough
 * @property {number} leftovers as they were given
 * @property {number} beside as they were given
 * @property {{ path: string, why: Refusal, megapixels?: number | undefined }[]} refused files that were left out
 * @property {number} refusedCount
 * @property {{ path: string, frame: Frame }[]} notes animations, and which frame was taken
 * @property {{ path: string, by: Reservation }[]} reserved files, of this lesson and before it, that ask not to be learnt
 *   from: they wait for the visitor's word
 * @property {number} reservedCount
 */

/**
 * What the worker does with the visitor's own artist. While it is `teaching`, it looks at picture `at` of `of`; both are
 * null while the flags are fetched. While it is `learning`, the painters paint so many pictures and take a step towards
 * so many of the visitor's.
 *
 * @typedef {{ phase: "idle" | "paused" | "saving" | "painting" }
 *   | { phase: "teaching", at: number | null, of: number | null }
 *   | { phase: "learning", round: number, paintings: number, pictures: number }} Activity
 */

/** @typedef {Activity["phase"]} Phase */

/**
 * What the page asks for:
 *
 * - `teachReserved`, `leaveReserved`: what to do with pictures that ask not to be learnt from.
 * - `decoderFailed`: the decoder's script did not come, is no script, or threw.
 * - `renewDecoder`: the page was put aside and is back; a decoder that was being fetched never comes.
 * - `join`: become a member, with a studio or without. The port, which is transferred, leads to the window's network node.
 * - `pace`: `share` of the time that rounds may take. While `resting`, it leaves its seat and teaches nothing.
 * - `beginAnother`: whether it would begin another artist beside one that waits: the visitor's choice, over when a term
 *   begins.
 * - `leave`: say goodbye and close every link.
 *
 * @typedef {{ type: "open", options: OpenOptions }
 *   | ({ type: "teach" } & Given)
 *   | { type: "teachReserved" }
 *   | { type: "leaveReserved" }
 *   | { type: "decoderFailed", message: string }
 *   | { type: "renewDecoder" }
 *   | { type: "teachDemo" }
 *   | { type: "forget" }
 *   | { type: "start" }
 *   | { type: "pause" }
 *   | { type: "stop" }
 *   | { type: "throttle", share: number }
 *   | { type: "paint" }
 *   | { type: "keep", png: Uint8Array }
 *   | { type: "check", png: Uint8Array }
 *   | { type: "pieces" }
 *   | { type: "delete", pieceId: string }
 *   | { type: "reset" }
 *   | { type: "join", port: MessagePort, share: number, webgpu: WebGpu }
 *   | { type: "pace", share: number, resting: boolean }
 *   | { type: "beginAnother", begins: boolean }
 *   | { type: "leave" }} Request
 */

/**
 * What requests are answered with; those that are not here, with nothing. `silent`: how many other windows of this visitor
 * did not answer, and so may still have the pictures.
 *
 * @typedef {object} Answered
 * @property {Status} open
 * @property {Teaching} teach
 * @property {Teaching} teachReserved
 * @property {Teaching} teachDemo
 * @property {{ silent: number }} forget
 * @property {Painting} paint
 * @property {string} keep
 * @property {Checked} check
 * @property {Piece[]} pieces
 * @property {{ silent: number }} reset
 */

/** What each request is answered with. @typedef {{ [T in Request["type"]]: T extends keyof Answered ? Answered[T] : void }} Answers */

/** @typedef {{ id: number } & ({ ok: true, value: unknown } | { ok: false, error: Failure })} Answer */

/**
 * What the worker says by itself:
 *
 * - `lessons`: the number of pictures changed; also where there is no studio, and so no status.
 * - `fetching`: the artist's program is being fetched: bytes so far, bytes in all, and for how long.
 * - `decoder`: pictures come: the window is to begin a decoder and give it the port, which is transferred; an earlier one
 *   ends.
 * - `decoderEnds`: the decoder is to end, whatever it does.
 * - `shelf`: how many pictures the device did not take, and the code of the failure.
 * - `forgotten`: another window of this visitor forgot the pictures, and so did this one.
 *
 * @typedef {MemberEvent
 *   | ({ event: "status" } & Status)
 *   | ({ event: "teaching" } & Teaching)
 *   | ({ event: "activity" } & Activity)
 *   | ({ event: "round" } & Round)
 *   | ({ event: "failure" } & Failure)
 *   | { event: "lessons", pictures: number }
 *   | { event: "fetching", done: number, total: number, millis: number }
 *   | { event: "decoder", port: MessagePort }
 *   | { event: "decoderEnds" }
 *   | { event: "shelf", unsaved: number, code: string | null }
 *   | { event: "forgotten" }} Event
 */

export {};
