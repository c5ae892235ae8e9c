/**
 * Stands in for `web/worker.js` where the page is looked at and tested by itself: it answers requests as an open
 * studio does, and says to the page whatever a test says on the channel `script`. What it was asked is told there too.
 */

/** @import { Checked, Painting, Piece } from "../../web/generated/page.js" */
/** @import { Answers, Event, Request, Status, Teaching } from "../../web/shared/messages.js" */

const script = new BroadcastChannel("script");

/** @type {Status} */
const status = {
  device: { adapter: null, refused: "no-adapter", detail: null },
  genesis: "5a".repeat(32),
  round: 0,
  pictures: 0,
  unstored: null,
  born: true,
  saved: null,
  passedOver: null,
};
/** @type {Teaching} */
const lesson = {
  done: 0,
  total: 0,
  used: 0,
  copies: 0,
  unlooked: 0,
  beyond: 0,
  leftovers: 0,
  beside: 0,
  refused: [],
  refusedCount: 0,
  notes: [],
  reserved: [],
  reservedCount: 0,
};

/** Finishes the piece that is being painted. @type {() => void} */
let finish = () => {};

/** A picture of one pixel. */
const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (letter) => letter.charCodeAt(0),
);
/** @type {Painting} */
const painting = { png: PNG };
/** What the check of a piece finds. @type {Checked} */
const checked = {
  verdict: "intact",
  record: {
    artist: status.genesis,
    recipe: "11".repeat(32),
    round: 3,
    latent: "22".repeat(32),
    state: "33".repeat(32),
    content: "44".repeat(32),
    signatures: [2, 3, 4, 5].map((n) => ({ painter: `0${n}`.repeat(33), signature: `0${n}`.repeat(65) })),
  },
  text: "{}",
};
/** @type {Piece[]} */
let kept = [];

/** Ends this tab's hold of the studio, which one tab at a time has. @type {() => void} */
let release = () => {};

/** @type {{ [T in Request["type"]]?: (request: Extract<Request, { type: T }>) => Answers[T] | Promise<Answers[T]> }} */
const answers = {
  open: () =>
    new Promise((resolve, reject) => {
      navigator.locks.request("abraham-studio", { ifAvailable: true }, (lock) => {
        if (!lock) return reject({ code: "studio-elsewhere", message: "Another tab has this artist open." });
        resolve({ ...status });
        return new Promise((free) => {
          release = () => free(undefined);
        });
      });
    }),
  stop: () => release(),
  forget: () => ({ silent: 0 }),
  reset: () => ({ silent: 0 }),
  teach: ({ files }) => ({ ...lesson, used: taught(files.length) }),
  teachDemo: () => ({ ...lesson, used: taught(270) }),
  paint: () =>
    new Promise((resolve) => {
      finish = () => resolve(painting);
    }),
  keep: () => {
    kept = [{ ...painting, id: "piece", round: 3, together: false }];
    return "piece";
  },
  delete: () => {
    kept = [];
  },
  pieces: () => kept,
  check: () => checked,
};

/** @param {number} count */
function taught(count) {
  status.pictures += count;
  tell({ event: "lessons", pictures: status.pictures });
  return count;
}

/** @param {Event} event */
const tell = (event) => postMessage(event);

script.onmessage = ({ data }) => (data.finish ? finish() : postMessage(data));

/** @param {MessageEvent<Request & { id: number }>} message */
self.onmessage = async ({ data }) => {
  const { id, type } = data;
  // Not all of it: ports go to one receiver only.
  const { share, resting, begins } = /** @type {{ share?: number, resting?: boolean, begins?: boolean }} */ (data);
  script.postMessage({ asked: type, share, resting, begins });
  try {
    const answer = /** @type {((request: Request) => unknown) | undefined} */ (answers[type]);
    postMessage({ id, ok: true, value: await answer?.(data) });
  } catch (error) {
    postMessage({ id, ok: false, error });
  }
};

export {};
