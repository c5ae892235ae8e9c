/** Words and numbers as the visitor reads them. */

import { MIN_SOLO_PICTURES } from "../generated/sizes.js";

/** What went wrong and what to do, by code of the interface; where a code is missing, its own message is shown. */
const FAILURES = /** @type {Record<string, string>} */ ({
  "studio-elsewhere":
    "This artist is open in another tab, and only one tab at a time can have it open. Close or stop it there, then try again here.",
  "wasm-missing":
    "The artist needs WebAssembly, and this browser does not run it in workers. A lockdown mode, a setting or a policy may have switched it off. Allow it for this site, or use another browser.",
  "wasm-blocked":
    "This browser does not run the artist’s program. A policy, an extension or a lockdown mode may block WebAssembly. Allow it for this site, or use another browser.",
  "wasm-simd-missing":
    "The artist needs WebAssembly SIMD, and this browser does not have it. Current versions of Chrome, Edge, Firefox and Safari do.",
  "device-lost":
    "The graphics card stopped responding, so learning stopped. Everything that was saved is safe. Wake the artist again to continue on the processor.",
  "storage-full":
    "This browser’s storage for the site is full. Anything not saved yet is in this tab’s memory only and is lost when the tab closes. Free some space, or delete some pieces.",
  "storage-denied":
    "This browser does not let the site store anything, perhaps because the window is private. The artist is in this tab’s memory only and is lost when the tab closes.",
  "decoder-failed":
    "This browser does not run the program that reads pictures, so no pictures can be taught. The cause may be a policy, an extension or too little memory. Close other tabs, reload the page, then try again.",
  "too-few-pictures": `It has too few pictures to learn from. Give it ${MIN_SOLO_PICTURES} or more.`,
  "too-many-files": "It already has as many pictures as it can learn from. To teach it others, forget these first.",
  "no-record": "This picture has no record, so it was not kept.",
  "flags-damaged": "The flags arrived damaged. Reload the page, then try again.",
  "studio-closed": "The studio closed before that was done.",
  "checkpoint-corrupt":
    "The artist saved on this device is damaged, so it was not loaded. You can start a new one. That deletes the damaged one.",
  "checkpoint-foreign":
    "The artist saved on this device was made by another version of this page, so it was not loaded. You can start a new one. That deletes the old one.",
});

/** @param {import("../generated/page.js").Failure} failure */
export function sentence({ code, message }) {
  const known = FAILURES[code];
  if (known) return known;
  if (code === "internal") return `Something went wrong in the program: ${closed(message)}`;
  return closed(capital(message));
}

/** @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {string} text */
const closed = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** What a kind of message between painters is for. */
const KINDS = /** @type {Record<string, string>} */ ({
  keys: "agreeing on keys",
  joint_input: "sharing secrets that two painters both know",
  multiply: "multiplying secret numbers",
  sine: "taking the sine of secret numbers",
  truncate: "rounding secret numbers",
  open: "revealing the paintings",
  transcript: "checking each other",
  verdict: "agreeing that nobody cheated",
  update: "what your pictures teach, in shares",
  abort: "stopping",
});

/** @param {string} kind */
export const kindInWords = (kind) => KINDS[kind] ?? kind.replaceAll("_", " ");

/** @param {number} value */
export const count = (value) => value.toLocaleString("en");

const RULES = new Intl.PluralRules("en");

/** What goes with so many of something. @param {number} value @param {string} one @param {string} many */
export const plural = (value, one, many) => (RULES.select(value) === "one" ? one : many);

/** @param {number} value @param {string} one @param {string} many */
export const counted = (value, one, many) => plural(value, `one ${one}`, `${count(value)} ${many}`);

/** Two or three digits and a unit. @param {number} bytes */
export function bytesInWords(bytes) {
  if (bytes < 1000) return `${bytes} ${plural(bytes, "byte", "bytes")}`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  // What would be rounded to a thousand of a unit is one of the next.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} millis */
export function timeInWords(millis) {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How far a long fetch is, and what is left of it. @param {{ done: number, total: number, millis: number }} fetching */
export function fetchInWords({ done, total, millis }) {
  const left = millis > 1_000 && done > 0 ? Math.ceil(((total - done) / done) * millis) : 0;
  const time = left >= 1_000 ? `, ${timeInWords(left)} left at this pace` : "";
  return `Fetching the artist’s program: ${bytesInWords(done)} of ${bytesInWords(total)}${time}. Press Stop to cancel.`;
}

/** Round from which on paintings are of their own kind; measured with the demo set. */
const OWN = 300;

/**
 * What one may expect to see at this round, as it went with the demo set.
 *
 * @param {number} round
 * @param {number | null} pace rounds a minute, where it is known
 */
export function stageOfLearning(round, pace = null) {
  if (round >= OWN) return "The artist now paints pictures of its own.";
  const now =
    round < 15
      ? "So far they are noise."
      : round < 90
        ? "So far they show what all your pictures have in common."
        : "They are beginning to differ from each other.";
  const minutes = pace ? Math.ceil((OWN - round) / pace) : 0;
  const left = pace && minutes < 60 ? `, in about ${plural(minutes, "a minute", `${minutes} minutes`)} at this pace` : "";
  return `${now} The artist starts to paint pictures of its own around round ${OWN}${left}.`;
}
