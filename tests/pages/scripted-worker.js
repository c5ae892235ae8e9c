/**
 * Stands in for `web/worker.js` where the page is looked at and tested by itself: it answers requests as an open
 * studio does, and says to the page whatever a test says on the channel `script`. What it was asked is told there too.
 */

const script = new BroadcastChannel("script");

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

/** Finishes the piece that is being painted. */
let finish = () => {};

/** A picture of one pixel. */
const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (letter) => letter.charCodeAt(0),
);
const painting = { png: PNG };
/** What the check of a piece finds. */
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
/** @type {object[]} */
let kept = [];

/** Ends this tab's hold of the studio, which one tab at a time has. */
let release = () => {};

const answers = {
  open: () =>
    new Promise((resolve, reject) => {
      navigator.locks.request("abraham-studio", { ifAvailable: true }, (lock) => {
        if (!lock) return reject({ code: "studio-elsewhere", message: "Another tab has this artist open." });
        resolve({ ...status });
        return new Promise((free) => {
          release = free;
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
  postMessage({ event: "lessons", pictures: status.pictures });
  return count;
}

script.onmessage = ({ data }) => (data.finish ? finish() : postMessage(data));

self.onmessage = async ({ data: { id, type, ...request } }) => {
  const { share, resting, begins } = request;
  script.postMessage({ asked: type, share, resting, begins });
  try {
    postMessage({ id, ok: true, value: await answers[type]?.(request) });
  } catch (error) {
    postMessage({ id, ok: false, error });
  }
};
