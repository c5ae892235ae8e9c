/**
 * The visitor's other windows of this page. They share the pictures on this device: what one is taught, all teach from,
 * and what one forgets, all forget.
 */

import { alone } from "./shelf.js";

/** Each window that has pictures in memory holds a lock of this and its own name. */
const PRESENCE = "abraham-has-pictures-";
const CHANNEL = "abraham-pictures";
/** How long the others may take to forget: one that computes hears nothing until its step is done. */
const PATIENCE_MS = 15_000;

/** @typedef {{ kind: "added" } | { kind: "forget", id: string } | { kind: "forgotten", id: string, window: string }} Word */

/**
 * @typedef {object} Heard what this window does at another's word
 * @property {() => void} added another window put pictures on the shelf
 * @property {() => void} forget another window forgets them all; done when this returns
 */

/**
 * @typedef {object} State
 * @property {BroadcastChannel | null} channel to the others, once this window has pictures
 * @property {string} me this window's name among them
 * @property {(id: string, window: string) => void} answered told of each answer to what this window asked
 */

/** @type {State} */
const state = { channel: null, me: "", answered: () => {} };

/** From now on this window has pictures, and hears the others. @param {Heard} heard */
export async function attend({ added, forget }) {
  if (state.channel) return;
  const me = crypto.randomUUID();
  const channel = new BroadcastChannel(CHANNEL);
  Object.assign(state, { channel, me });
  channel.onmessage = ({ data }) => {
    const word = /** @type {Word} */ (data);
    if (word.kind === "added") added();
    if (word.kind === "forgotten") state.answered(word.id, word.window);
    if (word.kind === "forget") {
      forget();
      say({ kind: "forgotten", id: word.id, window: me });
    }
  };
  try {
    await new Promise((resolve, reject) => {
      navigator.locks
        .request(PRESENCE + me, () => {
          resolve(undefined);
          return new Promise(() => {});
        })
        .catch(reject);
    });
  } catch {
    // A browser that lets the site store nothing has no locks either, and no pictures that windows could share.
  }
}

/** @param {Word} word */
function say(word) {
  state.channel?.postMessage(word);
}

/** Tells the other windows that there are more pictures on the shelf. */
export const sayAdded = () => say({ kind: "added" });

/**
 * Has every other window forget the pictures, and runs `clear` while none of them can write any.
 *
 * @param {() => Promise<void>} clear
 * @param {number} patience ms
 * @returns {Promise<number>} windows that did not answer in time, and so may still have them
 */
export function forgetEverywhere(clear, patience = PATIENCE_MS) {
  return alone(async () => {
    await clear();
    const silent = await others();
    if (silent.size === 0 || !state.channel) return 0;
    const id = crypto.randomUUID();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, patience);
      state.answered = (to, window) => {
        if (to !== id) return;
        silent.delete(window);
        if (silent.size > 0) return;
        clearTimeout(timer);
        resolve(undefined);
      };
      say({ kind: "forget", id });
    });
    state.answered = () => {};
    if (silent.size === 0) return 0;
    // One that was closed meanwhile has nothing any more.
    const left = await others();
    return [...silent].filter((window) => left.has(window)).length;
  });
}

/** @returns {Promise<Set<string>>} the names of the other windows that have pictures */
async function others() {
  try {
    const { held = [] } = await navigator.locks.query();
    const names = held.flatMap(({ name }) => (name?.startsWith(PRESENCE) ? [name.slice(PRESENCE.length)] : []));
    return new Set(names.filter((name) => name !== state.me));
  } catch {
    return new Set();
  }
}
