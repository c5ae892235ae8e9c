/** Teaching the visitor's own artist and letting it learn: what the visitor wants, and what holds it back for now. */

import { MIN_SOLO_PICTURES } from "../../generated/sizes.js";
import { activityInWords } from "../studio/words-activity.js";
import { sure, toast } from "../../shared/ask.js";
import { box, button } from "../../shared/dom.js";
import { isReason } from "../../shared/fetching.js";
import { askToStay } from "../studio/keeping.js";
import { silentInWords } from "../studio/words-keeping.js";
import { announce, sayTogether, setPhase } from "../studio/phase.js";
import { lookAt } from "../provenance/pieces.js";
import { breakPace, progress } from "../studio/progress.js";
import { allowTeaching, hideAsking, hideTeachingProgress, wireTeaching } from "./teach.js";
import { lessonInWords } from "./words.js";
import { visit } from "../visit.js";
import { capital, counted, sentence } from "../../shared/words.js";

/** @import { Failure } from "../../generated/page.js" */
/** @import { Activity, Given } from "../../shared/messages.js" */

/** @typedef {({ type: "teach" } & Given) | { type: "teachDemo" } | { type: "teachReserved" }} Lesson */

/** @import { StudioError } from "../client.js" */

/** What the visitor wants, whatever holds it back for now. */
let wanted = false;
/** @type {string | null} why it is held back, where it is */
let held = null;
/** Whether the worker was told to learn. */
let told = false;
/** Done when the studio takes pictures, or ends before it does. */
let ready = Promise.resolve();
let beReady = () => {};
/** What is taught waits here until what came before is read. */
let reading = Promise.resolve();
/** Lessons that are read or wait to be. */
let lessons = 0;

/** Nothing is wanted, and the worker knows nothing yet. */
export function beginLearning() {
  wanted = false;
  told = false;
  box("trouble").hidden = true;
  box("refused").hidden = true;
  hideAsking();
  hideTeachingProgress();
  allowTeaching(false);
  beReady();
  ready = new Promise((resolve) => {
    beReady = resolve;
  });
}

/** From now on the worker takes pictures, those first that were dropped while it woke. */
export function beginTeaching() {
  allowTeaching(true);
  beReady();
}

/** @param {boolean} learn what the visitor wants from now on */
export function wantLearning(learn) {
  wanted = learn;
  apply();
}

/** The visit ends: nothing is asked of the worker any more. */
export function endLearning() {
  wanted = false;
  beReady();
}

/** Another window of this visitor forgot the pictures, and so did this one. */
export function hearForgotten() {
  endWanting();
  toast("You forgot your pictures in another window, so they are gone here, too.");
}

/** The worker has stopped learning by itself. */
function endWanting() {
  wanted = false;
  told = false;
  apply();
}

export const isLearningWanted = () => wanted;

/** @param {string | null} reason why learning is held back from now on, or null where it is not */
export function holdLearning(reason) {
  held = reason;
  if (visit.client) apply();
}

/** The worker says what its studio does. @param {Activity} activity */
export function showActivity(activity) {
  const { phase } = activity;
  if (!visit.taken || phase === "teaching") setPhase(phase, phase === "paused" && held ? held : activityInWords(activity));
}

/** Tells the worker to learn or not, by what the visitor wants and what holds it back. */
function apply() {
  const run = button("run");
  run.dataset.action = wanted ? "pause" : "start";
  run.textContent = wanted ? "Pause" : progress.rounds > 0 ? "Continue learning" : "Start learning";
  run.classList.toggle("primary", !wanted);
  button("paint").classList.toggle("primary", wanted);
  const { client, guest, taken } = visit;
  const learn = wanted && held === null && client !== null && !guest;
  if (learn === told) {
    if (wanted && held && !taken && !guest) setPhase("paused", held);
    return;
  }
  told = learn;
  breakPace();
  if (!taken) {
    if (wanted && held) setPhase("paused", held);
    else if (!learn && client) setPhase("paused", "Pausing after this round.");
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
  // Storage failures leave the artist alive in memory; it goes on.
  if (!failure.code.startsWith("storage-")) {
    endWanting();
  }
  box("trouble-text").textContent = sentence(failure);
  button("rewake").hidden = !lasting;
  if (failure.code === "device-lost") visit.options = { ...visit.options, webgpu: "off" };
  box("trouble").hidden = false;
}

/** Teaches once what came before is read, and once the studio is awake. @param {Lesson} lesson */
function teach(lesson) {
  const mine = visit.client;
  if (!mine) return;
  lessons += 1;
  if (lessons > 1) toast("These pictures wait until the earlier ones have been read.");
  reading = Promise.all([ready, reading])
    .then(() => (visit.client === mine ? read(lesson) : undefined))
    .finally(() => {
      lessons -= 1;
    });
}

/** @param {Lesson} lesson */
async function read(lesson) {
  const mine = visit.client;
  if (!mine) return;
  allowTeaching(false);
  box("trouble").hidden = true;
  try {
    const teaching = await mine.ask(lesson);
    const { used } = teaching;
    announce(lessonInWords(teaching));
    if (used > 0 && visit.client === mine) {
      // What is too little to learn from is said where one teaches.
      if (progress.pictures >= MIN_SOLO_PICTURES) wantLearning(true);
      if (box("stage").getBoundingClientRect().top < 0) scrollTo({ top: 0 });
      askToStay();
    }
  } catch (error) {
    if (visit.client === mine) fail(/** @type {StudioError} */ (error));
  } finally {
    hideTeachingProgress();
    allowTeaching(visit.client !== null);
    if (visit.client && (visit.taken || visit.guest)) sayTogether();
  }
}

async function forget() {
  const yes = await sure({
    title: "Forget your pictures?",
    text: `${capital(counted(progress.pictures, "picture is", "pictures are"))} deleted from this device and from every window of this page that you have open. The artist keeps what it has learned from them.`,
    yes: "Forget them",
    no: "Keep them",
  });
  const mine = visit.client;
  if (!yes || !mine) return;
  endWanting();
  try {
    const { silent } = await mine.ask({ type: "forget" });
    box("teach-title").focus();
    const left = silentInWords(silent);
    if (left === null) toast("Your pictures are forgotten.");
    else fail({ code: "windows-silent", message: left });
  } catch (error) {
    if (visit.client === mine) fail(/** @type {StudioError} */ (error));
  }
}

button("run").addEventListener("click", () => wantLearning(!wanted));
button("trouble-close").addEventListener("click", () => {
  box("trouble").hidden = true;
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
