import assert from "node:assert/strict";
import test from "node:test";

import {
  actInWords,
  apartInWords,
  connectionInWords,
  endInWords,
  lackInWords,
  leavingInWords,
  memberInWords,
  pictureInWords,
  standingOf,
  titleOf,
} from "./words.js";
import { nameOf } from "../../shared/names.js";
import { sceneOf } from "./scene.js";

const keys = Array.from({ length: 6 }, (_, i) => `02${String(i + 1).repeat(8)}${"0".repeat(56)}`);

/** @import { EndCause, Member, Snapshot, Term, TermPhase, Waiting, WaitsFor, Why } from "../../generated/page.js" */

/** @param {number} count @param {Partial<Snapshot>} [changes] @returns {Snapshot} */
function viewOf(count, changes = {}) {
  /** @type {Member[]} */
  const members = keys.slice(0, count).map((key, i) => ({
    key,
    paints: true,
    pictures: 40,
    backend: "cpu",
    linked: i > 0,
    links: keys.slice(0, count).filter((other) => other !== key),
  }));
  return {
    now: 0,
    me: keys[0],
    connection: { state: "online" },
    role: "waiting",
    why: "tooFewPainters",
    members,
    memberCount: count,
    foreignCount: 0,
    term: null,
    waiting: null,
    kept: [],
    done: { roundsPainted: 0, roundsTaught: 0, pieces: 0 },
    rejections: 0,
    lastEnd: null,
    ...changes,
  };
}

/** @type {Term} */
const TERM = {
  number: 2,
  seats: /** @type {Term["seats"]} */ (keys.slice(0, 4)),
  seat: 0,
  artist: "bb".repeat(32),
  round: 7,
  phase: "teaching",
  teachers: [
    { key: keys[4], state: "answered" },
    { key: keys[5], state: "asked" },
  ],
};
/** @type {Partial<Snapshot>} */
const PAINTER = { role: "painter", why: "elected", term: TERM };

test("a lone tab is told what it waits for, and how many others", () => {
  assert.match(standingOf(viewOf(1), null).title, /first one here/);
  assert.match(standingOf(viewOf(2), null).title, /2 more tabs/);
  assert.match(standingOf(viewOf(3), null).title, /one more tab/);
  assert.equal(titleOf(viewOf(3), null), "3 of 4");
});

test("who cannot paint with this tab is told why", () => {
  const alone = standingOf(viewOf(1, { foreignCount: 1 }), null);
  assert.equal(alone.title, "No other tab here has your version of this page");
  assert.match(alone.why, /One tab has a different version of this page and cannot paint with this one\. Reload both/);
  assert.match(standingOf(viewOf(3, { foreignCount: 5 }), null).why, /5 tabs have a different version/);
  assert.doesNotMatch(standingOf(viewOf(3), null).why, /version/);
});

test("nobody is called the first one before a relay was reached", () => {
  const offline = viewOf(1, { connection: { state: "offline", reason: "no answer." } });
  assert.match(standingOf(offline, null).title, /Looking/);
  assert.equal(connectionInWords(offline), "offline. No answer. It tries again automatically.");
  const lost = viewOf(3, { connection: { state: "offline", reason: "no answer" } });
  assert.match(connectionInWords(lost), /the relay is lost, but the 2 direct links stay/);
});

test("a painter knows its seat, its neighbours and what leaving means", () => {
  const snapshot = viewOf(6, PAINTER);
  const { title, why } = standingOf(snapshot, null);
  assert.match(title, /painter/);
  assert.match(why, /seat 1 of 4/);
  for (const key of keys.slice(1, 4)) assert.ok(why.includes(nameOf(key)), why);
  assert.match(leavingInWords(snapshot), /other three/);
  assert.match(standingOf(snapshot, "This device runs on battery.").why, /end of this round/);
  assert.equal(titleOf(snapshot, null), "Painter, round 7");
});

test("tabs that are still connecting are not said to be apart", () => {
  const snapshot = viewOf(5, { why: "noDirectLinks" });
  assert.match(standingOf(snapshot, null, 3_000).title, /connecting to each other/);
  assert.match(standingOf(snapshot, null, 60_000).title, /cannot all reach each other/);
});

