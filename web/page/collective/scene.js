/** What the living picture shows of a snapshot, and while there is none. */

import { nameOf } from "../../shared/names.js";
import { ACTS } from "./phases.js";
import { noteInWords } from "./words.js";

/** @import { Snapshot } from "../../generated/page.js" */
/** @import { Scene } from "./living/picture.js" */

/** People who are drawn at most; the list beside the picture counts all. */
const MOST = 40;

/** @param {Snapshot} snapshot @param {boolean} resting @returns {Scene} */
export function sceneOf(snapshot, resting) {
  const { term } = snapshot;
  const teaching = new Set(term?.teachers.map(({ key }) => key));
  const shown = snapshot.members.slice(0, MOST);
  const people = shown.map((member) => {
    const seat = term?.seats.indexOf(member.key) ?? -1;
    return {
      id: member.key,
      name: nameOf(member.key),
      seat: seat < 0 ? null : seat,
      teaches: teaching.has(member.key),
      lends: member.pictures > 0,
      me: member.key === snapshot.me,
      reachable: member.linked,
    };
  });
  // A painter may be seated that this tab has not heard of by itself.
  for (const [seat, key] of (term?.seats ?? []).entries()) {
    if (key !== "" && !people.some(({ id }) => id === key)) {
      people.push({ id: key, name: nameOf(key), seat, teaches: teaching.has(key), lends: false, me: false, reachable: false });
    }
  }
  return { people, links: linksAmong(snapshot), act: term ? ACTS[term.phase] : resting ? "resting" : "waiting", note: noteInWords(snapshot, resting) };
}

/** @param {string} note what the middle says @returns {Scene} */
export const sceneOfNobody = (note) => ({ people: [], links: [], act: "waiting", note });

/** Every pair once. @param {Snapshot} snapshot @returns {[string, string][]} */
function linksAmong(snapshot) {
  /** @type {Map<string, [string, string]>} */
  const pairs = new Map();
  /** @param {string} a @param {string} b */
  const add = (a, b) => {
    if (a !== b) pairs.set(a < b ? a + b : b + a, a < b ? [a, b] : [b, a]);
  };
  for (const { key, linked, links } of snapshot.members.slice(0, MOST)) {
    if (linked) add(snapshot.me, key);
    for (const other of links) add(key, other);
  }
  // Painters of one committee are all linked, whatever has been heard of it.
  for (const a of snapshot.term?.seats ?? []) {
    for (const b of snapshot.term?.seats ?? []) if (a !== "" && b !== "") add(a, b);
  }
  return [...pairs.values()];
}
