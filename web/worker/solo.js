/** The solo studio: four painters in this worker, on the one artist that lives on this device. */

import { CHANNELS, MAX_TAUGHT_PICTURES } from "../generated/sizes.js";
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

/**
 * The open studio, from waking the artist to stopping it.
 *
 * @typedef {object} Open
 * @property {Studio} studio
 * @property {() => void} release lets another tab have the artist
 * @property {number} batch paintings a round
 * @property {number} rounds of learning behind the artist
 * @property {number} savedAt when it was last saved
 */

/**
 * The pictures of this window since they were last forgotten. Whoever awaits something for them looks afterwards whether
 * they are still the ones, so that none of before is put on the shelf.
 *
 * @typedef {object} Pictures
 * @property {Uint8Array[]} unsaved tiles that the device did not take
 */

/**
 * @typedef {object} State
 * @property {Open | null} open
 * @property {Pictures} pictures
 * @property {boolean} wanted whether the visitor wants it to learn
 * @property {Set<"teaching" | "collective">} holds what keeps it from learning for now
 * @property {boolean} looping whether rounds follow each other
 * @property {number} pausing pauses whose save is not done: nothing is said to rest before it is
 * @property {number} share of the time that rounds may take
 * @property {() => void} wake ends the rest between two rounds
 * @property {Promise<unknown>} last the work on the studio under way, after which the next begins
 */

/** @type {State} */
const state = {
  open: null,
  pictures: { unsaved: [] },
  wanted: false,
  holds: new Set(),
  looping: false,
  pausing: 0,
  share: 0.5,
  wake: () => {},
  last: Promise.resolve(),
};

/**
 * Runs work on the studio after all work that came before it: no two of its methods may run at once.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function exclusive(work) {
  const mine = state.last.then(work);
  state.last = mine.catch(() => {});
  return mine;
}

/** @returns {Open} */
function opened() {
  if (!state.open) throw new Fault("internal", "The studio is not open.");
  return state.open;
}

/** @returns {Promise<Status>} */
async function tellStatus() {
  const open = opened();
  const status = { ...(await open.studio.status()), pictures: lessons.count() };
  open.rounds = status.round;
  tell({ event: "status", ...status });
  return status;
}

function rested() {
  const { open, pausing, holds, wanted } = state;
  if (!open || pausing > 0 || holds.has("collective") || (wanted && holds.size === 0)) return;
  tellActivity({ phase: lessons.count() > 0 ? "paused" : "idle" });
}

// Opening and stopping

/** Takes the lock that lets one tab only have the studio. @returns {Promise<() => void>} what releases it */
function takeLock() {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(LOCK, { ifAvailable: true }, (lock) => {
        if (!lock) {
          reject(new Fault("studio-elsewhere", "Another tab has this artist open."));
          return undefined;
        }
        return new Promise((release) => resolve(() => release(undefined)));
      })
      .catch((error) => {
        // A browser that lets the site store nothing has no locks either, and no saved artist to share.
        if (error instanceof DOMException && error.name === "SecurityError") resolve(() => {});
        else reject(error);
      });
  });
}

/** @param {OpenOptions} options @returns {Promise<Status>} */
export function open(options) {
  return exclusive(async () => {
    if (state.open) return tellStatus();
    const release = await takeLock();
    try {
      const module = await load();
      await beginLessons(module);
      const studio = await module.Studio.open(options);
      state.open = { studio, release, batch: options.batch, rounds: 0, savedAt: performance.now() };
    } catch (error) {
      release();
      throw error;
    }
    // What windows before this one had left.
    lessons.remember(await shelf.taken(MAX_TAUGHT_PICTURES));
    const status = await tellStatus();
    rested();
    return status;
  });
}

/** Ends the round at hand, saves, and lets another tab have the artist. */
export async function stop() {
  state.wanted = false;
  lessons.interrupt();
  state.wake();
  await exclusive(async () => {
    if (!state.open) return;
    try {
      await save();
    } finally {
      close();
    }
  });
}

function close() {
  const { open } = state;
  state.open = null;
  open?.studio.free();
  open?.release();
}

async function save() {
  tellActivity({ phase: "saving" });
  const open = opened();
  open.savedAt = performance.now();
  try {
    await open.studio.save();
  } finally {
    // The page notes what it can promise to a returning visitor: what was saved. Where nothing was, it says so.
    await tellStatus();
  }
}

/** Saves where there is a studio; a failure is told, and the artist lives on in memory. */
async function saveOrTell() {
  if (!state.open) return;
  try {
    await save();
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
  }
}

// Learning

/** Holds learning back, whatever the visitor wants. @param {"teaching" | "collective"} why */
export function hold(why) {
  state.holds.add(why);
  state.wake();
}

/** @param {"teaching" | "collective"} why */
export function release(why) {
  state.holds.delete(why);
  learn();
  rested();
}

/** Learns for as long as nothing holds it back. */
export async function start() {
  opened();
  state.wanted = true;
  learn();
}

