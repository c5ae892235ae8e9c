/** Pieces: painting one, looking at it, checking where it comes from, keeping, downloading and deleting it. */

import { SIDE } from "../../generated/sizes.js";
import { sure, toast } from "../../shared/ask.js";
import { StudioClient } from "../client.js";
import { box, button, element, image, make, write } from "../../shared/dom.js";
import { askToStay } from "../studio/keeping.js";
import {
  BACK,
  NOT_BACK,
  CHECKING,
  DELETED,
  LEAVE_NEW_PIECE,
  PAINTING,
  SAID,
  factsOf,
  hungForEars,
  hungInWords,
  notKeptInWords,
  pieceForEars,
  uncheckedInWords,
  verdictInWords,
} from "./words.js";
import { sentence } from "../../shared/words.js";

/** @import { StudioError } from "../client.js" */
/** @import { Checked, Piece, Painting, PieceRecord } from "../../generated/page.js" */
/** @import { Origin } from "./words.js" */

/**
 * A piece that is looked at, or is to be once it is painted. It goes when another takes its place and when the easel is
 * closed; whoever awaits something for it looks afterwards whether it is still there.
 *
 * @typedef {object} Easel
 * @property {Origin} origin
 * @property {(Painting & { url: string }) | null} piece null while it is painted
 * @property {string | null} id its name on this device, where it is kept
 * @property {Checked | null} checked what its check found
 * @property {string | null} record the address of its record, once that was found
 * @property {string | null} unchecked why it could not be checked
 * @property {string | null} excuse what did not work with it
 * @property {boolean} busy whether it is being kept or deleted
 * @property {boolean} leaves whether it is offered as a download, because it could not be kept
 * @property {StudioClient | null} passing checks it where there is no studio
 */

/**
 * The studio that paints and keeps, from waking to stopping.
 *
 * @typedef {object} Studio
 * @property {StudioClient} client
 * @property {(pieces: number) => void} changed told the number of kept pieces
 * @property {Easel | null} painting what is being painted now, on the easel or out of sight
 */

/**
 * @typedef {object} State
 * @property {Studio | null} studio
 * @property {Easel | null} easel
 * @property {(Piece & { url: string })[]} kept pieces that hang
 */

/** @type {State} */
const state = { studio: null, easel: null, kept: [] };

const dialog = element("easel", HTMLDialogElement);

/** @param {StudioClient} client @param {(pieces: number) => void} changed told the number of kept pieces */
export async function openPieces(client, changed) {
  state.studio = { client, changed, painting: null };
  await reload();
}

export function closePieces() {
  state.studio = null;
  dialog.close();
  clear();
  hang([]);
}

async function reload() {
  const { studio } = state;
  const pieces = await studio?.client.ask({ type: "pieces" });
  if (!pieces || state.studio !== studio) return;
  hang(pieces);
  studio?.changed(pieces.length);
}

/** @param {Piece[]} pieces */
function hang(pieces) {
  for (const piece of state.kept) URL.revokeObjectURL(piece.url);
  state.kept = pieces.map((piece) => ({ ...piece, url: urlOf(piece.png) }));
  box("pieces-none").hidden = state.kept.length > 0;
  box("pieces-list").replaceChildren(
    ...state.kept.map((piece) => {
      const words = hungInWords(piece.round, piece.together);
      const open = make(
        "button",
        { type: "button", className: "hung-piece" },
        make("img", { src: piece.url, alt: hungForEars(piece.round, piece.together), width: SIDE, height: SIDE }),
        make("span", { textContent: words }),
      );
      open.addEventListener("click", () => put(easelFor("kept", piece.png, piece.id)));
      const item = make("li", {}, open);
      item.dataset.testid = "piece";
      item.dataset.piece = piece.id;
      return item;
    }),
  );
}

/** @param {Uint8Array} png */
function urlOf(png) {
  // A copy, because the type of what came from the worker allows shared memory.
  return URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
}

