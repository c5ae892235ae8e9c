/** What the worker says to the page. */

/** @import { Failure } from "../generated/page.js" */
/** @import { Activity, Event } from "../shared/messages.js" */

/** A failure with a code of the interface. */
export class Fault extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @param {Event} event @param {Transferable[]} [transfer] */
export function tell(event, transfer = []) {
  postMessage(event, transfer);
}

/** @param {Activity} activity */
export function tellActivity(activity) {
  tell({ event: "activity", ...activity });
}

/** @param {unknown} error @returns {Failure} */
export function failure(error) {
  if (error instanceof DOMException) {
    const code = error.name === "QuotaExceededError" ? "storage-full" : "storage-denied";
    return { code, message: error.message };
  }
  if (typeof error === "object" && error !== null && "message" in error) {
    const code = "code" in error && typeof error.code === "string" ? error.code : "internal";
    return { code, message: String(error.message) };
  }
  return { code: "internal", message: String(error) };
}
