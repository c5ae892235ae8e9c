import assert from "node:assert/strict";
import { test } from "node:test";

import { lostInWords, welcomeInWords } from "../words.js";
import { leftInWords, promiseInWords, replacedInWords, silentInWords, unsavedInWords } from "./words-keeping.js";

const note = { round: 1_205, pictures: 20, pieces: 2 };

test("who comes back is told what is here, or that it is here no longer", () => {
  assert.match(welcomeInWords(note), /is here, at round 1,205\. You kept 2 pieces\./);
  assert.match(welcomeInWords({ ...note, round: 0, pieces: 0 }), /not learned yet\. It sleeps/);
  for (const text of [lostInWords(note), replacedInWords(note)]) {
    assert.match(text, /no longer on this device: the browser removed it/);
    assert.match(text, /round 1,205/);
    assert.match(text, /no other copy/);
    assert.doesNotMatch(text, /is here/);
  }
  assert.doesNotMatch(lostInWords({ ...note, round: 0, pieces: 0 }), /round|beside/);
});

test("the browser's answer is told as it is", () => {
  assert.match(promiseInWords(true), /promised to keep/);
  assert.match(promiseInWords(false), /promises nothing/);
});

test("pictures that the device did not take are counted, with the reason", () => {
  assert.equal(unsavedInWords(0, null), null);
  assert.match(unsavedInWords(1, "storage-full") ?? "", /^One of them is in this tab only.*full/);
  assert.match(unsavedInWords(20, "storage-denied") ?? "", /^20 of them are in this tab only.*does not let/);
});

test("windows that did not forget are told, and what a deletion leaves", () => {
  assert.equal(silentInWords(0), null);
  assert.match(silentInWords(1) ?? "", /^One other window of yours does not answer.*Close it/);
  assert.match(silentInWords(2) ?? "", /^2 other windows of yours do not answer.*Close them/);
  assert.match(leftInWords(0), /Nothing of them is left/);
  assert.match(leftInWords(3), /3 pieces that you kept stay on this device.*“Your pieces”/);
});
