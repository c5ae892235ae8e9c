import assert from "node:assert/strict";
import { test } from "node:test";

import { shownName, sorted } from "./files.js";

const paths = (...names) => names.map((path) => ({ path }));

test("of a folder what is meant is looked at, and what systems leave and what lies beside is counted", () => {
  const given = paths(
    "folder/Thumbs.db",
    "folder/thumbs.db",
    "folder/.DS_Store",
    "folder/desktop.ini",
    "folder/Desktop.ini",
    "folder/ehthumbs.db",
    "folder/__MACOSX/._one.png",
    "folder/__MACOSX/one.png",
    "folder/@eaDir/one.png/SYNOFILE_THUMB_S.jpg",
    "folder/.picasa.ini",
    "folder/Picasa.ini",
    "folder/notes.txt",
    "folder/one.xmp",
    "folder/one.json",
    "folder/one.png",
    "folder/within/two.png",
    "folder/within/deeper/three.jpg",
  );
  const { meant, leftovers, beside } = sorted(given);
  assert.deepEqual(
    meant.map(({ path }) => path),
    ["folder/one.png", "folder/within/two.png", "folder/within/deeper/three.jpg"],
  );
  assert.deepEqual([leftovers, beside], [11, 3]);
});

test("a note that was chosen by itself is looked at, for it was meant", () => {
  assert.equal(sorted(paths("notes.txt")).meant.length, 1);
});

/** The names of `tests/cases/make.py`, which some file systems refuse. */
const NAMES = [
  "holiday\u202egpj.exe.png",
  "two\nlines.png",
  "bell\x07.png",
  "smile\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png",
  "<img src=x onerror=alert(1)>.png",
  "e\u0301-composed-of-two.png",
  "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627.png",
  "-rf.png",
  "%2e%2e%2fup.png",
  `${"n".repeat(251)}.png`,
];

test("any name is one line of text that turns nothing, and keeps its ending", () => {
  for (const name of NAMES.flatMap((name) => [name, `bad-${name}`])) {
    const shown = shownName(name);
    assert.doesNotMatch(shown, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]/u, shown);
    assert.ok([...new Intl.Segmenter().segment(shown)].length <= 48, shown);
    assert.ok(shown.endsWith(".png"), shown);
  }
  assert.equal(shownName("smile\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png"), "smile\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png");
  assert.equal(shownName("two\nlines.png"), "two\ufffdlines.png");
  assert.equal(shownName("folder/within/two.png"), "folder/within/two.png");
  // A letter with thousands of accents is one letter still, and not a page high.
  assert.ok(shownName(`a${"\u0301".repeat(5_000)}.png`).length < 80);
  assert.equal(shownName("half\ud800.png"), "half\ufffd.png");
});
