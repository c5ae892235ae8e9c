/** Teaching the visitor's own artist and letting it learn: what the visitor wants, and what holds it back for now. */

import { MIN_SOLO_PICTURES } from "../../generated/sizes.js";
import { activityInWords } from "../studio/words-activity.js";
import { sure, toast } from "../../shared/ask.js";
import { box, button, write } from "../../shared/dom.js";
import { isReason } from "../../shared/fetching.js";
import { askToStay } from "../studio/keeping.js";
import { silentInWords } from "../studio/words-keeping.js";
import { announce, sayTogether, setPhase } from "../studio/phase.js";
import { lookAt } from "../provenance/pieces.js";
import { breakPace, progress } from "../studio/progress.js";
import { allowTeaching, hideAsking, hideTaught, hideTeachingProgress, wireTeaching } from "./teach.js";
import { FORGOTTEN, FORGOTTEN_ELSEWHERE, LESSON_WAITS, PAUSING, forgettingInWords, lessonInWords, runInWords } from "./words.js";
import { visit } from "../visit.js";
import { sentence } from "../../shared/words.js";

/** @import { StudioClient, StudioError } from "../client.js" */
/** @import { Failure } from "../../generated/page.js" */
/** @import { Activity, Given } from "../../shared/messages.js" */

/** @typedef {({ type: "teach" } & Given) | { type: "teachDemo" } | { type: "teachReserved" }} Lesson */

/**
 * The learning of one visit; replaced whole when the visit begins and when it ends. Whoever awaits something on its behalf
 * looks afterwards whether it is still the one.
 *
 * @typedef {object} Learning
 * @property {boolean} wanted what the visitor wants, whatever holds it back for now
 * @property {boolean} told whether the worker was told to learn
 * @property {boolean} open whether the worker takes pictures
 * @property {() => void} beOpen
 * @property {Promise<void>} opened done when the worker takes pictures, or the visit ends before it does
 * @property {Promise<void>} reading what is taught waits here until what came before is read
 * @property {number} lessons that are read or wait to be
 * @property {{ text: string, lasting: boolean } | null} trouble what failed; `lasting` where only waking anew helps
 */

/**
 * @typedef {object} State
 * @property {Learning} learning
 * @property {string | null} held why learning is held back, where it is
 */

/** @returns {Learning} */
function nothing() {
  let beOpen = () => {};
  const opened = /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      beOpen = resolve;
    })
  );
  return { wanted: false, told: false, open: false, beOpen, opened, reading: Promise.resolve(), lessons: 0, trouble: null };
}

/** @type {State} */
const state = { learning: nothing(), held: null };

/** Nothing is wanted, and the worker knows nothing yet. */
export function beginLearning() {
  endLearning();
  hideTaught();
  render();
}

/** From now on the worker takes pictures, those first that were dropped while it woke. */
export function beginTeaching() {
  state.learning.open = true;
  state.learning.beOpen();
  render();
}

/** @param {boolean} learn what the visitor wants from now on */
export function wantLearning(learn) {
  state.learning.wanted = learn;
  apply();
}

/** The visit ends: nothing is asked of the worker any more. */
export function endLearning() {
  state.learning.beOpen();
  state.learning = nothing();
}

/** Another window of this visitor forgot the pictures, and so did this one. */
export function hearForgotten() {
  endWanting();
  toast(FORGOTTEN_ELSEWHERE);
}

/** The worker has stopped learning by itself. */
function endWanting() {
  state.learning.wanted = false;
  state.learning.told = false;
  apply();
}

export const isLearningWanted = () => state.learning.wanted;

/** @param {string | null} reason why learning is held back from now on, or null where it is not */
export function holdLearning(reason) {
  state.held = reason;
  if (visit.client) apply();
}

/** The worker says what its studio does. @param {Activity} activity */
export function showActivity(activity) {
  const { phase } = activity;
  const { held } = state;
  if (!visit.taken || phase === "teaching") setPhase(phase, phase === "paused" && held ? held : activityInWords(activity));
}

