/** The collective in words: what this tab is and why, what the four do, how the connection is. No page in here. */

import { MIN_PICTURES, MIN_TEACHERS, PAINTERS } from "../../generated/sizes.js";
import { nameOf } from "../../shared/names.js";
import { bytesInWords, capital, count, counted, plural } from "../../shared/words.js";

/** @import { CollectivePiece, Member, Snapshot, Term, TermPhase } from "../../generated/page.js" */

/** @import { Reason } from "../../shared/fetching.js" */

/**
 * @typedef {object} Standing
 * @property {string} title what this tab is now
 * @property {string} why
 */

/** Milliseconds that links between tabs may take before the page says that some cannot reach each other. */
export const LINKING_MS = 20_000;

/** Before anything is known of others. @type {Standing} */
export const LOOKING = { title: "Looking for others", why: "The relay introduces tabs to each other. It cannot read what they then exchange." };

const TO_ITSELF = "This browser cannot join others";
const CANNOT_JOIN = "This tab cannot join";

/** Why this tab cannot be a member. */
export const APART = /** @satisfies {Record<string, Standing>} */ ({
  noWebSocket: {
    title: TO_ITSELF,
    why: "It has no WebSocket, or a policy blocks it, so it cannot find the relay that introduces tabs to each other.",
  },
  noWebRtc: { title: TO_ITSELF, why: "It has no WebRTC, or a policy or an extension blocks it, so its tabs cannot reach other visitors’ tabs." },
  walledIn: {
    title: "This browser allows no direct links",
    why: "A policy, a VPN or an extension blocks its links to other tabs. Your own artist continues. Remove the block, then try again.",
  },
  noRelay: { title: "Tabs cannot meet here", why: "The server that this page came from runs no relay, so tabs cannot find each other." },
  olderPage: {
    title: "This page is older than the server",
    why: "The server was updated, and tabs of different versions do not understand each other. Reload the page to join; your own artist is saved.",
  },
  noSense: {
    title: "The server gives no usable answer",
    why: "Its answer cannot be understood, so this tab does not know where to find other tabs. Reload the page, then try again.",
  },
});

/** @param {string} why the window's node cannot work in this browser @returns {Standing} */
export const unsupportedInWords = (why) => ({ title: TO_ITSELF, why: capital(why) });

/** @param {string} why the program of the window's node did not come @returns {Standing} */
export const notStartedInWords = (why) => ({ title: CANNOT_JOIN, why: `The network program could not be started. ${why}` });

/** @param {string} why the worker could not join @returns {Standing} */
export const notJoinedInWords = (why) => ({ title: CANNOT_JOIN, why });

/** Titles, where the server did not say where others meet. @type {Partial<Record<Reason, string>>} */
const SILENT = {
  "fetch-offline": "This device is offline",
  "fetch-silent": "The server does not answer",
  "fetch-foreign": "Something else answers in place of the server",
};

/** The server did not say where others meet. @param {Reason} reason @param {string} why the same in words @returns {Standing} */
export function noSettingsInWords(reason, why) {
  return { title: SILENT[reason] ?? "The server gives no usable answer", why: `This tab does not know where to find other tabs. ${why}` };
}

/** The living picture, the line below it and the connection while this tab is a member and knows of nobody yet. */
export const FINDING = { note: "…\nlooking around", picture: "Nobody else is here yet.", caption: "The seats fill as tabs arrive.", connection: "Looking for the relay" };

/** The same while it cannot be one. */
export const ALONE = { note: "Alone\nwith its own artist", picture: "This tab is on its own.", caption: "This tab is on its own.", connection: "Not connected" };

/** What the middle of the living picture says while nothing is painted. @param {Snapshot} snapshot @param {boolean} resting */
export function noteInWords({ members }, resting) {
  if (resting) return "Resting";
  const willing = members.filter(({ paints }) => paints).length;
  return willing >= PAINTERS ? `${willing} here\nconnecting` : `${willing} of ${PAINTERS}\nready to paint`;
}

/** @param {string} address */
export const addressInWords = (address) => `Send this address to anyone you want to invite: ${address}`;
export const ADDRESS_COPIED = "Address copied. Anyone who opens it can join.";

/** What this tab is called in the living picture, and what stands after its name in the list. */
export const YOU = "you";

/** @param {Snapshot} snapshot */
export const whoInWords = ({ memberCount }) => `Who is here: ${counted(memberCount, "tab", "tabs")}`;

