import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as lessons from "./lessons.js";

const TILE = 32 * 32 * 4;
let told = [];
globalThis.postMessage = (message) => {
  told.push(message);
  if (message.event === "decoder") message.port.begin();
};

/** Answers for the worker that decodes: the first byte is the picture, the second what is said of it. */
class Decoder {
  /** Told where no answer ever comes. @type {((value?: unknown) => void) | undefined} */
  static hung;
  constructor(near) {
    this.near = near;
  }
  begin() {
    setImmediate(() => this.near.onmessage?.({ data: { ready: true } }));
  }
  answer({ bytes }) {
    const [value, kind] = bytes;
    const pixels = new Uint8Array(TILE).fill(value);
    const answer = { 0: { pixels }, 1: { refusal: "damaged" }, 2: { pixels, reservation: "plus" }, 3: { pixels, frame: "later" } }[kind];
    // 9 never answers.
    if (answer) setImmediate(() => this.near.onmessage?.({ data: { ...answer, memory: 1 } }));
    else Decoder.hung?.();
  }
}
// @ts-expect-error It has of a channel what is used.
globalThis.MessageChannel = class {
  port1 = {
    onmessage: null,
    postMessage: (request) => this.port2.answer(request),
    close() {
      this.onmessage = null;
    },
  };
  port2 = new Decoder(this.port1);
};

/** As the wasm module's: copies count once. */
class Taught {
  tiles = new Set();
  teach(tile) {
    this.tiles.add(tile.join());
    return this.tiles.size;
  }
  share() {}
  forget() {
    this.tiles.clear();
  }
  free() {}
  [Symbol.dispose]() {}
}

const chosen = (...kinds) => ({
  files: kinds.map(([value, kind], index) => ({ file: new File([Uint8Array.of(value, kind)], `${index}`), path: `folder/${index}` })),
  leftovers: 0,
  beside: 0,
});
let kept = [];
const keep = async (tiles) => {
  kept.push(...tiles);
};

beforeEach(() => {
  lessons.begin(new Taught());
  lessons.forget();
  told = [];
  kept = [];
});

test("sixteen copies count as one from the start, and stay one when they are remembered", async () => {
  const report = await lessons.teach(chosen(...Array(16).fill([5, 0])), keep);
  assert.deepEqual([report.used, report.copies, lessons.count(), kept.length], [1, 15, 1, 1]);
  // An earlier version kept each copy.
  lessons.remember(Array(16).fill(kept[0]));
  assert.equal(lessons.count(), 1);
  const again = await lessons.teach(chosen([5, 0], [6, 0]), keep);
  assert.deepEqual([again.used, again.copies, lessons.count()], [1, 1, 2]);
});

test("the page knows how many there are before a lesson ends", async () => {
  await lessons.teach(chosen([1, 0], [2, 0]), keep);
  assert.ok(told.some(({ event, pictures }) => event === "lessons" && pictures === 2));
});

test("each file has its own outcome, and folders stay with names", async () => {
  const report = await lessons.teach(chosen([1, 0], [2, 1], [3, 3]), keep);
  assert.deepEqual([report.used, report.refusedCount, report.done], [2, 1, 3]);
  assert.deepEqual(report.refused, [{ path: "folder/1", why: "damaged", megapixels: undefined }]);
  assert.deepEqual(report.notes, [{ path: "folder/2", frame: "later" }]);
});

test("what asks not to be learnt from is taught after a yes, and never without", async () => {
  const report = await lessons.teach(chosen([1, 0], [2, 2], [3, 2]), keep);
  assert.deepEqual([report.used, report.reservedCount, lessons.count()], [1, 2, 1]);
  assert.deepEqual(report.reserved[0], { path: "folder/1", by: "plus" });
  const yes = await lessons.teachReserved(keep);
  assert.deepEqual([yes.used, yes.reservedCount, lessons.count(), kept.length], [2, 0, 3, 3]);

  await lessons.teach(chosen([4, 2]), keep);
  lessons.leaveReserved();
  assert.equal((await lessons.teachReserved(keep)).used, 0);
  await lessons.teach(chosen([5, 2]), keep);
  lessons.forget();
  assert.equal((await lessons.teachReserved(keep)).used, 0);
});

test("lessons wait for those before them", async () => {
  const both = await Promise.all([lessons.teach(chosen([1, 0], [2, 0]), keep), lessons.teach(chosen([3, 0], [1, 0]), keep)]);
  assert.deepEqual(both.map(({ used, copies }) => [used, copies]), [[2, 0], [1, 1]]);
});

test("a file that hangs is told of before it is read, and to interrupt ends it and what waits", async () => {
  const hung = new Promise((resolve) => {
    Decoder.hung = resolve;
  });
  const slow = lessons.teach(chosen([1, 9], [2, 0]), keep);
  const next = lessons.teach(chosen([3, 0]), keep);
  await hung;
  assert.ok(told.some(({ event, total, done }) => event === "teaching" && total === 2 && done === 0));
  lessons.interrupt();
  assert.equal((await slow).used, 0);
  assert.equal((await next).used, 0);
  assert.equal((await lessons.teach(chosen([4, 0]), keep)).used, 1);
});

test("what was read is kept while the rest is read, and once", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => (now += 400));
  const before = [];
  const report = await lessons.teach(chosen([1, 0], [2, 0], [3, 0], [4, 0]), async (tiles) => {
    before.push(told.findLast(({ event }) => event === "teaching").done);
    await keep(tiles);
  });
  assert.equal(report.used, 4);
  assert.equal(kept.length, 4);
  assert.ok(before[0] < 4, `first kept when ${before[0]} of 4 were read`);
});

test("of 2,100 pictures 2,000 are taken, and how many were not is said", async () => {
  lessons.remember(Array.from({ length: 1_999 }, (_, i) => new Uint8Array(8).fill(0).with(0, i >> 8).with(1, i & 255)));
  const report = await lessons.teach(chosen(...Array.from({ length: 101 }, (_, i) => [i, 0])), keep);
  assert.deepEqual([report.used, report.beyond, lessons.count()], [1, 100, 2_000]);
});
