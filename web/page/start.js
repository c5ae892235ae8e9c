/** What a browser and an address must give before anything else is worth trying. */

/** As the globals of a page are. @typedef {{ isSecureContext: boolean, href: string, WebAssembly: typeof WebAssembly | undefined }} Ground */

/** The smallest module there is. */
const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/**
 * @param {Ground} ground
 * @returns {Promise<string | null>} the sentence for what is missing first, or null where nothing is
 */
export async function lackOf({ isSecureContext, href, WebAssembly }) {
  if (!isSecureContext) {
    const { host } = new URL(href);
    return `This address is not secure: it begins with http. The artist needs functions that browsers allow on https pages only. Open https://${host} instead, or ask whoever runs this server for its https address.`;
  }
  const lacking =
    "The artist needs WebAssembly, and this browser does not run it. A lockdown mode, a setting or a policy may have switched it off. Allow it for this site, or use another browser.";
  if (!WebAssembly) return lacking;
  try {
    await WebAssembly.compile(EMPTY);
    return null;
  } catch {
    return lacking;
  }
}
