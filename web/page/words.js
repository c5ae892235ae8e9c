/** What is said before the first click. No page in here. */

/** @import { Note } from "./note.js" */

/** @param {number} value */
const count = (value) => value.toLocaleString("en");

/** @param {number} value */
const isOne = (value) => new Intl.PluralRules("en").select(value) === "one";

export const DONATE = "Donate this tab";
export const CONTINUE = "Continue";

const SLEEPS = "It sleeps until you press Continue, which donates this tab again.";

/** @param {Note} note */
export function welcomeInWords({ round, pieces }) {
  const kept = pieces === 0 ? "" : ` You kept ${isOne(pieces) ? "one piece" : `${count(pieces)} pieces`}.`;
  return round > 0
    ? `Your artist is here, at round ${count(round)}.${kept} ${SLEEPS}`
    : `Your artist is here. It has not learned yet.${kept} ${SLEEPS}`;
}

export const FOUND = `Your artist is on this device. ${SLEEPS}`;

/** The note tells of an artist, and the device has none. @param {Note} note */
export function lostInWords({ round, pieces }) {
  const was = round > 0 ? ` It was at round ${count(round)}.` : "";
  const kept = pieces > 0 ? " The pieces you kept may be gone, too." : "";
  return `Your artist is no longer on this device: the browser removed it, or somebody cleared this site’s data.${was}${kept} There is no other copy. You can start a new one.`;
}

/** @param {number} tabs */
export const nowInWords = (tabs) => (isOne(tabs) ? "One tab is here now." : `${count(tabs)} tabs are here now.`);

export const EMPTY_WALL = "Nothing hangs here yet. The first piece can be yours.";

/** @param {string | undefined} learned @param {number | undefined} round */
export function wallInWords(learned, round) {
  const after = round ? `, after ${isOne(round) ? "one round" : `${count(round)} rounds`} of learning` : "";
  const from = learned ? `, from ${learned}` : "";
  return `Painted by four painters together${from}${after}.`;
}

/** @param {import("./drop.js").Dragged} dragged @param {boolean} inStudio */
export function dropInWords({ files, link, ours }, inStudio) {
  if (ours) return null;
  if (files) return inStudio ? null : "There is no artist here to teach yet. Press the button first, then drop your pictures again.";
  if (!link) return null;
  return inStudio
    ? "Drop a file, not a link. Save the picture on this device, then drop its file."
    : "Links cannot be used, only files. Press the button first, then drop your pictures.";
}

export const NO_PIECE = "This file has no record of a piece. Nothing in it says who made it.";

/** @param {string} host */
export const notSecureInWords = (host) =>
  `This address is not secure: it begins with http. The artist needs functions that browsers allow on https pages only. Open https://${host} instead, or ask whoever runs this server for its https address.`;

export const NO_WEBASSEMBLY =
  "The artist needs WebAssembly, and this browser does not run it. A lockdown mode, a setting or a policy may have switched it off. Allow it for this site, or use another browser.";
