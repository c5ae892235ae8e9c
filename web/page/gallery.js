/**
 * The wall that a visitor sees first: pieces painted by the artist of `learn` in `bench`.
 *
 * `gallery/gallery.json` is `{ "learned": "270 flags", "pieces": [{ "src": "01.png", "alt": "…", "round": 600,
 * "genesis": "hex" }] }`; `genesis` and `round` may be left out. Without it, an empty frame hangs there.
 */

import { SIDE } from "../generated/sizes.js";
import { box, image, make } from "../shared/dom.js";
import { EMPTY_WALL, wallInWords } from "./words.js";

/**
 * @typedef {object} Hung
 * @property {string} src
 * @property {string} alt
 * @property {number} [round]
 * @property {string} [genesis]
 */

const MOST = 16;

export async function hangGallery() {
  const wall = box("wall");
  /** @type {{ learned?: string, pieces: Hung[] }} */
  let gallery = { pieces: [] };
  try {
    const answer = await fetch("gallery/gallery.json", { mode: "cors", credentials: "same-origin" });
    if (answer.ok) gallery = await answer.json();
  } catch {
    // An empty wall is a fine wall.
  }
  const pieces = (gallery.pieces ?? []).slice(0, MOST);
  if (pieces.length === 0) {
    wall.dataset.empty = "";
    box("wall-caption").textContent = EMPTY_WALL;
    return;
  }

  const main = image("wall-main");
  const caption = box("wall-caption");
  /** @param {Hung} piece @param {HTMLButtonElement} thumb */
  const hang = (piece, thumb) => {
    main.src = `gallery/${piece.src}`;
    main.alt = piece.alt;
    main.hidden = false;
    caption.textContent = wallInWords(gallery.learned, piece.round);
    for (const other of thumbs) other.setAttribute("aria-pressed", String(other === thumb));
  };
  const thumbs = pieces.map((piece) => {
    const thumb = make(
      "button",
      { type: "button", className: "thumb" },
      make("img", { src: `gallery/${piece.src}`, alt: piece.alt, width: SIDE, height: SIDE }),
    );
    thumb.addEventListener("click", () => hang(piece, thumb));
    return thumb;
  });
  box("wall-thumbs").append(...thumbs);
  const [piece] = pieces;
  const [thumb] = thumbs;
  if (piece && thumb) hang(piece, thumb);
}
