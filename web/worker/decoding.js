/**
 * Reads pictures: a worker that only `pictures.js` speaks to, over the port that comes first, and that it has the window
 * end when a file hangs, fails or takes much memory. It says `ready` once, or why not; then it answers each request.
 *
 * No canvas is asked what it shows: browsers that resist fingerprinting answer with noise.
 */

import { Unfetched, get, reasonFor } from "../shared/fetching.js";

/** @import { Frame, InitOutput, Reservation } from "../pkg/abraham_decoder.js" */
/** @import { Refusal } from "../shared/messages.js" */

/**
 * @typedef {object} DecodingRequest
 * @property {"decode" | "cut"} type `decode` makes one square of a picture, `cut` many of a sheet
 * @property {Uint8Array} bytes
 * @property {number} side of a square, in pixels
 */

/**
 * Pixels, RGBA and opaque, with which frame of an animation they are and who asks that they are not learnt from; or why
 * there are none.
 *
 * @typedef {{ pixels: Uint8Array, frame?: Frame | undefined, reservation?: Reservation | undefined }
 *   | { refusal: Refusal, megapixels?: number | undefined }} Decoded
 */

/**
 * The decoder begins, or cannot, with a code of the interface; then each file is decoded, with the bytes of memory that
 * the decoder holds after it, or it failed on one and can do no more.
 *
 * @typedef {{ ready: true }
 *   | { failed: string, message: string }
 *   | { trapped: string }
 *   | (Decoded & { memory: number })} DecodingAnswer
 */

const PROGRAM = new URL("../pkg/abraham_decoder.js", import.meta.url);

/** @type {typeof import("../pkg/abraham_decoder.js")} */
let program;
/** @type {InitOutput} */
let instance;

/** @param {MessageEvent<MessagePort>} message */
self.onmessage = ({ data: port }) => {
  /** @param {DecodingAnswer} answer @param {Transferable[]} [transfer] */
  const say = (answer, transfer = []) => port.postMessage(answer, transfer);
  begin().then(
    () => {
      port.onmessage = ({ data }) => serve(data, say);
      say({ ready: true });
    },
    (error) => say({ failed: error instanceof Unfetched ? error.code : "decoder-failed", message: String(error?.message ?? error) }),
  );
};

/** @param {DecodingRequest} request @param {(answer: DecodingAnswer, transfer?: Transferable[]) => void} say */
function serve({ type, bytes, side }, say) {
  try {
    const { answer, pixels } = type === "cut" ? cut(bytes, side) : decode(bytes, side);
    const memory = instance.memory.buffer.byteLength;
    say({ ...answer, memory }, pixels ? [pixels.buffer] : []);
  } catch (error) {
    // A trap: it wanted more memory than it may have, or there is a mistake in it. Nothing more can be asked of it.
    say({ trapped: String(error) });
  }
}

/** @param {Uint8Array} bytes @param {number} side @returns {{ answer: Decoded, pixels?: Uint8Array }} */
function decode(bytes, side) {
  const decoded = program.decode(bytes, side);
  try {
    const { refusal, megapixels, frame, reservation } = decoded;
    const pixels = decoded.pixels();
    if (pixels) return { answer: { pixels, frame, reservation }, pixels };
    return { answer: { refusal: refusal ?? "damaged", megapixels } };
  } finally {
    decoded.free();
  }
}

/** @param {Uint8Array} bytes @param {number} side @returns {{ answer: Decoded, pixels?: Uint8Array }} */
function cut(bytes, side) {
  const pixels = program.cut(bytes, side);
  return pixels ? { answer: { pixels }, pixels } : { answer: { refusal: "damaged" } };
}

async function begin() {
  try {
    program = await import("../pkg/abraham_decoder.js");
  } catch {
    throw new Unfetched(await reasonFor([PROGRAM]));
  }
  instance = await program.default({ module_or_path: await get(program.program) });
}
