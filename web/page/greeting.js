/** How a returning visitor is greeted. No page in here. */

/** @import { Note } from "./note.js" */

const SLEEPS = "It sleeps until you press Continue, which donates this tab again.";

/** @param {Note} note */
export function welcomeInWords({ round, pieces }) {
  const kept = pieces === 0 ? "" : pieces === 1 ? " You kept one piece." : ` You kept ${pieces} pieces.`;
  return round > 0
    ? `Your artist is here, at round ${round.toLocaleString("en")}.${kept} ${SLEEPS}`
    : `Your artist is here. It has not learned yet.${kept} ${SLEEPS}`;
}

/** The note tells of an artist, and the device has none. @param {Note} note */
export function lostInWords({ round, pieces }) {
  const was = round > 0 ? ` It was at round ${round.toLocaleString("en")}.` : "";
  const kept = pieces > 0 ? " The pieces you kept may be gone, too." : "";
  return `Your artist is no longer on this device: the browser removed it, or somebody cleared this site’s data.${was}${kept} There is no other copy. You can start a new one.`;
}

/** The same, once a new one was drawn in its place. @param {Note} note */
export function replacedInWords({ round }) {
  const was = round > 0 ? `, which was at round ${round.toLocaleString("en")},` : "";
  return `Your artist${was} was no longer on this device: the browser removed it, or somebody cleared this site’s data. There was no other copy, so this is a new one.`;
}
