/** The studio: everything between waking the artist and stopping it. Fetched when the artist is woken. */

import { sure, toast } from "./ask.js";
import { BatchView } from "./batch.js";
import { StudioClient, StudioError } from "./client.js";
import { hearCollective, joinCollective, leaveCollective, paceCollective, restCollective, setApart } from "./collective.js";
import { box, button, element } from "./dom.js";
import { awaitStudio, stopAwaiting } from "./guest.js";
import { writeNote } from "./note.js";
import { showExchange } from "./painters.js";
import { closePieces, openPieces } from "./pieces.js";
import { watchPoliteness } from "./politeness.js";
import { addRound, beginProgress, breakPace, pace, progress, remember, showFacts, showNumbers } from "./progress.js";
import { showStudio, showWelcome } from "./rooms.js";
import { allowTeaching, hideTeachingProgress, showTeaching, showYours, wireTeaching } from "./teach.js";
import { capital, count, counted, sentence, stageOfLearning } from "./words.js";

/** @import { Event, Failure, OpenOptions, Phase, Round, Status } from "../types/messages.js" */

/** Between two lines read out to those who listen. */
const SPOKEN_EVERY_MS = 20_000;
const BATCH = 32;
/** How long joining the others may take before the studio is opened beside it, which keeps the worker busy. */
const JOIN_FIRST_MS = 800;

/** @type {StudioClient | null} */
let client = null;
/** What the visitor wants, whatever holds it back for now. */
let wanted = false;
/** @type {string | null} */
let held = null;
/** Whether the worker was told to learn. */
let told = false;
/** Whether another tab has the studio, so that this one is here for the collective only. */
let guest = false;
/** Whether the collective has this tab, so that the visitor's own artist rests. */
let taken = false;
let spokenAt = 0;
/** @type {Partial<OpenOptions>} */
let lastOptions = {};

const batch = new BatchView(element("batch", HTMLCanvasElement));

/** @returns {"auto" | "on" | "off"} */
function webgpuOfAddress() {
  const wish = new URLSearchParams(location.search).get("webgpu");
  return wish === "on" || wish === "off" ? wish : "auto";
}

/**
 * Joins the collective and wakes the visitor's own artist, or says why not. Never throws for what the worker reports.
 *
 * @param {Partial<OpenOptions>} options
 */
export async function openStudio(options = {}) {
  if (client) return;
  lastOptions = options;
  const mine = new StudioClient(listen);
  client = mine;
  reset();
  showStudio();
  setPhase("waking", "Waking your own artist. The first time, its four shares are drawn so that no painter ever knows a number.");
  throttle();
  const joining = joinCollective(mine, options.webgpu ?? webgpuOfAddress(), take);
  await Promise.race([joining, new Promise((resolve) => setTimeout(resolve, JOIN_FIRST_MS))]);
  try {
    if (client === mine) await openSolo(mine);
  } catch (error) {
    const failure = /** @type {StudioError} */ (error);
    if (client !== mine) return;
    if (failure.code === "studio-elsewhere" && (await joining)) {
      if (client === mine) beGuest(mine);
      return;
    }
    client = null;
    await leaveCollective();
    mine.end();
    closePieces();
    showWelcome(failure);
  }
}

/** @param {StudioClient} mine @throws {StudioError} by rejection, where the studio does not open */
async function openSolo(mine) {
  showStatus(await mine.ask({ type: "open", options: { webgpu: webgpuOfAddress(), channels: 3, batch: BATCH, ...lastOptions } }));
  if (client !== mine) return;
  guest = false;
  box("elsewhere").hidden = true;
  box("studio").dataset.guest = "false";
  await openPieces(mine, (kept) => {
    progress.pieces = kept;
    remember();
  });
  button("reset").hidden = false;
  allowTeaching(true);
  if (progress.pictures > 0) {
    wanted = true;
    apply();
  } else if (!taken) {
    setPhase("idle", "Awake, and waiting to be taught.");
  }
}

/** Stays for the collective while another tab has the studio, and takes the studio over when that one leaves it. */
function beGuest(/** @type {StudioClient} */ mine) {
  guest = true;
  box("elsewhere").hidden = false;
  box("studio").dataset.guest = "true";
  allowTeaching(true);
  showLessons();
  layOut();
  sayTogether();
  // Pieces can be looked at and downloaded here, and kept where the worker can.
  openPieces(mine, () => {}).catch(() => {});
  awaitStudio(() => {
    if (client !== mine) return;
    openSolo(mine).catch(() => {
      if (client === mine) beGuest(mine);
    });
  });
}

