/** What the page says about a piece and about what its check found. */

import { count } from "../../shared/words.js";

/** @import { Checked, Verdict } from "../../generated/page.js" */

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
