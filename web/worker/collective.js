/** This tab's part in the collective: what the wasm module's member says and does, with a studio or without. */

import * as lessons from "./lessons.js";
import * as solo from "./solo.js";
import { tell } from "./talk.js";
import { load } from "./wasm.js";

/** @import { MemberEvent, WebGpu } from "../generated/page.js" */
/** @import { Member } from "../pkg/abraham_client.js" */

/**
 * One membership, from joining to leaving; what an earlier one still says is dropped.
 *
 * @typedef {object} Membership
 * @property {Member | null} member once it has joined
 */

/** @type {Membership | null} */
let current = null;

/**
 * Becomes a member; an earlier membership ends.
 *
 * @param {MessagePort} port to the window's network node
 * @param {number} share of the time that rounds may take
 * @param {WebGpu} webgpu
 */
export async function join(port, share, webgpu) {
  await leave();
  /** @type {Membership} */
  const mine = { member: null };
  current = mine;
  const module = await load();
  // Pictures that another tab of this visitor was taught are this visitor's to teach here, too.
  await solo.beginLessons(module);
  const joined = await module.Member.join({ webgpu, share }, lessons.taught(), port, (event) => {
    if (current === mine) handleEvent(event);
  });
  if (current === mine) mine.member = joined;
  else await joined.leave();
}

/** @param {MemberEvent} event */
function handleEvent(event) {
  if (event.event === "collective") {
    const { term, role, why } = event.snapshot;
    // One artist at a time: while this tab paints or teaches for the collective, its own rests. It rests during an
    // election, too: four that are busy with rounds of their own do not answer in time.
    if (why === "electing" || (term && (role === "painter" || role === "teacher"))) solo.hold("collective");
    else solo.release("collective");
  }
  if (event.event === "collectiveBatch") tell(event, [event.tiles.buffer]);
  else tell(event);
}

/** @param {number} share of the time that rounds may take @param {boolean} resting */
export async function pace(share, resting) {
  current?.member?.pace(share, resting);
}

/** Begins another artist beside one that waits, once four want that; or no longer. @param {boolean} begins */
export async function beginAnother(begins) {
  current?.member?.beginAnother(begins);
}

/** Says goodbye. */
export async function leave() {
  const leaving = current?.member;
  current = null;
  try {
    await leaving?.leave();
  } finally {
    leaving?.free();
    solo.release("collective");
  }
}
