/** Whatever a visitor reads is in a `words*.js`, so that to translate the page is to translate one kind of file. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

/**
 * Loaded before the first click, where one more file is one more wait, and by the page's workers, too: its table stays
 * with it.
 */
const MAY_SPEAK = ["shared/fetching.js"];

/** After these a slash begins a regular expression, and does not divide. */
const BEFORE_REGEX = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|await))\s*$/;

/**
 * A script's strings and templates with their line and the code of their statement before them. What a template puts in
 * is "…".
 *
 * @param {string} source
 * @returns {{ text: string, line: number, before: string }[]}
 */
function literalsOf(source) {
  /** @type {{ text: string, line: number, before: string }[]} */
  const found = [];
  let at = 0;
  /** Reads code up to the end of the source, or up to the brace that closes a template's. @param {boolean} inTemplate */
  const code = (inTemplate) => {
    let before = "";
    for (let depth = 0; at < source.length; ) {
      const rest = source.slice(at);
      const [comment] = /^(\/\/[^\n]*|\/\*[^]*?\*\/)/.exec(rest) ?? [];
      const [regex] = (BEFORE_REGEX.test(before) && /^\/(\\.|\[(\\.|[^\]\\])*\]|[^/\\\n])+\/[a-z]*/.exec(rest)) || [];
      const sign = source.charAt(at);
      if (comment ?? regex) {
        at += (comment ?? regex)?.length ?? 0;
        if (regex) before += "0";
      } else if (`"'\``.includes(sign)) {
        const line = source.slice(0, at).split("\n").length;
        found.push({ line, before, text: literal(sign) });
        before += "0";
      } else {
        at += 1;
        if (sign === "{") depth += 1;
        if (sign === "}" && inTemplate && depth === 0) return;
        if (sign === "}") depth -= 1;
        before = ";{}".includes(sign) ? "" : before + sign;
      }
    }
  };
  /** @param {string} quote @returns {string} */
  const literal = (quote) => {
    let text = "";
    for (at += 1; source.charAt(at) !== quote; ) {
      if (quote === "`" && source.startsWith("${", at)) {
        at += 2;
        code(true);
        text += "…";
      } else {
        if (source.charAt(at) === "\\") at += 1;
        text += source.charAt(at);
        at += 1;
      }
    }
    at += 1;
    return text;
  };
  code(false);
  return found;
}

/** What the page shows or reads out, from the beginning of the statement. */
const SAYS = /\b(toast|sure|announce|setPhase|say|write)\(|\b(textContent|alt|ariaLabel|title|yes|no)\s*[=:](?!=)|"aria-label"|\btext\s*[=:](?!=)/;
/** What goes to whoever looks into a mistake of ours. */
const INTERNAL = /(\bnew Error\(|\bconsole\.\w+\()\s*$/;

/** Whether a visitor reads it. @param {{ text: string, before: string }} literal */
function isSaid({ text, before }) {
  if (INTERNAL.test(before)) return false;
  const words = text.split(/\s+/).filter((word) => /\p{L}/u.test(word)).length;
  if (/[.?!]\s*$/.test(text) && words + Number(text.includes("…")) >= 3) return true;
  return SAYS.test(before) && (words >= 2 || /^\p{Lu}\p{Ll}/u.test(text));
}

/** @param {string} source */
const saidIn = (source) => literalsOf(source).filter(isSaid);

test("scripts say nothing to visitors that is not in a file of words", () => {
  const scripts = ["page", "shared"]
    .flatMap((folder) => readdirSync(`${import.meta.dirname}/${folder}`, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`))
    .filter((path) => path.endsWith(".js") && !/\/words[^/]*$/.test(path));
  assert.ok(scripts.length > 20, `only ${scripts.length} scripts were found`);
  const said = scripts.map((path) => ({ path, said: saidIn(readFileSync(`${import.meta.dirname}/${path}`, "utf8")) }));
  const places = said.flatMap(({ path, said }) => (MAY_SPEAK.includes(path) ? [] : said.map(({ line, text }) => `${path}:${line} ${text}`)));
  assert.ok(places.length === 0, `these belong into a file of words:\n${places.join("\n")}`);
  // Nothing is allowed for longer than there is need.
  for (const path of MAY_SPEAK) assert.ok(said.some((script) => script.path === path && script.said.length > 0), path);
});

test("what would be said is found wherever it stands, and nothing else", () => {
  const said = [
    'const A = "It is gone for good.";',
    "const b = (n) => `And ${n > 1 ? `${n} are` : \"one is\"} left over.`;",
    'toast("Kept here");',
    'run.textContent = wanted ? "Pause" : other;',
    'make("span", { textContent: `Round ${round}, by you` });',
    'write("connection", apart ? "Not connected" : plain);',
    "sure({ title: 'Leave?', text });",
    'const half = a / 2; toast("One more"); const b = c / 2;',
  ];
  for (const source of said) assert.ok(saidIn(source).length > 0, source);
  const silent = [
    "// It is gone for good.\n/* It is gone for good. */",
    'throw new Error("It is gone for good.");',
    "console.warn(`A picture ended its decoder, ${why} it was.`);",
    'const x = /it is "gone for good."/.test(y);',
    'write("living-caption", text); box("told").dataset.why = "passed-over";',
    'setPhase("idle", UNTAUGHT);',
    'make("button", { type: "button", className: "primary large" });',
    "document.title = `${short} · Abraham`;",
    'const alone = code === "storage-full" ? 1 : 2;',
  ];
  for (const source of silent) assert.deepEqual(saidIn(source), [], source);
});
