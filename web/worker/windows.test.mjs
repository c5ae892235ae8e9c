import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser } from "./stand-in.test.mjs";

/** @typedef {typeof import("./windows.js")} Windows */

let windows = 0;

/** A window of the visitor: a module of its own. @returns {Promise<Windows>} */
function open() {
  windows += 1;
  return import(`./windows.js?${windows}`);
}

/** A window that has pictures, and counts what it hears. @param {() => void} [forget] */
async function attending(forget = () => {}) {
  const window = await open();
  const heard = { added: 0, forgotten: 0 };
  await window.attend({
    added: () => (heard.added += 1),
    forget: () => {
      heard.forgotten += 1;
      forget();
    },
  });
  return { window, heard };
}

beforeEach(() => browser());

test("forgetting in one window reaches every other, before it is said to be done", async () => {
  const [one, two, three] = [await attending(), await attending(), await attending()];
  let cleared = 0;
  const silent = await one.window.forgetEverywhere(async () => {
    cleared += 1;
  });
  assert.deepEqual([silent, cleared], [0, 1]);
  assert.deepEqual([one, two, three].map(({ heard }) => heard.forgotten), [0, 1, 1]);
});

test("a window that does not answer is counted, one that was closed is not", async () => {
  const { closeAll } = browser();
  const one = await attending();
  await attending(() => {
    throw new Error("frozen");
  });
  assert.equal(await one.window.forgetEverywhere(async () => {}, 20), 1);
  const closing = await attending(() => {
    closeAll();
    throw new Error("closed");
  });
  assert.ok(closing);
  assert.equal(await one.window.forgetEverywhere(async () => {}, 20), 0);
});

test("pictures that one window adds are heard of by the others", async () => {
  const [one, two] = [await attending(), await attending()];
  one.window.sayAdded();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([one.heard.added, two.heard.added], [0, 1]);
});

test("nobody writes pictures while they are being forgotten, and what was on its way is not written after", async () => {
  const { files } = browser();
  const shelf = await import("./shelf.js");
  const tile = new Uint8Array(32 * 32 * 4);
  let forgotten = false;
  const one = await attending();
  await attending(() => {
    forgotten = true;
  });
  assert.equal(await shelf.put([tile, tile], () => true), true);
  const forgetting = one.window.forgetEverywhere(shelf.clear);
  const writing = shelf.put([tile], () => !forgotten);
  assert.equal(await forgetting, 0);
  assert.equal(await writing, false);
  assert.equal(files.size, 0);
});

test("a window that missed the word writes nothing beside what is gone", async () => {
  const { files } = browser();
  const shelf = await import("./shelf.js");
  const tile = new Uint8Array(32 * 32 * 4);
  await shelf.put([tile, tile], () => true);
  files.clear();
  assert.equal(await shelf.put([tile], () => true), false);
  assert.equal(await shelf.put([tile], () => true), true, "what is taught after that is kept");
});

test("tiles are put on the shelf whole or not at all", async () => {
  const { files, limit } = browser();
  const shelf = await import("./shelf.js");
  await shelf.clear();
  const tile = new Uint8Array(32 * 32 * 4).fill(7);
  await shelf.put([tile], () => true);
  limit(4096 * 2 + 100);
  await assert.rejects(shelf.put([tile, tile], () => true), { name: "QuotaExceededError" });
  assert.deepEqual([...files.values()].map(({ length }) => length), [4096]);
  assert.equal((await shelf.taken(100)).length, 1);
});

test("a browser without storage forgets in memory, and finds nothing to complain of", async () => {
  browser({ denied: true });
  const shelf = await import("./shelf.js");
  assert.deepEqual(await shelf.taken(100), []);
  const { window } = await attending();
  assert.equal(await window.forgetEverywhere(shelf.clear), 0);
  await assert.rejects(shelf.put([new Uint8Array(4096)], () => true), { name: "SecurityError" });
});
