/** Pieces: painting one, looking at it, checking where it comes from, keeping, downloading and deleting it. */

import { SIDE } from "../../generated/sizes.js";
import { sure, toast } from "../../shared/ask.js";
import { StudioClient } from "../client.js";
import { box, button, element, image, make } from "../../shared/dom.js";
import { askToStay } from "../studio/keeping.js";
import { nameOf } from "../../shared/names.js";
import { hungInWords, verdictInWords } from "./words.js";
import { count, sentence } from "../../shared/words.js";

/** @import { StudioError } from "../client.js" */
/** @import { Checked, Piece, Painting, PieceRecord } from "../../generated/page.js" */

/** Where a piece that is looked at comes from. @typedef {"studio" | "collective" | "kept" | "file"} Origin */
/** @typedef {Painting & { url: string, id: string | null, origin: Origin }} Shown */

/** @type {StudioClient | null} */
let client = null;
/** Checks a piece while there is no studio. @type {StudioClient | null} */
let passing = null;
/** @type {Shown | null} */
let shown = null;
/** @type {(Piece & { url: string })[]} */
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
      const words = hungInWords(piece.round, piece.together);
      const open = make(
        "button",
        { type: "button", className: "hung-piece" },
        make("img", { src: piece.url, alt: `Piece: ${words}`, width: SIDE, height: SIDE }),
        make("span", { textContent: words }),
      );
      open.addEventListener("click", () => {
        forgetShown();
        show({ png: piece.png, id: piece.id, origin: "kept", url: urlOf(piece.png) });
        element("easel", HTMLDialogElement).showModal();
      });
      const item = make("li", {}, open);
      item.dataset.testid = "piece";
      item.dataset.piece = piece.id;
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

/** @param {string} hex */
const short = (hex) => (hex.length > 20 ? `${hex.slice(0, 8)} … ${hex.slice(-4)}` : hex);

function forgetShown() {
  passing?.end();
  passing = null;
  if (shown) URL.revokeObjectURL(shown.url);
  shown = null;
  image("easel-image").hidden = true;
}

/** @type {Record<Origin, { title: string, text: string }>} */
const SAID = {
  studio: { title: "A new piece", text: "Nobody has seen this before. Keep it, or it is gone when you close it." },
  collective: {
    title: "A piece by the collective",
    text: "Four tabs painted it together, and each signed it. Keep it, or it is gone when you stop or close this tab.",
  },
  kept: { title: "A kept piece", text: "It hangs under “Your pieces”, on this device, until you delete it." },
  file: { title: "A piece from a file", text: "This page does not keep it. The file stays where it is." },
};

/** @param {Shown} piece */
function show(piece) {
  shown = piece;
  const { origin } = piece;
  const picture = image("easel-image");
  picture.src = piece.url;
  picture.alt = "The piece";
  picture.hidden = false;
  box("easel-title").textContent = SAID[origin].title;
  box("easel-text").textContent = SAID[origin].text;
  box("easel-record").replaceChildren();
  const png = element("download-png", HTMLAnchorElement);
  png.href = piece.url;
  png.download = "abraham-piece.png";
  button("keep").hidden = origin === "kept" || origin === "file";
  button("paint-another").hidden = origin !== "studio";
  button("delete").hidden = origin !== "kept";
  png.hidden = origin !== "kept" && origin !== "collective";
  box("download-json").hidden = true;
  for (const id of ["keep", "paint-another", "delete"]) button(id).disabled = false;
  check(piece);
}

/** Checks the piece that is shown, and says what was found. @param {Shown} piece */
async function check(piece) {
  const place = box("easel-check");
  place.hidden = false;
  place.dataset.verdict = "checking";
  place.textContent = "Checking its signatures.";
  try {
    const checked = await checkFile(piece.png);
    if (shown === piece) showChecked(checked);
  } catch (error) {
    if (shown !== piece) return;
    place.dataset.verdict = "unknown";
    place.textContent = `It could not be checked. ${sentence(/** @type {StudioError} */ (error))}`;
  }
}