/** Saves and rests. */
export async function pause() {
  if (!state.wanted) return;
  state.wanted = false;
  state.pausing += 1;
  state.wake();
  try {
    await exclusive(async () => {
      if (state.open) await save();
    });
  } finally {
    state.pausing -= 1;
    rested();
  }
}

/** @param {number} time share of the time that rounds may take, 0 to 1 */
export async function throttle(time) {
  state.share = Math.min(1, Math.max(0.05, time));
  state.wake();
}

/** Whether nothing keeps it from learning now. */
const mayLearn = () => state.wanted && state.holds.size === 0 && state.open !== null;

function learn() {
  if (state.looping || !mayLearn()) return;
  state.looping = true;
  rounds().finally(() => {
    state.looping = false;
    rested();
    // What held it back may be gone since the loop looked.
    learn();
  });
}

async function rounds() {
  while (mayLearn()) {
    const began = performance.now();
    /** @type {Round} */
    let round;
    try {
      round = await exclusive(async () => {
        const open = opened();
        tellActivity({ phase: "learning", round: open.rounds + 1, paintings: open.batch, pictures: lessons.count() });
        const done = await open.studio.round(lessons.taught());
        open.rounds = done.round;
        return done;
      });
    } catch (error) {
      state.wanted = false;
      tell({ event: "failure", ...failure(error) });
      return;
    }
    tell({ event: "round", ...round }, [round.batch.buffer]);
    const spent = performance.now() - began;
    if (performance.now() - (state.open?.savedAt ?? Infinity) > SAVE_EVERY_MS) await exclusive(saveOrTell);
    await rest(spent);
  }
}

/** Sleeps so that rounds take their share of the time, and lets messages in. @param {number} spent ms */
function rest(spent) {
  return new Promise((resolve) => {
    const pause = Math.min(REST_MS, (spent * (1 - state.share)) / state.share);
    const timer = setTimeout(resolve, pause);
    state.wake = () => {
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
  const { pictures } = state;
  const tiles = await shelf.taken(MAX_TAUGHT_PICTURES);
  if (state.pictures === pictures) lessons.remember(tiles);
}

/** Keeps new pictures on this device for the next visit and for the other windows. @param {Uint8Array[]} tiles */
export async function keepPictures(tiles) {
  const { pictures } = state;
  pictures.unsaved.push(...tiles);
  try {
    await exclusive(async () => {
      try {
        await putUnsaved(pictures);
        tellShelf(null);
      } catch (error) {
        tellShelf(failure(error).code);
        throw error;
      } finally {
        // Each is tried, whatever became of the other; what the page says of both is then the same.
        if (state.open) await save();
      }
    });
  } catch (error) {
    tell({ event: "failure", ...failure(error) });
  }
}

/** Puts the pictures that only this window has on the shelf. @param {Pictures} pictures */
async function putUnsaved(pictures) {
  const isCurrent = () => state.pictures === pictures;
  const waiting = [...pictures.unsaved];
  if (waiting.length === 0) return;
  if (await shelf.put(waiting, isCurrent)) {
    windows.sayAdded();
    pictures.unsaved = pictures.unsaved.slice(waiting.length);
  } else if (isCurrent()) {
    // Another window emptied the shelf, and its word is still on its way.
    forgetHere();
  }
}

/** Says how many pictures the device did not take. @param {string | null} code why */
function tellShelf(code) {
  const { unsaved } = state.pictures;
  tell({ event: "shelf", unsaved: unsaved.length, code: unsaved.length > 0 ? code : null });
}

/** Drops every picture of this window at once, also what is still being read. */
function dropPictures() {
  state.pictures = { unsaved: [] };
  state.wanted = false;
  lessons.forget();
  tellShelf(null);
}

/** Another window of this visitor forgets the pictures. */
function forgetHere() {
  dropPictures();
  state.wake();
  tell({ event: "forgotten" });
}

/**
 * Forgets every picture: here, on this device, and in this visitor's other windows.
 *
 * @returns {Promise<{ silent: number }>} how many windows did not answer, and so may still have them
 */
export function forgetPictures() {
  state.wanted = false;
  return exclusive(async () => {
    dropPictures();
    const silent = await windows.forgetEverywhere(shelf.clear);
    if (state.open) await tellStatus();
    return { silent };
  });
}

/** @returns {Promise<Painting>} */
export function paint() {
  return exclusive(async () => {
    tellActivity({ phase: "painting" });
    const painting = await opened().studio.paint();
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
  state.wanted = false;
  state.wake();
  return exclusive(async () => {
    // What could not be opened can still be deleted, unless another tab has it.
    const release = state.open ? () => {} : await takeLock();
    try {
      await windows.attend({ added: () => {}, forget: () => {} });
      await clearArtist();
      dropPictures();
      return { silent: await windows.forgetEverywhere(shelf.clear) };
    } finally {
      close();
      release();
    }
  });
}

async function clearArtist() {
  try {
    await (await load()).deleteArtist();
  } catch (error) {
    // Where storage is denied, an artist that was never saved has left nothing.
    if (!state.open || (await state.open.studio.status()).saved !== null) throw error;
  }
}
