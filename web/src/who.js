/** Who is here: what this tab is and why, what it gave, how the connection is, and everyone in sight. */

import {
  LINKING_MS,
  actInWords,
  connectionInWords,
  endInWords,
  lackInWords,
  leavingInWords,
  memberInWords,
  standingOf,
  titleOf,
} from "./collective-words.js";
import { box, make } from "./dom.js";
import { nameOf } from "./names.js";
import { PHASES } from "./phases.js";
import { bytesInWords, capital, count, counted } from "./words.js";

/** @import { Traffic, View } from "../types/collective.js" */

/** Between two lines read out to those who listen. */
const SPOKEN_EVERY_MS = 6_000;
/** Between two lines on what the four do, which change every second. */
const NEWS_EVERY_MS = 45_000;

const TITLE = document.title;

/** Writes only what changed, so that nobody's selection or reading place is lost. @param {string} id @param {string} text */
function write(id, text) {
  const place = box(id);
  if (place.textContent !== text) place.textContent = text;
}

/** The list as it was last written. */
let listed = "";
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
    dropped: view.dropped.reduce((sum, { count }) => sum + count, 0),
  });
  write("standing", title);
  write("standing-why", [why, view.term ? null : endInWords(view)].filter((text) => text !== null).join(" "));
  const lack = lackInWords(view);
  box("lack").hidden = lack === null;
  write("lack-text", lack ?? "");
  box("lack-teach").hidden = (view.members[0]?.pictures ?? 0) > 0;
  box("apart").hidden = view.why !== "noDirectLinks" || lasted < LINKING_MS;
  box("join-again").hidden = true;
  box("invite").hidden = view.why !== "tooFewPainters" || resting !== null;
  write("connection", capital(connectionInWords(view)));
  box("connection").dataset.state = view.connection.state;
  write("leaving", leavingInWords(view));
  const given = view.done.roundsPainted + view.done.roundsTaught + view.done.pieces > 0 || view.term !== null;
  box("given").hidden = !given;
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
  listed = "";
}

/** @param {View} view */
function showSteps(view) {
  box("steps").hidden = !view.term;
  const current = view.term && PHASES[view.term.phase].act;
  for (const step of box("steps").children) {
    if (!(step instanceof HTMLElement)) continue;
    if (step.dataset.act === current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  write("living-caption", actInWords(view) || "The seats fill as tabs arrive. Sparks are messages between them.");
}

/** @param {View} view */
function showHere(view) {
  write("here-summary", `Who is here: ${counted(view.memberCount, "tab", "tabs")}`);
  const unlisted = view.memberCount - view.members.length;
  const list = JSON.stringify([view.me, view.memberCount, view.term?.seats, view.members.map((member) => [member.key, memberInWords(member, view.term, false)])]);
  if (list === listed) return;
  listed = list;
  box("here-list").replaceChildren(
    ...view.members.map((member) => {
      const me = member.key === view.me;
      const seat = view.term?.seats.indexOf(member.key) ?? -1;
      const item = make(
        "li",
        {},
        make("i", { className: seat < 0 ? "dot" : `dot seat-${seat}` }),
        make("span", {}, make("b", { textContent: nameOf(member.key) }), me ? " (you)" : "", ` ${memberInWords(member, view.term, me)}`),
      );
      item.title = member.key;
      return item;
    }),
    ...(unlisted > 0 ? [make("li", { textContent: `And ${count(unlisted)} more.` })] : []),
  );
}

/** @param {Traffic} traffic */
export function showTraffic({ sent, received, updateBytes }) {
  write("sent", bytesInWords(sent));
  write("received", bytesInWords(received));
  if (updateBytes > 0) {
    box("collective").dataset.updateBytes = String(updateBytes);
    box("outgoing").textContent =
      `What leaves this device when it teaches: for each painting, one blend of all your pictures, weighted by how like it each of them is, and the sum of those weights. ` +
      `They leave as four shares, ${bytesInWords(updateBytes)} a round, which are noise to each painter alone.`;
    box("outgoing").hidden = false;
  }
}

/** This tab cannot be a member, and why. @param {string} title @param {string} why @param {boolean} again whether trying again may help */
export function showApart(title, why, again) {
  const collective = box("collective");
  collective.dataset.standing = "apart";
  collective.dataset.state = "apart";
  write("standing", title);
  write("standing-why", why);
  box("apart").hidden = false;
  box("invite").hidden = true;
  box("lack").hidden = true;
  box("join-again").hidden = !again;
  write("connection", "Not connected");
  box("connection").dataset.state = "stopped";
  write("leaving", "Nothing is lost, and nobody waits for you.");
  box("given").hidden = true;
  box("steps").hidden = true;
  box("here").hidden = true;
  say(`${title}. ${why}`);
}

/** Before anything is known. */
export function showFinding() {
  const collective = box("collective");
  collective.dataset.standing = "finding";
  collective.dataset.state = "waiting";
  write("standing", "Looking for others");
  write("standing-why", "The relay introduces tabs to each other, and can read nothing of what they share.");
  write("connection", "Looking for the relay");
  box("connection").dataset.state = "connecting";
  write("leaving", "Nothing is lost, and nobody waits for you.");
  box("apart").hidden = true;
  box("invite").hidden = true;
  box("lack").hidden = true;
  box("given").hidden = true;
  box("steps").hidden = true;
  box("here").hidden = false;
  box("outgoing").hidden = true;
  write("living-caption", "The seats fill as tabs arrive. Sparks are messages between them.");
  spoken = "";
  newsAt = -Infinity;
}

/** @param {string} title @param {View} view */
function speak(title, view) {
  const now = performance.now();
  const news = view.term !== null && now - newsAt > NEWS_EVERY_MS;
  if (title === spoken && !news) return;
  if (news) newsAt = now;
  spoken = title;
  say(`${title}. ${counted(view.memberCount, "tab is", "tabs are")} here. ${actInWords(view)}`);
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