/** @param {number} unlisted members */
export const moreInWords = (unlisted) => `And ${count(unlisted)} more.`;

/** What went over a link. @param {number} sent bytes @param {number} received bytes */
export const linkInWords = (sent, received) => `${bytesInWords(sent)} sent to it, ${bytesInWords(received)} received`;

/** Below a piece that hangs. @param {CollectivePiece} piece */
export const pieceInWords = ({ round, helped }) => `Round ${count(round)}${helped ? ", with your help" : ""}`;

/** In place of a piece that hangs. @param {CollectivePiece} piece */
export const pieceForEars = ({ round }) => `Piece by the collective from round ${count(round)}`;

/**
 * @param {Snapshot} snapshot
 * @param {string | null} resting why this tab holds back, where it does
 * @param {number} lasted milliseconds for which `Snapshot.why` has been what it is
 * @returns {Standing}
 */
export function standingOf(snapshot, resting, lasted = 0) {
  const others = snapshot.memberCount - 1;
  const willing = snapshot.members.filter(({ paints }) => paints).length;
  if (resting !== null && snapshot.role !== "painter") return { title: "Resting", why: `${resting} The others continue without this tab.` };
  // Who is here is not known before a relay was reached.
  const why = others === 0 && snapshot.connection.state !== "online" ? "notConnected" : snapshot.why;
  switch (why) {
    case "elected": {
      const seat = (snapshot.term?.seat ?? 0) + 1;
      const pictures = snapshot.members[0]?.pictures ?? 0;
      const also = pictures > 0 ? ` It also teaches from ${counted(pictures, "picture", "pictures")} of yours.` : "";
      const leaving = resting === null ? "" : ` ${resting} It leaves at the end of this round.`;
      return {
        title: "This tab is a painter",
        why: `It was drawn by lot for seat ${seat} of ${PAINTERS}${beside(snapshot)}. The four compute together on numbers that none of them can read.${also}${leaving}`,
      };
    }
    case "teaching":
      return {
        title: "This tab is a teacher",
        why: "Teachers are drawn by lot for each round. When this tab is drawn, the painters show it what they painted, and it answers, in secret shares, how that differs from your pictures. Your pictures stay on this device.",
      };
    case "waitsForItsTurn":
      return {
        title: "This tab is about to teach",
        why: "Four other tabs paint. This tab is still connecting to them. After that, it teaches in every round it is drawn for.",
      };
    case "inReserve":
      return {
        title: "This tab stands by",
        why: "Four other tabs paint. When one of them leaves, this tab can take its seat. Give it pictures to teach from, and it can help at once.",
      };
    case "noCommittee":
      return { title: "This tab waits to teach", why: "It can teach while four other tabs paint. Right now no four tabs do." };
    case "tooFewPainters":
      if (others === 0) {
        return {
          title: snapshot.foreignCount > 0 ? "No other tab here has your version of this page" : "You are the first one here",
          why: `Four tabs make a collective: together they share an artist that none of them can read. Until three more arrive, you have an artist of your own.${foreignInWords(snapshot)}`,
        };
      }
      return {
        title: `Waiting for ${counted(Math.max(1, PAINTERS - willing), "more tab", "more tabs")}`,
        why: `${capital(counted(Math.min(PAINTERS, willing), "tab is", "tabs are"))} ready to paint. It takes four. Until then, each visitor has an artist of their own.${foreignInWords(snapshot)}`,
      };
    case "noDirectLinks":
      if (lasted < LINKING_MS) {
        return {
          title: `${here(snapshot)}, connecting to each other`,
          why: "Each tab makes a direct link to every other tab, which takes a few seconds. What they share then travels encrypted from tab to tab.",
        };
      }
      return {
        title: `${here(snapshot)}, but cannot all reach each other`,
        why: `This tab has a direct link to ${linksOf(snapshot) === 0 ? "none" : count(linksOf(snapshot))} of the ${counted(others, "other", "others")}. ${apartInWords(snapshot)} Four tabs paint together only if all of them are linked with each other. Your own artist continues.`,
      };
    case "electing":
      return { title: "Four have found each other", why: "One of them proposes who takes which seat, and all four must agree. This takes a few seconds." };
    case "waitsForHolders":
      return { title: "The artist waits", why: waitingInWords(snapshot) };
    case "ownFailure":
      return {
        title: "This tab pauses for a while",
        why: "Something failed on this device, so the others continue without it. It will rejoin automatically.",
      };
    case "notWilling":
      return { title: "This tab only watches", why: "For now it neither paints nor teaches." };
    case "notConnected":
      return LOOKING;
  }
}

