/** The pieces that the visitor keeps on this device, from the solo studio and from the collective. */

import { saveBeside } from "./solo.js";
import { load } from "./wasm.js";

/** @import { Checked, Piece } from "../generated/page.js" */

/** @param {Uint8Array} png a picture file @returns {Promise<Checked>} */
export async function check(png) {
  return (await load()).checkPiece(png);
}

/** @param {Uint8Array} png @returns {Promise<string>} its name */
export async function keep(png) {
  const id = await (await load()).keepPiece(png);
  await saveBeside();
  return id;
}

/** @returns {Promise<Piece[]>} the latest first */
export async function pieces() {
  return (await load()).keptPieces();
}

/** @param {string} id */
export async function remove(id) {
  await (await load()).deletePiece(id);
}
