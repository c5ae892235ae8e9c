/**
 * Why a part of the page did not come, in codes of the interface and in words. For the page and its worker, and small:
 * it is loaded before the first click, for later may be too late.
 */

/** What each reason is for a person, and what to do. */
const REASONS = /** @type {const} */ ({
  "fetch-offline": "This device is offline, so part of this page could not be loaded. Connect it, then try again.",
  "fetch-silent": "The server does not answer, so part of this page could not be loaded. Are you offline? Check your connection, then try again.",
  "fetch-missing": "The server no longer has part of this page, perhaps because it was updated. Reload the page, then try again.",
  "fetch-refused": "The server, or a filter in your network, refuses to send part of this page. Try another network, or try again later.",
  "fetch-busy": "The server gets too many requests from your network. Wait a few seconds, then try again.",
  "fetch-failed": "The server has a problem and could not send part of this page. Try again in a few minutes.",
  "fetch-foreign":
    "Something else answers in place of the server, perhaps your network’s sign-in page. Sign in to the network, reload this page, then try again.",
  "fetch-cut": "Part of this page arrived incomplete. Check your connection, then try again.",
  "fetch-part": "The server answers, but part of this page could not be loaded. An extension may block it. Reload the page, then try again.",
  "service-worker":
    "A program that another page left in this browser (a service worker) answers in place of the server. Clear this site’s data in the browser’s settings, or open this page in a private window.",
});

/** @typedef {keyof typeof REASONS} Reason */

/** @param {Reason} reason */
export const reasonInWords = (reason) => REASONS[reason];

/** @param {string} code @returns {code is Reason} */
export const isReason = (code) => Object.hasOwn(REASONS, code);

/** What of the page did not come, with the reason as its code and its sentence as its message. */
export class Unfetched extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(REASONS[reason]);
    this.code = reason;
  }
}

/**
 * What is wrong with an answer, as far as its head tells.
 *
 * @param {Pick<Response, "ok" | "status" | "headers">} answer
 * @returns {Reason | null} null where nothing is
 */
export function faultOf({ ok, status, headers }) {
  if (status === 404 || status === 410) return "fetch-missing";
  if (status === 429) return "fetch-busy";
  if (status === 511) return "fetch-foreign";
  if (status >= 500) return "fetch-failed";
  if (!ok) return "fetch-refused";
  // Nothing that is fetched by a script of this page is a page.
  if (/^text\/html\b/i.test(headers.get("content-type") ?? "")) return "fetch-foreign";
  return null;
}

/**
 * Fetches, and says why where it cannot.
 *
 * @param {string | URL} address
 * @param {RequestInit} [how]
 * @returns {Promise<Response>} whose status is good and that is no page
 * @throws {Unfetched} by rejection
 */
export async function get(address, how) {
  let answer;
  try {
    answer = await fetch(address, how);
  } catch {
    throw new Unfetched(navigator.onLine ? "fetch-silent" : "fetch-offline");
  }
  const fault = faultOf(answer);
  if (fault) throw new Unfetched(fault);
  return answer;
}

/**
 * Looks for the reason why a part of the page did not load, which browsers do not tell.
 *
 * @param {(string | URL)[]} addresses of that part
 * @returns {Promise<Reason>}
 */
export async function reasonFor(addresses) {
  // This page installs none, so one that is there is another's.
  if ("serviceWorker" in navigator && navigator.serviceWorker?.controller) return "service-worker";
  for (const address of addresses) {
    try {
      const answer = await get(address, { cache: "no-store" });
      await answer.arrayBuffer();
    } catch (error) {
      return error instanceof Unfetched ? error.code : "fetch-cut";
    }
  }
  return "fetch-part";
}
