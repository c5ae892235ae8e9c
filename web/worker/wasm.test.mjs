import assert from "node:assert/strict";
import { test } from "node:test";

import { countBytes } from "./wasm.js";

const told = /** @type {any[]} */ ([]);
Object.assign(globalThis, { postMessage: (/** @type {unknown} */ event) => told.push(event) });

/** @param {number[]} parts lengths @param {boolean} breaks whether the line breaks after them */
function answer(parts, breaks = false) {
  const left = [...parts];
  return new Response(
    new ReadableStream({
      pull(controller) {
        const part = left.shift();
        if (part !== undefined) controller.enqueue(new Uint8Array(part));
        else if (breaks) controller.error(new TypeError("network error"));
        else controller.close();
      },
    }),
  );
}

test("a program that comes whole is counted to its end", async () => {
  await countBytes(answer([400, 600]), 1_000);
});

test("one that is cut off is said to be, whether the line breaks or only ends", async () => {
  for (const cut of [answer([400]), answer([400], true), answer([])]) {
    await assert.rejects(countBytes(cut, 1_000), { code: "fetch-cut" });
  }
});

test("one that is longer than what was built is of another version", async () => {
  await assert.rejects(countBytes(answer([400, 601]), 1_000), { code: "fetch-missing" });
});

test("the page is told how much has come, and not for every part", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => (now += 100));
  told.length = 0;
  await countBytes(answer(Array(20).fill(50)), 1_000);
  assert.ok(told.length > 2 && told.length < 10, `${told.length} words`);
  assert.ok(told.every(({ event, done, total }) => event === "fetching" && done <= total));
});