test("every reason has a title and whole sentences, alone and among many", () => {
  const reasons =
    "elected notConnected notWilling teaching waitsForItsTurn tooFewPainters noDirectLinks electing inReserve noCommittee waitsForHolders ownFailure";
  for (const why of /** @type {Why[]} */ (reasons.split(" "))) {
    for (const count of [1, 2, 4, 6]) {
      for (const resting of [null, "This device runs on battery."]) {
        for (const lasted of [0, 60_000]) {
          const standing = standingOf(viewOf(count, { why, term: TERM }), resting, lasted);
          assert.match(standing.title, /^[A-Z\d].+[^.]$/);
          assert.match(standing.why, /^[A-Z\d].+[^.]\.$/);
          assert.doesNotMatch(standing.title + standing.why, /undefined|NaN|\b1 [a-z]+s\b/);
        }
      }
    }
  }
  // Where nobody paints, it is not the number that is lacking.
  assert.doesNotMatch(standingOf(viewOf(6, { why: "noCommittee" }), null).title, /more tab/);
});

test("an artist that waits says for whom and why, whatever it waits for", () => {
  const artist = "bb".repeat(32);
  const kept = [artist];
  for (const waitsFor of /** @type {WaitsFor[]} */ (["visitors", "holders", "links", "claims"])) {
    for (const holders of [[keys[0]], [keys[1]], keys.slice(0, 3)]) {
      for (const bound of [[], [keys[3]], keys.slice(3, 5)]) {
        for (const visitors of [1, 2]) {
          for (const begins of [false, true]) {
            const seatsMissing = [1, 3].slice(0, visitors);
            const waiting = { artist, round: 7, waitsFor, holders, seatsMissing, visitors, bound, begins };
            const snapshot = viewOf(5, { why: "waitsForHolders", waiting, kept });
            const { title, why } = standingOf(snapshot, null);
            assert.equal(title, "The artist waits");
            assert.match(why, /^[A-Z\d].+[^.]\.$/);
            assert.doesNotMatch(why, /undefined|NaN|null|\b1 [a-z]+s\b/);
            assert.match(why, begins ? /four tabs here have chosen/ : /starts no other artist/);
            if (waitsFor === "claims") continue;
            if (holders.includes(keys[1])) assert.ok(why.includes(nameOf(keys[1])), why);
            assert.doesNotMatch(why, /cannot know/);
            // Who holds nothing of it cannot tell whether it is the true one, and is told so.
            assert.match(standingOf({ ...snapshot, kept: [] }, null).why, /cannot know/);
          }
        }
      }
    }
  }
  /** @type {Waiting} */
  const waiting = { artist, round: 7, waitsFor: "visitors", holders: keys.slice(0, 3), seatsMissing: [1], visitors: 1, bound: [keys[3]], begins: false };
  const snapshot = viewOf(4, { why: "waitsForHolders", waiting, kept });
  assert.match(standingOf(snapshot, null).why, /^One more visitor is needed, for seat 2 of 4\. This tab, .* hold it, at round 7\./);
  assert.match(leavingInWords(snapshot), /its shares are deleted, and 2 tabs that hold it are left/);
  assert.doesNotMatch(leavingInWords({ ...snapshot, me: keys[3] }), /deleted/);
  assert.equal(titleOf(snapshot, null), "The artist waits");
});

test("an artist that goes on is not said to be born, whatever its round", () => {
  const set = (/** @type {object} */ term) => actInWords(viewOf(5, { ...PAINTER, term: { ...TERM, phase: "settingUp", teachers: [], ...term } }));
  assert.match(set({ round: 7 }), /take up the artist where it was left, at round 7/);
  assert.match(set({ round: 0 }), /take up the artist where it was left/);
  assert.match(set({ round: 0, artist: null }), /is born/);
});

test("every phase has its place in the picture and its sentence, with no teacher, one and many", () => {
  const phases = "forming settingUp ready painting teaching agreeing learning certifying piece signing working";
  for (const phase of /** @type {TermPhase[]} */ (phases.split(" "))) {
    for (const teachers of [[], TERM.teachers.slice(0, 1), TERM.teachers]) {
      const snapshot = viewOf(5, { ...PAINTER, term: { ...TERM, phase, teachers } });
      assert.match(actInWords(snapshot), /^[A-Z].+[^.]\.$/);
      assert.doesNotMatch(actInWords(snapshot), /undefined|NaN|\b1 [a-z]+s\b/);
      assert.ok(sceneOf(snapshot, false).act.length > 0, phase);
    }
  }
});

