/** Files to tiles: reads a file's bytes and has them decoded by a worker of its own, which the window begins and ends. */

import { MAX_FILE_BYTES, SIDE, TILE_BYTES } from "../generated/sizes.js";
import { Fault, tell } from "./talk.js";

/** @import { Frame, Reservation } from "../pkg/abraham_decoder.js" */
/** @import { Refusal as Why } from "../shared/messages.js" */
/** @import { Decoded, DecodingAnswer, DecodingRequest } from "./decoding.js" */

/** How long the decoder may take to be there, on a slow line. */
const BEGIN_MS = 60_000;
/** How long one file may take. Forty megapixels take a few seconds, on a phone some more. */
const PATIENCE_MS = 30_000;
/** Memory that the decoder may keep from one file to the next; wasm never gives any back but by its end. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Why a file is left out. */
export class Refusal extends Error {
  /** @param {Why} why @param {number} [megapixels] */
  constructor(why, megapixels) {
    super(why);
    this.why = why;
    this.megapixels = megapixels;
  }
}

/** Nobody waits any more for what was asked. */
export class Interrupted extends Error {}

/** The decoder was begun anew, and is to be asked again. */
class Renewed extends Error {}

/** The port to the decoder, once that is ready. @type {Promise<MessagePort> | null} */
let decoder = null;
/** Ends whatever is awaited, with the reason, and the decoder. @type {(why: Error) => void} */
let interrupt = () => {};
/** Gives the decoder up, and says why to whoever waits for it to begin. @type {(fault: Fault) => void} */
let fail = () => {};

/**
 * @param {File | null} file null where the browser could not even say what it is
 * @returns {Promise<{ pixels: Uint8Array, frame?: Frame | undefined, reservation?: Reservation | undefined }>} SIDE×SIDE pixels, RGBA over white
 * @throws {Refusal | Interrupted | Fault} by rejection; the last where there is no decoder
 */
export async function decode(file) {
  if (file === null) throw new Refusal("gone");
  if (file.size === 0) throw new Refusal("empty");
  // The decoder has the same bound; this one spares reading what it would refuse.
  if (file.size > MAX_FILE_BYTES) throw new Refusal("file-too-large");
  return ask(async () => {
    try {
      return { type: "decode", bytes: new Uint8Array(await file.arrayBuffer()), side: SIDE };
    } catch {
      throw new Refusal("gone");
    }
  });
}

/**
 * Cuts a sheet of tiles.
 *
 * @param {ArrayBuffer} sheet a picture file
 * @returns {Promise<Uint8Array[]>} tiles of SIDE×SIDE RGBA, row by row
 */
export async function cut(sheet) {
  const { pixels } = await ask(async () => ({ type: "cut", bytes: new Uint8Array(sheet.slice(0)), side: SIDE }));
  return Array.from({ length: pixels.length / TILE_BYTES }, (_, i) => pixels.slice(i * TILE_BYTES, (i + 1) * TILE_BYTES));
}

/** Lets the decoder and its memory go; what is awaited of it is interrupted. */
export function rest() {
  interrupt(new Interrupted());
}

/**
 * Begins the decoder anew and asks it again what is awaited: the page was put aside and is back, and a worker that was
 * being fetched meanwhile never comes.
 */
export function renew() {
  interrupt(new Renewed());
}

/**
 * @param {() => Promise<DecodingRequest>} request made anew for each try: the decoder gets the bytes for good
 * @throws {Refusal | Interrupted | Fault} by rejection
 */
async function ask(request) {
  for (;;) {
    try {
      const decoded = await exchange(await request());
      if ("refusal" in decoded) throw new Refusal(decoded.refusal, decoded.megapixels);
      return decoded;
    } catch (error) {
      if (!(error instanceof Renewed)) throw error;
    }
  }
}

/** @param {DecodingRequest} request @returns {Promise<Decoded>} */
async function exchange(request) {
  const begun = (decoder ??= begin());
  const port = await begun;
  if (decoder !== begun) throw new Interrupted();
  return new Promise((resolve, reject) => {
    /** @param {Decoded} answer @param {boolean} end whether the decoder is of no more use */
    const answered = (answer, end) => {
      clearTimeout(timer);
      resolve(answer);
      if (end) rest();
    };
    const timer = setTimeout(() => answered({ refusal: "too-slow" }, true), PATIENCE_MS);
    interrupt = ending(port, (why) => {
      clearTimeout(timer);
      reject(why);
    });
    port.onmessage = (/** @type {MessageEvent<DecodingAnswer>} */ { data }) => {
      if ("trapped" in data) {
        console.warn(`A picture ended its decoder: ${data.trapped}`);
        answered({ refusal: "too-much" }, true);
      } else if ("memory" in data) {
        answered(data, data.memory > KEPT_BYTES);
      }
    };
    port.postMessage(request, [request.bytes.buffer]);
  });
}

/** @returns {Promise<MessagePort>} to the decoder @throws {Fault | Interrupted} by rejection, where it does not come */
function begin() {
  const { port1, port2 } = new MessageChannel();
  tell({ event: "decoder", port: port2 }, [port2]);
  return new Promise((resolve, reject) => {
    fail = (fault) => {
      reject(fault);
      rest();
    };
    const timer = setTimeout(() => fail(new Fault("decoder-failed", "It did not start in time.")), BEGIN_MS);
    interrupt = ending(port1, (why) => {
      clearTimeout(timer);
      reject(why);
    });
    port1.onmessage = (/** @type {MessageEvent<DecodingAnswer>} */ { data }) => {
      if ("ready" in data) {
        clearTimeout(timer);
        resolve(port1);
      } else if ("failed" in data) fail(new Fault(data.failed, data.message));
    };
  });
}

/** The decoder threw, or the window could not begin it. @param {string} message */
export function decoderFailed(message) {
  fail(new Fault("decoder-failed", message));
}

/** @param {MessagePort} port @param {(why: Error) => void} told */
function ending(port, told) {
  return (/** @type {Error} */ why) => {
    interrupt = () => {};
    port.close();
    tell({ event: "decoderEnds" });
    decoder = null;
    told(why);
  };
}
