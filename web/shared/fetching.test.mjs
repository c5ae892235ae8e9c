import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Unfetched, faultOf, get, isReason, reasonFor, reasonInWords } from "./fetching.js";

const real = { fetch: globalThis.fetch, navigator: Object.getOwnPropertyDescriptor(globalThis, "navigator") };

/** @param {object} navigator @param {typeof globalThis.fetch} fetch */
function surround(navigator, fetch) {
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  globalThis.fetch = fetch;
}

afterEach(() => {
  globalThis.fetch = real.fetch;
  if (real.navigator) Object.defineProperty(globalThis, "navigator", real.navigator);
});

/** @param {number} status @param {string} type @param {BodyInit} body */
const answer = (status, type = "text/javascript", body = "1") => new Response(body, { status, headers: { "content-type": type } });

test("each bad answer has its own reason, and a good one has none", () => {
  const cases = /** @type {[number, string, string | null][]} */ ([
    [200, "text/javascript", null],
    [200, "application/wasm", null],
    [200, "text/plain", null],
    [200, "text/html; charset=utf-8", "fetch-foreign"],
    [403, "text/html", "fetch-refused"],
    [404, "text/plain", "fetch-missing"],
    [410, "text/plain", "fetch-missing"],
    [429, "text/plain", "fetch-busy"],
    [500, "text/plain", "fetch-failed"],
    [503, "text/html", "fetch-failed"],
    [511, "text/html", "fetch-foreign"],
  ]);
  for (const [status, type, reason] of cases) assert.equal(faultOf(answer(status, type)), reason, `${status} ${type}`);
});

test("no answer is offline where the browser knows it, and a silent server elsewhere", async () => {
  for (const [onLine, code] of [
    [false, "fetch-offline"],
    [true, "fetch-silent"],
  ]) {
    surround({ onLine }, () => Promise.reject(new TypeError("Failed to fetch")));
    await assert.rejects(get("x"), (error) => error instanceof Unfetched && error.code === code);
    assert.equal(await reasonFor(["x"]), code);
  }
});

test("the reason is the first bad part, and blame falls on nobody where all is well", async () => {
  surround({ onLine: true }, (address) => Promise.resolve(answer(address === "good.js" ? 200 : 404)));
  assert.equal(await reasonFor(["good.js", "gone.js"]), "fetch-missing");
  assert.equal(await reasonFor(["good.js"]), "fetch-part");
});

test("a body that ends too soon is cut off", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new TypeError("network error")) });
  surround({ onLine: true }, () => Promise.resolve(answer(200, "text/javascript", body)));
  assert.equal(await reasonFor(["x.js"]), "fetch-cut");
});

test("a service worker is named first, for the page installs none", async () => {
  surround({ onLine: true, serviceWorker: { controller: {} } }, () => Promise.resolve(answer(404)));
  assert.equal(await reasonFor(["x.js"]), "service-worker");
});

test("each reason says what to do, and none that something should not be", () => {
  const codes = ["offline", "silent", "missing", "refused", "busy", "failed", "foreign", "cut", "part"].map((name) => `fetch-${name}`);
  const sentences = [...codes, "service-worker"].map((code) => {
    assert.ok(isReason(code));
    return reasonInWords(code);
  });
  assert.equal(new Set(sentences).size, sentences.length);
  for (const sentence of sentences) assert.match(sentence, /try again|Clear this site/i);
  assert.equal(isReason("internal"), false);
  assert.equal(isReason("toString"), false);
});
