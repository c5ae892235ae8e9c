/** Pieces that the collective painted while this tab was there: they hang until they are kept or the tab goes. */

import { SIDE } from "../../generated/sizes.js";
import { box, make } from "../../shared/dom.js";
import { lookAt } from "../provenance/pieces.js";
import { pieceForEars, pieceInWords } from "./words.js";

/** @import { CollectivePiece } from "../../generated/page.js" */

/** Pieces that hang at most; the oldest make room. */
const MOST = 24;

/** @type {string[]} */
let urls = [];

/** @param {CollectivePiece} piece */
export function hangCollectivePiece(piece) {
  const url = URL.createObjectURL(new Blob([new Uint8Array(piece.png)], { type: "image/png" }));
  urls.unshift(url);
  const open = make(
    "button",
    { type: "button", className: "hung-piece" },
    make("img", { src: url, alt: pieceForEars(piece), width: SIDE, height: SIDE }),
    make("span", { textContent: pieceInWords(piece) }),
  );
  open.addEventListener("click", () => lookAt(piece, "collective"));
  const item = make("li", {}, open);
  item.dataset.testid = "collective-piece";
  box("collective-pieces-list").prepend(item);
  box("collective-pieces").hidden = false;
  while (urls.length > MOST) {
    URL.revokeObjectURL(urls.pop() ?? "");
    box("collective-pieces-list").lastElementChild?.remove();
  }
}

export function takeDownCollectivePieces() {
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  box("collective-pieces-list").replaceChildren();
  box("collective-pieces").hidden = true;
}
