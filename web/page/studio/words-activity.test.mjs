import assert from "node:assert/strict";
import { test } from "node:test";

import { activityInWords } from "./words-activity.js";

test("each activity is one sentence with its numbers", () => {
  for (const phase of /** @type {const} */ (["idle", "paused", "saving", "painting"])) assert.match(activityInWords({ phase }), /^[A-Z].+\.$/);
  assert.equal(activityInWords({ phase: "teaching", at: 1_001, of: 2_000 }), "Looking at picture 1,001 of 2,000.");
  assert.match(activityInWords({ phase: "teaching", at: null, of: null }), /flags/);
  assert.equal(
    activityInWords({ phase: "learning", round: 4, paintings: 32, pictures: 261 }),
    "Round 4: the four painters paint 32 pictures, then take one small step towards your 261.",
  );
});
