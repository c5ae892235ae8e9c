/** What is said between waking the visitor's own artist and stopping it. No page in here. */

import { MIN_SOLO_PICTURES } from "../../generated/sizes.js";
import { bytesInWords, capital, count, counted, stageOfLearning } from "../../shared/words.js";

/** @import { Round } from "../../generated/page.js" */

export const WAKING = "Waking your own artist. The first time, its four shares are drawn at random, so that no painter ever knows a number.";
/** The artist is awake, and nobody teaches it. */
export const UNTAUGHT = "Awake, and waiting to be taught.";
export const AWAKE = "Your own artist is awake.";

/** While the collective has this tab. @param {number} round of the visitor's own artist */
export const restingInWords = (round) =>
  round > 0
    ? `Your own artist rests at round ${count(round)} while this tab works with the others. It continues when they no longer need this tab.`
    : "Your own artist sleeps while this tab works with the others.";

export const ROUND_REFUSED = "This round changed nothing: its step was so large that it could have spoilt the artist.";

/** @param {boolean} awake whether there may be something to save */
export const stoppingInWords = (awake) =>
  awake ? "Stopping: saying goodbye to the others, and saving your own artist on this device." : "Stopping: saying goodbye to the others.";

export const NOT_SAVED = "The artist could not be saved on this device, so what it learned since the last save is gone.";

/** Asked before the artist is deleted. */
export const DELETE_ARTIST = {
  title: "Delete this artist?",
  text: "Its four shares and your pictures are deleted from this device. There is no undo, and no other copy. The pieces that you kept stay.",
  yes: "Delete it",
  no: "Keep it",
};

export const DELETING = "Saying goodbye to the others, and deleting your own artist.";

/** Asked before Back gives up a seat. */
export const LEAVE_SEAT = {
  title: "Give up your seat?",
  text: "This tab is one of the four painters. When it leaves, the other three wait for another tab. Your own artist is saved on this device.",
  yes: "Give it up",
  no: "Stay",
};

/** Asked before Back leaves the studio. */
export const LEAVE_STUDIO = {
  title: "Leave the studio?",
  text: "This tab stops working, and your own artist is saved on this device.",
  yes: "Leave",
  no: "Stay",
};

/** The artist is open in another tab. */
export const ELSEWHERE = "Your artist is awake, in another tab.";

/** In place of the batch. @param {number} tiles @param {number} round */
export const batchForEars = (tiles, round) => `${count(tiles)} small pictures that the artist painted in round ${count(round)}.`;

/** Below the batch. @param {number} tiles @param {number} round @param {number | null} pace rounds a minute, where it is known */
export const batchInWords = (tiles, round, pace) => `${count(tiles)} paintings of round ${count(round)}. ${stageOfLearning(round, pace)}`;

/** @param {number} missing pictures */
export const missingInWords = (missing) =>
  `${capital(counted(missing, "more picture", "more pictures"))}, and it starts to learn. With fewer than ${MIN_SOLO_PICTURES} it would learn them by heart.`;

/** What the painters sent each other. @param {Round} round @param {number} total bytes since the artist was woken */
export const exchangeInWords = ({ bytes, protocolRounds }, total) =>
  `${bytesInWords(bytes)} this round, in ${protocolRounds} exchanges. ${bytesInWords(total)} since you woke it.`;
