/** Teaching: pictures by drop, by file picker, or the demo set. */

import { MAX_LESSON_FILES, SIDE } from "../../generated/sizes.js";
import { box, button, element, make, write } from "../../shared/dom.js";
import { shownName, sorted } from "./files.js";
import { pieceIn } from "../provenance/piece-file.js";
import {
  NOTHING,
  answersInWords,
  askingInWords,
  askingLines,
  invitationInWords,
  linesOf,
  nothingInWords,
  outgoingInWords,
  summaryOf,
  yoursInWords,
} from "./words.js";

/** @import { Painting } from "../../generated/page.js" */
/** @import { Chosen, Given, Teaching } from "../../shared/messages.js" */
/** @import { Line } from "./words.js" */

/** One more than the worker looks at, so that it knows that there are more. */
const FILES = MAX_LESSON_FILES + 1;
/** Entries of dropped folders that are walked, folders included. */
const ENTRIES = 20_000;

/**
 * @param {{ files: (given: Given) => void, piece: (piece: Painting) => void, demo: () => void, forget: () => void, asking: (teach: boolean) => void }} actions `asking`: what to do with pictures that ask not to be learnt from
 */
export function wireTeaching(actions) {
  for (const [choose, input] of [
    ["teach-choose", "teach-files"],
    ["teach-choose-folder", "teach-folder"],
  ]) {
    const picker = element(/** @type {string} */ (input), HTMLInputElement);
    button(/** @type {string} */ (choose)).addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      const files = [...(picker.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      // The same files may be chosen again.
      picker.value = "";
      give(files);
    });
  }
  if (!("webkitdirectory" in HTMLInputElement.prototype)) button("teach-choose-folder").hidden = true;
  button("teach-demo").addEventListener("click", actions.demo);
  button("forget").addEventListener("click", actions.forget);
  button("asking-teach").addEventListener("click", () => actions.asking(true));
  button("asking-leave").addEventListener("click", () => actions.asking(false));

  const veil = box("drop-veil");
  let depth = 0;
  const bearsFiles = (/** @type {DragEvent} */ event) =>
    !box("studio").hidden && (event.dataTransfer?.types.includes("Files") ?? false);
  addEventListener("dragenter", (event) => {
    if (!bearsFiles(event)) return;
    event.preventDefault();
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragover", (event) => {
    if (bearsFiles(event)) event.preventDefault();
  });
  addEventListener("dragleave", (event) => {
    if (!bearsFiles(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener("drop", async (event) => {
    if (!bearsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    if (!event.dataTransfer) return;
    const given = await dropped(event.dataTransfer);
    // A piece that is dropped alone is to be looked at. Whoever wants it learned from chooses it.
    const png = given.length === 1 ? await pieceIn(given[0]?.file) : null;
    if (png === null) give(given);
    else actions.piece({ png });
  });

  /** @param {Chosen[]} given */
  function give(given) {
    const { meant, leftovers, beside } = sorted(given);
    if (meant.length > 0) {
      actions.files({ files: meant, leftovers, beside });
    } else {
      showLines([{ path: null, kind: "nothing", text: nothingInWords({ leftovers, beside }) }], NOTHING);
    }
  }
}

/** @param {DataTransfer} transfer @returns {Promise<Chosen[]>} */
async function dropped(transfer) {
  // The list of items is emptied once this event is over, so all are taken before the first wait.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  /** @type {(FileSystemEntry | File | null)[]} */
  const queue = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  /** @type {Chosen[]} */
  const files = [];
  for (let walked = 0; walked < queue.length && walked < ENTRIES && files.length < FILES; walked += 1) {
    const entry = queue[walked];
    if (entry instanceof File) files.push({ file: entry, path: entry.name });
    else if (entry?.isFile) {
      const file = await new Promise((resolve) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(null)));
      files.push({ file, path: entry.fullPath.replace(/^\//, "") || entry.name });
    } else if (entry?.isDirectory) {
      const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
      // A reader gives a portion at a time, and an empty one at the end.
      for (;;) {
        /** @type {FileSystemEntry[]} */
        const portion = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
        if (portion.length === 0 || queue.length > ENTRIES) break;
        queue.push(...portion);
      }
    }
  }
  return files;
}

/** @param {boolean} enabled */
export function allowTeaching(enabled) {
  for (const id of ["teach-demo", "teach-choose", "teach-choose-folder"]) button(id).disabled = !enabled;
}

/** @param {Teaching} teaching */
export function showTeaching(teaching) {
  const { done, total } = teaching;
  box("teach-progress").hidden = total === 0 || done >= total;
  const bar = element("teach-bar", HTMLProgressElement);
  bar.max = Math.max(1, total);
  bar.value = done;
  const lines = linesOf(teaching);
  showLines(lines, summaryOf(teaching, lines));
  if (done >= total) element("refused", HTMLDetailsElement).open = true;
  showAsking(teaching);
}

/** @param {Line[]} lines @param {string} summary */
function showLines(lines, summary) {
  box("refused").hidden = lines.length === 0;
  box("refused-summary").textContent = summary;
  box("refused-list").replaceChildren(...lines.map(lineOf));
  if (lines.length > 0) element("refused", HTMLDetailsElement).open = true;
}

/** @param {Line} line */
function lineOf({ path, kind, text }) {
  const line = make("li", {}, text);
  line.dataset.kind = kind;
  if (path === null) return line;
  // Whatever is in a name, it is one thing in one line, and what follows reads from left to right.
  const name = make("bdi", { className: "file-name", textContent: shownName(path), title: shownName(path) });
  line.prepend(name, " ");
  return line;
}

/** Asks about files that ask not to be learnt from; hides the question where there are none. @param {Pick<Teaching, "reserved" | "reservedCount">} teaching */
function showAsking({ reserved, reservedCount }) {
  box("asking").hidden = reservedCount === 0;
  box("asking-text").textContent = askingInWords(reservedCount);
  box("asking-list").replaceChildren(...askingLines({ reserved, reservedCount }).map(lineOf));
  const answers = answersInWords(reservedCount);
  button("asking-teach").textContent = answers.teach;
  button("asking-leave").textContent = answers.leave;
}

export function hideAsking() {
  showAsking({ reserved: [], reservedCount: 0 });
}

/** Hides what was said of earlier lessons. */
export function hideTaught() {
  box("refused").hidden = true;
  hideAsking();
  hideTeachingProgress();
}

export function hideTeachingProgress() {
  box("teach-progress").hidden = true;
}

/**
 * @typedef {object} State
 * @property {number} left bytes that really left in the last round that this tab taught, or 0 before the first
 * @property {boolean} together whether it is the collective that learns
 */

/** @type {State} */
const state = { left: 0, together: false };

/** @param {number} bytes that left for the last round that this tab taught; 0 before the first */
export function showOutgoing(bytes) {
  state.left = bytes;
  writeOutgoing();
}

/** Says exactly what of the visitor's pictures leaves this device, and how many bytes. */
function writeOutgoing() {
  write("outgoing", outgoingInWords(state.left, state.together));
}

/** @param {number} pictures taught so far @param {number} rounds of learning so far @param {boolean} together whether it is the collective that learns */
export function showYours(pictures, rounds, together) {
  state.together = together;
  writeOutgoing();
  box("yours").hidden = pictures === 0;
  box("yours-text").textContent = yoursInWords(pictures);
  const { title, text } = invitationInWords(pictures, rounds, together);
  box("teach-title").textContent = title;
  box("teach-lead").textContent = text;
  button("teach-demo").classList.toggle("primary", pictures === 0 || (rounds === 0 && !together));
}

box("teach-size").textContent = `${SIDE} × ${SIDE}`;
