/**
 * A note about the artist on this device, so that the page can greet a returning visitor without waking it. The
 * truth is in the worker's storage; this is only what was last heard of it.
 */

import { box, button } from "./dom.js";

/**
 * @typedef {object} Note
 * @property {number} round
 * @property {number} pictures
 * @property {number} pieces
 */

const KEY = "abraham-artist";

/** @returns {Note | null} */
export function readNote() {
  try {
    const note = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (note && [note.round, note.pictures, note.pieces].every(Number.isSafeInteger)) return note;
  } catch {
    // Storage denied, or not ours: the visitor is greeted as new.
  }
  return null;
}

/** @param {Note | null} note */
export function writeNote(note) {
  try {
    if (note) localStorage.setItem(KEY, JSON.stringify(note));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage denied: nothing to remember.
  }
}

/** Greets a new or a returning visitor. */
export function greet() {
  const note = readNote();
  box("welcome-lead").hidden = note !== null;
  box("returning").hidden = note === null;
  button("wake").textContent = note ? "Continue" : "Donate this tab";
  if (note) {
    const kept = note.pieces === 0 ? "" : note.pieces === 1 ? " You kept one piece." : ` You kept ${note.pieces} pieces.`;
    const sleeps = "It sleeps until you continue, which donates this tab again.";
    box("returning").textContent =
      note.round > 0
        ? `Your artist is here, at round ${note.round.toLocaleString("en")}.${kept} ${sleeps}`
        : `Your artist is here. It has not learned yet.${kept} ${sleeps}`;
  }
}
