/**
 * The studio's worker: owns the wasm module, the four painters in it, and the visitor's pictures.
 *
 * The page asks with `{id, type, ...}` and gets `{id, ok, value | error}`; events have no id. The wasm module
 * is fetched when the studio is opened, never before.
 */

import { Refusal, SIDE, cut, decode } from "./worker/pictures.js";
import * as shelf from "./worker/shelf.js";

/** @import { Answers, Event, Failure, OpenOptions, Phase, Remark, Request, Round, Studio, StudioModule, Teaching } from "./types/messages.js" */

/** Files of one drop that are looked at. */
const FILES = 10_000;
/** Pictures that one visitor teaches; a round's cost grows with them. */
const PICTURES = 2_000;
/** Refused files that are named one by one. */
const NAMED = 100;
/** How long learning may go on before what was learned is saved; a save writes some 40 MB. */
const SAVE_EVERY_MS = 15_000;
/** The longest rest between rounds, however light the throttle. */
const REST_MS = 30_000;
const LOCK = "abraham-studio";

/** A failure with a code of the interface. */
class Fault extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @type {Studio | null} */
let studio = null;
/** @type {(() => void) | null} */
let releaseLock = null;
let running = false;
let looping = false;
/** Counts up whenever teaching that is under way must end. */
let teachingTurn = 0;
let teaching = false;
/** Tiles of the lesson under way. @type {Uint8Array[]} */
let fresh = [];
/** Fingerprints of the pictures taught, so that the demo set is not taught twice. @type {Set<number>} */
const known = new Set();
/** Share of the time that rounds may take. */
let share = 0.5;
let pictures = 0;
let roundsDone = 0;
let batch = 0;
let savedAt = 0;
/** Ends the rest between two rounds. */
let wake = () => {};

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Runs work on the studio after all work that came before it: no two of its methods may run at once.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function exclusive(work) {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}

/** @returns {Studio} */
function opened() {
  if (!studio) throw new Fault("internal", "The studio is not open.");
  return studio;
}

/** @param {Event} event @param {Transferable[]} [transfer] */
function tell(event, transfer = []) {
  postMessage(event, transfer);
}

/** @param {Phase} phase @param {string} text */
function phase(phase, text) {
  tell({ event: "phase", phase, text });
}

/** @param {unknown} error @returns {Failure} */
function failure(error) {
  if (error instanceof DOMException) {
    const code = error.name === "QuotaExceededError" ? "storage-full" : "storage-denied";
    return { code, message: error.message };
  }
  if (typeof error === "object" && error !== null && "message" in error) {
    const code = "code" in error && typeof error.code === "string" ? error.code : "internal";
    return { code, message: String(error.message) };
  }
  return { code: "internal", message: String(error) };
}

async function tellStatus() {
  const status = await opened().status();
  pictures = status.pictures;
  roundsDone = status.round;
  tell({ event: "status", ...status });
  return status;
}

function rested() {
  if (running && !teaching) return;
  if (studio) phase(pictures > 0 ? "paused" : "idle", pictures > 0 ? "Paused. Nothing is being computed." : "Awake, and waiting to be taught.");
}

// Opening and stopping

/** Takes the lock that lets one tab only have the studio, and holds it until it is released. */
function takeLock() {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(LOCK, { ifAvailable: true }, (lock) => {
        if (!lock) {
          reject(new Fault("studio-elsewhere", "Another tab has this artist open."));
          return undefined;
        }
        return new Promise((release) => {
          releaseLock = () => release(undefined);
          resolve(undefined);
        });
      })
      .catch((error) => {
        // A browser that lets the site store nothing has no locks either, and no saved artist to share.
        if (error instanceof DOMException && error.name === "SecurityError") resolve(undefined);
        else reject(error);
      });
  });
}

/** A function that uses one SIMD instruction. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** @param {OpenOptions} options */
async function open(options) {
  if (studio) return tellStatus();
  if (!WebAssembly.validate(SIMD)) {
    throw new Fault("wasm-simd-missing", "This browser lacks WebAssembly SIMD.");
  }
  await takeLock();
  try {
    // Not a literal: the module is built, and does not exist where types are checked.
    const path = "./pkg/abraham_client.js";
    /** @type {StudioModule} */
    const module = await import(path);
    await module.default();
    studio = await module.Studio.open(options);
  } catch (error) {
    releaseLock?.();
    throw error;
  }
  for (const tile of await shelf.taken(PICTURES)) {
    await studio.teach("", tile, SIDE, SIDE);
    known.add(fingerprint(tile));
  }
  batch = options.batch;
  savedAt = performance.now();
  const status = await tellStatus();
  rested();
  return status;
}

