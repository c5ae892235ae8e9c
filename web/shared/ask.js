/** Two small ways to not lose things by accident: a question before, and an undo after. */

import { box, button, element } from "./dom.js";

/**
 * Something that was done, said for a while.
 *
 * @typedef {object} Toast
 * @property {string} text
 * @property {(() => void) | undefined} undo takes it back, where that can be
 */

/**
 * @typedef {object} State
 * @property {(yes: boolean) => void} answer answers the question that is open
 * @property {Toast | null} toast what is said now
 */

/** @type {State} */
const state = { answer: () => {}, toast: null };

const dialog = element("sure", HTMLDialogElement);

/**
 * @param {{ title: string, text: string, yes: string, no: string }} question
 * @returns {Promise<boolean>}
 */
export function sure({ title, text, yes, no }) {
  // Of two questions at once the first is answered no: nobody can see it any more.
  state.answer(false);
  box("sure-title").textContent = title;
  box("sure-text").textContent = text;
  button("sure-yes").textContent = yes;
  button("sure-no").textContent = no;
  dialog.showModal();
  button("sure-no").focus();
  return new Promise((resolve) => {
    state.answer = resolve;
  });
}

/** Closes the question. Its answer counts at once: the browser tells of the closing later, and Back may come before. @param {boolean} yes */
function answered(yes) {
  dialog.close();
  state.answer(yes);
}

button("sure-yes").addEventListener("click", () => answered(true));
button("sure-no").addEventListener("click", () => answered(false));
dialog.addEventListener("cancel", () => state.answer(false));
// However else it closes, but for the word of one that was closed before another is open.
dialog.addEventListener("close", () => {
  if (!dialog.open) state.answer(false);
});

const TOAST_MS = 12_000;

/** @param {string} text @param {() => void} [undo] */
export function toast(text, undo) {
  const said = { text, undo };
  say(said);
  expire(said);
}

/** @param {Toast | null} toast */
function say(toast) {
  state.toast = toast;
  if (toast) {
    box("toast-text").textContent = toast.text;
    button("undo").hidden = !toast.undo;
  }
  box("toast").hidden = toast === null;
}

/** Takes it away in time, but for the undo that somebody is about to press. @param {Toast} toast */
function expire(toast) {
  setTimeout(() => {
    if (state.toast !== toast) return;
    if (box("toast").matches(":hover, :focus-within")) expire(toast);
    else say(null);
  }, TOAST_MS);
}

button("undo").addEventListener("click", () => {
  const undone = state.toast;
  say(null);
  box("main").focus({ preventScroll: true });
  undone?.undo?.();
});
