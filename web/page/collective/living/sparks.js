/** Who sends to whom in this act, as sparks. They are as many as one can follow, and not one for each message. */

import { curveBetween } from "./figures.js";
import { ease, scatter } from "./mosaic.js";

/** @import { Act, Ground, Scene } from "./picture.js" */
/** @import { Curve, Figures } from "./figures.js" */
/** @import { Mosaic } from "./mosaic.js" */
/** @import { Ink } from "./ink.js" */

/** Sparks at once: as many as can be told apart. */
const MOST = 150;
const FLIGHT_MS = 1_150;
/** How long copies of the batch fly out before the updates come back. */
const HANDING_OUT_MS = 1_400;
/** Sparks a second between all painters, by act. */
const PACE = /** @type {Record<Act, number>} */ ({
  waiting: 0.9,
  resting: 0.4,
  ready: 3,
  settingUp: 16,
  painting: 20,
  teaching: 24,
  agreeing: 12,
  learning: 30,
  piece: 18,
  working: 20,
});

/**
 * @typedef {object} Spark
 * @property {Curve} curve
 * @property {number} born
 * @property {number} life ms
 * @property {number} colour share 0 to 3
 * @property {number | null} tile of the batch that it carries
 */

export class Sparks {
  /** @type {Spark[]} */
  #flying = [];
  #owed = 0;
  #emittedAt = 0;
  #turnedAt = 0;
  #count = 0;
  /** @type {{ ink: Ink, sprites: OffscreenCanvas[] } | null} */
  #made = null;

  /** @param {Act} _act */
  turn(_act) {
    this.#turnedAt = performance.now();
    this.#owed = 0;
  }

  /** @param {Scene} scene @param {Figures} figures @param {Mosaic} mosaic @param {Ground} ground @param {number} now */
  emit(scene, figures, mosaic, ground, now) {
    const passed = Math.min(250, now - this.#emittedAt);
    this.#emittedAt = now;
    this.#owed += (PACE[scene.act] * passed) / 1000;
    while (this.#owed >= 1) {
      this.#owed -= 1;
      this.#count += 1;
      if (this.#flying.length < MOST) this.#one(scene, figures, mosaic, ground, now);
    }
  }

  /** @param {Scene} scene @param {Figures} figures @param {Mosaic} mosaic @param {Ground} ground @param {number} now */
  #one(scene, figures, mosaic, ground, now) {
    const turn = this.#count;
    const seat = turn % 4;
    const painter = figures.at(seat);
    if (scene.act === "waiting" || scene.act === "resting") {
      const [one, two] = scene.links[turn % Math.max(1, scene.links.length)] ?? [];
      const a = figures.of(one ?? "");
      const b = figures.of(two ?? "");
      if (a && b) this.#fly(turn % 2 ? curveBetween(a, b, ground) : curveBetween(b, a, ground), now, seat, null);
      return;
    }
    if (!painter) return;
    if (scene.act === "teaching") {
      const teachers = scene.people.filter(({ teaches }) => teaches);
      const teacher = figures.of(teachers[Math.floor(scatter(turn) * teachers.length)]?.id ?? "");
      if (!teacher) return;
      if (now - this.#turnedAt < HANDING_OUT_MS && mosaic.painted) {
        const tile = Math.floor(scatter(turn * 3) * mosaic.count);
        const from = mosaic.placeOf(tile);
        this.#fly(straight({ x: from.x + from.side / 2, y: from.y + from.side / 2 }, teacher), now, seat, tile);
      } else if (teacher !== painter) {
        // Of an update's four shares, a painter gets the three that are not of its own seat.
        this.#fly(curveBetween(teacher, painter, ground), now, (seat + 1 + (turn % 3)) % 4, null);
      }
      return;
    }
    if (scene.act === "piece") {
      this.#fly(straight(painter, ground), now, seat, null);
      return;
    }
    const other = figures.at((seat + 1 + (Math.floor(turn / 4) % 3)) % 4);
    if (other) this.#fly(curveBetween(painter, other, ground), now, (seat + 1 + (turn % 3)) % 4, null);
  }

  /** @param {Curve} curve @param {number} now @param {number} colour @param {number | null} tile */
  #fly(curve, now, colour, tile) {
    const life = FLIGHT_MS * (0.8 + 0.5 * scatter(this.#count * 5)) * (tile === null ? 1 : 1.2);
    this.#flying.push({ curve, born: now, life, colour, tile });
  }

  /** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Mosaic} mosaic @param {number} now */
  draw(context, ink, mosaic, now) {
    const sprites = this.#spritesIn(ink);
    this.#flying = this.#flying.filter(({ born, life }) => now - born < life);
    context.globalCompositeOperation = ink.dark ? "lighter" : "source-over";
    for (const { curve, born, life, colour, tile } of this.#flying) {
      const t = ease((now - born) / life);
      const there = Math.min(1, 5 * t, 5 * (1 - t));
      const sprite = sprites[colour];
      if (tile !== null) {
        const { x, y } = pointOf(curve, t);
        const side = 15 - 6 * t;
        context.globalAlpha = there;
        context.globalCompositeOperation = "source-over";
        mosaic.drawTile(context, tile, x - side / 2, y - side / 2, side);
        context.globalCompositeOperation = ink.dark ? "lighter" : "source-over";
      } else if (sprite) {
        for (let tail = 0; tail < 4; tail += 1) {
          const { x, y } = pointOf(curve, Math.max(0, t - tail * 0.022));
          const side = 11 - 2 * tail;
          context.globalAlpha = there * (0.95 - 0.24 * tail);
          context.drawImage(sprite, x - side / 2, y - side / 2, side, side);
        }
      }
    }
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
  }

  /** @param {Ink} ink */
  #spritesIn(ink) {
    if (this.#made?.ink === ink) return this.#made.sprites;
    const size = 32;
    const sprites = ink.shares.map((colour) => {
      const sprite = new OffscreenCanvas(size, size);
      const context = sprite.getContext("2d");
      const glow = context?.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
      glow?.addColorStop(0, colour);
      glow?.addColorStop(0.34, colour);
      glow?.addColorStop(0.42, `${colour}66`);
      glow?.addColorStop(1, `${colour}00`);
      if (context && glow) {
        context.fillStyle = glow;
        context.fillRect(0, 0, size, size);
      }
      return sprite;
    });
    this.#made = { ink, sprites };
    return sprites;
  }
}

/** @param {{ x: number, y: number }} a @param {{ x: number, y: number }} b @returns {Curve} */
function straight(a, b) {
  return { ax: a.x, ay: a.y, cx: (a.x + b.x) / 2, cy: (a.y + b.y) / 2, bx: b.x, by: b.y };
}

/** @param {Curve} curve @param {number} t 0 to 1 */
function pointOf({ ax, ay, cx, cy, bx, by }, t) {
  const s = 1 - t;
  return { x: s * s * ax + 2 * s * t * cx + t * t * bx, y: s * s * ay + 2 * s * t * cy + t * t * by };
}