async function stop() {
  running = false;
  teachingTurn += 1;
  wake();
  await exclusive(async () => {
    if (!studio) return;
    try {
      await save();
    } finally {
      studio.free();
      studio = null;
      releaseLock?.();
    }
  });
}

async function save() {
  phase("saving", "Saving the four painters’ shares on this device.");
  savedAt = performance.now();
  await opened().save();
  // The page notes what it can promise to a returning visitor: what was saved.
  await tellStatus();
}

// Learning

function learn() {
  if (looping) return;
  looping = true;
  rounds().finally(() => {
    looping = false;
    rested();
  });
}

async function rounds() {
  while (running && !teaching && studio) {
    const began = performance.now();
    /** @type {Round} */
    let round;
    try {
      round = await exclusive(async () => {
        phase(
          "learning",
          `Round ${number(roundsDone + 1)}: the four painters paint ${batch} pictures together, then take one small step towards your ${number(pictures)}.`,
        );
        return opened().round();
      });
    } catch (error) {
      running = false;
      tell({ event: "failure", ...failure(error) });
      return;
    }
    roundsDone = round.round;
    tell({ event: "round", ...round }, [round.batch.buffer]);
    const spent = performance.now() - began;
    if (performance.now() - savedAt > SAVE_EVERY_MS) {
      try {
        await exclusive(save);
      } catch (error) {
        // It keeps learning in memory; the page says so.
        tell({ event: "failure", ...failure(error) });
        await exclusive(tellStatus).catch(() => {});
      }
    }
    await rest(spent);
  }
}

/** Sleeps so that rounds take their share of the time, and lets messages in. @param {number} spent ms */
function rest(spent) {
  return new Promise((resolve) => {
    const pause = Math.min(REST_MS, (spent * (1 - share)) / share);
    const timer = setTimeout(resolve, pause);
    wake = () => {
      clearTimeout(timer);
      // Not at once: waiting messages come first.
      setTimeout(resolve, 0);
    };
  });
}

// Teaching

/**
 * @param {Remark[]} notes
 * @param {number} total
 * @param {(teaching: Teaching, alive: () => boolean) => Promise<void>} work
 */
async function teachWith(notes, total, work) {
  if (teaching) throw new Fault("internal", "It is still looking at the last pictures. Try again in a moment.");
  opened();
  teaching = true;
  teachingTurn += 1;
  const turn = teachingTurn;
  fresh = [];
  /** @type {Teaching} */
  const report = { done: 0, total, used: 0, refused: [], refusedCount: 0, notes };
  try {
    await work(report, () => turn === teachingTurn && studio !== null);
    tell({ event: "teaching", ...report });
    if (studio && report.used > 0) {
      try {
        await exclusive(async () => {
          await shelf.put(fresh);
          await save();
        });
      } catch (error) {
        tell({ event: "failure", ...failure(error) });
        await exclusive(tellStatus);
      }
    }
  } finally {
    teaching = false;
    if (running) learn();
    rested();
  }
  return report;
}

/** @param {string} name @param {Uint8Array} rgba SIDE×SIDE */
async function take(name, rgba) {
  pictures = await exclusive(() => opened().teach(name, rgba, SIDE, SIDE));
  fresh.push(rgba);
  known.add(fingerprint(rgba));
}

