/** The visitor's pictures between visits: tiles one after another in a file that only this site can read. */

import { SIDE } from "./pictures.js";

const FILE = `pictures-${SIDE}.rgba`;
const TILE_BYTES = SIDE * SIDE * 4;
/** The folder of the artist, which the wasm module writes; its pieces outlive it. */
const ARTIST = "abraham";
const PIECES = "pieces";

/** @param {number} most @returns {Promise<Uint8Array[]>} the tiles; a part of one, left by a write that was cut off, is not */
export async function taken(most) {
  let file;
  try {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle(FILE);
    file = await handle.getFile();
  } catch {
    // None yet, or storage is denied, which saving reports.
    return [];
  }
  const count = Math.min(most, Math.floor(file.size / TILE_BYTES));
  const bytes = new Uint8Array(await file.slice(0, count * TILE_BYTES).arrayBuffer());
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * TILE_BYTES, (i + 1) * TILE_BYTES));
}

/** Adds tiles. @param {Uint8Array[]} tiles @throws {DOMException} where storage is full or denied */
export async function put(tiles) {
  if (tiles.length === 0) return;
  const handle = await (await navigator.storage.getDirectory()).getFileHandle(FILE, { create: true });
  const access = await handle.createSyncAccessHandle();
  try {
    let at = Math.floor(access.getSize() / TILE_BYTES) * TILE_BYTES;
    for (const tile of tiles) at += access.write(/** @type {Uint8Array<ArrayBuffer>} */ (tile), { at });
    access.flush();
  } finally {
    access.close();
  }
}

/** Deletes every picture. */
export async function clear() {
  await remove(await navigator.storage.getDirectory(), FILE);
}

/** Deletes an artist that the wasm module cannot open, and so cannot delete. */
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
