import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the page and its words say how many flags there are", () => {
  const here = (/** @type {string} */ path) => readFileSync(new URL(path, import.meta.url), "utf8");
  const { names } = JSON.parse(here("demo/flags.json"));
  for (const path of ["index.html", "page/studio/words-activity.js"]) {
    const said = [...here(path).matchAll(/the (\d+) flags/g)].map(([, number]) => Number(number));
    assert.ok(said.length > 0, path);
    assert.ok(said.every((number) => number === names.length), `${path} says ${said}, and there are ${names.length}`);
  }
});
