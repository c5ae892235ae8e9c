import assert from "node:assert/strict";
import { test } from "node:test";

import { draggedOf, sentenceFor } from "./drop.js";

test("files are the studio's, and before there is one the page says where pictures go", () => {
  const files = draggedOf(["Files"], false);
  assert.equal(sentenceFor(files, true), null);
  assert.match(sentenceFor(files, false) ?? "", /button first/);
});

test("a picture of another page comes as a file and is taught", () => {
  assert.equal(sentenceFor(draggedOf(["text/uri-list", "text/html", "Files"], false), true), null);
});

test("a link is refused in words, whichever browser names it", () => {
  for (const types of [["text/uri-list", "text/html"], ["text/x-moz-url"]]) {
    assert.match(sentenceFor(draggedOf(types, false), true) ?? "", /Drop a file, not a link/);
    assert.match(sentenceFor(draggedOf(types, false), false) ?? "", /Links cannot be used/);
  }
});

test("nothing is said of text, nor of what was dragged within the page", () => {
  for (const inStudio of [true, false]) {
    assert.equal(sentenceFor(draggedOf(["text/plain", "text/html"], false), inStudio), null);
    assert.equal(sentenceFor(draggedOf(["Files", "text/uri-list"], true), inStudio), null);
  }
});
