/** The solo studio: four painters in this worker, on the one artist that lives on this device. */

import * as lessons from "./lessons.js";
import * as shelf from "./shelf.js";
import { Fault, failure, number, phase, tell } from "./talk.js";
import { load } from "./wasm.js";

/** @import { OpenOptions, Painting, Round, Status, Studio } from "../types/messages.js" */

/** How long learning may go on before what was learned is saved; a save writes some 40 MB. */
const SAVE_EVERY_MS = 15_000;
/** The longest rest between rounds, however light the throttle. */
const REST_MS = 30_000;
const LOCK = "abraham-studio";

/** @type {Studio | null} */
let studio = null;
/** @type {(() => void) | null} */
let releaseLock = null;
/** Whether the visitor wants it to learn. */
let wanted = false;
/** What keeps it from learning for now. @type {Set<"teaching" | "collective">} */
const holds = new Set();
let looping = false;
/** Share of the time that rounds may take. */
let share = 0.5;
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

/** @returns {Promise<Status>} */
async function tellStatus() {
  const status = { ...(await opened().status()), pictures: lessons.count() };
  roundsDone = status.round;
  tell({ event: "status", ...status });
  return status;
}

function rested() {
  if (!studio || holds.has("collective") || (wanted && holds.size === 0)) return;
  const some = lessons.count() > 0;
  phase(some ? "paused" : "idle", some ? "Paused. Nothing is being computed." : "Awake, and waiting to be taught.");
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

/** @param {OpenOptions} options @returns {Promise<Status>} */
export function open(options) {
  return exclusive(async () => {
    if (studio) return tellStatus();
    await takeLock();
    try {
      const module = await load();
      if (!lessons.begun()) lessons.begin(new module.Lessons(lessons.CHANNELS));
      studio = await module.Studio.open(options);
    } catch (error) {
      releaseLock?.();
      throw error;
    }
    lessons.remember(await shelf.taken(lessons.PICTURES));
    batch = options.batch;
    savedAt = performance.now();
    const status = await tellStatus();
    rested();
    return status;
  });
}

/** Ends the round at hand, saves, and lets another tab have the artist. */
export async function stop() {
  wanted = false;
  lessons.interrupt();
  wake();
  await exclusive(async () => {
    if (!studio) return;
    try {
      await save();
    } finally {
      close();
    }
  });
}

function close() {
  studio?.free();
  studio = null;
  releaseLock?.();
}

async function save() {
  phase("saving", "Saving the four painters’ shares on this device.");
  savedAt = performance.now();
  await opened().save();
  // The page notes what it can promise to a returning visitor: what was saved.
  await tellStatus();
}

/** Saves where there is a studio; a failure is told, and the artist lives on in memory. */
async function saveOrTell() {
  if (!studio) return;
  try {
    await save();
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
    await tellStatus().catch(() => {});
  }
}

// Learning

/** Holds learning back, whatever the visitor wants. @param {"teaching" | "collective"} why */
export function hold(why) {
  holds.add(why);
  wake();
}

/** @param {"teaching" | "collective"} why */
export function release(why) {
  holds.delete(why);
  learn();
  rested();
}

/** Learns for as long as nothing holds it back. */
export async function start() {
  opened();
  wanted = true;
  learn();
}

/** Saves and rests. */
export async function pause() {
  if (!wanted) return;
  wanted = false;
  wake();
  await exclusive(async () => {
    if (studio) await save();
  });
  rested();
}

/** @param {number} time share of the time that rounds may take, 0 to 1 */
export async function throttle(time) {
  share = Math.min(1, Math.max(0.05, time));
  wake();
}

function learn() {
  if (looping || !wanted || holds.size > 0 || !studio) return;
  looping = true;
  rounds().finally(() => {
    looping = false;
    rested();
    // What held it back may be gone since the loop looked.
    learn();
  });
}

async function rounds() {
  while (wanted && holds.size === 0 && studio) {
    const began = performance.now();
    /** @type {Round} */
    let round;
    try {
      round = await exclusive(async () => {
        phase(
          "learning",
          `Round ${number(roundsDone + 1)}: the four painters paint ${batch} pictures, then take one small step towards your ${number(lessons.count())}.`,
        );
        return opened().round(lessons.taught());
      });
    } catch (error) {
      wanted = false;
      tell({ event: "failure", ...failure(error) });
      return;
    }
    roundsDone = round.round;
    tell({ event: "round", ...round }, [round.batch.buffer]);
    const spent = performance.now() - began;
    if (performance.now() - savedAt > SAVE_EVERY_MS) await exclusive(saveOrTell);
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

// Pictures and pieces

/** Keeps new pictures on this device for the next visit. @param {Uint8Array[]} tiles */
export async function keepPictures(tiles) {
  try {
    await exclusive(async () => {
      if (!studio) return;
      await shelf.put(tiles);
      await save();
    });
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
    await exclusive(tellStatus);
  }
}

/** Forgets every picture, also those kept on this device where this tab has them. */
export async function forgetPictures() {
  wanted = false;
  return exclusive(async () => {
    lessons.forget();
    if (!studio) return null;
    await shelf.clear();
    return tellStatus();
  });
}

/** @returns {Promise<Painting>} */
export function paint() {
  return exclusive(async () => {
    phase("painting", "The four painters paint one piece together.");
    const painting = await opened().paint();
    rested();
    return painting;
  });
}

/** Saves after a piece was kept, so that the artist on this device is never younger than its pieces. */
export function saveBeside() {
  return exclusive(async () => {
    await saveOrTell();
    rested();
  });
}

/** Lets the artist and the pictures on this device go; kept pieces stay. */
export function reset() {
  wanted = false;
  wake();
  return exclusive(async () => {
    // What could not be opened can still be deleted, unless another tab has it.
    if (!studio) await takeLock();
    try {
      if (studio) await studio.reset();
      else await shelf.clearArtist();
      await shelf.clear();
      lessons.forget();
    } finally {
      close();
    }
  });
}
