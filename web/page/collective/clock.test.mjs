import assert from "node:assert/strict";
import { test } from "node:test";

import { behindOf, correctClock, deviceNow } from "./clock.js";

const HOUR = 3_600_000;

test("a clock that is ahead or behind is found, with the way to the server and back counted", () => {
  const server = 1_800_000_000_000;
  assert.equal(behindOf(server, null, server + 70 * 60_000 - 500, server + 70 * 60_000 + 500), -70 * 60_000);
  assert.equal(behindOf(server, null, server - 1_500 * HOUR, server - 1_500 * HOUR), 1_500 * HOUR);
});

test("a clock that is right enough is left alone", () => {
  assert.equal(behindOf(1_800_000_000_000, null, 1_800_000_010_000, 1_800_000_012_000), 0);
});

test("a server that says no time is asked by the head of its answer, and without one nothing is known", () => {
  const server = Date.parse("Tue, 15 Nov 2033 08:12:31 GMT");
  for (const said of [undefined, null, "soon", Number.NaN, -1]) {
    assert.equal(behindOf(said, "Tue, 15 Nov 2033 08:12:31 GMT", server + HOUR, server + HOUR), -HOUR);
    assert.equal(behindOf(said, null, server, server), 0);
    assert.equal(behindOf(said, "no date", server, server), 0);
  }
});

test("the corrected clock runs beside the device's and can be put back", () => {
  correctClock(-70 * 60_000);
  const corrected = Date.now() - deviceNow();
  correctClock(0);
  assert.ok(Math.abs(corrected + 70 * 60_000) < 1_000);
  assert.ok(Math.abs(Date.now() - deviceNow()) < 1_000);
});
