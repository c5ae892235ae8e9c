/** The visitor's pictures: from files to the wasm module, for the solo studio and the collective alike. */

import { MAX_LESSON_FILES, MAX_TAUGHT_PICTURES } from "../generated/sizes.js";
import { Unfetched, get } from "../shared/fetching.js";
import { Interrupted, Refusal, cut, decode, rest } from "./pictures.js";
import { Fault, failure, tell, tellActivity } from "./talk.js";

/** @import { Lessons } from "../pkg/abraham_client.js" */
/** @import { Reservation } from "../pkg/abraham_decoder.js" */
/** @import { Given, Teaching } from "../shared/messages.js" */

/** Files that are named one by one, of each kind. */
const NAMED = 100;
/** Between two words to the page on how far a lesson is. */
const TOLD_EVERY_MS = 100;
/** Pictures are kept so often while others are read: a page may be left at any time. */
const KEPT_EVERY_MS = 1_000;

/**
 * Lessons up to where they are interrupted: then another course takes its place, and whoever teaches in this one sees
 * that it is over.
 *
 * @typedef {object} Course
 * @property {{ tile: Uint8Array, path: string, by: Reservation }[]} reserved pictures whose files ask not to be learnt
 *   from: they wait for the visitor's word
 */

/**
 * One lesson, from its beginning to its end.
 *
 * @typedef {object} Lesson
 * @property {Teaching} report what it did so far
 * @property {Uint8Array[]} fresh tiles that are new and not kept yet
 * @property {() => boolean} alive whether it is not interrupted
 * @property {() => Promise<void>} keepFresh
 */

/**
 * @typedef {object} State
 * @property {Lessons | null} lessons the wasm module's pictures, once there is a place for them
 * @property {number} pictures that are in it
 * @property {Course} course
 * @property {Promise<unknown>} last the lesson under way, after which the next begins
 * @property {boolean} telling whether the page will be told how many pictures there are
 */

/** @type {State} */
const state = { lessons: null, pictures: 0, course: { reserved: [] }, last: Promise.resolve(), telling: false };

/** How many pictures there are. */
export function count() {
  return state.pictures;
}

/** The wasm module's pictures, to learn from. @returns {Lessons} */
export function taught() {
  if (!state.lessons) throw new Fault("internal", "The artist is not awake.");
  return state.lessons;
}

/** @param {Lessons} empty */
export function begin(empty) {
  state.lessons = empty;
}

/** Whether there is a place to put pictures. */
export function begun() {
  return state.lessons !== null;
}

/** Ends teaching that is under way, and what waits; what was taken in stays. */
export function interrupt() {
  state.course = { reserved: [] };
  rest();
}

/** Forgets every picture. */
export function forget() {
  interrupt();
  state.lessons?.forget();
  state.pictures = 0;
  tellSoon();
}

/** Takes in pictures of an earlier visit. @param {Uint8Array[]} tiles */
export function remember(tiles) {
  for (const tile of tiles) learnFrom(tile);
}

/**
 * @param {Given} given
 * @param {(tiles: Uint8Array[]) => Promise<void>} keep gets what was new
 * @returns {Promise<Teaching>}
 */
export function teach({ files, leftovers, beside }, keep) {
  return give(keep, async (lesson) => {
    const { report, alive, keepFresh } = lesson;
    const looked = files.slice(0, MAX_LESSON_FILES);
    Object.assign(report, { total: looked.length, unlooked: files.length - looked.length, leftovers, beside });
    // One that is slow is told of before it is read, so that there is something to see, and to stop.
    let told = -Infinity;
    let kept = performance.now();
    for (const { file, path } of looked) {
      if (!alive()) return;
      if (state.pictures >= MAX_TAUGHT_PICTURES) {
        report.beyond = looked.length - report.done;
        return;
      }
      if (performance.now() - told > TOLD_EVERY_MS) {
        told = performance.now();
        tellActivity({ phase: "teaching", at: report.done + 1, of: report.total });
        tell({ event: "teaching", ...report });
      }
      try {
        const { pixels, frame, reservation } = await decode(file);
        if (!alive()) return;
        if (reservation) {
          const { reserved } = state.course;
          if (reserved.length < MAX_TAUGHT_PICTURES) reserved.push({ tile: pixels, path, by: reservation });
          sayReserved(report);
        } else {
          take(pixels, lesson);
        }
        if (frame && report.notes.length < NAMED) report.notes.push({ path, frame });
      } catch (error) {
        if (error instanceof Interrupted) return;
        if (!(error instanceof Refusal)) throw error;
        report.refusedCount += 1;
        const { why, megapixels } = error;
        if (report.refused.length < NAMED) report.refused.push({ path, why, megapixels });
      }
      report.done += 1;
      if (alive() && performance.now() - kept > KEPT_EVERY_MS) {
        await keepFresh();
        kept = performance.now();
      }
    }
  });
}

