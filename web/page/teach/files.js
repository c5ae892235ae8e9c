/** What visitors give: which of their files are meant to be taught, and how a name is shown. */

/** Files and folders that systems and programs leave behind, in lower case. */
const LEFTOVERS = new Set(["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "__macosx", "@eadir", "icon\r", "$recycle.bin"]);
/** Endings of notes and of what programs keep beside a picture. */
const BESIDE = new Set(["txt", "md", "json", "xmp", "xml", "csv", "html", "htm", "url", "aae", "thm", "ini", "log", "rtf", "nfo"]);
/** Characters of a name that are shown; phones have room for no more. */
const SHOWN = 48;

/**
 * Whether systems left it in a folder, and nobody means to teach it.
 *
 * @param {string} path
 */
export function isLeftover(path) {
  return path.split("/").some((name) => name.startsWith(".") || LEFTOVERS.has(name.toLowerCase()));
}

/**
 * Whether it is a note or a sidecar in a folder. One that was chosen by itself was meant.
 *
 * @param {string} path
 */
export function isBeside(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return path.includes("/") && dot >= 0 && BESIDE.has(name.slice(dot + 1).toLowerCase());
}

/**
 * @template {{ path: string }} T
 * @param {T[]} given
 * @returns {{ meant: T[], leftovers: number, beside: number }} what is to be looked at, and how many are passed over
 */
export function sorted(given) {
  const found = given.filter(({ path }) => !isLeftover(path));
  const meant = found.filter(({ path }) => !isBeside(path));
  return { meant, leftovers: given.length - found.length, beside: found.length - meant.length };
}

/**
 * A name as text in one line: what would break the line or turn the direction of what follows is shown as a mark, and
 * a long one is shortened in its middle, where names differ least.
 *
 * @param {string} path
 */
export function shownName(path) {
  // Controls, marks and overrides of direction, separators of lines, and what has no width but joins no letters.
  const plain = path.replace(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu, "\ufffd").replace(/\p{Cs}/gu, "\ufffd");
  const letters = [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(plain)].map(({ segment }) => bounded(segment));
  if (letters.length <= SHOWN) return letters.join("");
  return `${letters.slice(0, SHOWN - 17).join("")}…${letters.slice(-16).join("")}`;
}

/** A letter may carry any number of accents; a few are enough. @param {string} letter */
const bounded = (letter) => [...letter].slice(0, 16).join("");
