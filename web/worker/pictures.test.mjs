import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { MAX_FILE_BYTES, SIDE } from "../generated/sizes.js";
import { Interrupted, Refusal, cut, decode, decoderFailed, renew, rest } from "./pictures.js";

/** Decoders that the window was asked to begin. @type {Decoder[]} */
let begun = [];

/** Stands in for the worker that decodes, and for its end of the port. */
class Decoder {
  ended = false;
  asked = [];

  constructor(near) {
    this.near = near;
  }

  says(data) {
    this.near.onmessage({ data });
  }
}
/** Delivers at once what node's own would deliver later. */
// @ts-expect-error It has of a channel what is used.
globalThis.MessageChannel = class {
  port1 = { onmessage: null, postMessage: (request) => this.port2.asked.push(request), close: () => {} };
  port2 = new Decoder(this.port1);
};
globalThis.postMessage = (message) => {
  if (message.event === "decoder") begun.push(message.port);
  if (message.event === "decoderEnds") begun.at(-1).ended = true;
};

const file = (bytes = [1, 2, 3]) => new File([Uint8Array.from(bytes)], "a.png");
const pixels = new Uint8Array(SIDE * SIDE * 4);
const soon = () => new Promise((resolve) => setImmediate(resolve));
/** Begins to decode, up to where the decoder was asked. */
async function asked() {
  const result = decode(file());
  result.catch(() => {});
  await soon();
  const decoder = begun.at(-1);
  if (decoder.asked.length === 0) {
    decoder.says({ ready: true });
    await soon();
  }
  return { decoder, result };
}

beforeEach(() => {
  rest();
  begun = [];
});

test("one decoder reads file after file", async () => {
  for (let number = 0; number < 3; number += 1) {
    const { decoder, result } = await asked();
    assert.equal(decoder.asked.length, number + 1);
    decoder.says({ pixels, frame: "first", memory: 1 << 20 });
    assert.equal((await result).frame, "first");
  }
  assert.equal(begun.length, 1);
});

test("what a decoder says against a file is the reason", async () => {
  const { decoder, result } = await asked();
  decoder.says({ refusal: "too-large", megapixels: 400, memory: 1 << 20 });
  await assert.rejects(result, (error) => error instanceof Refusal && error.why === "too-large" && error.megapixels === 400);
  assert.ok(!decoder.ended);
});

test("a file that ends the decoder is left out, and the next gets a new one", async (context) => {
  context.mock.method(console, "warn", () => {});
  const { decoder, result } = await asked();
  decoder.says({ trapped: "unreachable" });
  await assert.rejects(result, { why: "too-much" });
  assert.ok(decoder.ended);
  const next = await asked();
  assert.notEqual(next.decoder, decoder);
});

test("a decoder that has grown is let go with its memory", async () => {
  const { decoder, result } = await asked();
  decoder.says({ pixels, memory: 300 << 20 });
  await result;
  assert.ok(decoder.ended);
});

test("a file that takes too long is left out, and its decoder ended", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { decoder, result } = await asked();
    mock.timers.tick(30_000);
    await assert.rejects(result, { why: "too-slow" });
    assert.ok(decoder.ended);
  } finally {
    mock.timers.reset();
  }
});

test("to rest ends what is being read at once, also while the decoder is fetched", async () => {
  const { decoder, result } = await asked();
  rest();
  await assert.rejects(result, Interrupted);
  assert.ok(decoder.ended);

  const early = decode(file());
  early.catch(() => {});
  await soon();
  rest();
  await assert.rejects(early, Interrupted);
  assert.ok(begun.at(-1).ended);
});

test("a decoder that is renewed is asked again, also while it was fetched", async () => {
  const { decoder, result } = await asked();
  renew();
  await soon();
  assert.ok(decoder.ended);
  const second = begun.at(-1);
  assert.notEqual(second, decoder);
  // Renewed once more before it is there.
  renew();
  await soon();
  const third = begun.at(-1);
  third.says({ ready: true });
  await soon();
  assert.deepEqual([decoder.asked.length, second.asked.length, third.asked.length], [1, 0, 1]);
  assert.deepEqual(third.asked[0].bytes, Uint8Array.from([1, 2, 3]));
  third.says({ pixels, memory: 1 << 20 });
  assert.equal((await result).pixels, pixels);
  // There is nothing to renew: nothing is begun.
  rest();
  renew();
  assert.equal(begun.length, 3);
});

test("a decoder that does not come is a fault with its reason, and the next file tries again", async () => {
  const result = decode(file());
  result.catch(() => {});
  await soon();
  begun.at(-1).says({ failed: "fetch-offline", message: "offline" });
  await assert.rejects(result, { code: "fetch-offline" });
  const next = await asked();
  next.decoder.says({ pixels, memory: 1 << 20 });
  await next.result;
});

test("a decoder that the window could not begin is a fault at once, and one that does not start is one in time", async () => {
  const result = decode(file());
  result.catch(() => {});
  await soon();
  decoderFailed("no script");
  await assert.rejects(result, { code: "decoder-failed", message: "no script" });
  assert.ok(begun.at(-1).ended);

  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const silent = decode(file());
    silent.catch(() => {});
    await soon();
    mock.timers.tick(60_000);
    await assert.rejects(silent, { code: "decoder-failed" });
    assert.ok(begun.at(-1).ended);
  } finally {
    mock.timers.reset();
  }
});

test("a decoder that throws while it reads is ended with what it reads", async () => {
  const { decoder, result } = await asked();
  decoderFailed("it threw");
  await assert.rejects(result, Interrupted);
  assert.ok(decoder.ended);
});

test("files that are empty, long, gone or changed are left out without a decoder", async () => {
  await assert.rejects(decode(file([])), { why: "empty" });
  await assert.rejects(decode(null), { why: "gone" });
  await assert.rejects(decode(/** @type {File} */ ({ size: MAX_FILE_BYTES + 1 })), { why: "file-too-large" });
  const changed = { size: 3, arrayBuffer: () => Promise.reject(new DOMException("It changed.", "NotReadableError")) };
  await assert.rejects(decode(/** @type {any} */ (changed)), { why: "gone" });
  assert.equal(begun.length, 0);
});

test("a sheet is cut into its tiles", async () => {
  const result = cut(new ArrayBuffer(3));
  await soon();
  begun.at(-1).says({ ready: true });
  await soon();
  assert.equal(begun.at(-1).asked[0].type, "cut");
  begun.at(-1).says({ pixels: new Uint8Array(SIDE * SIDE * 4 * 3).fill(7), memory: 1 << 20 });
  const tiles = await result;
  assert.deepEqual([tiles.length, tiles[2].length, tiles[2][0]], [3, SIDE * SIDE * 4, 7]);
});
