/**
 * What this browser keeps between visits, as the visitor is told: whether it promised to, what it removed, what it had
 * no room for.
 */

import { announce } from "./phase.js";
import { box } from "../../shared/dom.js";
import { promiseInWords, replacedInWords, unsavedInWords } from "./words-keeping.js";

/** @import { Note } from "../note.js" */

/** Remembers that the browser was asked: some of them ask their visitor, whom one question is enough for. */
const KEY = "abraham-asked-to-stay";

/** Something that the visitor should know of this visit and that is no failure. @param {string | null} text @param {string} why */
export function tellOnce(text, why) {
  box("told").hidden = text === null;
  box("told").textContent = text ?? "";
  box("told").dataset.why = text === null ? "" : why;
}

/** There was an artist, by the note, and a new one had to be drawn. @param {Note} note */
export function tellReplaced(note) {
  tellOnce(replacedInWords(note), "replaced");
}

/** Asks the browser, once ever, to keep what this site stores, and says what it answered. */
export async function askToStay() {
  if (wasAsked() || !navigator.storage?.persist) return;
  noteAsked();
  try {
    const granted = (await navigator.storage.persisted()) || (await navigator.storage.persist());
    showPromise(granted);
    announce(promiseInWords(granted));
  } catch {
    // Storage denied: there is nothing to keep, which the page says already.
  }
}

/** Says what the browser answered when it was asked, in this visit or an earlier one. */
export async function recallPromise() {
  if (!wasAsked()) return;
  try {
    showPromise(await navigator.storage.persisted());
  } catch {
    // As above.
  }
}

/** @param {boolean} granted */
function showPromise(granted) {
  box("storage-stays").textContent = promiseInWords(granted);
  box("storage-stays").dataset.granted = String(granted);
}

/** @param {number} unsaved pictures that are in this tab only @param {string | null} code why */
export function showUnsaved(unsaved, code) {
  const text = unsavedInWords(unsaved, code);
  box("yours-unsaved").hidden = text === null;
  box("yours-unsaved").textContent = text ?? "";
}

function wasAsked() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}

function noteAsked() {
  try {
    localStorage.setItem(KEY, "yes");
  } catch {
    // It is asked again at the next visit.
  }
}