/** Teaches what asked not to be learnt from: the visitor said yes. @param {(tiles: Uint8Array[]) => Promise<void>} keep @returns {Promise<Teaching>} */
export function teachReserved(keep) {
  return give(keep, async (lesson) => {
    const { report } = lesson;
    const waiting = state.course.reserved;
    leaveReserved();
    sayReserved(report);
    report.total = waiting.length;
    for (const { tile } of waiting) {
      if (state.pictures >= MAX_TAUGHT_PICTURES) {
        report.beyond = report.total - report.done;
        return;
      }
      take(tile, lesson);
      report.done += 1;
    }
  });
}

/** @param {Teaching} report */
function sayReserved(report) {
  const { reserved } = state.course;
  report.reserved = reserved.slice(0, NAMED).map(({ path, by }) => ({ path, by }));
  report.reservedCount = reserved.length;
}

/** Drops what asked not to be learnt from: the visitor said no. */
export function leaveReserved() {
  state.course.reserved = [];
}

/** @param {(tiles: Uint8Array[]) => Promise<void>} keep @returns {Promise<Teaching>} */
export function teachDemo(keep) {
  return give(keep, async (lesson) => {
    const { report, alive } = lesson;
    tellActivity({ phase: "teaching", at: null, of: null });
    let flags;
    try {
      flags = await cut(await (await get("./demo/flags.png")).arrayBuffer());
    } catch (error) {
      if (error instanceof Interrupted) return;
      if (error instanceof Unfetched || error instanceof Fault) throw error;
      throw new Fault("flags-damaged", failure(error).message);
    }
    report.total = flags.length;
    for (const tile of flags) {
      if (!alive() || state.pictures >= MAX_TAUGHT_PICTURES) return;
      take(tile, lesson);
      report.done += 1;
    }
  });
}

/** @returns {Teaching} */
const nothing = () => ({
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
});

/**
 * Gives a lesson once those before it are over.
 *
 * @param {(tiles: Uint8Array[]) => Promise<void>} keep gets what was new
 * @param {(lesson: Lesson) => Promise<void>} work
 * @returns {Promise<Teaching>}
 */
function give(keep, work) {
  const { course } = state;
  /** @type {Lesson} */
  const lesson = {
    report: nothing(),
    fresh: [],
    alive: () => state.course === course,
    keepFresh: async () => {
      const tiles = lesson.fresh;
      lesson.fresh = [];
      if (tiles.length > 0) await keep(tiles);
    },
  };
  const { report, alive, keepFresh } = lesson;
  const done = state.last.then(async () => {
    taught();
    if (!alive()) return report;
    sayReserved(report);
    try {
      await work(lesson);
      if (state.telling) tellPictures();
      tell({ event: "teaching", ...report });
      if (alive()) await keepFresh();
    } finally {
      rest();
    }
    return report;
  });
  state.last = done.catch(() => {});
  return done;
}

/** @param {Uint8Array} tile SIDE×SIDE, RGBA @param {Lesson} lesson */
function take(tile, { fresh, report }) {
  if (learnFrom(tile)) {
    fresh.push(tile);
    report.used += 1;
  } else {
    report.copies += 1;
  }
}

/** @param {Uint8Array} tile SIDE×SIDE, RGBA @returns {boolean} whether it is new: copies count once */
function learnFrom(tile) {
  const before = state.pictures;
  state.pictures = taught().teach(tile);
  const isNew = state.pictures > before;
  if (isNew) tellSoon();
  return isNew;
}

/** Tells the page how many pictures there are, and teaches the collective with them, once for many that come at once. */
function tellSoon() {
  if (state.telling) return;
  state.telling = true;
  setTimeout(() => {
    if (state.telling) tellPictures();
  }, 50);
}

function tellPictures() {
  state.telling = false;
  // To the collective as well, and not for every single one: each time costs a copy.
  state.lessons?.share();
  tell({ event: "lessons", pictures: state.pictures });
}