/** @param {string} hex */
const short = (hex) => (hex.length > 20 ? `${hex.slice(0, 8)} … ${hex.slice(-4)}` : hex);

/** @param {Origin} origin @param {Uint8Array | null} png @param {string | null} [id] @returns {Easel} */
function easelFor(origin, png, id = null) {
  const piece = png && { png, url: urlOf(png) };
  return { origin, piece, id, checked: null, record: null, unchecked: null, excuse: null, busy: false, leaves: false, passing: null };
}

/** Shows it in place of what is there. @param {Easel} easel */
function put(easel) {
  clear();
  state.easel = easel;
  render();
  if (!dialog.open) dialog.showModal();
  check(easel);
}

/** Lets go what is on the easel. */
function clear() {
  const { easel } = state;
  state.easel = null;
  easel?.passing?.end();
  if (easel?.piece) URL.revokeObjectURL(easel.piece.url);
  if (easel?.record) URL.revokeObjectURL(easel.record);
  render();
}

/** Says more of it, where it is still there. @param {Easel} easel @param {Partial<Easel>} changes */
function change(easel, changes) {
  Object.assign(easel, changes);
  if (state.easel === easel) render();
}

/** Writes what is on the easel; nobody sees an empty one. */
function render() {
  const { studio, easel } = state;
  dialog.toggleAttribute("data-painting", Boolean(studio?.painting));
  const picture = image("easel-image");
  picture.hidden = !easel?.piece;
  if (!easel) return;
  const { origin, piece, checked, record, unchecked, excuse, busy, leaves } = easel;
  const { title, text } = piece ? SAID[origin] : PAINTING;
  write("easel-title", title);
  write("easel-text", excuse ?? text);

  if (piece && picture.src !== piece.url) picture.src = piece.url;
  picture.alt = pieceForEars(checked?.record ?? null);
  const verdict = box("easel-check");
  verdict.hidden = piece === null;
  verdict.dataset.verdict = checked?.verdict ?? (unchecked === null ? "checking" : "unknown");
  if (checked) write("easel-check", verdictInWords(checked, origin === "file"));
  else write("easel-check", unchecked === null ? CHECKING : uncheckedInWords(unchecked));
  box("easel-record").replaceChildren(
    ...factsOf(checked?.record ?? null).map(([name, value]) =>
      make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: short(value), title: value })),
    ),
  );

  const stem = stemOf(checked?.record ?? null);
  const taken = origin === "kept" || origin === "collective" || leaves;
  offer("download-png", taken && piece ? piece.url : null, `${stem}.png`);
  offer("download-json", taken ? record : null, `${stem}.json`);
  button("keep").hidden = origin === "kept" || origin === "file";
  button("keep").disabled = piece === null || busy;
  button("paint-another").hidden = origin !== "studio";
  button("paint-another").disabled = piece === null && excuse === null;
  button("delete").hidden = origin !== "kept";
  button("delete").disabled = busy;
}

/** @param {string} id @param {string | null} href null where there is nothing to download @param {string} name */
function offer(id, href, name) {
  const link = element(id, HTMLAnchorElement);
  link.hidden = href === null;
  if (href === null) link.removeAttribute("href");
  else link.href = href;
  link.download = name;
}

/** A file's name without its ending. @param {PieceRecord | null} record */
const stemOf = (record) =>
  record ? `abraham-${record.artist.slice(0, 8)}-round-${record.round}-${record.content.slice(0, 8)}` : "abraham-piece";

/** Checks what is on the easel, and says what was found. @param {Easel} easel */
async function check(easel) {
  if (!easel.piece) return;
  try {
    const checked = await checkFile(easel, easel.piece.png);
    if (state.easel !== easel) return;
    const { text } = checked;
    change(easel, { checked, record: text === null ? null : URL.createObjectURL(new Blob([text], { type: "application/json" })) });
  } catch (error) {
    change(easel, { unchecked: sentence(/** @type {StudioError} */ (error)) });
  }
}

