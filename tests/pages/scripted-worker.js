/**
 * Stands in for `web/worker.js` where the page is looked at and tested by itself: it answers requests as an open
 * studio does, and says to the page whatever a test says on the channel `script`. What it was asked is told there too.
 */

const script = new BroadcastChannel("script");
/** Answers that a test wants instead of the usual ones, by type of request. */
const refusals = new Map();

const status = {
  backend: "CPU",
  why: "There is no graphics card here that WebGPU can use.",
  genesis: "5a".repeat(32),
  round: 0,
  pictures: 0,
  storage: "kept on this device",
};
const lesson = { done: 0, total: 0, used: 0, refused: [], refusedCount: 0, notes: [] };

const answers = {
  open: () => ({ ...status }),
  teach: ({ files }) => ({ ...lesson, used: taught(files.length) }),
  teachDemo: () => ({ ...lesson, used: taught(270) }),
  keep: () => "piece",
  pieces: () => [],
};

/** @param {number} count */
function taught(count) {
  status.pictures += count;
  postMessage({ event: "lessons", pictures: status.pictures });
  return count;
}

script.onmessage = ({ data }) => {
  if ("refuse" in data) refusals.set(data.refuse, data.failure);
  else postMessage(data);
};

self.onmessage = ({ data: { id, type, port, ...request } }) => {
  script.postMessage({ asked: type, ...(type === "pace" || type === "throttle" ? request : {}) });
  const refusal = refusals.get(type);
  if (refusal) postMessage({ id, ok: false, error: refusal });
  else postMessage({ id, ok: true, value: answers[type]?.(request) });
};

script.postMessage({ asked: "nothing yet" });
