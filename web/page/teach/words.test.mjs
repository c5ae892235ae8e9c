import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { askingInWords, askingLines, lessonInWords, linesOf, nothingInWords, refusalInWords, summaryOf } from "./words.js";

/** @import { Refusal, Teaching } from "../../shared/messages.js" */

/** @param {Partial<Teaching>} some @returns {Teaching} */
const teaching = (some) => ({
  done: 0,
  total: 0,
  used: 0,
  copies: 0,
  unlooked: 0,
  beyond: 0,
  leftovers: 0,
  beside: 0,
  refused: [],
  refusedCount: 0,
  notes: [],
  reserved: [],
  reservedCount: 0,
  ...some,
});
const texts = (some) => linesOf(teaching(some)).map(({ text }) => text);

test("every reason that the decoder and the worker name has a sentence that says what it is", () => {
  const rust = readFileSync(new URL("../../../client-wasm/decoder/src/names.rs", import.meta.url), "utf8");
  const [, named = ""] = rust.match(/pub enum Refusal {(.*?)\n}/s) ?? [];
  const given = [...named.matchAll(/= "([a-z0-9-]+)"/g)].map(([, name]) => name);
  assert.ok(given.length >= 15);
  const all = /** @type {Refusal[]} */ ([...given, "gone", "too-slow", "too-much"]);
  for (const why of all) assert.match(refusalInWords({ path: "a.jpg", why }), /^[a-z].*[.)]$/, why);
});

test("a sentence says what to do, and HEIC under another name is explained", () => {
  assert.match(refusalInWords({ path: "IMG_1.HEIC", why: "heic" }), /HEIC, the format of iPhone photos.*JPEG or PNG/);
  assert.match(refusalInWords({ path: "IMG_1.jpg", why: "heic" }), /HEIC under another name.*export it as JPEG/);
  assert.match(refusalInWords({ path: "a.png", why: "too-large", megapixels: 4_291 }), /4,291 megapixels/);
  assert.match(refusalInWords({ path: "a.jpg", why: "ends-too-soon" }), /ends too soon/);
  assert.match(refusalInWords({ path: "a.jpg", why: "gone" }), /moved, deleted or changed/);
});

test("copies, what is beyond, and what was skipped take a line each", () => {
  assert.deepEqual(texts({ used: 1, copies: 15 }), ["15 pictures are copies of others. Copies count once."]);
  assert.deepEqual(texts({ copies: 1 }), ["One picture is a copy of pictures it already has. Copies count once."]);
  assert.deepEqual(texts({ used: 2_000, beyond: 100 }), ["The limit is 2,000 pictures, so 100 files were not read."]);
  assert.deepEqual(texts({ leftovers: 11, beside: 3 }), [
    "3 notes and sidecars next to the pictures were skipped.",
    "11 hidden or system files were skipped.",
  ]);
  assert.deepEqual(texts({ refusedCount: 150, refused: [{ path: "a", why: "clear" }] }).at(-1), "And 149 more.");
});

test("the summary counts files and remarks apart", () => {
  const some = teaching({ refusedCount: 2, refused: [{ path: "a", why: "clear" }], copies: 3, notes: [{ path: "b", frame: "first" }] });
  assert.equal(summaryOf(some, linesOf(some)), "2 files were left out, 2 remarks");
  const none = teaching({});
  assert.equal(summaryOf(none, linesOf(none)), "");
});

test("what asks not to be learnt from is named with who asks, and a yes is asked for", () => {
  const lines = askingLines({ reserved: [{ path: "a.jpg", by: "plus" }, { path: "b.png", by: "c2pa" }], reservedCount: 3 });
  assert.deepEqual(lines.map(({ kind }) => kind), ["plus", "c2pa", "unnamed"]);
  assert.match(askingInWords(3), /3 files ask not to be learned from.*not taught/);
  assert.match(askingInWords(1), /^One file asks/);
});

test("what is read out has every count", () => {
  assert.equal(lessonInWords(teaching({ used: 1 })), "One picture was added.");
  assert.equal(
    lessonInWords(teaching({ used: 20, copies: 2, refusedCount: 1, reservedCount: 1 })),
    "20 pictures were added, 2 were copies, one file was left out, one asks not to be learned from.",
  );
});

test("an empty folder, and one with nothing but leftovers, are told apart", () => {
  assert.match(nothingInWords({ leftovers: 0, beside: 0 }), /An empty folder/);
  assert.match(nothingInWords({ leftovers: 3, beside: 0 }), /no pictures/);
});
