/** How far the visitor's own artist is, and the numbers that show it. */

import { deviceInWords } from "./words-device.js";
import { box, make } from "../../shared/dom.js";
import { storedInWords } from "./words-keeping.js";
import { writeNote } from "../note.js";
import { count, timeInWords } from "../../shared/words.js";

/** @import { Round } from "../../generated/page.js" */
/** @import { Status } from "../../shared/messages.js" */

/** `bytes` and `millis` are of this visit's rounds; `saved` is the round of the last save, null where there is none. */
export const progress = { rounds: 0, pictures: 0, pieces: 0, bytes: 0, millis: 0, saved: /** @type {number | null} */ (null) };
/** @type {number[]} when the last few rounds ended */
let ends = [];

export function beginProgress() {
  Object.assign(progress, { rounds: 0, pictures: 0, bytes: 0, millis: 0, saved: null });
  breakPace();
  showNumbers();
}

/** Learning is interrupted: what comes before does not count into the pace. */
export function breakPace() {
  ends = [];
}

/** @param {Round} round */
export function addRound(round) {
  progress.rounds = round.round;
  progress.pictures = round.pictures;
  progress.bytes += round.bytes;
  progress.millis += round.millis;
  ends = [...ends.slice(-9), performance.now()];
  showNumbers();
}

/** @param {Status} status */
export function showFacts(status) {
  progress.rounds = status.round;
  progress.pictures = status.pictures;
  progress.saved = status.saved;
  const { name, why, detail } = deviceInWords(status.device);
  box("backend").replaceChildren(name, make("small", { textContent: why }));
  box("backend").title = detail;
  const { unstored } = status;
  const stored = unstored === null;
  box("storage").textContent = storedInWords(unstored, status.saved !== null);
  box("storage").classList.toggle("bad", !stored);
  box("storage-stays").hidden = !stored;
  box("genesis").textContent = `${status.genesis.slice(0, 8)} … ${status.genesis.slice(-4)}`;
  box("genesis").title = status.genesis;
  showNumbers();
  if (stored) remember();
}

/** Notes what a returning visitor is greeted with: what was saved, and nothing that was not. */
export function remember() {
  if (progress.saved !== null) writeNote({ round: progress.saved, pictures: progress.pictures, pieces: progress.pieces });
}

/** Rounds a minute over the last few. @returns {number | null} */
export function pace() {
  const [first] = ends;
  const last = ends.at(-1);
  return first === undefined || last === undefined || last === first ? null : ((ends.length - 1) * 60_000) / (last - first);
}

export function showNumbers() {
  box("round").textContent = count(progress.rounds);
  box("pictures").textContent = count(progress.pictures);
  box("time").textContent = timeInWords(progress.millis);
  const known = pace();
  box("pace").textContent = known === null ? "–" : count(Math.round(known));
}
