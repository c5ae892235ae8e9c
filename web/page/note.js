/**
 * A note about the artist on this device, so that the page can greet a returning visitor without waking it. The
 * truth is in the worker's storage; this is only what was last heard of it.
 */

import { isArtistHere } from "../generated/artist-here.js";
import { box, button } from "../shared/dom.js";
import { CONTINUE, DONATE, FOUND, lostInWords, welcomeInWords } from "./words.js";

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

/** @param {Note} note */
export function writeNote(note) {
  try {
    localStorage.setItem(KEY, JSON.stringify(note));
  } catch {
    // Storage denied: nothing to remember.
  }
}

/** Lets everything go that the page notes in this browser, choices included. */
export function forgetNotes() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("abraham-")) localStorage.removeItem(key);
  } catch {
    // Storage denied: nothing was noted.
  }
}

/** Greets a new or a returning visitor, at first by the note, and then by what is on the device. */
export function greet() {
  const note = readNote();
  const place = box("returning");
  delete place.dataset.said;
  box("welcome-lead").hidden = note !== null;
  place.hidden = note === null;
  button("wake").textContent = note ? CONTINUE : DONATE;
  if (note) place.textContent = welcomeInWords(note);
  check(note);
}

/** Corrects the greeting where the device has an artist that no note tells of, or has no longer the one that it tells of. @param {Note | null} note */
async function check(note) {
  const there = await isArtistHere();
  if (there === null) return;
  const place = box("returning");
  // What another window knows better stays.
  if (place.dataset.said === "elsewhere") return;
  if (note && !there) {
    place.textContent = lostInWords(note);
    button("wake").textContent = DONATE;
  } else if (!note && there) {
    box("welcome-lead").hidden = true;
    place.hidden = false;
    place.textContent = FOUND;
    button("wake").textContent = CONTINUE;
  }
}
