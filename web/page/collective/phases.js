/** What the living picture shows of the phases of a committee's life, which is also the step of a round that it is. */

/** @import { TermPhase } from "../../generated/page.js" */
/** @import { Act } from "./living/picture.js" */

/** @type {Readonly<Record<TermPhase, Act>>} */
export const ACTS = {
  forming: "settingUp",
  settingUp: "settingUp",
  ready: "ready",
  painting: "painting",
  teaching: "teaching",
  agreeing: "agreeing",
  learning: "learning",
  certifying: "learning",
  piece: "piece",
  signing: "piece",
  // An onlooker hears that there is a committee, and not what it does at this moment.
  working: "working",
};
