/** Pieces: painting one, keeping it, looking at it with its record, downloading and deleting it. */

import { toast } from "./ask.js";
import { box, button, element, image, make } from "./dom.js";
import { askToStay } from "./keeping.js";
import { nameOf } from "./names.js";
import { count, sentence } from "./words.js";

/** @import { Piece, Painting } from "../types/messages.js" */
/** @import { StudioClient, StudioError } from "./client.js" */

/** @typedef {Painting & { url: string, id: string | null }} Shown */

/**
 * @typedef {object} Provenance what a piece's record says; any of it may be missing from a file of another version
 * @property {string} [genesis]
 * @property {number} [round]
 * @property {string} [latent]
 * @property {string[]} [shareCommitments]
 * @property {string} [picture]
 * @property {"solo" | { members: { term: string, painters: string[] } }} [committee]
 * @property {string[]} [signatures] of the painters, by seat
 */

/** @type {StudioClient | null} */
let client = null;
/** @type {Shown | null} */
let shown = null;
/** @type {Shown[]} */
let kept = [];
/** @type {(pieces: number) => void} */
let keptChanged = () => {};

/** @param {StudioClient} studio @param {(pieces: number) => void} changed told the number of kept pieces */
export async function openPieces(studio, changed) {
  client = studio;
  keptChanged = changed;
  await reload();
}

export function closePieces() {
  client = null;
  delete element("easel", HTMLDialogElement).dataset.painting;
  element("easel", HTMLDialogElement).close();
  forgetShown();
  hang([]);
}

async function reload() {
  if (client) hang(await client.ask({ type: "pieces" }));
}

/** @param {Piece[]} pieces */
function hang(pieces) {
  for (const piece of kept) URL.revokeObjectURL(piece.url);
  kept = pieces.map((piece) => ({ ...piece, url: urlOf(piece.png) }));
  box("pieces-none").hidden = kept.length > 0;
  box("pieces-list").replaceChildren(
    ...kept.map((piece) => {
      const record = read(piece.record);
      const { round } = record;
      const title = `Piece ${isCollective(record) ? "by the collective " : ""}from round ${count(round ?? 0)}`;
      const open = make(
        "button",
        { type: "button", className: "hung-piece" },
        make("img", { src: piece.url, alt: title, width: 32, height: 32 }),
        make("span", { textContent: `Round ${count(round ?? 0)}${isCollective(record) ? ", by the collective" : ""}` }),
      );
      open.addEventListener("click", () => {
        forgetShown();
        show({ ...piece, url: urlOf(piece.png) });
        element("easel", HTMLDialogElement).showModal();
      });
      const item = make("li", {}, open);
      item.dataset.testid = "piece";
      item.dataset.piece = piece.id ?? "";
      return item;
    }),
  );
  if (client) keptChanged(kept.length);
}

/** @param {Uint8Array} png */
function urlOf(png) {
  // A copy, because the type of what came from the worker allows shared memory.
  return URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
}

/** @param {string} record @returns {Provenance} */
function read(record) {
  try {
    return JSON.parse(record);
  } catch {
    return {};
  }
}

/** @param {Provenance} record */
const isCollective = (record) => typeof record.committee === "object";

/** @param {string} hex */
const short = (hex) => (hex.length > 20 ? `${hex.slice(0, 8)} … ${hex.slice(-4)}` : hex);

function forgetShown() {
  if (shown) URL.revokeObjectURL(shown.url);
  shown = null;
  image("easel-image").hidden = true;
}

/** @param {Shown} piece */
function show(piece) {
  shown = piece;
  const record = read(piece.record);
  const picture = image("easel-image");
  picture.src = piece.url;
  picture.alt = `A piece painted at round ${count(record.round ?? 0)}`;
  picture.hidden = false;
  const isKept = piece.id !== null;
  const collective = isCollective(record);
  box("easel-title").textContent = collective ? "A piece by the collective" : isKept ? "A kept piece" : "A new piece";
  box("easel-text").textContent = isKept
    ? "It hangs under “Your pieces”, on this device, until you delete it."
    : collective
      ? "Four tabs painted it together, and each signed it. Keep it, or it goes when you stop or close this tab."
      : "Nobody has seen this before. Keep it, or close and it is gone.";
  const facts = /** @type {[string, string | undefined][]} */ ([
    ["Artist", record.genesis],
    ["Round", record.round === undefined ? undefined : count(record.round)],
    ["Drawn from latent", record.latent],
    ["Picture", record.picture],
    ...(record.shareCommitments ?? []).map((hash, i) => [`Commitment to share ${i + 1}`, hash]),
    ...painters(record),
  ]);
  box("easel-record").replaceChildren(
    ...facts
      .filter(([, value]) => value !== undefined)
      .map(([name, value = ""]) =>
        make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: short(value), title: value })),
      ),
  );
  const stem = `abraham-${(record.genesis ?? "piece").slice(0, 8)}-round-${record.round ?? 0}-${(record.picture ?? "").slice(0, 8)}`;
  const png = element("download-png", HTMLAnchorElement);
  png.href = piece.url;
  png.download = `${stem}.png`;
  const json = element("download-json", HTMLAnchorElement);
  if (json.href.startsWith("blob:")) URL.revokeObjectURL(json.href);
  json.href = URL.createObjectURL(new Blob([piece.record], { type: "application/json" }));
  json.download = `${stem}.json`;
  button("keep").hidden = isKept;
  button("paint-another").hidden = isKept || collective;
  button("delete").hidden = !isKept;
  for (const id of ["download-png", "download-json"]) box(id).hidden = !isKept && !collective;
  for (const id of ["keep", "paint-another", "delete"]) button(id).disabled = false;
}

