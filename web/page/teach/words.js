/** What is said of teaching and learning, and of files that were taught or not. */

import { MAX_FILE_BYTES, MAX_LESSON_FILES, MAX_MEGAPIXELS, MAX_TAUGHT_PICTURES, MIN_SOLO_PICTURES, UPDATE_BYTES } from "../../generated/sizes.js";
import { bytesInWords, capital, count, counted, plural } from "../../shared/words.js";

/** @import { Frame, Reservation } from "../../pkg/abraham_decoder.js" */
/** @import { Refusal, Teaching } from "../../shared/messages.js" */

/** Something about one file, or about some. @typedef {{ path: string | null, text: string, kind: string }} Line */

const SAVE_AS = "Save it as JPEG or PNG, and use that file.";

/** Why a file was left out, and what to do. @type {Readonly<Record<Refusal | "heic-renamed", string>>} */
const REFUSALS = {
  empty: "is empty. Get it again from where it came.",
  "file-too-large": `is larger than ${MAX_FILE_BYTES / 2 ** 20} MB. Make it smaller.`,
  "no-picture": "is not a picture, whatever its name says.",
  heic: `is HEIC, the format of iPhone photos, which this page cannot read. ${SAVE_AS} (On the iPhone: Settings, Camera, Formats, Most Compatible.)`,
  "heic-renamed": "is HEIC under another name. Renaming it did not convert it. Open it in a photo program and export it as JPEG.",
  avif: `is AVIF, which this page cannot read. ${SAVE_AS}`,
  jxl: `is JPEG XL, which this page cannot read. ${SAVE_AS}`,
  svg: "is an SVG drawing, which could contain programs, so it is not opened. Export it as PNG, and use that file.",
  tiff: `is TIFF or a camera’s raw format, which this page cannot read. ${SAVE_AS}`,
  bmp: `is BMP, which this page cannot read. ${SAVE_AS}`,
  video: "is a video. Use still pictures from it.",
  "other-picture": `is a kind of picture that this page cannot read. ${SAVE_AS}`,
  "other-file": "is not a picture.",
  "too-large": `has too many pixels. The limit is ${MAX_MEGAPIXELS} megapixels. Make it smaller.`,
  "too-many-scans": "is stored in so many passes that reading it would take too long. Open it in a photo program and save it again.",
  damaged: "is damaged, or stored in a way that this page cannot read. Open it in a photo program and save it again.",
  "ends-too-soon": "is damaged: it ends too soon, so part of the picture is missing. Get it again from where it came.",
  clear: "is completely transparent, so it would teach nothing but white.",
  gone: "could not be read: it was moved, deleted or changed after you chose it, or it is a folder. Choose it again.",
  "too-slow": "took longer than half a minute to read. Make it smaller, or save it again.",
  "too-much": "needs more memory than one picture may use, or is damaged in an unexpected way. Save it again.",
};

/** @param {{ path: string, why: Refusal, megapixels?: number | undefined }} refused */
export function refusalInWords({ path, why, megapixels }) {
  if (why === "too-large" && megapixels) {
    return `has ${count(megapixels)} megapixels. The limit is ${MAX_MEGAPIXELS}. Make it smaller.`;
  }
  if (why === "heic" && !/\.(heic|heif|hif)$/i.test(path)) return REFUSALS["heic-renamed"];
  return REFUSALS[why];
}

/** @type {Readonly<Record<Frame, string>>} */
const FRAMES = {
  first: "is animated. Its first frame was used.",
  later: "is animated, and its first frame is transparent. The first frame that shows something was used.",
};

/** @type {Readonly<Record<Reservation, string>>} */
const ASKS = {
  plus: "asks not to be learned from: its owner marked it so (PLUS and IPTC, “data mining”).",
  c2pa: "asks not to be learned from: its content credentials say so (C2PA, “training and data mining”).",
};

/**
 * Everything that is to be said of a lesson but the pictures that ask not to be learnt from.
 *
 * @param {Teaching} teaching
 * @returns {Line[]}
 */
export function linesOf({ used, copies, unlooked, beyond, leftovers, beside, refused, refusedCount, notes }) {
  /** @type {Line[]} */
  const lines = [];
  const say = (/** @type {string} */ kind, /** @type {string} */ text) => lines.push({ path: null, kind, text });
  if (copies > 0) {
    say("copies", `${capital(counted(copies, "picture is a copy", "pictures are copies"))} of ${used === 0 ? "pictures it already has" : "others"}. Copies count once.`);
  }
  if (beyond > 0) say("beyond", `The limit is ${count(MAX_TAUGHT_PICTURES)} pictures, so ${counted(beyond, "file was", "files were")} not read.`);
  if (unlooked > 0) say("unlooked", `You gave more than ${count(MAX_LESSON_FILES)} files. Only the first ${count(MAX_LESSON_FILES)} were read. The rest were not.`);
  if (beside > 0) say("beside", `${capital(counted(beside, "note or sidecar", "notes and sidecars"))} next to the pictures ${plural(beside, "was", "were")} skipped.`);
  if (leftovers > 0) say("leftovers", `${capital(counted(leftovers, "hidden or system file", "hidden or system files"))} ${plural(leftovers, "was", "were")} skipped.`);
  for (const { path, frame } of notes) lines.push({ path, kind: `frame-${frame}`, text: FRAMES[frame] });
  for (const one of refused) lines.push({ path: one.path, kind: one.why, text: refusalInWords(one) });
  const unnamed = refusedCount - refused.length;
  if (unnamed > 0) say("unnamed", `And ${count(unnamed)} more.`);
  return lines;
}

