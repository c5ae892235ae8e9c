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
} from "./words.js";
import { box, write } from "../../shared/dom.js";
import { forgetHere, showBytes, showHere } from "./here.js";
import { PHASES } from "./phases.js";
import { showOutgoing } from "../teach/teach.js";
import { bytesInWords, capital, count } from "../../shared/words.js";

/** @import { Traffic, Snapshot } from "../../generated/page.js" */

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

/** Why this tab is what it is, and since when by the worker's clock. @type {Snapshot["why"] | null} */
let reason = null;
let reasonSince = 0;
let spoken = "";
let spokenAt = -Infinity;
let newsAt = -Infinity;
/** What waits to be read out. */
let pending = 0;

/** @param {Snapshot} snapshot @param {string | null} resting why this tab holds back, where it does */
export function showWho(snapshot, resting) {
  if (snapshot.why !== reason) {
    reason = snapshot.why;
    reasonSince = snapshot.now;
  }
  const lasted = snapshot.now - reasonSince;
  const { title, why } = standingOf(snapshot, resting, lasted);
  const collective = box("collective");
  collective.dataset.standing = snapshot.why;
  collective.dataset.role = snapshot.role;
  collective.dataset.state = snapshot.term ? "active" : "waiting";
  // For whoever watches many tabs at once, such as a test.
  Object.assign(collective.dataset, {
    members: snapshot.memberCount,
    linked: snapshot.members.filter((member) => member.linked).length,
    term: snapshot.term?.number ?? "",
    phase: snapshot.term?.phase ?? "",
    round: snapshot.term?.round ?? "",
    seat: snapshot.term?.seat ?? "",
    artist: snapshot.term?.artist ?? "",
    waitsFor: snapshot.waiting?.waitsFor ?? "",
    waitingArtist: snapshot.waiting?.artist ?? "",
    waitingRound: snapshot.waiting?.round ?? "",
    visitorsNeeded: snapshot.waiting?.visitors ?? "",
    seatsMissing: snapshot.waiting?.seatsMissing.join(" ") ?? "",
    rejections: snapshot.rejections,
  });
  write("standing", title);
  write("standing-why", [why, snapshot.term ? null : endInWords(snapshot)].filter((text) => text !== null).join(" "));
  const lack = lackInWords(snapshot);
  reveal("lack", lack !== null);
  write("lack-text", lack ?? "");
  reveal("lack-teach", (snapshot.members[0]?.pictures ?? 0) === 0);
  reveal("apart", snapshot.why === "noDirectLinks" && lasted >= LINKING_MS);
  reveal("join-again", false);
  const waits = snapshot.why === "waitsForHolders";
  reveal("invite", (snapshot.why === "tooFewPainters" || (waits && snapshot.waiting?.waitsFor === "visitors")) && resting === null);
  reveal("beside", waits && resting === null);
  box("begin-another").setAttribute("aria-pressed", String(snapshot.waiting?.begins ?? false));
  write("connection", capital(connectionInWords(snapshot)));
  box("connection").dataset.state = snapshot.connection.state;
  write("leaving", leavingInWords(snapshot));
  const given = snapshot.done.roundsPainted + snapshot.done.roundsTaught + snapshot.done.pieces > 0 || Boolean(snapshot.term);
  reveal("given", given);
  write("rounds-painted", count(snapshot.done.roundsPainted));
  write("rounds-taught", count(snapshot.done.roundsTaught));
  write("pieces-signed", count(snapshot.done.pieces));
  write("lent", count(snapshot.members[0]?.pictures ?? 0));
  showSteps(snapshot);
  showHere(snapshot);
  const short = titleOf(snapshot, resting);
  document.title = short === null ? TITLE : `${short} · Abraham`;
  speak(title, snapshot);
}

/** Says nothing of the collective any more. */
export function forgetWho() {
  clearTimeout(pending);
  document.title = TITLE;
  reason = null;
  forgetHere();
}

/** @param {Snapshot} snapshot */
function showSteps(snapshot) {
  reveal("steps", Boolean(snapshot.term));
  const current = snapshot.term && PHASES[snapshot.term.phase].act;
  for (const step of box("steps").children) {
    if (!(step instanceof HTMLElement)) continue;
    if (step.dataset.act === current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  write("living-caption", actInWords(snapshot) || QUIET_CAPTION);
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

/** @param {string} title @param {Snapshot} snapshot */
function speak(title, snapshot) {
  const now = performance.now();
  const news = Boolean(snapshot.term) && now - newsAt > NEWS_EVERY_MS;
  const lost = snapshot.connection.state === "offline" ? ` ${capital(connectionInWords(snapshot).replace(/\.$/, ""))}.` : "";
  if (title + lost === spoken && !news) return;
  if (news) newsAt = now;
  spoken = title + lost;
  say(`${title}. ${here(snapshot)}.${lost} ${actInWords(snapshot)}`);
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
