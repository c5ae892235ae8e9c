/** What the page says about a piece and about what its check found. */

import { nameOf } from "../../shared/names.js";
import { count } from "../../shared/words.js";

/** @import { Checked, PieceRecord, Verdict } from "../../generated/page.js" */

/** Where a piece that is looked at comes from. @typedef {"studio" | "collective" | "kept" | "file"} Origin */

/** While a piece is painted. @type {{ title: string, text: string }} */
export const PAINTING = { title: "Painting", text: "The four painters paint one piece together." };

/** What is said of a piece by where it comes from. @type {Record<Origin, { title: string, text: string }>} */
export const SAID = {
  studio: { title: "A new piece", text: "Nobody has seen this before. Keep it, or it is gone when you close it." },
  collective: {
    title: "A piece by the collective",
    text: "Four tabs painted it together, and each signed it. Keep it, or it is gone when you stop or close this tab.",
  },
  kept: { title: "A kept piece", text: "It hangs under “Your pieces”, on this device, until you delete it." },
  file: { title: "A piece from a file", text: "This page does not keep it. The file stays where it is." },
};

/** Asked before a new piece goes. */
export const LEAVE_NEW_PIECE = {
  title: "Let the new piece go?",
  text: "You have not kept it. It is gone once you look at another piece.",
  yes: "Let it go",
  no: "Stay with it",
};

export const CHECKING = "Checking its signatures.";

/** @param {string} why */
export const uncheckedInWords = (why) => `It could not be checked. ${why}`;

/** @param {"storage-full" | "storage-denied"} code of why it could not be kept */
export function notKeptInWords(code) {
  const why = code === "storage-full" ? "there is no room left for it in this browser" : "this browser does not let the site store anything";
  return `It could not be kept, because ${why}. Download it, or it is gone when you close it.`;
}

export const DELETED = "The piece was deleted.";
export const BACK = "The piece is back.";
export const NOT_BACK = "The piece is gone: the studio was stopped before it could be put back.";

/** @type {Record<Exclude<Verdict, "intact">, string>} */
const FAULTS = {
  older:
    "An earlier version of this page made it. It was signed in a different way or not at all, so this version cannot check it.",
  "no-record": "This picture has no record. Nothing in it says who made it.",
  record: "Its record cannot be read. Somebody changed it, or a later version of this page wrote it.",
  picture: "This is not the picture in its record. Somebody changed it after it was signed.",
  content: "This is not what was signed. Somebody changed the picture and its record.",
  signature: "A signature does not match. Somebody changed the record or the signature.",
  "signature-count": "It has the wrong number of signatures. A piece has four, or one if a single tab painted it.",
  "painter-twice": "One painter signed twice, so this is not the work of four painters.",
  damaged: "The file is damaged. Get it again from where it came.",
  "too-long": "The file is too large to be a piece.",
};

/**
 * What the check found. Only a whole piece is ever called checked.
 *
 * @param {Checked} checked
 * @param {boolean} stranger whether anyone may have made the file
 */
export function verdictInWords({ verdict, record }, stranger) {
  if (verdict !== "intact") return FAULTS[verdict];
  const alone = record?.signatures.length === 1;
  if (stranger) {
    return alone
      ? "One key signed it, checked here: nothing has changed since. A file cannot prove whose key it is."
      : "Four keys signed it, checked here: nothing has changed since. A file cannot prove that they belong to four painters.";
  }
  return alone
    ? "Signed by the tab that painted it, checked here: nothing has changed since."
    : "Signed by four painters, checked here: nothing has changed since.";
}

/** @param {number | null} round null where its record cannot be read @param {boolean} together whether four tabs painted it */
export function hungInWords(round, together) {
  const when = round === null ? "Without a readable record" : `Round ${count(round)}`;
  return `${when}${together ? ", by the collective" : ""}`;
}

/** The same in place of the picture. @param {number | null} round @param {boolean} together */
export const hungForEars = (round, together) => `Piece: ${hungInWords(round, together)}`;

/** In place of the picture on the easel. @param {PieceRecord | null} record */
export const pieceForEars = (record) => (record ? `A piece painted at round ${count(record.round)}` : "The piece");

/** What a record says, for people. @param {PieceRecord | null} record @returns {[name: string, value: string][]} */
export function factsOf(record) {
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