/** What a tab does that learns nothing by itself. */
function sayTogether() {
  setPhase(taken ? "learning" : "idle", taken ? "At work with the others." : "Here for the collective.");
}

/** The collective takes this tab over, or lets it go. @param {boolean} takes */
function take(takes) {
  taken = takes;
  box("solo-rests").hidden = !takes || guest;
  box("solo-rests").textContent =
    progress.rounds > 0
      ? `Your own artist rests at round ${count(progress.rounds)} while this tab works with the others. It goes on when they do without it.`
      : "Your own artist sleeps while this tab works with the others.";
  showLessons();
  if (takes || guest) sayTogether();
  else if (client && !wanted) setPhase("idle", progress.pictures > 0 ? "Your own artist is awake." : "Awake, and waiting to be taught.");
}

function reset() {
  wanted = false;
  told = false;
  guest = false;
  taken = false;
  beginProgress();
  batch.clear();
  box("trouble").hidden = true;
  box("refused").hidden = true;
  box("exchanged").hidden = true;
  box("kinds").replaceChildren();
  box("elsewhere").hidden = true;
  box("solo-rests").hidden = true;
  box("studio").dataset.guest = "false";
  hideTeachingProgress();
  allowTeaching(false);
  showLessons();
  layOut();
}

/** @param {Event} event */
function listen(event) {
  switch (event.event) {
    case "status":
      showStatus(event);
      break;
    case "phase":
      if (!taken || event.phase === "teaching") setPhase(event.phase, event.phase === "paused" && held ? held : event.text);
      break;
    case "lessons":
      progress.pictures = event.pictures;
      showNumbers();
      showLessons();
      layOut();
      break;
    case "teaching":
      showTeaching(event);
      break;
    case "round":
      showRound(event);
      break;
    case "failure":
      if (event.code === "network-unsupported") setApart(event.message);
      else fail(event);
      break;
    default:
      hearCollective(event);
  }
}

/** @param {Status} status */
function showStatus(status) {
  showFacts(status);
  showLessons();
  layOut();
}

function showLessons() {
  showYours(progress.pictures, progress.rounds, taken || guest);
}

/** @param {Round} round */
function showRound(round) {
  addRound(round);
  const { rounds } = progress;
  const tiles = round.batch.length / (32 * 32 * 4);
  batch.show(round.batch, `${count(tiles)} small pictures that the artist painted in round ${count(rounds)}.`);
  box("batch-caption").textContent = `${count(tiles)} paintings of round ${count(rounds)}. ${stageOfLearning(rounds, pace())}`;
  showExchange(round, progress.bytes);
  showLessons();
  layOut();
}

/** Before the first round the invitation to teach has the stage; after it, the batch. */
function layOut() {
  const learning = progress.pictures > 0 && progress.rounds > 0;
  box("studio").dataset.learning = String(learning);
  box("stage").hidden = !learning;
  box("controls").hidden = progress.rounds === 0;
  button("run").disabled = progress.pictures === 0;
}

/** @param {Phase | "waking"} phase @param {string} text */
function setPhase(phase, text) {
  const before = box("phase").dataset.phase;
  box("phase").dataset.phase = phase;
  box("phase-text").textContent = text;
  const now = performance.now();
  const changed = before !== phase && phase !== "saving" && before !== "saving";
  if (changed || now - spokenAt > SPOKEN_EVERY_MS) {
    spokenAt = now;
    box("live").textContent = text;
  }
}

