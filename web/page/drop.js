/**
 * Whatever is dropped on the page, the page stays: a browser would else leave it for what was dropped. Files are the
 * studio's to teach; for everything else there is a sentence.
 */

import { dropInWords } from "./words.js";

/** What of a drag matters. @typedef {{ files: boolean, link: boolean, ours: boolean }} Dragged */

/**
 * What a drag bears, as far as the browser says before it is dropped.
 *
 * @param {readonly string[]} types
 * @param {boolean} ours whether it began on this page
 * @returns {Dragged}
 */
export function draggedOf(types, ours) {
  // A picture of another page is a file and a link at once.
  return { files: types.includes("Files"), link: types.some((type) => type === "text/uri-list" || type === "text/x-moz-url"), ours };
}

/**
 * @param {() => boolean} inStudio whether there is a studio to take files
 * @param {(text: string) => void} say
 * @param {(file: File) => Promise<boolean>} look gets a file that is dropped alone where there is no studio; whether it was a piece
 */
export function keepPageOnDrop(inStudio, say, look) {
  let ours = false;
  addEventListener("dragstart", () => {
    ours = true;
  });
  addEventListener("dragend", () => {
    ours = false;
  });
  for (const type of ["dragenter", "dragover", "drop"]) {
    addEventListener(
      type,
      async (event) => {
        const { dataTransfer } = /** @type {DragEvent} */ (event);
        event.preventDefault();
        const dragged = draggedOf(dataTransfer?.types ?? [], ours);
        // The studio's own listeners hear of files from elsewhere, and of nothing else.
        if (!inStudio() || !dragged.files || dragged.ours) event.stopImmediatePropagation();
        if (type !== "drop") {
          if (dataTransfer && dropInWords(dragged, inStudio()) === null && (!dragged.files || dragged.ours)) dataTransfer.dropEffect = "none";
          return;
        }
        ours = false;
        const text = dropInWords(dragged, inStudio());
        if (text === null) return;
        const [file, ...others] = dragged.files ? (dataTransfer?.files ?? []) : [];
        if (file && others.length === 0 && (await look(file))) return;
        say(text);
      },
      { capture: true },
    );
  }
}
