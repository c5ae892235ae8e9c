/** The studio: everything between waking the artist and stopping it. Fetched when the artist is woken. */

import { BATCH, CHANNELS, MIN_SOLO_PICTURES } from "../../generated/sizes.js";
import { sure, toast } from "../../shared/ask.js";
import { StudioClient, StudioError } from "../client.js";
import { handleCollectiveEvent, joinCollective, leaveCollective, paceCollective, restCollective, setApart } from "../collective/collective.js";
import { box, button } from "../../shared/dom.js";
import { awaitStudio, stopAwaiting } from "./guest.js";
import { recallPromise, showUnsaved, tellOnce, tellReplaced } from "./keeping.js";
import { PASSED_OVER, leftInWords, silentInWords } from "./words-keeping.js";
import { beginLearning, beginTeaching, endLearning, fail, hearForgotten, showActivity, holdLearning, isLearningWanted, request, wantLearning } from "../teach/learning.js";
import { backOf } from "../leaving.js";
import { forgetNotes, readNote } from "../note.js";
import { announce, sayTogether, setPhase } from "./phase.js";
import { closePieces, openPieces } from "../provenance/pieces.js";
import { chosenShare, watchPoliteness } from "./politeness.js";
import { progress, remember } from "./progress.js";
import { showStudio, showWelcome } from "../rooms.js";
import { clearStage, layOut, showLessons, showPictures, showRound, showStatus } from "./stage.js";
import { showTeaching } from "../teach/teach.js";
import { visit } from "../visit.js";
import {
  AWAKE,
  DELETE_ARTIST,
  DELETING,
  LEAVE_SEAT,
  LEAVE_STUDIO,
  NOT_SAVED,
  ROUND_REFUSED,
  UNTAUGHT,
  WAKING,
  restingInWords,
  stoppingInWords,
} from "./words-studio.js";
import { fetchInWords } from "../../shared/words.js";

/** @import { Failure, OpenOptions, WebGpu } from "../../generated/page.js" */
/** @import { Event } from "../../shared/messages.js" */

/** How long joining the others may take before the studio is opened beside it, which keeps the worker busy. */
const JOIN_FIRST_MS = 800;

/** @returns {WebGpu} */
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
  if (visit.client) return;
  const mine = new StudioClient(listen);
  visit.client = mine;
  visit.options = options;
  reset();
  showStudio();
  back.enter();
  setPhase("waking", WAKING);
  throttle();
  const joining = joinCollective(mine, options.webgpu ?? webgpuOfAddress(), take);
  await Promise.race([joining, new Promise((resolve) => setTimeout(resolve, JOIN_FIRST_MS))]);
  try {
    if (visit.client === mine) await openSolo(mine);
  } catch (error) {
    const failure = /** @type {StudioError} */ (error);
    if (visit.client !== mine) return;
    if (failure.code === "studio-elsewhere" && (await joining)) {
      if (visit.client === mine) beGuest(mine);
      return;
    }
    visit.client = null;
    endLearning();
    await leaveCollective();
    mine.end();
    closePieces();
    back.left();
    showWelcome(failure);
  }
}

/** @param {StudioClient} mine @throws {StudioError} by rejection, where the studio does not open */
async function openSolo(mine) {
  const note = readNote();
  const status = await mine.ask({ type: "open", options: { webgpu: webgpuOfAddress(), channels: CHANNELS, batch: BATCH, ...visit.options } });
  if (visit.client !== mine) return;
  visit.awake = true;
  showStatus(status);
  if (status.passedOver !== null) tellOnce(PASSED_OVER, "passed-over");
  else if (status.born && status.saved === null && note) tellReplaced(note);
  recallPromise();
  setGuest(false);
  await openPieces(mine, (kept) => {
    progress.pieces = kept;
    remember();
  });
  button("reset").hidden = false;
  beginTeaching();
  if (progress.pictures >= MIN_SOLO_PICTURES) wantLearning(true);
  else if (!visit.taken) setPhase("idle", UNTAUGHT);
}

/** Stays for the collective while another tab has the studio, and takes the studio over when that one leaves it. */
function beGuest(/** @type {StudioClient} */ mine) {
  setGuest(true);
  visit.awake = true;
  beginTeaching();
  showLessons();
  layOut();
  sayTogether();
  // Pieces can be looked at and downloaded here, and kept where the worker can.
  openPieces(mine, () => {}).catch(() => {});
  awaitStudio(() => {
    if (visit.client !== mine) return;
    openSolo(mine).catch(() => {
      if (visit.client === mine) beGuest(mine);
    });
  });
}

/** @param {boolean} guest */
function setGuest(guest) {
  visit.guest = guest;
  box("elsewhere").hidden = !guest;
  box("studio").dataset.guest = String(guest);
}