/** Tells the worker to learn or not, by what the visitor wants and what holds it back. */
function apply() {
  const run = button("run");
  run.dataset.action = wanted ? "pause" : "start";
  run.textContent = wanted ? "Pause" : progress.rounds > 0 ? "Continue learning" : "Start learning";
  run.classList.toggle("primary", !wanted);
  button("paint").classList.toggle("primary", wanted);
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
function request(answer) {
  answer?.catch((error) => {
    if (client) fail(/** @type {StudioError} */ (error));
  });
}

/** @param {Failure} failure */
function fail(failure) {
  const lasting = failure.code === "internal" || failure.code === "device-lost";
  // Storage failures leave the artist alive in memory; it goes on.
  if (!failure.code.startsWith("storage-")) {
    wanted = false;
    told = false;
    apply();
  }
  box("trouble-text").textContent = sentence(failure);
  button("rewake").hidden = !lasting;
  if (failure.code === "device-lost") lastOptions = { ...lastOptions, webgpu: "off" };
  box("trouble").hidden = false;
}

/** @param {{ type: "teach", files: File[] } | { type: "teachDemo" }} lesson */
async function teach(lesson) {
  if (!client) return;
  allowTeaching(false);
  box("trouble").hidden = true;
  try {
    const { used } = await client.ask(lesson);
    if (used > 0) {
      wanted = true;
      apply();
      if (box("stage").getBoundingClientRect().top < 0) scrollTo({ top: 0 });
    }
  } catch (error) {
    if (client) fail(/** @type {StudioError} */ (error));
  } finally {
    hideTeachingProgress();
    allowTeaching(client !== null);
    if (client && (taken || guest)) sayTogether();
  }
}

async function stop() {
  const mine = client;
  if (!mine) return;
  setPhase("saving", "Stopping: saying goodbye to the others, and saving your own artist on this device.");
  wanted = false;
  client = null;
  stopAwaiting();
  /** @type {Failure | undefined} */
  let failure;
  try {
    await leaveCollective();
    await mine.stop();
  } catch (error) {
    failure = /** @type {StudioError} */ (error);
  }
  closePieces();
  if (failure?.code.startsWith("storage-")) {
    showWelcome(failure, "The artist could not be saved on this device, so what it learned since the last save is gone.");
  } else {
    showWelcome(failure);
  }
}

function throttle() {
  const chosen = document.querySelector("input[name=throttle]:checked");
  if (client && chosen instanceof HTMLInputElement) {
    request(client.ask({ type: "throttle", share: Number(chosen.value) }));
    paceCollective(Number(chosen.value));
  }
}

async function forget() {
  const yes = await sure({
    title: "Forget your pictures?",
    text: `${capital(counted(progress.pictures, "picture is", "pictures are"))} deleted from this device. What the artist has learned from them stays in it.`,
    yes: "Forget them",
    no: "Keep them",
  });
  if (!yes || !client) return;
  wanted = false;
  told = false;
  try {
    await client.ask({ type: "forget" });
    apply();
    box("teach-title").focus();
    toast("Your pictures are forgotten.");
  } catch (error) {
    fail(/** @type {StudioError} */ (error));
  }
}

/** Deletes the artist, whether it is awake or could not be woken. */
async function startOver() {
  const yes = await sure({
    title: "Delete this artist?",
    text: "Its four shares and your pictures are deleted from this device. There is no undo, and no other copy. The pieces that you kept stay.",
    yes: "Delete it",
    no: "Keep it",
  });
  if (!yes) return;
  const mine = client ?? new StudioClient(() => {});
  client = null;
  wanted = false;
  await leaveCollective();
  /** @type {Failure | undefined} */
  let failure;
  try {
    await mine.ask({ type: "reset" });
    writeNote(null);
  } catch (error) {
    failure = /** @type {StudioError} */ (error);
  }
  mine.end();
  closePieces();
  showWelcome(failure);
  if (!failure) toast("The artist is gone.");
}

async function rewake() {
  const dead = client;
  client = null;
  dead?.end();
  await leaveCollective();
  closePieces();
  await openStudio(lastOptions);
}

button("run").addEventListener("click", () => {
  wanted = !wanted;
  apply();
});
button("stop").addEventListener("click", stop);
button("rewake").addEventListener("click", rewake);
button("trouble-close").addEventListener("click", () => {
  box("trouble").hidden = true;
});
button("reset").addEventListener("click", startOver);
button("start-over").addEventListener("click", startOver);
for (const choice of document.querySelectorAll("input[name=throttle]")) choice.addEventListener("change", throttle);
wireTeaching({
  files: (files) => teach({ type: "teach", files }),
  demo: () => teach({ type: "teachDemo" }),
  forget,
});
watchPoliteness(({ solo, collective }) => {
  held = solo;
  if (client) apply();
  restCollective(collective);
});
