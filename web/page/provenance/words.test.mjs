import assert from "node:assert/strict";
import { test } from "node:test";

import { hungInWords, verdictInWords } from "./words.js";

/** @import { PieceRecord, Verdict } from "../../generated/page.js" */

/** @param {number} signatures */
const record = (signatures) => /** @type {PieceRecord} */ ({ signatures: new Array(signatures).fill({}) });

/** @type {Exclude<Verdict, "intact">[]} */
const FAULTS = ["older", "no-record", "record", "picture", "content", "signature", "signature-count", "painter-twice", "damaged", "too-long"];

test("only a whole piece is called checked", () => {
  assert.match(verdictInWords({ verdict: "intact", record: record(4), text: "" }, false), /four painters, checked here/);
  assert.match(verdictInWords({ verdict: "intact", record: record(1), text: "" }, false), /the tab that painted it, checked here/);
  for (const signatures of [1, 4]) {
    const words = verdictInWords({ verdict: "intact", record: record(signatures), text: "" }, true);
    assert.match(words, /checked here/);
    assert.doesNotMatch(words, /by four painters|the tab that painted/, "anyone can make four keys");
  }
  for (const verdict of FAULTS) {
    const words = verdictInWords({ verdict, record: record(4), text: "" }, false);
    assert.match(words, /\.$/, verdict);
    assert.doesNotMatch(words, /checked here/, verdict);
  }
});

test("what hangs says its round and who painted it", () => {
  assert.equal(hungInWords(1_200, true), "Round 1,200, by the collective");
  assert.equal(hungInWords(0, false), "Round 0");
  assert.equal(hungInWords(null, false), "Without a readable record");
});
