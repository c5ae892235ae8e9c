/** This visit, from donating the tab to stopping: its worker, and who has the tab. */

/** @import { OpenOptions } from "../generated/page.js" */
/** @import { StudioClient } from "./client.js" */

/**
 * @typedef {object} Visit
 * @property {StudioClient | null} client the line to the worker, from waking to stopping
 * @property {Partial<OpenOptions>} options with which the artist was woken, and is woken again
 * @property {boolean} awake whether the worker has begun, so that there may be something to save
 * @property {boolean} guest whether another tab has the studio, so that this one is here for the collective only
 * @property {boolean} taken whether the collective has this tab, so that the visitor's own artist rests
 */

/** @type {Visit} */
export const visit = { client: null, options: {}, awake: false, guest: false, taken: false };
