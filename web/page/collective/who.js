/** Who is here: what this tab is and why, what it gave, how the connection is, and everyone in sight. */

import {
  ALONE,
  FINDING,
  LINKING_MS,
  LOOKING,
  NOBODY_WAITS,
  actInWords,
  connectionInWords,
  endInWords,
  lackInWords,
  leavingInWords,
  lostInWords,
  newsInWords,
  standingOf,
  titleOf,
} from "./words.js";
import { box, write } from "../../shared/dom.js";
import { forgetHere, showBytes, showHere } from "./here.js";
import { ACTS } from "./phases.js";
import { showOutgoing } from "../teach/teach.js";
import { bytesInWords, capital, count } from "../../shared/words.js";

/** @import { Traffic, Snapshot } from "../../generated/page.js" */
/** @import { Apart } from "./network.js" */

/** Between two lines read out to those who listen. */
const SPOKEN_EVERY_MS = 6_000;
/** Between two lines on what the four do, which change every second. */
const NEWS_EVERY_MS = 45_000;

const TITLE = document.title;

/**
 * What this tab knows of its part in the collective.
 *
 * @typedef {object} Known
 * @property {Snapshot | null} snapshot how the collective stands, once it is known
 * @property {Apart | null} apart why this tab is no member, where it cannot be one
 * @property {string | null} resting why it holds back, where it does
 */

/**
 * What was shown of one membership so far; replaced whole when the next begins.
 *
 * @typedef {object} Shown
 * @property {Snapshot["why"] | null} reason why this tab is what it is
 * @property {number} since when that is the reason, by the worker's clock
 * @property {string} spoken what was last read out
 * @property {number} newsAt when what the four do was last read out
 */

/**
 * @typedef {object} State
 * @property {Shown} shown
 * @property {number} spokenAt when anything was last read out
 * @property {number} pending the timer of what waits to be read out
 */

/** @returns {Shown} */
const nothing = () => ({ reason: null, since: 0, spoken: "", newsAt: -Infinity });

/** @type {State} */
const state = { shown: nothing(), spokenAt: -Infinity, pending: 0 };

/**
 * What the page shows.
 *
 * @typedef {object} Panel
 * @property {Record<string, string | number>} data of the section, also for whoever watches many tabs at once, such as a test
 * @property {string} connection its state
 * @property {Record<string, string>} texts by the id of what they are written in
 * @property {Record<string, boolean>} parts by id, which of those are there that are there at times only
 * @property {string | null} short what the tab's title says, where it says more than the page's name
 */

/** @param {Known} known */
export function showWho(known) {
  const { snapshot } = known;
  const { data, connection, texts, parts, short } = snapshot ? panelOf(snapshot, known.resting) : panelOfNobody(known.apart);
  Object.assign(box("collective").dataset, data);
  box("connection").dataset.state = connection;
  for (const [id, text] of Object.entries(texts)) write(id, text);
  for (const [id, isThere] of Object.entries(parts)) reveal(id, isThere);
  box("begin-another").setAttribute("aria-pressed", String(snapshot?.waiting?.begins ?? false));
  markStep(snapshot);
  if (snapshot) showHere(snapshot);
  document.title = short === null ? TITLE : `${short} · Abraham`;
  speak(texts.standing ?? "", known);
}

/** While this tab sees no collective: it is on its way, or cannot get there. @param {Apart | null} apart @returns {Panel} */
function panelOfNobody(apart) {
  const { connection, caption } = apart ? ALONE : FINDING;
  return {
    data: { standing: apart ? "apart" : "finding", state: apart ? "apart" : "waiting", role: "", seat: "", term: "", phase: "" },
    connection: apart ? "stopped" : "connecting",
    texts: {
      standing: apart?.title ?? LOOKING.title,
      "standing-why": apart?.message ?? LOOKING.why,
      connection,
      leaving: NOBODY_WAITS,
      "living-caption": caption,
    },
    parts: {
      here: apart === null,
      lack: false,
      "lack-teach": false,
      apart: apart !== null,
      "join-again": apart?.again ?? false,
      invite: false,
      beside: false,
      given: false,
      steps: false,
    },
    short: null,
  };
}

