/** What the worker does with the visitor's own artist, in words. */

import { UNTAUGHT } from "./words-studio.js";
import { count, counted } from "../../shared/words.js";

/** @import { Activity } from "../../shared/messages.js" */

/** @param {Activity} activity */
export function activityInWords(activity) {
  switch (activity.phase) {
    case "idle":
      return UNTAUGHT;
    case "paused":
      return "Paused. Nothing is being computed.";
    case "saving":
      return "Saving the four painters’ shares on this device.";
    case "painting":
      return "The four painters paint one piece together.";
    case "teaching":
      return activity.at === null || activity.of === null
        ? "Fetching the 270 flags."
        : `Looking at picture ${count(activity.at)} of ${count(activity.of)}.`;
    case "learning":
      return `Round ${count(activity.round)}: the four painters paint ${counted(activity.paintings, "picture", "pictures")}, then take one small step towards your ${count(activity.pictures)}.`;
  }
}

/** What a tab does that learns nothing by itself. @param {boolean} taken whether the collective has it */
export const togetherInWords = (taken) => (taken ? "At work with the others." : "Here for the collective.");