test("every end of a committee has its sentence", () => {
  /** @type {EndCause[]} */
  const causes = [
    { cause: "notFormed" },
    { cause: "departed" },
    { cause: "silent" },
    { cause: "suspected" },
    { cause: "disagreement" },
    { cause: "dissolved" },
    { cause: "ownFailure", reason: "out of memory." },
  ];
  for (const lastEnd of causes) assert.match(endInWords(viewOf(4, { lastEnd })) ?? "", /^[A-Z].+[^.]\.$/);
});

test("a painter that leaves knows whether another can follow it", () => {
  assert.match(leavingInWords(viewOf(4, PAINTER)), /once a fourth tab is here/);
  assert.match(leavingInWords(viewOf(5, PAINTER)), /another tab is elected/);
});

test("what keeps the collective from learning is said, with numbers", () => {
  assert.equal(lackInWords(viewOf(3)), null);
  const two = viewOf(4, PAINTER);
  for (const member of two.members.slice(2)) member.pictures = 0;
  assert.match(lackInWords(two) ?? "", /3 tabs with 64 pictures.*2 tabs teach, with 80 pictures/);
  for (const member of two.members) member.pictures = 0;
  assert.match(lackInWords(two) ?? "", /Nobody teaches yet/);
  assert.equal(lackInWords(viewOf(4, PAINTER)), null);
});

test("the picture seats painters, draws each link once, and says the same in words", () => {
  const snapshot = viewOf(6, PAINTER);
  const scene = sceneOf(snapshot, false);
  assert.deepEqual(scene.people.map(({ seat }) => seat), [0, 1, 2, 3, null, null]);
  assert.deepEqual(scene.people.map(({ teaches }) => teaches), [false, false, false, false, true, true]);
  assert.equal(scene.links.length, 15);
  assert.match(pictureInWords(snapshot), /6 tabs are here. Four painters.*2 teachers/);
  const strangers = viewOf(1, { role: "waiting", why: "inReserve", term: { ...TERM, seats: /** @type {Term["seats"]} */ ([...keys.slice(1, 4), ""]) } });
  assert.equal(sceneOf(strangers, false).people.length, 4);
});

test("members are told apart in words", () => {
  const [me, other] = viewOf(2).members;
  assert.match(memberInWords(me, TERM, true), /seat 1, teaches from 40 pictures, on a processor$/);
  assert.match(memberInWords({ ...other, linked: false, backend: "gpu", pictures: 0 }, null, false), /ready to paint, on a graphics card, no direct link/);
  assert.equal(nameOf(keys[1]), nameOf(keys[1]));
  assert.notEqual(nameOf(keys[1]), nameOf(keys[2]));
});

test("a painter that comes back is no birth: what has a name is taken up", () => {
  const setting = (/** @type {object} */ changes) => actInWords(viewOf(4, { term: { ...TERM, phase: "settingUp", ...changes } }));
  assert.match(setting({ round: 0, artist: null }), /An artist is born/);
  assert.match(setting({ round: 0 }), /take up the artist/);
  assert.match(setting({ round: 7 }), /take up the artist where it was left, at round 7/);
});

test("those who cannot link learn whom it is that something keeps apart", () => {
  /** @param {[number, number][]} pairs that are linked @param {number} count */
  const among = (pairs, count) => {
    const snapshot = viewOf(count);
    for (const [i, member] of snapshot.members.entries()) {
      member.links = pairs.flatMap(([a, b]) => (a === i ? [keys[b]] : b === i ? [keys[a]] : []));
    }
    return apartInWords(snapshot);
  };
  assert.match(among([], 2), /cannot see which one/);
  assert.match(among([], 4), /cannot see which one/);
  assert.match(among([[1, 2], [2, 3]], 4), /this tab’s network/);
  assert.match(among([[0, 1], [1, 2]], 4), new RegExp(`^${nameOf(keys[3])} reaches nobody.*not this tab’s`));
  assert.match(among([[0, 1]], 4), /reach nobody: their networks/);
  assert.match(among([[0, 1], [2, 3]], 4), /between some of these/);
});
