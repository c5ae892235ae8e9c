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
  const { alone } = await import("./shelf.js");
  const done = [];
  let forgotten = false;
  const one = await attending();
  await attending(() => {
    forgotten = true;
    done.push("forgotten");
  });
  const forgetting = one.window.forgetEverywhere(async () => {
    done.push("cleared");
  });
  const writing = alone(async () => {
    done.push(forgotten ? "not written" : "written");
  });
  assert.equal(await forgetting, 0);
  await writing;
  assert.deepEqual(done, ["cleared", "forgotten", "not written"]);
});

test("a browser without storage forgets in memory, and finds nothing to complain of", async () => {
  browser({ denied: true });
  const { window } = await attending();
  let cleared = 0;
  const silent = await window.forgetEverywhere(async () => {
    cleared += 1;
  });
  assert.deepEqual([silent, cleared], [0, 1]);
});
