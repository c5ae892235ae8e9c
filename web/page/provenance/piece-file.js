/** Files that may be pieces: found by their first bytes, so that other pictures cost nothing. */

import { MAX_PIECE_FILE_BYTES } from "../../generated/sizes.js";

/** Bytes in which a piece says that it is one: its record and its source lie before the picture. */
const HEAD_BYTES = 64 * 1024;
/** The keyword of the record. */
const MARK = "abraham-provenance";

/**
 * The bytes of a file that says that it is a piece, else null.
 *
 * @param {Blob | null | undefined} file
 * @returns {Promise<Uint8Array | null>}
 */
export async function pieceIn(file) {
  if (!file || file.size > MAX_PIECE_FILE_BYTES) return null;
  try {
    const head = new TextDecoder("latin1").decode(await file.slice(0, HEAD_BYTES).arrayBuffer());
    if (head.slice(1, 4) !== "PNG" || !head.includes(MARK)) return null;
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    // It cannot be read: whoever wanted it says so.
    return null;
  }
}
