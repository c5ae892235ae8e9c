/** Teaching: pictures by drop, by file picker, or the demo set. */

import { box, button, element, make, write } from "./dom.js";
import { bytesInWords, capital, count, counted } from "./words.js";

/** @import { Remark, Teaching } from "../types/messages.js" */

/** One more than the worker looks at, so that it knows that there are more. */
const FILES = 10_001;
/** Entries of dropped folders that are walked, folders included. */
const ENTRIES = 20_000;

/**
 * @param {{ files: (files: File[]) => void, demo: () => void, forget: () => void }} actions
 */
export function wireTeaching(actions) {
  for (const [choose, input] of [
    ["teach-choose", "teach-files"],
    ["teach-choose-folder", "teach-folder"],
  ]) {
    const picker = element(/** @type {string} */ (input), HTMLInputElement);
    button(/** @type {string} */ (choose)).addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      const files = [...(picker.files ?? [])].filter((file) => !isClutter(file.name));
      // The same files may be chosen again.
      picker.value = "";
      give(files);
    });
  }
  if (!("webkitdirectory" in HTMLInputElement.prototype)) button("teach-choose-folder").hidden = true;
  button("teach-demo").addEventListener("click", actions.demo);
  button("forget").addEventListener("click", actions.forget);

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
    if (event.dataTransfer) give(await dropped(event.dataTransfer));
  });

  /** @param {File[]} files */
  function give(files) {
    if (files.length === 0) {
      showTeaching({
        done: 0,
        total: 0,
        used: 0,
        refused: [],
        refusedCount: 0,
        notes: [{ name: "Nothing there", reason: "There were no files in what you gave. An empty folder, perhaps?" }],
      });
    } else {
      actions.files(files);
    }
  }
}

/** Files that systems leave in folders and nobody means to teach. @param {string} name */
const isClutter = (name) => name.startsWith(".") || name === "Thumbs.db" || name === "desktop.ini";

/** @param {DataTransfer} transfer @returns {Promise<File[]>} */
async function dropped(transfer) {
  // The list of items is emptied once this event is over, so all are taken before the first wait.
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  /** @type {File[]} */
  const files = [];
  /** @type {(FileSystemEntry | File | null)[]} */
  const queue = entries;
  for (let walked = 0; walked < queue.length && walked < ENTRIES && files.length < FILES; walked += 1) {
    const entry = queue[walked];
    if (entry instanceof File) files.push(entry);
    else if (entry?.isFile) {
      const file = await new Promise((resolve) =>
        /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(new File([], entry.name))),
      );
      if (!isClutter(file.name)) files.push(file);
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
export function showTeaching({ done, total, refused, refusedCount, notes }) {
  box("teach-progress").hidden = total === 0 || done >= total;
  const bar = element("teach-bar", HTMLProgressElement);
  bar.max = Math.max(1, total);
  bar.value = done;
  const details = element("refused", HTMLDetailsElement);
  const parts = [];
  if (refusedCount > 0) parts.push(refusedCount === 1 ? "One file was left out" : `${count(refusedCount)} files were left out`);
  if (notes.length > 0) parts.push(counted(notes.length, "remark", "remarks"));
  details.hidden = parts.length === 0;
  box("refused-summary").textContent = capital(parts.join(", "));
  const line = (/** @type {Remark} */ { name, reason }) => make("li", {}, make("b", { textContent: name }), ` ${reason}`);
  const unnamed = refusedCount - refused.length;
  box("refused-list").replaceChildren(
    ...notes.map(line),
    ...refused.map(line),
    ...(unnamed > 0 ? [make("li", { textContent: `And ${count(unnamed)} more.` })] : []),
  );
  if (done >= total) details.open = true;
}

export function hideTeachingProgress() {
  box("teach-progress").hidden = true;
}

/** Bytes that leave with what a tab teaches in one round, as measured; they are the same in each round. */
const UPDATE_BYTES = 787_112;
/** What really left in the last round that this tab taught, or 0 before the first. */
let left = 0;
/** Whether it is the collective that learns. */
let collective = false;

/** @param {number} bytes that left for the last round that this tab taught; 0 before the first */
export function showOutgoing(bytes) {
  left = bytes;
  writeOutgoing();
}

/** Says exactly what of the visitor's pictures leaves this device, and how many bytes. */
function writeOutgoing() {
  const bytes = left > 0 ? `${bytesInWords(left)} a round (exactly ${count(left)} bytes)` : `${bytesInWords(UPDATE_BYTES)} a round; none has left yet`;
  write(
    "outgoing",
    collective || left > 0
      ? "What leaves this device when it teaches: for each painting, one blend of all your pictures, weighted by how like it each of them is, and the sum of those weights. " +
          `They leave as four shares, which are noise to each painter alone: ${bytes}. Other tabs also see how many pictures you teach.`
      : "Your pictures stay on this device. While your own artist learns from them, nothing about them leaves it but how many they are, which other tabs see.",
  );
}

/** @param {number} pictures taught so far @param {number} rounds of learning so far @param {boolean} together whether it is the collective that learns */
export function showYours(pictures, rounds, together) {
  collective = together;
  writeOutgoing();
  box("yours").hidden = pictures === 0;
  box("yours-text").textContent = `${capital(counted(pictures, "picture", "pictures"))}, on this device only.`;
  box("teach-title").textContent = pictures === 0 ? "What shall it learn from?" : "Teach it more";
  box("teach-lead").textContent = together
    ? "The collective learns from what its tabs teach it, and never sees their pictures. Whatever you give this tab, it teaches from the next round on."
    : pictures > 0
      ? "More pictures make more varied paintings. It takes them in from the next round on."
      : rounds > 0
        ? "It keeps what it learned, and has no pictures to learn from now. Give it sixteen or more, and it goes on."
        : "It is awake, and it has never seen a picture. Give it sixteen or more, and it starts at once.";
  button("teach-demo").classList.toggle("primary", pictures === 0 || (rounds === 0 && !together));
}