/** The collective takes this tab over, or lets it go. @param {boolean} takes */
function take(takes) {
  visit.taken = takes;
  box("solo-rests").hidden = !takes || visit.guest;
  box("solo-rests").textContent = restingInWords(progress.rounds);
  showLessons();
  if (takes || visit.guest) sayTogether();
  else if (visit.client && !isLearningWanted()) {
    setPhase("idle", progress.pictures > 0 ? AWAKE : UNTAUGHT);
  }
}

function reset() {
  visit.taken = false;
  visit.awake = false;
  tellOnce(null, "");
  showUnsaved(0, null);
  delete box("studio").dataset.stopping;
  button("stop").removeAttribute("aria-disabled");
  setGuest(false);
  box("solo-rests").hidden = true;
  clearStage();
  beginLearning();
}

/** @param {Event} event */
function listen(event) {
  switch (event.event) {
    case "status":
      showStatus(event);
      break;
    case "activity":
      showActivity(event);
      break;
    case "lessons":
      showPictures(event.pictures);
      break;
    case "shelf":
      showUnsaved(event.unsaved, event.code);
      break;
    case "forgotten":
      hearForgotten();
      break;
    case "fetching":
      if (!visit.awake) setPhase("waking", fetchInWords(event));
      break;
    case "teaching":
      showTeaching(event);
      break;
    case "round":
      showRound(event);
      if (event.refused) toast(ROUND_REFUSED);
      break;
    case "failure":
      if (event.code === "network-unsupported") setApart(event.message);
      else fail(event);
      break;
    default:
      handleCollectiveEvent(event);
  }
}

/** Takes everything away that was true until now; what is still being done is said in words. @param {string} text */
function sayStopping(text) {
  box("studio").dataset.stopping = "true";
  button("stop").setAttribute("aria-disabled", "true");
  setPhase("saving", text);
  announce(text);
  scrollTo({ top: 0 });
}

async function stop() {
  const mine = visit.client;
  if (!mine) return;
  const { awake } = visit;
  sayStopping(stoppingInWords(awake));
  endLearning();
  visit.client = null;
  stopAwaiting();
  /** @type {Failure | undefined} */
  let failure;
  try {
    // What has not woken has nothing to save, and may take long to wake.
    if (!awake) mine.end();
    await leaveCollective();
    if (awake) await mine.stop();
  } catch (error) {
    failure = /** @type {StudioError} */ (error);
  }
  closePieces();
  back.left();
  if (failure?.code.startsWith("storage-")) {
    showWelcome(failure, NOT_SAVED);
  } else {
    showWelcome(failure);
  }
}

function throttle() {
  if (!visit.client) return;
  request(visit.client.ask({ type: "throttle", share: chosenShare() }));
  paceCollective(chosenShare());
}

/** Deletes the artist, whether it is awake or could not be woken. */
async function startOver() {
  if (!(await sure(DELETE_ARTIST))) return;
  const mine = visit.client ?? new StudioClient(() => {});
  sayStopping(DELETING);
  visit.client = null;
  endLearning();
  await leaveCollective();
  /** @type {Failure | undefined} */
  let failure;
  let silent = 0;
  const pieces = Math.max(progress.pieces, readNote()?.pieces ?? 0);
  try {
    ({ silent } = await mine.ask({ type: "reset" }));
    forgetNotes();
  } catch (error) {
    failure = /** @type {StudioError} */ (error);
  }
  mine.end();
  closePieces();
  back.left();
  showWelcome(failure);
  if (failure) return;
  const left = silentInWords(silent);
  if (left !== null) showWelcome({ code: "windows-silent", message: left });
  box("welcome-said").hidden = false;
  box("welcome-said").textContent = leftInWords(pieces);
}

/** Asks before Back takes this tab out of the studio. @returns {Promise<boolean>} */
function mayLeave() {
  return sure(box("collective").dataset.role === "painter" ? LEAVE_SEAT : LEAVE_STUDIO);
}

const back = backOf(history, mayLeave, stop);

async function rewake() {
  const dead = visit.client;
  visit.client = null;
  endLearning();
  dead?.end();
  await leaveCollective();
  closePieces();
  await openStudio(visit.options);
}

addEventListener("popstate", ({ state }) => back.moved(state));
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) visit.client?.ask({ type: "renewDecoder" }).catch(() => {});
});
button("stop").addEventListener("click", stop);
button("rewake").addEventListener("click", rewake);
button("reset").addEventListener("click", startOver);
button("start-over").addEventListener("click", startOver);
watchPoliteness(({ solo, collective }) => {
  holdLearning(solo);
  restCollective(collective);
}, throttle);
