/** Who is here: what this tab is and why, what it gave, how the connection is, and everyone in sight. */

import {
  LINKING_MS,
  LOOKING,
  NOBODY_WAITS,
  actInWords,
  connectionInWords,
  endInWords,
  here,
  lackInWords,
  leavingInWords,
  standingOf,
  titleOf,
} from "./collective-words.js";
import { box, write } from "./dom.js";
import { forgetHere, showBytes, showHere } from "./here.js";
import { PHASES } from "./phases.js";
import { showOutgoing } from "./teach.js";
import { bytesInWords, capital, count } from "./words.js";

/** @import { Traffic, View } from "../types/collective.js" */

/** Between two lines read out to those who listen. */
const SPOKEN_EVERY_MS = 6_000;
/** Between two lines on what the four do, which change every second. */
const NEWS_EVERY_MS = 45_000;

const TITLE = document.title;

const QUIET_CAPTION = "The seats fill as tabs arrive.";

/** Shows or hides. Where the focus was in what goes, it moves to the heading, and not to the top of the page. @param {string} id @param {boolean} shown */
function reveal(id, shown) {
  const place = box(id);
  const focused = !shown && place.contains(document.activeElement);
  place.hidden = !shown;
  if (focused) box("standing").focus({ preventScroll: true });
}

/** Why this tab is what it is, and since when by the worker's clock. @type {View["why"] | null} */
let reason = null;
let reasonSince = 0;
let spoken = "";
let spokenAt = -Infinity;
let newsAt = -Infinity;
/** What waits to be read out. */
let pending = 0;

/** @param {View} view @param {string | null} resting why this tab holds back, where it does */
export function showWho(view, resting) {
  if (view.why !== reason) {
    reason = view.why;
    reasonSince = view.now;
  }
  const lasted = view.now - reasonSince;
  const { title, why } = standingOf(view, resting, lasted);
  const collective = box("collective");
  collective.dataset.standing = view.why;
  collective.dataset.role = view.role;
  collective.dataset.state = view.term ? "active" : "waiting";
  // For whoever watches many tabs at once, such as a test.
  Object.assign(collective.dataset, {
    members: view.memberCount,
    linked: view.members.filter((member) => member.linked).length,
    term: view.term?.number ?? "",
    phase: view.term?.phase ?? "",
    round: view.term?.round ?? "",
    seat: view.term?.seat ?? "",
    artist: view.term?.artist ?? "",
    waitsFor: view.waiting?.waitsFor ?? "",
    waitingArtist: view.waiting?.artist ?? "",
    waitingRound: view.waiting?.round ?? "",
    visitorsNeeded: view.waiting?.visitors ?? "",
    seatsMissing: view.waiting?.seatsMissing.join(" ") ?? "",
    dropped: view.dropped.reduce((sum, { count }) => sum + count, 0),
  });
  write("standing", title);
  write("standing-why", [why, view.term ? null : endInWords(view)].filter((text) => text !== null).join(" "));
  const lack = lackInWords(view);
  reveal("lack", lack !== null);
  write("lack-text", lack ?? "");
  reveal("lack-teach", (view.members[0]?.pictures ?? 0) === 0);
  reveal("apart", view.why === "noDirectLinks" && lasted >= LINKING_MS);
  reveal("join-again", false);
  const waits = view.why === "waitsForHolders";
  reveal("invite", (view.why === "tooFewPainters" || (waits && view.waiting?.waitsFor === "visitors")) && resting === null);
  reveal("beside", waits && resting === null);
  box("begin-another").setAttribute("aria-pressed", String(view.waiting?.begins ?? false));
  write("connection", capital(connectionInWords(view)));
  box("connection").dataset.state = view.connection.state;
  write("leaving", leavingInWords(view));
  const given = view.done.roundsPainted + view.done.roundsTaught + view.done.pieces > 0 || Boolean(view.term);
  reveal("given", given);
  write("rounds-painted", count(view.done.roundsPainted));
  write("rounds-taught", count(view.done.roundsTaught));
  write("pieces-signed", count(view.done.pieces));
  write("lent", count(view.members[0]?.pictures ?? 0));
  showSteps(view);
  showHere(view);
  const short = titleOf(view, resting);
  document.title = short === null ? TITLE : `${short} · Abraham`;
  speak(title, view);
}

/** Says nothing of the collective any more. */
export function forgetWho() {
  clearTimeout(pending);
  document.title = TITLE;
  reason = null;
  forgetHere();
}

/** @param {View} view */
function showSteps(view) {
  reveal("steps", Boolean(view.term));
  const current = view.term && PHASES[view.term.phase].act;
  for (const step of box("steps").children) {
    if (!(step instanceof HTMLElement)) continue;
    if (step.dataset.act === current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  write("living-caption", actInWords(view) || QUIET_CAPTION);
}

/** @param {Traffic} traffic */
export function showTraffic(traffic) {
  const { sent, received, updateBytes } = traffic;
  write("sent", bytesInWords(sent));
  write("received", bytesInWords(received));
  showBytes(traffic);
  if (updateBytes > 0) box("collective").dataset.updateBytes = String(updateBytes);
  showOutgoing(updateBytes);
}

/** This tab cannot be a member, and why. @param {string} title @param {string} why @param {boolean} again whether trying again may help */
export function showApart(title, why, again) {
  showNoView("apart", title, why);
  reveal("apart", true);
  reveal("join-again", again);
  reveal("here", false);
  write("connection", "Not connected");
  box("connection").dataset.state = "stopped";
  write("living-caption", "This tab is on its own.");
  say(`${title}. ${why}`);
}

/** Before anything is known. */
export function showFinding() {
  const { title, why } = LOOKING;
  showNoView("finding", title, why);
  reveal("apart", false);
  reveal("here", true);
  write("connection", "Looking for the relay");
  box("connection").dataset.state = "connecting";
  write("living-caption", QUIET_CAPTION);
  showOutgoing(0);
  spoken = "";
  newsAt = -Infinity;
}

/** What holds while this tab sees no collective. @param {string} standing @param {string} title @param {string} why */
function showNoView(standing, title, why) {
  const collective = box("collective");
  Object.assign(collective.dataset, { standing, state: standing === "apart" ? "apart" : "waiting", role: "", seat: "", term: "", phase: "" });
  document.title = TITLE;
  write("standing", title);
  write("standing-why", why);
  write("leaving", NOBODY_WAITS);
  for (const id of ["invite", "lack", "given", "steps"]) reveal(id, false);
}

/** @param {string} title @param {View} view */
function speak(title, view) {
  const now = performance.now();
  const news = Boolean(view.term) && now - newsAt > NEWS_EVERY_MS;
  const lost = view.connection.state === "offline" ? ` ${capital(connectionInWords(view).replace(/\.$/, ""))}.` : "";
  if (title + lost === spoken && !news) return;
  if (news) newsAt = now;
  spoken = title + lost;
  say(`${title}. ${here(view)}.${lost} ${actInWords(view)}`);
}

/** Reads out the latest line, no sooner than a few seconds after the last one. @param {string} text */
function say(text) {
  clearTimeout(pending);
  const wait = Math.max(0, SPOKEN_EVERY_MS - (performance.now() - spokenAt));
  pending = setTimeout(() => {
    spokenAt = performance.now();
    write("collective-live", text);
  }, wait);
}
