import assert from "node:assert/strict";
import { test } from "node:test";

import { deviceInWords } from "./words-device.js";

test("a graphics card is named, and the processor says why there is none", () => {
  const card = deviceInWords({ adapter: "Radeon", refused: null, detail: null });
  assert.deepEqual(card, { name: "Radeon", why: "It computes exactly what the processor would.", detail: "" });
  for (const refused of /** @type {const} */ (["switched-off", "no-adapter", "refused", "software", "disagrees", "failed", "lost"])) {
    const { name, why, detail } = deviceInWords({ adapter: null, refused, detail: "as the driver says" });
    assert.deepEqual([name, detail], ["the processor", "as the driver says"]);
    assert.match(why, /^[A-Z].+\.$/, refused);
  }
});
