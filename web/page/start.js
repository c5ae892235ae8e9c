/** What a browser and an address must give before anything else is worth trying. */

import { NO_WEBASSEMBLY, notSecureInWords } from "./words.js";

/** As the globals of a page are. @typedef {{ isSecureContext: boolean, href: string, WebAssembly: typeof WebAssembly | undefined }} Ground */

/** The smallest module there is. */
const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/**
 * @param {Ground} ground
 * @returns {Promise<string | null>} the sentence for what is missing first, or null where nothing is
 */
export async function lackOf({ isSecureContext, href, WebAssembly }) {
  if (!isSecureContext) return notSecureInWords(new URL(href).host);
  if (!WebAssembly) return NO_WEBASSEMBLY;
  try {
    await WebAssembly.compile(EMPTY);
    return null;
  } catch {
    return NO_WEBASSEMBLY;
  }
}