/** For whom the artist waits, and why. @param {Snapshot} snapshot */
function waitingInWords({ waiting, kept, me }) {
  if (!waiting) return "Some tabs that hold it were here a moment ago.";
  const name = (/** @type {string} */ key) => (key === me ? "this tab" : nameOf(key));
  const holders = waiting.holders.map(name).sort((one, other) => Number(other === "this tab") - Number(one === "this tab"));
  const held = `${capital(list(holders))} ${plural(holders.length, "holds", "hold")} it, at round ${count(waiting.round)}.`;
  const seats = waiting.seatsMissing.map((seat) => count(seat + 1));
  const parts = [];
  switch (waiting.waitsFor) {
    case "visitors": {
      const needed = capital(counted(waiting.visitors, "more visitor is", "more visitors are"));
      parts.push(`${needed} needed, for ${plural(seats.length, "seat", "seats")} ${list(seats)} of ${PAINTERS}.`, held);
      if (waiting.bound.length > 0) {
        const bound = waiting.bound.map(name);
        parts.push(
          `${capital(list(bound))} ${plural(bound.length, "is", "are")} also here but cannot help: a tab that has held one seat cannot take another, because with both it could read the artist.`,
        );
      }
      break;
    }
    case "holders":
      parts.push(held, "One tab alone does not have all of it. Another tab that holds it must come back.");
      break;
    case "links":
      parts.push(held, "Enough tabs are here. It waits until four of them have direct links to each other and agree.");
      break;
    case "claims":
      parts.push("Tabs that say they hold it were here a moment ago. They get some time to connect and show it before others start a new artist.");
      break;
  }
  if (waiting.waitsFor !== "claims" && !kept.includes(waiting.artist)) {
    parts.push("This tab never held this artist, so it cannot know yet whether it is the true one. It trusts the artist it saw first.");
  }
  parts.push(
    waiting.begins
      ? "You chose to start another artist as well. It starts once four tabs here have chosen the same. The artist that waits is kept."
      : "While it waits, this tab starts no other artist unless you choose to.",
  );
  return parts.join(" ");
}

/** @param {string[]} names */
const list = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "nobody"));

/** How many are here, this tab counted. @param {Snapshot} snapshot */
const here = ({ memberCount }) => capital(counted(memberCount, "tab is here", "tabs are here"));

/** Those who cannot paint with this tab, where there are any. @param {Snapshot} snapshot */
function foreignInWords({ foreignCount }) {
  if (!(foreignCount > 0)) return "";
  const tabs = capital(counted(foreignCount, "tab has", "tabs have"));
  return ` ${tabs} a different version of this page and cannot paint with this one. ${plural(foreignCount, "Reload both", "Reload all of them")} to get the newest.`;
}

