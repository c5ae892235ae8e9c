/** The visitor's pictures between visits. All windows of one browser share them, one at a time. */

import { load } from "./wasm.js";

/** @import { Shelf } from "../pkg/abraham_client.js" */

/** Held by whoever reads or changes the pictures on this device. */
const LOCK = "abraham-pictures";

/** What this window knows of them. @type {Shelf | null} */
let shelf = null;

async function opened() {
  const { Shelf } = await load();
  shelf ??= new Shelf();
  return shelf;
}

/**
 * Runs `work` while no other window reads or changes the pictures.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(work) {
  let begun = false;
  try {
    return await navigator.locks.request(LOCK, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    // A browser that lets the site store nothing has no locks either, and no pictures that windows could share.
    if (!begun && error instanceof DOMException && error.name === "SecurityError") return work();
    throw error;
  }
}

/** @param {number} most @returns {Promise<Uint8Array[]>} the tiles */
export function taken(most) {
  return alone(async () => (await opened()).taken(most));
}

/**
 * Adds tiles, all of them or none.
 *
 * @param {Uint8Array[]} tiles
 * @param {() => boolean} wanted asked once no other window can change the pictures any more
 * @returns {Promise<boolean>} false where they are not wanted, or where another window removed all meanwhile
 * @throws {Error} by rejection, where storage is full or denied
 */
export function put(tiles, wanted) {
  return alone(async () => {
    const place = await opened();
    return wanted() && place.put(tiles);
  });
}

/** Deletes every picture. For whoever is `alone`. */
export async function clear() {
  await (await opened()).clear();
}
