/** The phases of a committee's life: what the living picture shows of each, and what each is in words. */

import { capital, count, counted } from "../../shared/words.js";

/** @import { Term, TermPhase } from "../../generated/page.js" */
/** @import { Act } from "./living/picture.js" */

/**
 * @typedef {object} Appearance
 * @property {Act} act in the picture, and in the list of a round's steps where it is one of them
 * @property {(term: Term) => string} words what the four do now
 */

/** @type {Readonly<Record<TermPhase, Appearance>>} */
export const PHASES = {
  forming: { act: "settingUp", words: () => "Four tabs agree to paint together." },
  settingUp: {
    act: "settingUp",
    // What is drawn anew has no name yet; the round of one that goes on may not be known at once.
    words: ({ artist, round }) =>
      round > 0
        ? `The four take up the artist where it was left, at round ${count(round)}.`
        : artist
          ? "The four take up the artist where it was left."
          : "An artist is born: the four draw its first numbers so that none of them ever knows one.",
  },
  ready: {
    act: "ready",
    words: ({ round }) =>
      `${round === 0 ? "The artist is new" : `The artist has ${counted(round, "round", "rounds")} behind it`}. A short rest until all four are ready.`,
  },
  painting: {
    act: "painting",
    words: (term) => `${next(term)}: the four paint together. Each of them sees only noise until they open the pictures.`,
  },
  teaching: {
    act: "teaching",
    words: (term) =>
      `${next(term)}: ${counted(term.teachers.length, "teacher compares", "teachers compare")} the batch with their own pictures and answer in shares. ${answers(term)}`,
  },
  agreeing: { act: "agreeing", words: (term) => `${next(term)}: the four check which answers all of them received.` },
  learning: {
    act: "learning",
    words: (term) =>
      `${next(term)}: one small step towards what the ${counted(term.teachers.length, "teacher’s", "teachers’")} pictures have in common. Nobody sees the answers or their sum.`,
  },
  certifying: { act: "learning", words: (term) => `${next(term)}: the four sign the artist’s new state.` },
  piece: { act: "piece", words: () => "The four paint one piece, large, for everyone to see." },
  signing: { act: "piece", words: () => "The four sign the piece." },
  // An onlooker hears that there is a committee, and not what it does at this moment.
  working: {
    act: "working",
    words: ({ round }) =>
      round > 0 ? `Four tabs are at work. The artist has ${counted(round, "round", "rounds")} behind it.` : "Four tabs are at work.",
  },
};

/** @param {Term} term */
const next = ({ round }) => `Round ${count(round + 1)}`;

/** @param {Term} term */
function answers({ teachers }) {
  const answered = teachers.filter(({ state }) => state === "answered" || state === "counted").length;
  return `${capital(answered === 0 ? "none has answered yet" : `${counted(answered, "has", "have")} answered`)}.`;
}
