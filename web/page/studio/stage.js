/** The visitor's own artist as the page shows it: what it paints, its numbers, and what has the stage. */

import { MIN_SOLO_PICTURES, TILE_BYTES } from "../../generated/sizes.js";
import { BatchView } from "./batch.js";
import { box, button, element } from "../../shared/dom.js";
import { showExchange } from "../painters.js";
import { addRound, beginProgress, pace, progress, showFacts, showNumbers } from "./progress.js";
import { showYours } from "../teach/teach.js";
import { visit } from "../visit.js";
import { batchForEars, batchInWords, missingInWords } from "./words-studio.js";

/** @import { Round } from "../../generated/page.js" */
/** @import { Status } from "../../shared/messages.js" */

const batch = new BatchView(element("batch", HTMLCanvasElement));

/** Before anything is known of an artist. */
export function clearStage() {
  beginProgress();
  batch.clear();
  box("exchanged").hidden = true;
  box("kinds").replaceChildren();
  showLessons();
  layOut();
}

/** @param {Status} status */
export function showStatus(status) {
  showFacts(status);
  showLessons();
  layOut();
}

/** @param {number} pictures that it is taught from now on */
export function showPictures(pictures) {
  progress.pictures = pictures;
  showNumbers();
  showLessons();
  layOut();
}

/** @param {Round} round */
export function showRound(round) {
  addRound(round);
  const { rounds } = progress;
  const tiles = round.batch.length / TILE_BYTES;
  batch.show(round.batch, batchForEars(tiles, rounds));
  box("batch-caption").textContent = batchInWords(tiles, rounds, pace());
  showExchange(round, progress.bytes);
  showLessons();
  layOut();
}

export function showLessons() {
  const together = visit.taken || visit.guest;
  showYours(progress.pictures, progress.rounds, together);
  const missing = together || progress.pictures === 0 ? 0 : Math.max(0, MIN_SOLO_PICTURES - progress.pictures);
  box("teach-missing").hidden = missing === 0;
  box("teach-missing").textContent = missing === 0 ? "" : missingInWords(missing);
}

/** Before the first round the invitation to teach has the stage; after it, the batch. */
export function layOut() {
  const learning = progress.pictures > 0 && progress.rounds > 0;
  box("studio").dataset.learning = String(learning);
  box("stage").hidden = !learning;
  box("controls").hidden = progress.rounds === 0;
  button("run").disabled = progress.pictures < MIN_SOLO_PICTURES;
}