/** What has the lines below it. @param {Teaching} teaching @param {Line[]} lines */
export function summaryOf({ refused, refusedCount }, lines) {
  const parts = [];
  if (refusedCount > 0) parts.push(counted(refusedCount, "file was left out", "files were left out"));
  const remarks = lines.length - refused.length - (refusedCount > refused.length ? 1 : 0);
  if (remarks > 0) parts.push(counted(remarks, "remark", "remarks"));
  return capital(parts.join(", "));
}

/** What the files that ask not to be learnt from say. @param {Pick<Teaching, "reserved" | "reservedCount">} teaching @returns {Line[]} */
export function askingLines({ reserved, reservedCount }) {
  const lines = reserved.map(({ path, by }) => ({ path, kind: by, text: ASKS[by] }));
  const unnamed = reservedCount - reserved.length;
  return unnamed > 0 ? [...lines, { path: null, kind: "unnamed", text: `And ${count(unnamed)} more.` }] : lines;
}

/** @param {number} asking files */
export const askingInWords = (asking) =>
  plural(
    asking,
    "One file asks not to be learned from. It was not taught. Do you have the right to teach it, and do you want to?",
    `${count(asking)} files ask not to be learned from. They were not taught. Do you have the right to teach them, and do you want to?`,
  );

/** What is read out once a lesson is over. @param {Teaching} teaching */
export function lessonInWords({ used, copies, refusedCount, reservedCount }) {
  const parts = [counted(used, "picture was added", "pictures were added")];
  if (copies > 0) parts.push(counted(copies, "was a copy", "were copies"));
  if (refusedCount > 0) parts.push(counted(refusedCount, "file was left out", "files were left out"));
  if (reservedCount > 0) parts.push(counted(reservedCount, "asks not to be learned from", "ask not to be learned from"));
  return `${capital(parts.join(", "))}.`;
}

/** Where there was nothing at all in what was given. @param {{ leftovers: number, beside: number }} passed */
export const nothingInWords = ({ leftovers, beside }) =>
  leftovers + beside > 0
    ? "There were no pictures in what you gave."
    : "There were no files in what you gave. An empty folder, perhaps?";

/** What is said above that. */
export const NOTHING = "Nothing was added";

/** What one may do with files that ask not to be learnt from. @param {number} asking files */
export const answersInWords = (asking) => ({
  teach: plural(asking, "Teach it anyway", "Teach them anyway"),
  leave: plural(asking, "Leave it out", "Leave them out"),
});

/** The pictures that this device has. @param {number} pictures */
export const yoursInWords = (pictures) => `${capital(counted(pictures, "picture", "pictures"))}, on this device only.`;

/**
 * Exactly what of the visitor's pictures leaves this device, and how many bytes.
 *
 * @param {number} left bytes that really left in the last round that this tab taught, or 0 before the first
 * @param {boolean} together whether it is the collective that learns
 */
export function outgoingInWords(left, together) {
  if (!together && left === 0) {
    return "Your pictures stay on this device. While your own artist learns from them, only their number leaves this device: other tabs see it.";
  }
  const bytes = left > 0 ? `${bytesInWords(left)} a round (exactly ${count(left)} bytes)` : `${bytesInWords(UPDATE_BYTES)} a round; nothing has been sent yet`;
  return (
    "What leaves this device when it teaches: for each painting, a blend of all your pictures, weighted by how similar each is to that painting, and the sum of those weights. " +
    `They leave as four shares, which are noise to any single painter: ${bytes}. Other tabs also see how many pictures you teach.`
  );
}

/**
 * The invitation to teach.
 *
 * @param {number} pictures taught so far
 * @param {number} rounds of learning so far
 * @param {boolean} together whether it is the collective that learns
 */
export function invitationInWords(pictures, rounds, together) {
  const title = pictures === 0 ? "What should it learn from?" : "Teach it more";
  const text = together
    ? "The collective learns from what its tabs teach it, and never sees their pictures. This tab teaches any pictures you add from the next round on."
    : pictures > 0
      ? "More pictures make more varied paintings. It uses them from the next round on."
      : rounds > 0
        ? `It keeps what it has learned, but it has no pictures to learn from now. Give it ${MIN_SOLO_PICTURES} or more, and it continues.`
        : `It is awake, but it has never seen a picture. Give it ${MIN_SOLO_PICTURES} or more, and it starts at once.`;
  return { title, text };
}

/** What the button does that starts and pauses learning. @param {boolean} wanted whether it is to learn now @param {number} rounds of learning so far */
export const runInWords = (wanted, rounds) => (wanted ? "Pause" : rounds > 0 ? "Continue learning" : "Start learning");

export const PAUSING = "Pausing after this round.";

/** Somebody teaches while another lesson is read. */
export const LESSON_WAITS = "These pictures wait until the earlier ones have been read.";

/** Asked before pictures are forgotten. @param {number} pictures */
export const forgettingInWords = (pictures) => ({
  title: "Forget your pictures?",
  text: `${capital(counted(pictures, "picture is", "pictures are"))} deleted from this device and from every window of this page that you have open. The artist keeps what it has learned from them.`,
  yes: "Forget them",
  no: "Keep them",
});

export const FORGOTTEN = "Your pictures are forgotten.";
export const FORGOTTEN_ELSEWHERE = "You forgot your pictures in another window, so they are gone here, too.";