/** The other three painters, named. @param {Snapshot} snapshot */
function beside(snapshot) {
  const names = (snapshot.term?.seats ?? []).filter((key) => key !== "" && key !== snapshot.me).map(nameOf);
  return names.length > 1 ? `, next to ${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : "";
}

/** What the tab's title says, for those who have several. @param {Snapshot} snapshot @param {string | null} resting */
export function titleOf(snapshot, resting) {
  if (snapshot.role === "painter" && snapshot.term) return `Painter, round ${count(snapshot.term.round)}`;
  if (snapshot.role === "teacher") return "Teacher";
  if (resting !== null) return "Resting";
  if (snapshot.why === "inReserve") return "Standing by";
  if (snapshot.why === "waitsForHolders") return "The artist waits";
  if (snapshot.why !== "tooFewPainters") return null;
  return `${snapshot.members.filter(({ paints }) => paints).length} of ${PAINTERS}`;
}

/** Members that this tab has a direct link to. @param {Snapshot} snapshot */
const linksOf = (snapshot) => snapshot.members.filter(({ linked }) => linked).length;

/**
 * Why some cannot reach each other, as far as this tab sees who is linked with whom.
 *
 * @param {Snapshot} snapshot
 */
export function apartInWords({ me, members }) {
  const links = new Map(members.map((member) => [member.key, new Set(member.links)]));
  const areLinked = (/** @type {string} */ one, /** @type {string} */ other) => links.get(one)?.has(other) || links.get(other)?.has(one);
  const isAlone = (/** @type {string} */ key) => !members.some((other) => other.key !== key && areLinked(key, other.key));
  const alone = members.filter(({ key }) => isAlone(key)).map(({ key }) => key);
  if (members.length < 3 || alone.length === members.length) return "Some networks block direct links between tabs. This tab cannot see which one does.";
  if (alone.includes(me)) return "The others reach each other, so something here blocks the links: this tab’s network, a VPN or an extension. Another network may help.";
  if (alone.length === 0) return "Some networks block direct links between tabs, and one of them is between some of these tabs.";
  const names = alone.slice(0, 3).map(nameOf).join(", ");
  return plural(
    alone.length,
    `${names} reaches nobody: the cause is its network or browser, not this tab’s.`,
    `${names}${alone.length > 3 ? " and others" : ""} reach nobody: their networks or browsers are the cause, not this tab’s.`,
  );
}

/** @param {Snapshot} snapshot */
export function connectionInWords(snapshot) {
  const links = linksOf(snapshot);
  const linked = links === 0 ? "" : `, ${counted(links, "direct link", "direct links")}`;
  const { connection } = snapshot;
  switch (connection.state) {
    case "connecting":
      return links > 0 ? `looking for the relay again${linked}` : "looking for the relay";
    case "online":
      return links === 0 && snapshot.memberCount > 1 ? "online, making direct links" : `online${linked}`;
    case "offline":
      return links > 0
        ? `the connection to the relay is lost, but ${plural(links, "the direct link stays", `the ${count(links)} direct links stay`)} open (${plain(connection.reason)})`
        : `offline. ${capital(plain(connection.reason))}. It tries again automatically.`;
    case "stopped":
      return "closed";
  }
}

/** That the relay is lost, where it is, after another sentence. @param {Snapshot} snapshot */
export const lostInWords = (snapshot) =>
  snapshot.connection.state === "offline" ? ` ${capital(connectionInWords(snapshot).replace(/\.$/, ""))}.` : "";

/** What is read out. @param {string} title what this tab is now @param {Snapshot} snapshot */
export const newsInWords = (title, snapshot) => `${title}. ${here(snapshot)}.${lostInWords(snapshot)} ${actInWords(snapshot)}`;

/** @param {string} reason */
const plain = (reason) => reason.replace(/[.\s]+$/, "");

/** What happens when a tab leaves that nobody counts on yet. */
export const NOBODY_WAITS = "Nothing is lost, and nobody has to wait for you.";

/** What happens to the others, and to what this tab has, when it leaves. @param {Snapshot} snapshot */
export function leavingInWords(snapshot) {
  if (snapshot.role === "painter") {
    const next = snapshot.members.filter(({ paints, key }) => paints && key !== snapshot.me).length >= PAINTERS;
    return `The other three keep the artist, ${next ? "and another tab is elected for your seat" : "and paint again once a fourth tab is here"}. Your shares of the artist are deleted.`;
  }
  if (snapshot.waiting?.holders.includes(snapshot.me)) {
    const others = snapshot.waiting.holders.length - 1;
    const left = others === 0 ? "nobody here holds the artist any more" : `${counted(others, "tab that holds it is", "tabs that hold it are")} left. It takes two`;
    return `This tab holds the artist that waits. If this tab leaves, its shares are deleted, and ${left}.`;
  }
  if (snapshot.role === "teacher") return "Nothing is lost. The artist keeps what it learned from your pictures. The pictures stay on this device.";
  return NOBODY_WAITS;
}

/** What the four do in each phase of a committee's life. @type {Readonly<Record<TermPhase, (term: Term) => string>>} */
const PHASES = {
  forming: () => "Four tabs agree to paint together.",
  // What is drawn anew has no name yet; the round of one that goes on may not be known at once.
  settingUp: ({ artist, round }) =>
    round > 0
      ? `The four take up the artist where it was left, at round ${count(round)}.`
      : artist
        ? "The four take up the artist where it was left."
        : "An artist is born: the four draw its first numbers so that none of them ever knows one.",
  ready: ({ round }) =>
    `${round === 0 ? "The artist is new" : `The artist has ${counted(round, "round", "rounds")} behind it`}. A short rest until all four are ready.`,
  painting: (term) => `${next(term)}: the four paint together. Each of them sees only noise until they open the pictures.`,
  teaching: (term) =>
    `${next(term)}: ${counted(term.teachers.length, "teacher compares", "teachers compare")} the batch with their own pictures and answer in shares. ${answers(term)}`,
  agreeing: (term) => `${next(term)}: the four check which answers all of them received.`,
  learning: (term) =>
    `${next(term)}: one small step towards what the ${counted(term.teachers.length, "teacher’s", "teachers’")} pictures have in common. Nobody sees the answers or their sum.`,
  certifying: (term) => `${next(term)}: the four sign the artist’s new state.`,
  piece: () => "The four paint one piece, large, for everyone to see.",
  signing: () => "The four sign the piece.",
  working: ({ round }) => (round > 0 ? `Four tabs are at work. The artist has ${counted(round, "round", "rounds")} behind it.` : "Four tabs are at work."),
};

/** @param {Term} term */
const next = ({ round }) => `Round ${count(round + 1)}`;

/** @param {Term} term */
function answers({ teachers }) {
  const answered = teachers.filter(({ state }) => state === "answered" || state === "counted").length;
  return `${capital(answered === 0 ? "none has answered yet" : `${counted(answered, "has", "have")} answered`)}.`;
}

/** What the four do now. @param {Snapshot} snapshot */
export const actInWords = ({ term }) => (term ? PHASES[term.phase](term) : "");

/** Why the collective paints and does not learn, where that is so. @param {Snapshot} snapshot */
export function lackInWords(snapshot) {
  if (!snapshot.term) return null;
  const teachers = snapshot.members.filter(({ pictures }) => pictures > 0);
  const pictures = teachers.reduce((sum, member) => sum + member.pictures, 0);
  if (teachers.length >= MIN_TEACHERS && pictures >= MIN_PICTURES) return null;
  const have =
    teachers.length === 0
      ? "Nobody teaches yet"
      : `So far ${counted(teachers.length, "tab teaches", "tabs teach")}, with ${counted(pictures, "picture", "pictures")}`;
  return `The artist paints but cannot learn yet. Learning takes ${MIN_TEACHERS} tabs with ${MIN_PICTURES} pictures between them, so that no sum is about one visitor’s pictures alone. ${have}.`;
}

/** How the last term of this tab ended. @param {Snapshot} snapshot */
export function endInWords(snapshot) {
  const end = snapshot.lastEnd;
  if (!end || snapshot.role === "painter") return null;
  switch (end.cause) {
    case "notFormed":
      return "The last attempt to form a collective found no four tabs that agreed. The next attempt starts automatically.";
    case "departed":
      return "The last collective ended because a painter left. The others keep the artist and hold a new election.";
    case "silent":
      return "The last collective ended because a painter stopped answering. The others keep the artist and hold a new election.";
    case "suspected":
      return "The last collective stopped because two painters’ numbers did not match. Nothing was revealed. For a while, other tabs are elected before these two.";
    case "disagreement":
      return "The last collective stopped because its painters received messages that contradict each other.";
    case "dissolved":
      return "The last collective made way for one that has learned for longer.";
    case "ownFailure":
      return `This tab’s part in the last collective failed: ${plain(end.reason)}.`;
    case "left":
      return null;
  }
}

/** One line on a member. @param {Member} member @param {Term | null} term @param {boolean} me */
export function memberInWords(member, term, me) {
  const seat = term?.seats.indexOf(member.key) ?? -1;
  const parts = [];
  if (seat >= 0) parts.push(`painter at seat ${seat + 1}`);
  if (member.pictures > 0) parts.push(`teaches from ${counted(member.pictures, "picture", "pictures")}`);
  if (parts.length === 0) parts.push(member.paints ? "ready to paint" : "watches");
  parts.push(member.backend === "gpu" ? "on a graphics card" : "on a processor");
  if (!me && !member.linked) parts.push("no direct link");
  return parts.join(", ");
}

/** What one would see in the living picture. @param {Snapshot} snapshot */
export function pictureInWords(snapshot) {
  const painters = snapshot.term?.seats.filter((key) => key !== "").length ?? 0;
  const teachers = snapshot.term?.teachers.length ?? 0;
  if (painters === 0) return `${here(snapshot)}. Four empty seats around the middle wait for painters.`;
  return `${here(snapshot)}. Four painters sit around what they paint${teachers > 0 ? `, ${counted(teachers, "teacher", "teachers")} around them` : ""}. ${actInWords(snapshot)}`;
}
