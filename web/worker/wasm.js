/** The wasm module: fetched when it is first needed, never before. */

import { Fault } from "./talk.js";

/** @import { StudioModule } from "../types/messages.js" */

/** A function that uses one SIMD instruction. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** @type {Promise<StudioModule> | null} */
let loading = null;

/** @returns {Promise<StudioModule>} @throws {Fault} by rejection, where this browser cannot run it */
export function load() {
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
  // Not a literal: the module is built, and does not exist where types are checked.
  const path = "../pkg/abraham_client.js";
  /** @type {StudioModule} */
  const module = await import(path);
  await module.default();
  return module;
}
