/** Two small ways to not lose things by accident: a question before, and an undo after. */

import { box, button, element } from "./dom.js";

const dialog = element("sure", HTMLDialogElement);
/** Answers the question that is open. @type {(yes: boolean) => void} */
let answer = () => {};

/**
 * @param {{ title: string, text: string, yes: string, no: string }} question
 * @returns {Promise<boolean>}
 */
export function sure({ title, text, yes, no }) {
  // Of two questions at once the first is answered no: nobody can see it any more.
  answer(false);
  box("sure-title").textContent = title;
  box("sure-text").textContent = text;
  button("sure-yes").textContent = yes;
  button("sure-no").textContent = no;
  dialog.showModal();
  button("sure-no").focus();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

/** Closes the question. Its answer counts at once: the browser tells of the closing later, and Back may come before. @param {boolean} yes */
function answered(yes) {
  dialog.close();
  answer(yes);
}

button("sure-yes").addEventListener("click", () => answered(true));
button("sure-no").addEventListener("click", () => answered(false));
dialog.addEventListener("cancel", () => answer(false));
// However else it closes, but for the word of one that was closed before another is open.
dialog.addEventListener("close", () => {
  if (!dialog.open) answer(false);
});

const TOAST_MS = 12_000;
let toastTimer = 0;
/** @type {(() => void) | null} */
let undo = null;

/** @param {string} text @param {() => void} [undoing] */
export function toast(text, undoing) {
  clearTimeout(toastTimer);
  box("toast-text").textContent = text;
  undo = undoing ?? null;
  button("undo").hidden = !undo;
  box("toast").hidden = false;
  toastTimer = setTimeout(hideUnlessUsed, TOAST_MS);
}

/** Nobody loses the undo that they are about to press. */
function hideUnlessUsed() {
  if (box("toast").matches(":hover, :focus-within")) toastTimer = setTimeout(hideUnlessUsed, TOAST_MS);
  else hideToast();
}

function hideToast() {
  box("toast").hidden = true;
  undo = null;
}

button("undo").addEventListener("click", () => {
  const undoing = undo;
  hideToast();
  box("main").focus({ preventScroll: true });
  undoing?.();
});
