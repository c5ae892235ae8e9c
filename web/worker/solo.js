/** The solo studio: four painters in this worker, on the one artist that lives on this device. */

import { CHANNELS } from "../generated/sizes.js";
import * as lessons from "./lessons.js";
import * as shelf from "./shelf.js";
import { Fault, failure, tell, tellActivity } from "./talk.js";
import { load } from "./wasm.js";
import * as windows from "./windows.js";

/** @import { OpenOptions, Painting, Round } from "../generated/page.js" */
/** @import { Studio } from "../pkg/abraham_client.js" */
/** @import { Status } from "../shared/messages.js" */
/** @import { Program } from "./wasm.js" */

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
/** Pauses whose save is not done: nothing is said to rest before it is. */
let pausing = 0;
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

/** Pictures of this window that the device did not take. @type {Uint8Array[]} */
let unsaved = [];
/** Counts up whenever the pictures are forgotten, so that none of before is put on the shelf. */
let forgettings = 0;

/** @returns {Promise<Status>} */
async function tellStatus() {
  const status = { ...(await opened().status()), pictures: lessons.count() };
  roundsDone = status.round;
  tell({ event: "status", ...status });
  return status;
}

function rested() {
  if (!studio || pausing > 0 || holds.has("collective") || (wanted && holds.size === 0)) return;
  tellActivity({ phase: lessons.count() > 0 ? "paused" : "idle" });
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
      await beginLessons(module);
      studio = await module.Studio.open(options);
    } catch (error) {
      releaseLock?.();
      throw error;
    }
    // What windows before this one had left.
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
  tellActivity({ phase: "saving" });
  savedAt = performance.now();
  try {
    await opened().save();
  } finally {
    // The page notes what it can promise to a returning visitor: what was saved. Where nothing was, it says so.
    await tellStatus();
  }
}

/** Saves where there is a studio; a failure is told, and the artist lives on in memory. */
async function saveOrTell() {
  if (!studio) return;
  try {
    await save();
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
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
  pausing += 1;
  wake();
  try {
    await exclusive(async () => {
      if (studio) await save();
    });
  } finally {
    pausing -= 1;
    rested();
  }
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
        tellActivity({ phase: "learning", round: roundsDone + 1, paintings: batch, pictures: lessons.count() });
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

/**
 * Makes a place for pictures, with those on this device in it, where there is none yet. From then on this window hears
 * what the visitor's other windows do with theirs.
 *
 * @param {Program} module
 */
export async function beginLessons(module) {
  if (lessons.begun()) return;
  lessons.begin(new module.Lessons(CHANNELS));
  await windows.attend({ added: takeOver, forget: forgetHere });
  await takeOver();
}

/** Takes pictures in that are on this device: any window of this visitor may teach them. */
async function takeOver() {
  const before = forgettings;
  const tiles = await shelf.taken(lessons.PICTURES);
  if (before === forgettings) lessons.remember(tiles);
}

/** Keeps new pictures on this device for the next visit and for the other windows. @param {Uint8Array[]} tiles */
export async function keepPictures(tiles) {
  const before = forgettings;
  unsaved.push(...tiles);
  try {
    await exclusive(async () => {
      try {
        await putUnsaved(() => before === forgettings);
        tellShelf(null);
      } catch (error) {
        tellShelf(failure(error).code);
        throw error;
      } finally {
        // Each is tried, whatever became of the other; what the page says of both is then the same.
        if (studio) await save();
      }
    });
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
  }
}

/** Puts the pictures that only this window has on the shelf. @param {() => boolean} wanted whether none were forgotten since */
async function putUnsaved(wanted) {
  const waiting = [...unsaved];
  if (waiting.length === 0) return;
  if (await shelf.put(waiting, wanted)) {
    windows.sayAdded();
    unsaved = unsaved.slice(waiting.length);
  } else if (wanted()) {
    // Another window emptied the shelf, and its word is still on its way.
    forgetHere();
  }
}

/** Says how many pictures the device did not take. @param {string | null} code why */
function tellShelf(code) {
  tell({ event: "shelf", unsaved: unsaved.length, code: unsaved.length > 0 ? code : null });
}

/** Drops every picture of this window at once, also what is still being read. */
function dropPictures() {
  forgettings += 1;
  unsaved = [];
  wanted = false;
  lessons.forget();
  tellShelf(null);
}

/** Another window of this visitor forgets the pictures. */
function forgetHere() {
  dropPictures();
  wake();
  tell({ event: "forgotten" });
}

/**
 * Forgets every picture: here, on this device, and in this visitor's other windows.
 *
 * @returns {Promise<{ silent: number }>} how many windows did not answer, and so may still have them
 */
export function forgetPictures() {
  wanted = false;
  return exclusive(async () => {
    dropPictures();
    const silent = await windows.forgetEverywhere(shelf.clear);
    if (studio) await tellStatus();
    return { silent };
  });
}

/** @returns {Promise<Painting>} */
export function paint() {
  return exclusive(async () => {
    tellActivity({ phase: "painting" });
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

/**
 * Lets the artist and the pictures on this device go; kept pieces stay.
 *
 * @returns {Promise<{ silent: number }>} how many other windows did not answer, and so may still have the pictures
 */
export function reset() {
  wanted = false;
  wake();
  return exclusive(async () => {
    // What could not be opened can still be deleted, unless another tab has it.
    if (!studio) await takeLock();
    try {
      await windows.attend({ added: () => {}, forget: () => {} });
      await clearArtist();
      dropPictures();
      return { silent: await windows.forgetEverywhere(shelf.clear) };
    } finally {
      close();
    }
  });
}

async function clearArtist() {
  try {
    await (await load()).deleteArtist();
  } catch (error) {
    // Where storage is denied, an artist that was never saved has left nothing.
    if (!studio || (await studio.status()).saved !== null) throw error;
  }
}