/** @param {Snapshot} snapshot @param {string | null} resting @returns {Panel} */
function panelOf(snapshot, resting) {
  const { why: reason, role, term, waiting, done, connection } = snapshot;
  const lasted = lastedOf(snapshot);
  const { title, why } = standingOf(snapshot, resting, lasted);
  const lack = lackInWords(snapshot);
  const pictures = snapshot.members[0]?.pictures ?? 0;
  const waits = reason === "waitsForHolders";
  return {
    data: {
      standing: reason,
      role,
      state: term ? "active" : "waiting",
      members: snapshot.memberCount,
      linked: snapshot.members.filter((member) => member.linked).length,
      term: term?.number ?? "",
      phase: term?.phase ?? "",
      round: term?.round ?? "",
      seat: term?.seat ?? "",
      artist: term?.artist ?? "",
      waitsFor: waiting?.waitsFor ?? "",
      waitingArtist: waiting?.artist ?? "",
      waitingRound: waiting?.round ?? "",
      visitorsNeeded: waiting?.visitors ?? "",
      seatsMissing: waiting?.seatsMissing.join(" ") ?? "",
      rejections: snapshot.rejections,
    },
    connection: connection.state,
    texts: {
      standing: title,
      "standing-why": [why, term ? null : endInWords(snapshot)].filter((text) => text !== null).join(" "),
      connection: capital(connectionInWords(snapshot)),
      leaving: leavingInWords(snapshot),
      "living-caption": actInWords(snapshot) || FINDING.caption,
      "lack-text": lack ?? "",
      "rounds-painted": count(done.roundsPainted),
      "rounds-taught": count(done.roundsTaught),
      "pieces-signed": count(done.pieces),
      lent: count(pictures),
    },
    parts: {
      here: true,
      lack: lack !== null,
      "lack-teach": pictures === 0,
      apart: reason === "noDirectLinks" && lasted >= LINKING_MS,
      "join-again": false,
      invite: (reason === "tooFewPainters" || (waits && waiting?.waitsFor === "visitors")) && resting === null,
      beside: waits && resting === null,
      given: done.roundsPainted + done.roundsTaught + done.pieces > 0 || term !== null,
      steps: term !== null,
    },
    short: titleOf(snapshot, resting),
  };
}

/** For how long this tab has been what it is for the same reason, ms. @param {Snapshot} snapshot */
function lastedOf({ why, now }) {
  const { shown } = state;
  if (why !== shown.reason) Object.assign(shown, { reason: why, since: now });
  return now - shown.since;
}

/** Shows or hides. Where the focus was in what goes, it moves to the heading, and not to the top of the page. @param {string} id @param {boolean} shown */
function reveal(id, shown) {
  const place = box(id);
  const focused = !shown && place.contains(document.activeElement);
  place.hidden = !shown;
  if (focused) box("standing").focus({ preventScroll: true });
}

/** @param {Snapshot | null} snapshot */
function markStep(snapshot) {
  const current = snapshot?.term && ACTS[snapshot.term.phase];
  for (const step of box("steps").children) {
    if (!(step instanceof HTMLElement)) continue;
    if (step.dataset.act === current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
}

/** Says nothing any more of the membership that was. */
export function forgetWho() {
  clearTimeout(state.pending);
  document.title = TITLE;
  state.shown = nothing();
  forgetHere();
  showOutgoing(0);
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

/** @param {string} title @param {Known} known */
function speak(title, { snapshot, apart }) {
  const { shown } = state;
  const now = performance.now();
  const news = Boolean(snapshot?.term) && now - shown.newsAt > NEWS_EVERY_MS;
  const lost = snapshot ? lostInWords(snapshot) : "";
  if ((!snapshot && !apart) || (title + lost === shown.spoken && !news)) return;
  if (news) shown.newsAt = now;
  shown.spoken = title + lost;
  say(snapshot ? newsInWords(title, snapshot) : `${title}. ${apart?.message}`);
}

/** Reads out the latest line, no sooner than a few seconds after the last one. @param {string} text */
function say(text) {
  clearTimeout(state.pending);
  const wait = Math.max(0, SPOKEN_EVERY_MS - (performance.now() - state.spokenAt));
  state.pending = setTimeout(() => {
    state.spokenAt = performance.now();
    write("collective-live", text);
  }, wait);
}
