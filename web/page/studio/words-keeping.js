/** What a browser keeps, in words. No page in here. */

import { capital, count, counted, plural } from "../../shared/words.js";

/** @import { Note } from "../note.js" */

/** @param {boolean} granted what the browser answered to the wish that it keeps what this site stores */
export function promiseInWords(granted) {
  return granted
    ? "This browser promised to keep it until you delete it."
    : "This browser promises nothing: it may delete it when storage runs short or when you stay away for long. Download the pieces that you love.";
}

/** @param {number} unsaved pictures that are in this tab only @param {string | null} code why */
export function unsavedInWords(unsaved, code) {
  if (unsaved === 0) return null;
  const why = code === "storage-full" ? "this browser’s storage for the site is full" : "this browser does not let the site store them";
  return `${capital(counted(unsaved, "of them is", "of them are"))} in this tab only, because ${why}. ${plural(unsaved, "It is", "They are")} lost when the tab closes.`;
}

/** What is left of pictures that were forgotten. @param {number} silent other windows that did not answer */
export function silentInWords(silent) {
  return silent === 0
    ? null
    : `${capital(counted(silent, "other window of yours does", "other windows of yours do"))} not answer, and may still have the pictures in memory. Close ${plural(silent, "it", "them")} to remove the pictures there, too.`;
}

/** What stays after the artist was deleted. @param {number} pieces */
export function leftInWords(pieces) {
  return pieces === 0
    ? "The artist and your pictures are deleted. Nothing of them is left on this device."
    : `The artist and your pictures are deleted. ${capital(counted(pieces, "piece that you kept stays", "pieces that you kept stay"))} on this device. You see ${plural(pieces, "it", "them")} under “Your pieces” when you donate this tab again.`;
}

/** The artist woke from an older save than its last. */
export const PASSED_OVER = "The last save could not be used, so your artist continues from the one before it.";

/** The note tells of an artist, the device had none, and a new one was drawn in its place. @param {Note} note */
export function replacedInWords({ round }) {
  const was = round > 0 ? `, which was at round ${count(round)},` : "";
  return `Your artist${was} was no longer on this device: the browser removed it, or somebody cleared this site’s data. There was no other copy, so this is a new one.`;
}

/** Where the artist lives. @param {string | null} unstored code of what keeps it from being stored @param {boolean} saved whether it ever was */
export function storedInWords(unstored, saved) {
  if (unstored === "storage-full") return "in this tab only: this browser has no room left";
  if (unstored !== null) return "in this tab only: this browser does not let the site store anything";
  return saved ? "on this device, saved as it learns" : "in this tab only, until its first save on this device";
}