/** Shows what is wanted and what failed, and lets be taught what can be. */
function render() {
  const { wanted, open, lessons, trouble } = state.learning;
  const run = button("run");
  run.dataset.action = wanted ? "pause" : "start";
  write("run", runInWords(wanted, progress.rounds));
  run.classList.toggle("primary", !wanted);
  button("paint").classList.toggle("primary", wanted);
  allowTeaching(open && lessons === 0);
  if (trouble) write("trouble-text", trouble.text);
  button("rewake").hidden = !trouble?.lasting;
  box("trouble").hidden = trouble === null;
}

/** Tells the worker to learn or not, by what the visitor wants and what holds it back. */
function apply() {
  render();
  const { learning, held } = state;
  const { wanted } = learning;
  const { client, guest, taken } = visit;
  const learn = wanted && held === null && client !== null && !guest;
  if (learn === learning.told) {
    if (wanted && held && !taken && !guest) setPhase("paused", held);
    return;
  }
  learning.told = learn;
  breakPace();
  if (!taken) {
    if (wanted && held) setPhase("paused", held);
    else if (!learn && client) setPhase("paused", PAUSING);
  }
  request(client?.ask(learn ? { type: "start" } : { type: "pause" }));
}

/** Shows what a request was refused for. @param {Promise<unknown> | undefined} answer */
export function request(answer) {
  answer?.catch((error) => {
    if (visit.client) fail(/** @type {StudioError} */ (error));
  });
}

/** @param {Failure} failure */
export function fail(failure) {
  const lasting = failure.code === "internal" || failure.code === "device-lost" || isReason(failure.code);
  if (failure.code === "device-lost") visit.options = { ...visit.options, webgpu: "off" };
  state.learning.trouble = { text: sentence(failure), lasting };
  // Storage failures leave the artist alive in memory; it goes on.
  if (failure.code.startsWith("storage-")) render();
  else endWanting();
}

/** Teaches once what came before is read, and once the studio is awake. @param {Lesson} lesson */
function teach(lesson) {
  const { client } = visit;
  if (!client) return;
  const { learning } = state;
  learning.lessons += 1;
  if (learning.lessons > 1) toast(LESSON_WAITS);
  learning.reading = Promise.all([learning.opened, learning.reading])
    .then(() => (state.learning === learning ? read(lesson, client, learning) : undefined))
    .finally(() => {
      learning.lessons -= 1;
      if (state.learning === learning) render();
    });
}

/** @param {Lesson} lesson @param {StudioClient} client @param {Learning} learning */
async function read(lesson, client, learning) {
  const isCurrent = () => state.learning === learning;
  learning.trouble = null;
  render();
  try {
    const teaching = await client.ask(lesson);
    if (!isCurrent()) return;
    announce(lessonInWords(teaching));
    if (teaching.used > 0) {
      // What is too little to learn from is said where one teaches.
      if (progress.pictures >= MIN_SOLO_PICTURES) wantLearning(true);
      if (box("stage").getBoundingClientRect().top < 0) scrollTo({ top: 0 });
      askToStay();
    }
  } catch (error) {
    if (isCurrent()) fail(/** @type {StudioError} */ (error));
  } finally {
    if (isCurrent()) {
      hideTeachingProgress();
      if (visit.taken || visit.guest) sayTogether();
    }
  }
}

async function forget() {
  const yes = await sure(forgettingInWords(progress.pictures));
  const mine = visit.client;
  if (!yes || !mine) return;
  endWanting();
  try {
    const { silent } = await mine.ask({ type: "forget" });
    box("teach-title").focus();
    const left = silentInWords(silent);
    if (left === null) toast(FORGOTTEN);
    else fail({ code: "windows-silent", message: left });
  } catch (error) {
    if (visit.client === mine) fail(/** @type {StudioError} */ (error));
  }
}

button("run").addEventListener("click", () => wantLearning(!state.learning.wanted));
button("trouble-close").addEventListener("click", () => {
  state.learning.trouble = null;
  render();
  box("studio-title").focus({ preventScroll: true });
});
wireTeaching({
  files: (given) => teach({ type: "teach", ...given }),
  piece: (piece) => lookAt(piece, "file"),
  asking: (yes) => {
    hideAsking();
    box("teach-title").focus({ preventScroll: true });
    if (yes) teach({ type: "teachReserved" });
    else request(visit.client?.ask({ type: "leaveReserved" }));
  },
  demo: () => teach({ type: "teachDemo" }),
  forget,
});
