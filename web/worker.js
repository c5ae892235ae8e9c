/**
 * The artist's worker: owns the wasm module, the painters in it, and the visitor's pictures.
 *
 * The page asks with `{id, type, ...}` and gets `{id, ok, value | error}`; events have no id.
 */

import * as collective from "./worker/collective.js";
import * as lessons from "./worker/lessons.js";
import * as pictures from "./worker/pictures.js";
import * as pieces from "./worker/pieces.js";
import * as solo from "./worker/solo.js";
import { failure } from "./worker/talk.js";

/** @import { Answers, Request, Teaching } from "./shared/messages.js" */

/** Lessons that are given or wait. */
let taught = 0;

/** @param {() => Promise<Teaching>} lesson @returns {Promise<Teaching>} */
async function teach(lesson) {
  taught += 1;
  solo.hold("teaching");
  try {
    return await lesson();
  } finally {
    taught -= 1;
    if (taught === 0) solo.release("teaching");
  }
}

/** @type {{ [T in Request["type"]]: (request: Extract<Request, { type: T }>) => Promise<Answers[T]> }} */
const handlers = {
  open: ({ options }) => solo.open(options),
  teach: (given) => teach(() => lessons.teach(given, solo.keepPictures)),
  teachReserved: () => teach(() => lessons.teachReserved(solo.keepPictures)),
  leaveReserved: async () => lessons.leaveReserved(),
  decoderFailed: async ({ message }) => pictures.decoderFailed(message),
  renewDecoder: async () => pictures.renew(),
  teachDemo: () => teach(() => lessons.teachDemo(solo.keepPictures)),
  forget: () => solo.forgetPictures(),
  start: () => solo.start(),
  pause: () => solo.pause(),
  stop: () => solo.stop(),
  throttle: ({ share }) => solo.throttle(share),
  paint: () => solo.paint(),
  keep: ({ png }) => pieces.keep(png),
  check: ({ png }) => pieces.check(png),
  pieces: () => pieces.pieces(),
  delete: ({ pieceId }) => pieces.remove(pieceId),
  reset: () => solo.reset(),
  join: ({ port, share, webgpu }) => collective.join(port, share, webgpu),
  pace: ({ share, resting }) => collective.pace(share, resting),
  beginAnother: ({ begins }) => collective.beginAnother(begins),
  leave: () => collective.leave(),
};

/** @param {MessageEvent<Request & { id: number }>} message */
self.onmessage = async ({ data }) => {
  const { id, type } = data;
  try {
    // The table's types pair each request with its handler; the compiler cannot follow that through a lookup.
    const handle = /** @type {(request: Request) => Promise<unknown>} */ (handlers[type]);
    postMessage({ id, ok: true, value: await handle(data) });
  } catch (error) {
    postMessage({ id, ok: false, error: failure(error) });
  }
};
