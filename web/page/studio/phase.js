/** The line at the studio's top that says what goes on, and what of it is read out. */

import { box } from "../../shared/dom.js";
import { visit } from "../visit.js";
import { togetherInWords } from "./words-activity.js";

/** @import { Phase } from "../../shared/messages.js" */

/** Between two lines read out to those who listen. */
const SPOKEN_EVERY_MS = 60_000;

let spokenAt = 0;

/** @param {Phase | "waking"} phase @param {string} text */
export function setPhase(phase, text) {
  const before = box("phase").dataset.phase;
  box("phase").dataset.phase = phase;
  box("phase-text").textContent = text;
  const changed = before !== phase && phase !== "saving" && before !== "saving";
  if (changed || performance.now() - spokenAt > SPOKEN_EVERY_MS) announce(text);
}

/** Reads out `text`, once the reader has finished. @param {string} text */
export function announce(text) {
  spokenAt = performance.now();
  box("live").textContent = text;
}

/** What a tab does that learns nothing by itself. */
export function sayTogether() {
  setPhase(visit.taken ? "learning" : "idle", togetherInWords(visit.taken));
}
