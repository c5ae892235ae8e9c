/** The visitor's pictures: from files to the wasm module, for the solo studio and the collective alike. */

import { Refusal, cut, decode } from "./pictures.js";
import { Fault, failure, number, phase, tell } from "./talk.js";

/** @import { Lessons, Remark, Teaching } from "../types/messages.js" */

/** Files of one drop that are looked at. */
const FILES = 10_000;
/** Pictures that one visitor teaches; a round's cost grows with them. */
export const PICTURES = 2_000;
/** The artist paints in colour. */
export const CHANNELS = 3;
/** Refused files that are named one by one. */
const NAMED = 100;

/** @type {Lessons | null} */
let lessons = null;
let pictures = 0;
/** Counts up whenever teaching that is under way must end. */
let turn = 0;
let busy = false;
/** Whether the page will be told how many there are. */
let telling = false;
/** Tiles of the lesson under way. @type {Uint8Array[]} */
let fresh = [];
/** Fingerprints of the pictures taught, so that the demo set is not taught twice. @type {Set<number>} */
const known = new Set();

/** How many pictures there are. */
export function count() {
  return pictures;
}

/** The wasm module's pictures, to learn from. @returns {Lessons} */
export function taught() {
  if (!lessons) throw new Fault("internal", "The artist is not awake.");
  return lessons;
}

/** @param {Lessons} empty */
export function begin(empty) {
  lessons = empty;
}

/** Whether there is a place to put pictures. */
export function begun() {
  return lessons !== null;
}

/** Ends teaching that is under way; what was taken in stays. */
export function interrupt() {
  turn += 1;
}

/** Forgets every picture. */
export function forget() {
  interrupt();
  lessons?.forget();
  pictures = 0;
  known.clear();
  tellSoon();
}

/** Takes in pictures of an earlier visit. @param {Uint8Array[]} tiles */
export function remember(tiles) {
  for (const tile of tiles) if (!known.has(fingerprint(tile))) learnFrom(tile);
}

/**
 * @param {File[]} files
 * @param {(tiles: Uint8Array[]) => Promise<void>} keep
 * @returns {Promise<Teaching>}
 */
export function teach(files, keep) {
  /** @type {Remark[]} */
  const notes = [];
  if (files.length > FILES) {
    notes.push({ name: "Too many files", reason: `You gave more than ${number(FILES)} files. Only the first ${number(FILES)} are looked at.` });
  }
  const looked = files.slice(0, FILES);
  return lesson(notes, looked.length, keep, async (report, alive) => {
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
        take(rgba);
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

/** @param {(tiles: Uint8Array[]) => Promise<void>} keep @returns {Promise<Teaching>} */
export function teachDemo(keep) {
  return lesson([], 0, keep, async (report, alive) => {
    phase("teaching", "Fetching the 270 flags.");
    const { names, columns, sheet } = await demoSheet();
    report.total = names.length;
    const flags = cut(sheet, columns, names.length);
    sheet.close();
    // Some territories share a flag: only what was taught before this lesson counts as known.
    const before = new Set(known);
    for (const rgba of flags) {
      if (!alive() || pictures >= PICTURES) return;
      if (!before.has(fingerprint(rgba))) {
        take(rgba);
        report.used += 1;
      }
      report.done += 1;
    }
    if (report.used === 0) report.notes.push({ name: "The flags", reason: "It has them already." });
  });
}

/**
 * @param {Remark[]} notes
 * @param {number} total
 * @param {(tiles: Uint8Array[]) => Promise<void>} keep gets what was new
 * @param {(teaching: Teaching, alive: () => boolean) => Promise<void>} work
 */
async function lesson(notes, total, keep, work) {
  if (busy) throw new Fault("internal", "It is still looking at the last pictures. Try again in a moment.");
  taught();
  busy = true;
  turn += 1;
  const mine = turn;
  fresh = [];
  /** @type {Teaching} */
  const report = { done: 0, total, used: 0, refused: [], refusedCount: 0, notes };
  try {
    await work(report, () => mine === turn);
    tell({ event: "teaching", ...report });
    if (mine === turn && fresh.length > 0) await keep(fresh);
  } finally {
    fresh = [];
    busy = false;
  }
  return report;
}

/** @param {Uint8Array} rgba SIDE×SIDE */
function take(rgba) {
  learnFrom(rgba);
  fresh.push(rgba);
}

/** @param {Uint8Array} rgba SIDE×SIDE */
function learnFrom(rgba) {
  pictures = taught().teach(rgba);
  known.add(fingerprint(rgba));
  tellSoon();
}

/** Tells the page how many pictures there are, and teaches the collective with them, once for many that come at once. */
function tellSoon() {
  if (telling) return;
  telling = true;
  setTimeout(() => {
    telling = false;
    // To the collective as well, and not for every single one: each time costs a copy.
    lessons?.share();
    tell({ event: "lessons", pictures });
  }, 50);
}

/** A 32-bit FNV-1a hash: two flags of one fingerprint would only mean one flag fewer. @param {Uint8Array} tile */
function fingerprint(tile) {
  let hash = 0x811c9dc5;
  for (const byte of tile) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
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
