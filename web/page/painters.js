/**
 * The four painters as a living diagram: each holds three of four shares, and a dot runs between two of them for
 * a portion of the bytes that they really exchanged in the last round.
 */

import { box, calm, make } from "../shared/dom.js";
import { exchangeInWords } from "./studio/words-studio.js";
import { bytesInWords, kindInWords } from "../shared/words.js";

/** @import { Round } from "../generated/page.js" */

const SVG = "http://www.w3.org/2000/svg";
/** Middle of each painter in the drawing. @type {readonly [number, number][]} */
const PLACES = [
  [48, 44],
  [192, 44],
  [192, 156],
  [48, 156],
];
const CELL = 15;
const FLIGHT_MS = 900;
/** Dots of one round at most: as many as can be told apart. */
const DOTS = 36;

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** @type {SVGGElement | null} */
let messages = null;

export function drawPainters() {
  const svg = document.getElementById("painters");
  if (!svg || messages) return;
  const links = shape("g", { class: "links" });
  messages = /** @type {SVGGElement} */ (shape("g", { class: "messages" }));
  const painters = shape("g", { class: "four" });
  for (const [i, [x, y]] of PLACES.entries()) {
    for (const [x2, y2] of PLACES.slice(i + 1)) links.append(shape("line", { x1: x, y1: y, x2, y2 }));
    const painter = shape("g", { class: "painter" });
    painter.append(shape("circle", { cx: x, cy: y, r: 31 }));
    for (let share = 0; share < 4; share += 1) {
      const cx = x + (share % 2 === 0 ? -CELL - 1 : 1);
      const cy = y + (share < 2 ? -CELL - 1 : 1);
      painter.append(
        shape("rect", { x: cx, y: cy, width: CELL, height: CELL, rx: 2, class: share === i ? "lacking" : `share-${share}` }),
      );
    }
    painters.append(painter);
  }
  svg.append(links, messages, painters);
}

/** @param {Round} round @param {number} total bytes since the artist was woken */
export function showExchange(round, total) {
  box("exchanged").textContent = exchangeInWords(round, total);
  box("exchanged").hidden = false;
  const kinds = Object.entries(round.kinds)
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a);
  const most = kinds[0]?.[1] ?? 1;
  box("kinds").replaceChildren(
    ...kinds.map(([kind, bytes]) => {
      const item = make("li", {}, make("span", { textContent: kindInWords(kind) }), make("b", { textContent: bytesInWords(bytes) }));
      item.style.setProperty("--part", String(bytes / most));
      return item;
    }),
  );
  if (!calm.matches && !document.hidden) fly(Math.min(DOTS, 12 + Math.round(round.bytes / 500_000)));
}

/** @param {number} dots */
function fly(dots) {
  if (!messages || messages.childElementCount > DOTS * 2) return;
  for (let i = 0; i < dots; i += 1) {
    const from = i % 4;
    const to = (from + 1 + (Math.floor(i / 4) % 3)) % 4;
    const [[x1, y1], [x2, y2]] = /** @type {[[number, number], [number, number]]} */ ([PLACES[from], PLACES[to]]);
    const dot = shape("circle", { cx: 0, cy: 0, r: 2.6, class: `share-${from}` });
    messages.append(dot);
    const flight = dot.animate(
      [
        { transform: `translate(${x1}px, ${y1}px)`, opacity: 0 },
        { opacity: 1, offset: 0.25 },
        { opacity: 1, offset: 0.75 },
        { transform: `translate(${x2}px, ${y2}px)`, opacity: 0 },
      ],
      { duration: FLIGHT_MS, delay: Math.floor(i / 4) * 110, easing: "ease-in-out", fill: "backwards" },
    );
    flight.onfinish = () => dot.remove();
    flight.oncancel = () => dot.remove();
  }
}
