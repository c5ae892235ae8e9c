import assert from "node:assert/strict";
import { test } from "node:test";

import { lackOf } from "./start.js";

const good = { isSecureContext: true, href: "https://abraham.test/", WebAssembly };

test("a browser and an address that have everything lack nothing", async () => {
  assert.equal(await lackOf(good), null);
});

test("plain http on a name is said first, with the address to take", async () => {
  const lack = await lackOf({ ...good, isSecureContext: false, href: "http://abraham.test:8080/?a", WebAssembly: undefined });
  assert.match(lack ?? "", /not secure.*https:\/\/abraham\.test:8080/);
});

test("no WebAssembly, or one that compiles nothing, is named, and the connection is not blamed", async () => {
  const blocked = { compile: () => Promise.reject(new Error("blocked by a policy")) };
  for (const WebAssembly of [undefined, blocked]) {
    const lack = await lackOf({ ...good, WebAssembly: /** @type {any} */ (WebAssembly) });
    assert.match(lack ?? "", /needs WebAssembly/);
    assert.doesNotMatch(lack ?? "", /connection|server/);
  }
});
