/**
 * The visitor's pictures between visits: tiles one after another in a file that only this site can read. All windows of
 * one browser share it, one at a time.
 */

import { SIDE, TILE_BYTES } from "../generated/sizes.js";

const FILE = `pictures-${SIDE}.rgba`;
/** Held by whoever reads or changes the file. */
const LOCK = "abraham-pictures";
/** The folder of the artist, which the wasm module writes; its pieces outlive it. */
const ARTIST = "abraham";
const PIECES = "pieces";

/** Tiles in the file when this window last read or wrote it. */
let seen = 0;

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

/** @param {number} most @returns {Promise<Uint8Array[]>} the tiles; a part of one, left by a write that was cut off, is not */
export function taken(most) {
  return alone(async () => {
    let file;
    try {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle(FILE);
      file = await handle.getFile();
    } catch {
      // None yet, or storage is denied, which saving reports.
      seen = 0;
      return [];
    }
    seen = Math.floor(file.size / TILE_BYTES);
    const count = Math.min(most, seen);
    const bytes = new Uint8Array(await file.slice(0, count * TILE_BYTES).arrayBuffer());
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * TILE_BYTES, (i + 1) * TILE_BYTES));
  });
}

/**
 * Adds tiles, all of them or none.
 *
 * @param {Uint8Array[]} tiles
 * @param {() => boolean} wanted asked once no other window can change the pictures any more
 * @returns {Promise<boolean>} false where they are not wanted, or where another window emptied the file meanwhile
 * @throws {DOMException} where storage is full or denied
 */
export function put(tiles, wanted) {
  return alone(async () => {
    if (!wanted()) return false;
    const handle = await (await navigator.storage.getDirectory()).getFileHandle(FILE, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      const before = Math.floor(access.getSize() / TILE_BYTES);
      if (before < seen) {
        seen = before;
        return false;
      }
      writeAll(access, tiles, before * TILE_BYTES);
      seen = before + tiles.length;
      return true;
    } finally {
      access.close();
    }
  });
}

/** @param {FileSystemSyncAccessHandle} access @param {Uint8Array[]} tiles @param {number} from */
function writeAll(access, tiles, from) {
  let at = from;
  try {
    for (const tile of tiles) {
      const written = access.write(/** @type {Uint8Array<ArrayBuffer>} */ (tile), { at });
      if (written < tile.length) throw new DOMException("The storage took a part of a picture only.", "QuotaExceededError");
      at += written;
    }
    access.flush();
  } catch (error) {
    // What is written in part would be a promise of all.
    access.truncate(from);
    throw error;
  }
}

/** Deletes every picture. For whoever is `alone`. */
export async function clear() {
  let top;
  try {
    top = await navigator.storage.getDirectory();
  } catch (error) {
    // Nothing was ever read or written here, so nothing lies here.
    if (seen === 0) return;
    throw error;
  }
  await remove(top, FILE);
  seen = 0;
}

/** Deletes all that was ever saved of the artist, by earlier versions too, whether or not it can be opened. */
export async function clearArtist() {
  const top = await navigator.storage.getDirectory();
  let artist;
  try {
    artist = await top.getDirectoryHandle(ARTIST);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const names = [];
  for await (const name of artist.keys()) if (name !== PIECES) names.push(name);
  for (const name of names) await remove(artist, name);
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name */
async function remove(folder, name) {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** @param {unknown} error */
const isMissing = (error) => error instanceof DOMException && error.name === "NotFoundError";
