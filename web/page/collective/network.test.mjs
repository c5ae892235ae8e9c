import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Unfetched } from "../../shared/fetching.js";
import { isWalledIn, understands, whyNoSettings } from "./network.js";

test("an old page and a new server do not take each other for the same", () => {
  assert.equal(understands("abraham/4", ["abraham/4"]), true);
  assert.equal(understands("abraham/3", ["abraham/4"]), false);
  assert.equal(understands(undefined, ["abraham/4"]), true, "what is not known is no reason");
  assert.equal(understands("abraham/3", []), true);
});

test("each way in which the server does not answer has its own title, and says what to do", () => {
  const reasons = /** @type {const} */ (["fetch-offline", "fetch-silent", "fetch-foreign", "fetch-failed"]);
  const titles = reasons.map((reason) => {
    const { title, why } = whyNoSettings(new Unfetched(reason));
    assert.match(why, /try again/i);
    return title;
  });
  assert.equal(new Set(titles).size, titles.length);
  assert.match(whyNoSettings(new SyntaxError("Unexpected token <")).why, /cannot be understood/);
});

/** A browser's connection that finds these candidates. @param {(string | null)[]} candidates null ends the list */
function finding(candidates) {
  let closed = 0;
  class Connection {
    /** @type {(event: { candidate: { candidate: string } | null }) => void} */
    onicecandidate = () => {};
    createDataChannel() {}
    createOffer() {
      return Promise.resolve({});
    }
    async setLocalDescription() {
      for (const candidate of candidates) {
        setImmediate(() => this.onicecandidate({ candidate: candidate === null ? null : { candidate } }));
      }
    }
    close() {
      closed += 1;
    }
  }
  Object.assign(globalThis, { RTCPeerConnection: Connection });
  return () => closed;
}

afterEach(() => Reflect.deleteProperty(globalThis, "RTCPeerConnection"));

test("a browser that finds no way to others is walled in, and one that finds any is not", async () => {
  for (const [candidates, walled] of /** @type {const} */ ([
    [[null], true],
    [["", null], true],
    [["candidate:1 1 udp 1 a.local 9 typ host", null], false],
    [["candidate:1 1 udp 1 192.0.2.1 9 typ relay"], false],
  ])) {
    const closed = finding([...candidates]);
    assert.equal(await isWalledIn([]), walled, String(candidates));
    assert.equal(closed(), 1);
  }
});

test("a browser that cannot be asked is not called walled in", async () => {
  assert.equal(await isWalledIn([]), false);
});