/** @param {Easel} easel @param {Uint8Array} png @returns {Promise<Checked>} @throws {StudioError} by rejection */
async function checkFile(easel, png) {
  if (state.studio) return state.studio.client.ask({ type: "check", png });
  // Before the artist is woken, and after it has stopped, there is no worker: one is begun for this alone.
  const passing = new StudioClient(() => {});
  easel.passing = passing;
  try {
    return await passing.ask({ type: "check", png });
  } finally {
    passing.end();
  }
}

/** Shows a piece that is not kept. @param {Painting} piece @param {Origin} origin */
export async function lookAt({ png }, origin) {
  // A new piece that nobody kept is gone when another takes its place.
  if (dialog.open && state.easel?.piece && state.easel.origin === "studio" && !(await sure(LEAVE_NEW_PIECE))) return;
  put(easelFor(origin, png));
}

/** A piece that could not be kept can still be taken away. @param {unknown} error @returns {Partial<Easel>} */
function excuseNotKept(error) {
  const failure = /** @type {StudioError} */ (error);
  const { code } = failure;
  if (code !== "storage-full" && code !== "storage-denied") return { excuse: sentence(failure) };
  return { excuse: notKeptInWords(code), leaves: true };
}

async function paint() {
  const { studio } = state;
  if (!studio) return;
  // It is being painted already, and was perhaps only put out of sight.
  if (studio.painting) return put(studio.painting);
  const easel = easelFor("studio", null);
  studio.painting = easel;
  put(easel);
  try {
    const { png } = await studio.client.ask({ type: "paint" });
    // Whoever closed it meanwhile, or stopped, let it go.
    if (state.easel === easel) easel.piece = { png, url: urlOf(png) };
  } catch (error) {
    easel.excuse = sentence(/** @type {StudioError} */ (error));
  }
  studio.painting = null;
  render();
  if (state.easel !== easel || !easel.piece) return;
  check(easel);
  button("keep").focus();
}

async function keep() {
  const { studio, easel } = state;
  if (!studio || !easel?.piece) return;
  change(easel, { busy: true });
  try {
    const id = await studio.client.ask({ type: "keep", png: easel.piece.png });
    change(easel, { id, origin: "kept", excuse: null, busy: false });
  } catch (error) {
    change(easel, { ...excuseNotKept(error), busy: false });
    return;
  }
  if (state.easel === easel) button("easel-close").focus();
  try {
    await reload();
    askToStay();
  } catch {
    // It is kept all the same, and hangs with the others when they are next asked for.
  }
}

async function remove() {
  const { studio, easel } = state;
  if (!studio || !easel?.piece || easel.id === null) return;
  const { png } = easel.piece;
  change(easel, { busy: true });
  try {
    await studio.client.ask({ type: "delete", pieceId: easel.id });
    if (state.easel === easel) dialog.close();
    await reload();
    box("pieces-title").focus();
    toast(DELETED, async () => {
      // After Stop the studio is gone, and the piece with the page's last copy of it.
      if (!state.studio) return toast(NOT_BACK);
      try {
        await state.studio.client.ask({ type: "keep", png });
        await reload();
        toast(BACK);
      } catch (error) {
        toast(sentence(/** @type {StudioError} */ (error)));
      }
    });
  } catch (error) {
    change(easel, { excuse: sentence(/** @type {StudioError} */ (error)), busy: false });
  }
}

button("paint").addEventListener("click", paint);
button("paint-another").addEventListener("click", paint);
button("keep").addEventListener("click", keep);
button("delete").addEventListener("click", remove);
button("easel-close").addEventListener("click", () => dialog.close());
// The browser tells of the closing later, when another may be there.
dialog.addEventListener("close", () => {
  if (!dialog.open) clear();
});
