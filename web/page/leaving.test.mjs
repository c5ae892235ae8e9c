import assert from "node:assert/strict";
import { test } from "node:test";

import { backOf } from "./leaving.js";

/** A history of entries, with Back as a browser does it. */
function historyOf() {
  const entries = /** @type {unknown[]} */ ([null]);
  return {
    entries,
    get state() {
      return entries.at(-1);
    },
    /** @param {unknown} state */
    pushState(state) {
      entries.push(state);
    },
    back() {
      entries.pop();
    },
  };
}

test("Back asks, and the studio stays where the visitor says so", async () => {
  const history = historyOf();
  let left = 0;
  const back = backOf(history, async () => false, () => (left += 1));
  back.enter();
  history.back();
  await back.moved(history.state);
  assert.equal(left, 0);
  assert.equal(history.entries.length, 2, "the next Back asks again");
});

test("Back leaves where the visitor says yes, and takes its entry away", async () => {
  const history = historyOf();
  let left = 0;
  const back = backOf(history, async () => true, () => (left += 1));
  back.enter();
  history.back();
  await back.moved(history.state);
  assert.equal(left, 1);
  back.left();
  assert.equal(history.entries.length, 1);
  await back.moved(history.state);
  assert.equal(left, 1);
});

test("many presses of Back ask once", async () => {
  const history = historyOf();
  /** @type {(yes: boolean) => void} */
  let answer = () => {};
  let asked = 0;
  const back = backOf(
    history,
    () => {
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    () => {},
  );
  back.enter();
  for (let presses = 0; presses < 3; presses += 1) {
    history.back();
    back.moved(history.state);
  }
  answer(false);
  assert.equal(asked, 1);
});

test("moves outside of the studio are the browser's own, and an entry is added once", async () => {
  const history = historyOf();
  const back = backOf(history, async () => assert.fail("asked"), () => assert.fail("left"));
  await back.moved(null);
  back.enter();
  back.enter();
  assert.equal(history.entries.length, 2);
});
