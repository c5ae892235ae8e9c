/** The wasm module: fetched when it is first needed, never before. */

import { Unfetched, get, reasonFor } from "../shared/fetching.js";
import { Fault, tell } from "./talk.js";

/** The artist's program. @typedef {typeof import("../pkg/abraham_client.js")} Program */

const PROGRAM = new URL("../pkg/abraham_client.js", import.meta.url);

/** A function that uses one SIMD instruction. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** @type {Promise<Program> | null} */
let loading = null;

/** Between two words on how much has come. */
const TOLD_EVERY_MS = 250;

/** @returns {Promise<Program>} @throws {Fault | Unfetched} by rejection, where this browser cannot run it, or it does not come */
export function load() {
  if (typeof WebAssembly === "undefined") {
    return Promise.reject(new Fault("wasm-missing", "This browser runs no WebAssembly in workers."));
  }
  if (!WebAssembly.validate(SIMD)) {
    return Promise.reject(new Fault("wasm-simd-missing", "This browser lacks WebAssembly SIMD."));
  }
  loading ??= fetched().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function fetched() {
  /** @type {Program} */
  let module;
  try {
    module = await import("../pkg/abraham_client.js");
  } catch {
    throw new Unfetched(await reasonFor([PROGRAM]));
  }
  const answer = await get(module.program);
  // A copy is counted, for browsers keep what they compiled of an answer of the network itself.
  const counting = countBytes(answer.clone(), module.programBytes);
  // Looked at only where starting fails.
  counting.catch(() => {});
  try {
    await module.default({ module_or_path: answer });
  } catch (error) {
    await counting;
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    // What came is whole, and yet the browser does not take it.
    throw new Fault("wasm-blocked", error.message);
  }
  return module;
}

/**
 * Counts an answer's bytes as they come, with a word to the page on how many are left.
 *
 * @param {Response} answer
 * @param {number} total
 * @throws {Unfetched} by rejection, where some are missing
 */
export async function countBytes(answer, total) {
  const began = performance.now();
  let done = 0;
  // By the clock and not by what comes, for a line may stand still.
  const telling = setInterval(() => {
    tell({ event: "fetching", done: Math.min(done, total), total, millis: performance.now() - began });
  }, TOLD_EVERY_MS);
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) done += part.value.length;
  } catch {
    throw new Unfetched("fetch-cut");
  } finally {
    clearInterval(telling);
  }
  if (done < total) throw new Unfetched("fetch-cut");
  // More than was built is not what was built.
  if (done > total) throw new Unfetched("fetch-missing");
}
