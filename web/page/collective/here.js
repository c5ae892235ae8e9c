/** Everyone who is in sight, one line each: who it is, what it does, and what went between this tab and it. */

import { YOU, linkInWords, memberInWords, moreInWords, whoInWords } from "./words.js";
import { box, make, write } from "../../shared/dom.js";
import { nameOf } from "../../shared/names.js";

/** @import { Traffic, Snapshot } from "../../generated/page.js" */

/**
 * What is known of those who are here; replaced whole when there is nothing to know any more.
 *
 * @typedef {object} Here
 * @property {string} listed the list as it was last written
 * @property {Map<string, HTMLElement>} places where each member's bytes stand, by key
 * @property {Traffic["links"]} links
 */

/** @returns {Here} */
const nobody = () => ({ listed: "", places: new Map(), links: [] });

let here = nobody();

/** @param {Snapshot} snapshot */
export function showHere(snapshot) {
  write("here-summary", whoInWords(snapshot));
  const names = snapshot.members.map(({ key }) => nameOf(key));
  const lines = snapshot.members.map((member, i) => ({
    key: member.key,
    // Where two have one name, the beginning of the key tells them apart.
    name: names.indexOf(names[i] ?? "") === names.lastIndexOf(names[i] ?? "") ? names[i] : `${names[i]} ${member.key.slice(2, 8)}`,
    seat: snapshot.term?.seats.indexOf(member.key) ?? -1,
    me: member.key === snapshot.me,
    words: memberInWords(member, snapshot.term, member.key === snapshot.me),
  }));
  const unlisted = snapshot.memberCount - snapshot.members.length;
  const list = JSON.stringify([unlisted, lines]);
  // Written only when it changes, so that nobody's selection or reading place is lost.
  if (list === here.listed) return;
  here.listed = list;
  here.places.clear();
  box("here-list").replaceChildren(
    ...lines.map(({ key, name, seat, me, words }) => {
      const bytes = make("span", { className: "bytes" });
      here.places.set(key, bytes);
      const text = make("span", {}, make("b", { textContent: name ?? "" }), me ? ` (${YOU})` : "", ` ${words}`, bytes);
      const item = make("li", { title: key }, make("i", { className: seat < 0 ? "dot" : `dot seat-${seat}` }), text);
      return item;
    }),
    ...(unlisted > 0 ? [make("li", { textContent: moreInWords(unlisted) })] : []),
  );
  writeBytes();
}

/** @param {Traffic} traffic */
export function showBytes(traffic) {
  here.links = traffic.links;
  writeBytes();
}

function writeBytes() {
  const { links, places } = here;
  for (const { key, sent, received } of links) {
    const place = places.get(key);
    const text = linkInWords(sent, received);
    if (place && place.textContent !== text) place.textContent = text;
  }
}

export function forgetHere() {
  here = nobody();
}
