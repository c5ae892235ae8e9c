import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesInWords, counted, fetchInWords, sentence, timeInWords } from "./words.js";

test("bytes have two or three digits and a unit", () => {
  /** @type {[bytes: number, words: string][]} */
  const cases = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [9_949, "9.9 kB"],
    [9_950, "10 kB"],
    [99_600, "100 kB"],
    [787_112, "787 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [48_000_000, "48 MB"],
    [2_500_000_000_000_000, "2500 TB"],
  ];
  for (const [bytes, words] of cases) assert.equal(bytesInWords(bytes), words);
});

test("nothing, one and many are said as people say them", () => {
  assert.deepEqual([0, 1, 2, 1_234].map((value) => counted(value, "tab", "tabs")), ["0 tabs", "one tab", "2 tabs", "1,234 tabs"]);
  assert.deepEqual([0, 59_400, 61_000, 3_660_000].map(timeInWords), ["0 s", "59 s", "1 min 1 s", "1 h 1 min"]);
});

test("a long fetch says how much is left, once its pace is known", () => {
  assert.equal(fetchInWords({ done: 0, total: 2_500_000, millis: 300 }), "Fetching the artist’s program: 0 bytes of 2.5 MB. Press Stop to cancel.");
  assert.match(fetchInWords({ done: 1_000_000, total: 2_500_000, millis: 10_000 }), /1\.0 MB of 2\.5 MB, 15 s left at this pace/);
  assert.doesNotMatch(fetchInWords({ done: 2_499_000, total: 2_500_000, millis: 10_000 }), /left/);
});

test("only what is a fault of the program sounds like one", () => {
  assert.match(sentence({ code: "internal", message: "x is undefined" }), /went wrong in the program/);
  const codes = ["studio-elsewhere", "studio-closed", "wasm-missing", "wasm-blocked", "wasm-simd-missing", "storage-full", "storage-denied", "fetch-offline"];
  for (const code of codes) assert.doesNotMatch(sentence({ code, message: "You are offline." }), /went wrong/);
});
