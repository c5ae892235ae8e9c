import assert from "node:assert/strict";
import { test } from "node:test";

import { draggedOf } from "./drop.js";
import { dropInWords } from "./words.js";

test("files are the studio's, and before there is one the page says where pictures go", () => {
  const files = draggedOf(["Files"], false);
  assert.equal(dropInWords(files, true), null);
  assert.match(dropInWords(files, false) ?? "", /button first/);
});

test("a picture of another page comes as a file and is taught", () => {
  assert.equal(dropInWords(draggedOf(["text/uri-list", "text/html", "Files"], false), true), null);
});

test("a link is refused in words, whichever browser names it", () => {
  for (const types of [["text/uri-list", "text/html"], ["text/x-moz-url"]]) {
    assert.match(dropInWords(draggedOf(types, false), true) ?? "", /Drop a file, not a link/);
    assert.match(dropInWords(draggedOf(types, false), false) ?? "", /Links cannot be used/);
  }
});

test("nothing is said of text, nor of what was dragged within the page", () => {
  for (const inStudio of [true, false]) {
    assert.equal(dropInWords(draggedOf(["text/plain", "text/html"], false), inStudio), null);
    assert.equal(dropInWords(draggedOf(["Files", "text/uri-list"], true), inStudio), null);
  }
});