/** Who painted, and who signed. @param {Provenance} record @returns {[string, string | undefined][]} */
function painters({ committee, signatures = [] }) {
  if (typeof committee !== "object") return [["Painters", committee === "solo" ? "all four in one tab" : committee]];
  const { term, painters } = committee.members;
  return [
    ["Committee", term],
    ...painters.map((key, seat) => /** @type {[string, string]} */ ([`Seat ${seat + 1}, ${nameOf(key)}`, key])),
    ...signatures.map((signature, seat) => /** @type {[string, string]} */ ([`Signature of seat ${seat + 1}`, signature])),
  ];
}

/** Shows a piece that is not kept yet. @param {Painting} piece */
export function lookAt(piece) {
  forgetShown();
  show({ png: piece.png, record: piece.record, id: null, url: urlOf(piece.png) });
  element("easel", HTMLDialogElement).showModal();
}

/** @param {unknown} error */
function excuse(error) {
  box("easel-text").textContent = sentence(/** @type {StudioError} */ (error));
}

/** A piece that could not be kept can still be taken away. @param {unknown} error */
function excuseNotKept(error) {
  const { code } = /** @type {StudioError} */ (error);
  if (code !== "storage-full" && code !== "storage-denied") return excuse(error);
  const why = code === "storage-full" ? "there is no room left for it in this browser" : "this browser does not let the site store anything";
  box("easel-text").textContent = `It is not kept, for ${why}. Download it, or it is gone when you close this.`;
  for (const id of ["download-png", "download-json"]) box(id).hidden = false;
}

async function paint() {
  const mine = client;
  if (!mine) return;
  const dialog = element("easel", HTMLDialogElement);
  // It is being painted already, and was perhaps only put out of sight.
  if (dialog.dataset.painting !== undefined) {
    if (!dialog.open) dialog.showModal();
    return;
  }
  for (const id of ["keep", "paint-another"]) {
    button(id).hidden = false;
    button(id).disabled = true;
  }
  for (const id of ["download-png", "download-json", "delete"]) box(id).hidden = true;
  forgetShown();
  box("easel-title").textContent = "Painting";
  box("easel-text").textContent = "The four painters paint one piece together.";
  box("easel-record").replaceChildren();
  dialog.dataset.painting = "";
  if (!dialog.open) dialog.showModal();
  try {
    const painting = await mine.ask({ type: "paint" });
    // Whoever closed it meanwhile, or stopped, let it go.
    if (client !== mine || !dialog.open) return;
    show({ ...painting, id: null, url: urlOf(painting.png) });
    button("keep").focus();
  } catch (error) {
    if (client !== mine) return;
    excuse(error);
    button("paint-another").disabled = false;
  } finally {
    if (client === mine) delete dialog.dataset.painting;
  }
}

async function keep() {
  if (!client || !shown) return;
  const { png, record, url } = shown;
  button("keep").disabled = true;
  try {
    const id = await client.ask({ type: "keep", png, record });
    show({ png, record, url, id });
    button("easel-close").focus();
    await reload();
    askToStay();
  } catch (error) {
    excuseNotKept(error);
    button("keep").disabled = false;
  }
}

async function remove() {
  const piece = shown;
  if (!client || !piece?.id) return;
  button("delete").disabled = true;
  try {
    await client.ask({ type: "delete", pieceId: piece.id });
    element("easel", HTMLDialogElement).close();
    await reload();
    box("pieces-title").focus();
    toast("The piece was deleted.", async () => {
      try {
        await client?.ask({ type: "keep", png: piece.png, record: piece.record });
        await reload();
        toast("The piece is back.");
      } catch (error) {
        toast(sentence(/** @type {StudioError} */ (error)));
      }
    });
  } catch (error) {
    excuse(error);
    button("delete").disabled = false;
  }
}

button("paint").addEventListener("click", paint);
button("paint-another").addEventListener("click", paint);
button("keep").addEventListener("click", keep);
button("delete").addEventListener("click", remove);
button("easel-close").addEventListener("click", () => element("easel", HTMLDialogElement).close());
element("easel", HTMLDialogElement).addEventListener("close", forgetShown);
