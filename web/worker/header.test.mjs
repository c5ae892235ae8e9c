import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { readHeader } from "./header.js";

const bytes = (...parts) => Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));
const be32 = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const chunk = (kind, data) => [...be32(data.length), ...kind.split("").map((c) => c.charCodeAt(0)), ...data, 0, 0, 0, 0];
const png = (width, height, ...chunks) =>
  bytes("\x89PNG\r\n\x1a\n", chunk("IHDR", [...be32(width), ...be32(height), 8, 2, 0, 0, 0]), ...chunks);

const frame = [0x2c, 0, 0, 0, 0, 3, 0, 2, 0, 0, 2, 1, 0, 0];
const gif = (...frames) => bytes("GIF89a", [3, 0, 2, 0, 0x80, 0, 0], [0, 0, 0, 255, 255, 255], [0x21, 0xf9, 4, 0, 0, 0, 0, 0], ...frames, [0x3b]);

const segment = (marker, data) => [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data];
const frameOfJpeg = segment(0xc2, [8, 0x27, 0x10, 0x03, 0xe8, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);

test("a picture says its size without being decoded", () => {
  const cases = [
    [png(10_000, 10_001), { format: "PNG", width: 10_000, height: 10_001, animated: false }],
    [png(4, 5, chunk("acTL", [0, 0, 0, 2, 0, 0, 0, 0]), chunk("IDAT", [0])), { format: "PNG", width: 4, height: 5, animated: true }],
    [gif(frame), { format: "GIF", width: 3, height: 2, animated: false }],
    [gif(frame, frame), { format: "GIF", width: 3, height: 2, animated: true }],
    [
      bytes([0xff, 0xd8], segment(0xe1, new Array(300).fill(7)), [0xff], frameOfJpeg),
      { format: "JPEG", width: 1_000, height: 10_000, animated: false },
    ],
    [
      bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", [10, 0, 0, 0], [2, 0, 0, 0], [0xff, 0xff, 0], [1, 0, 1]),
      { format: "WebP", width: 65_536, height: 65_538, animated: true },
    ],
    [
      bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [5, 0, 0, 0], [0x2f, 0x1f, 0xc0, 0x0f, 0x10]),
      { format: "WebP", width: 32, height: 64, animated: false },
    ],
    [
      bytes("RIFF", [0, 0, 0, 0], "WEBPVP8 ", [10, 0, 0, 0], [0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x41]),
      { format: "WebP", width: 640, height: 480, animated: false },
    ],
  ];
  for (const [file, header] of cases) assert.deepEqual(readHeader(file), header);
});

test("the demo set's sheet is read", () => {
  const sheet = readFileSync(new URL("../demo/flags.png", import.meta.url));
  assert.deepEqual(readHeader(sheet), { format: "PNG", width: 576, height: 480, animated: false });
});

test("what is no picture is foreign, and what has no size is damaged", () => {
  for (const file of [bytes(), bytes("hello"), bytes("<svg xmlns"), bytes("RIFF", [0, 0, 0, 0], "WAVE")]) {
    assert.equal(readHeader(file), "foreign");
  }
  const damaged = [png(0, 5), png(5, 5).slice(0, 18), bytes("GIF89a", [1]), bytes([0xff, 0xd8, 0xff, 0xd9]), bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0])];
  for (const file of damaged) assert.equal(readHeader(file), "damaged");
});

test("no truncation of any of them throws or hangs", () => {
  for (const file of [png(4, 5, chunk("IDAT", [0])), gif(frame, frame), bytes([0xff, 0xd8], frameOfJpeg)]) {
    for (let length = 0; length < file.length; length += 1) readHeader(file.slice(0, length));
  }
});