/** A 32-bit FNV-1a hash: two flags of one fingerprint would only mean one flag fewer. @param {Uint8Array} tile */
function fingerprint(tile) {
  let hash = 0x811c9dc5;
  for (const byte of tile) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** @param {File[]} files */
function teach(files) {
  /** @type {Remark[]} */
  const notes = [];
  if (files.length > FILES) {
    notes.push({ name: "Too many files", reason: `You gave more than ${number(FILES)} files. Only the first ${number(FILES)} are looked at.` });
  }
  const looked = files.slice(0, FILES);
  return teachWith(notes, looked.length, async (report, alive) => {
    let told = 0;
    for (const file of looked) {
      if (!alive()) return;
      if (pictures >= PICTURES) {
        notes.push({
          name: "Enough pictures",
          reason: `The artist learns from ${number(PICTURES)} pictures at most. ${number(looked.length - report.done)} files were left out.`,
        });
        return;
      }
      try {
        const { rgba, note } = await decode(file);
        await take(file.name, rgba);
        report.used += 1;
        if (note && notes.length < NAMED) notes.push({ name: file.name, reason: note });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        report.refusedCount += 1;
        if (report.refused.length < NAMED) report.refused.push({ name: file.name, reason: error.message });
      }
      report.done += 1;
      if (performance.now() - told > 100) {
        told = performance.now();
        phase("teaching", `Looking at picture ${number(report.done)} of ${number(report.total)}.`);
        tell({ event: "teaching", ...report });
      }
    }
  });
}

function teachDemo() {
  return teachWith([], 0, async (report, alive) => {
    phase("teaching", "Fetching the 270 flags.");
    const { names, columns, sheet } = await demoSheet();
    report.total = names.length;
    const flags = cut(sheet, columns, names.length);
    sheet.close();
    // Some territories share a flag: only what was taught before this lesson counts as known.
    const before = new Set(known);
    for (const [i, rgba] of flags.entries()) {
      if (!alive() || pictures >= PICTURES) return;
      if (!before.has(fingerprint(rgba))) {
        await take(/** @type {string} */ (names[i]), rgba);
        report.used += 1;
      }
      report.done += 1;
    }
    if (report.used === 0) report.notes.push({ name: "The flags", reason: "It has them already." });
  });
}

/** @returns {Promise<{ names: string[], columns: number, sheet: ImageBitmap }>} */
async function demoSheet() {
  try {
    const [about, sheet] = await Promise.all([fetch("./demo/flags.json"), fetch("./demo/flags.png")]);
    if (!about.ok || !sheet.ok) throw new Error(`${about.status}, ${sheet.status}`);
    const { names, columns } = await about.json();
    return { names, columns, sheet: await createImageBitmap(await sheet.blob()) };
  } catch (error) {
    throw new Fault("internal", `The flags could not be fetched (${failure(error).message}). Are you offline?`);
  }
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString("en");
}

// Requests

/** @type {{ [T in Request["type"]]: (request: Extract<Request, { type: T }>) => Promise<Answers[T]> }} */
const handlers = {
  open: ({ options }) => exclusive(() => open(options)),
  teach: ({ files }) => teach(files),
  teachDemo: () => teachDemo(),
  forget: () => {
    running = false;
    teachingTurn += 1;
    return exclusive(async () => {
      await opened().forget();
      await shelf.clear();
      known.clear();
      return tellStatus();
    });
  },
  start: async () => {
    opened();
    running = true;
    if (!teaching) learn();
  },
  pause: async () => {
    if (!running) return;
    running = false;
    wake();
    await exclusive(async () => {
      if (studio) await save();
    });
    rested();
  },
  stop,
  throttle: async (request) => {
    share = Math.min(1, Math.max(0.05, request.share));
    wake();
  },
  paint: () =>
    exclusive(async () => {
      phase("painting", "The four painters paint one piece together.");
      const painting = await opened().paint();
      rested();
      return painting;
    }),
  keep: ({ png, record }) =>
    exclusive(async () => {
      const id = await opened().keep(png, record);
      try {
        // So that the artist on this device is never younger than the pieces that it painted.
        await save();
      } catch (error) {
        tell({ event: "failure", ...failure(error) });
      }
      rested();
      return id;
    }),
  pieces: () => exclusive(() => opened().pieces()),
  delete: ({ pieceId }) => exclusive(() => opened().delete(pieceId)),
  reset: () => {
    running = false;
    teachingTurn += 1;
    wake();
    return exclusive(async () => {
      // What could not be opened can still be deleted, unless another tab has it.
      if (!studio) await takeLock();
      try {
        if (studio) await studio.reset();
        else await shelf.clearArtist();
        await shelf.clear();
      } finally {
        studio?.free();
        studio = null;
        releaseLock?.();
      }
    });
  },
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