/** @param {Uint8Array} png @returns {Promise<Checked>} @throws {StudioError} by rejection */
async function checkFile(png) {
  if (client) return client.ask({ type: "check", png });
  // Before the artist is woken, and after it has stopped, there is no worker: one is begun for this alone.
  passing?.end();
  const mine = new StudioClient(() => {});
  passing = mine;
  try {
    return await mine.ask({ type: "check", png });
  } finally {
    mine.end();
  }
}

/** @param {Checked} checked */
function showChecked(checked) {
  const { verdict, record, text } = checked;
  const place = box("easel-check");
  place.dataset.verdict = verdict;
  place.textContent = verdictInWords(checked, shown?.origin === "file");
  if (record) image("easel-image").alt = `A piece painted at round ${count(record.round)}`;
  box("easel-record").replaceChildren(
    ...factsOf(record).map(([name, value]) =>
      make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: short(value), title: value })),
    ),
  );
  const stem = record ? `abraham-${record.artist.slice(0, 8)}-round-${record.round}-${record.content.slice(0, 8)}` : "abraham-piece";
  element("download-png", HTMLAnchorElement).download = `${stem}.png`;
  const json = element("download-json", HTMLAnchorElement);
  if (json.href.startsWith("blob:")) URL.revokeObjectURL(json.href);
  json.href = URL.createObjectURL(new Blob([text ?? ""], { type: "application/json" }));
  json.download = `${stem}.json`;
  json.hidden = text === null || box("download-png").hidden;
}

/** What a record says, for people. @param {PieceRecord | null} record @returns {[string, string][]} */
function factsOf(record) {
  if (!record) return [];
  const alone = record.signatures.length === 1;
  return [
    ["Artist", record.artist],
    ["Round", count(record.round)],
    ["Random seed (latent)", record.latent],
    ["Picture", record.content],
    ["State of the artist", record.state],
    ["Recipe", record.recipe],
    ...record.signatures.map(({ painter }, seat) => /** @type {[string, string]} */ ([alone ? `One tab, ${nameOf(painter)}` : `Seat ${seat + 1}, ${nameOf(painter)}`, painter])),
    ...record.signatures.map(({ signature }, seat) => /** @type {[string, string]} */ ([alone ? "Its signature" : `Signature of seat ${seat + 1}`, signature])),
  ];
}

const LEAVE_NEW_PIECE = {
  title: "Let the new piece go?",
  text: "You have not kept it. It is gone once you look at another piece.",
  yes: "Let it go",
  no: "Stay with it",
};

/** Shows a piece that is not kept. @param {Painting} piece @param {Origin} origin */
export async function lookAt({ png }, origin) {
  const easel = element("easel", HTMLDialogElement);
  // A new piece that nobody kept is gone when another takes its place.
  if (easel.open && shown?.origin === "studio" && !(await sure(LEAVE_NEW_PIECE))) return;
  forgetShown();
  show({ png, id: null, origin, url: urlOf(png) });
  if (!easel.open) easel.showModal();
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
  box("easel-text").textContent = `It could not be kept, because ${why}. Download it, or it is gone when you close it.`;
  box("download-png").hidden = false;
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
  box("easel-check").hidden = true;
  box("easel-record").replaceChildren();
  dialog.dataset.painting = "";
  if (!dialog.open) dialog.showModal();
  try {
    const painting = await mine.ask({ type: "paint" });
    // Whoever closed it meanwhile, or stopped, let it go.
    if (client !== mine || !dialog.open || shown !== null) return;
    show({ ...painting, id: null, origin: "studio", url: urlOf(painting.png) });
    button("keep").focus();
  } catch (error) {
    if (client !== mine || shown !== null) return;
    excuse(error);
    button("paint-another").disabled = false;
  } finally {
    if (client === mine) delete dialog.dataset.painting;
  }
}

async function keep() {
  const piece = shown;
  if (!client || !piece) return;
  const { png, url } = piece;
  button("keep").disabled = true;
  try {
    const id = await client.ask({ type: "keep", png });
    if (shown === piece) {
      show({ png, url, id, origin: "kept" });
      button("easel-close").focus();
    }
    await reload();
    askToStay();
  } catch (error) {
    if (shown !== piece) return;
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
        await client?.ask({ type: "keep", png: piece.png });
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
