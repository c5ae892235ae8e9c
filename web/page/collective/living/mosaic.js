/**
 * The middle of the living picture. While the painters paint, each of the batch's pictures is what it is to every one
 * of them: noise. When they open the batch, the pictures come out of it.
 */

import { BATCH, SIDE, TILE_BYTES } from "../../../generated/sizes.js";
import { faint } from "./ink.js";

/** @import { Act, Ground } from "./picture.js" */
/** @import { Ink } from "./ink.js" */

/** Blocks of noise across one tile, and how many different ones there are. */
const GRAIN = 8;
const NOISES = 14;
/** How long one tile takes to come out of the noise, and how much later the last one starts than the first. */
const EMERGE_MS = 700;
const STAGGER_MS = 900;
/** How long a finished piece hangs before the round goes on over it. */
const HANG_MS = 9_000;
/** Half of the mosaic's side, in units of the ground. */
const HALF = 0.45;

export class Mosaic {
  /** @type {OffscreenCanvas | null} */
  #tiles = null;
  #count = BATCH;
  #columns = columnsFor(BATCH);
  /** @type {number[]} which cell of the grid each tile has */
  #cells = cellsOf(BATCH, columnsFor(BATCH));
  /** @type {Act} */
  #act = "waiting";
  #turnedAt = 0;
  #paintedAt = -Infinity;
  /** @type {ImageBitmap | null} */
  #piece = null;
  #hungAt = -Infinity;
  /** @type {{ canvas: OffscreenCanvas, ink: Ink } | null} */
  #noise = null;
  /** Top left corner and side of the square in the middle, in CSS pixels. */
  #square = { x: 0, y: 0, side: 0 };

  /** @param {Act} act */
  turn(act) {
    this.#act = act;
    this.#turnedAt = performance.now();
    if (act === "waiting" || act === "settingUp") this.#tiles = null;
  }

  /** @param {Uint8Array} bytes tiles of SIDE×SIDE RGBA */
  paint(bytes) {
    const count = Math.floor(bytes.length / TILE_BYTES);
    if (count === 0) return;
    const strip = new OffscreenCanvas(SIDE, SIDE * count);
    const pixels = new Uint8ClampedArray(bytes.slice(0, count * TILE_BYTES));
    strip.getContext("2d")?.putImageData(new ImageData(pixels, SIDE, SIDE * count), 0, 0);
    this.#tiles = strip;
    if (count !== this.#count) {
      this.#count = count;
      this.#columns = columnsFor(count);
      this.#cells = cellsOf(count, this.#columns);
    }
    this.#paintedAt = performance.now();
  }

  /** @param {ImageBitmap} picture */
  hang(picture) {
    this.#piece?.close();
    this.#piece = picture;
    this.#hungAt = performance.now();
  }

  clear() {
    this.#piece?.close();
    this.#piece = null;
    this.#tiles = null;
  }

  /** Where a tile is. @param {number} tile @returns {{ x: number, y: number, side: number }} its top left corner */
  placeOf(tile) {
    const cell = this.#cells[tile % this.#count] ?? 0;
    const pitch = this.#square.side / this.#columns;
    return {
      x: this.#square.x + (cell % this.#columns) * pitch,
      y: this.#square.y + Math.floor(cell / this.#columns) * pitch,
      side: pitch * 0.92,
    };
  }

  get count() {
    return this.#count;
  }

  get painted() {
    return this.#tiles !== null;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} tile @param {number} x @param {number} y @param {number} side */
  drawTile(context, tile, x, y, side) {
    if (this.#tiles) context.drawImage(this.#tiles, 0, (tile % this.#count) * SIDE, SIDE, SIDE, x, y, side, side);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ink} ink
   * @param {Ground} ground
   * @param {number} now
   * @param {boolean} still
   * @param {string} note
   */
  draw(context, ink, ground, now, still, note) {
    const half = HALF * ground.unit;
    this.#square = { x: ground.x - half, y: ground.y - half, side: 2 * half };
    context.imageSmoothingEnabled = false;
    const hung = this.#piece && (now - this.#hungAt < HANG_MS || this.#act === "piece");
    if (this.#piece && !hung) {
      this.#piece.close();
      this.#piece = null;
    }
    if (this.#piece) this.#drawPiece(context, ink, ground, still ? 1 : Math.min(1, (now - this.#hungAt) / 900));
    else if (this.#act === "waiting" || this.#act === "resting") drawNote(context, ink, ground, note);
    else this.#drawBatch(context, ink, now, still);
  }

  /** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {number} now @param {boolean} still */
  #drawBatch(context, ink, now, still) {
    const noise = this.#noiseIn(ink);
    if (this.#act === "piece") {
      // What is to become the piece, before it is opened.
      const { x, y, side } = this.#square;
      const turn = still ? 0 : Math.floor(now / 190) % NOISES;
      context.fillStyle = ink.mat;
      context.fillRect(x, y, side, side);
      context.globalAlpha = 0.7;
      context.drawImage(noise, turn * GRAIN, 0, GRAIN, GRAIN, x + side * 0.08, y + side * 0.08, side * 0.84, side * 0.84);
      context.globalAlpha = 1;
      return;
    }
    // While the four paint or learn, what they hold is noise; the last batch stays faintly visible under it.
    const veiled = this.#act === "painting" || this.#act === "working" || this.#act === "settingUp";
    const veil = this.#paintedAt < this.#turnedAt && veiled ? Math.min(1, (now - this.#turnedAt) / 800) : 0;
    for (let tile = 0; tile < this.#count; tile += 1) {
      const { x, y, side } = this.placeOf(tile);
      const late = STAGGER_MS * scatter(tile);
      const out = still ? 1 : Math.min(1, Math.max(0, (now - this.#paintedAt - late) / EMERGE_MS));
      const shown = this.#tiles ? (veil > 0 ? 1 - (still ? 1 : veil) * 0.82 : out) : 0;
      const hidden = 1 - shown;
      // Links pass behind the middle.
      context.globalAlpha = 1;
      context.fillStyle = ink.panel;
      context.fillRect(x, y, side, side);
      if (hidden > 0.02) {
        const turn = still ? tile : Math.floor(now / 190 + scatter(tile + 7) * 31);
        context.globalAlpha = hidden * (ink.dark ? 0.62 : 0.7);
        context.drawImage(noise, ((turn + tile * 5) % NOISES) * GRAIN, 0, GRAIN, GRAIN, x, y, side, side);
      }
      if (shown > 0.02) {
        context.globalAlpha = shown;
        this.drawTile(context, tile, x, y, side);
      }
    }
    context.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Ground} ground @param {number} come 0 to 1 */
  #drawPiece(context, ink, ground, come) {
    if (!this.#piece) return;
    const half = HALF * ground.unit * (0.92 + 0.08 * ease(come));
    context.globalAlpha = ease(come);
    context.fillStyle = ink.mat;
    context.shadowColor = faint("#000000", ink.dark ? 0.6 : 0.22);
    context.shadowBlur = 26;
    context.shadowOffsetY = 10;
    context.fillRect(ground.x - half, ground.y - half, 2 * half, 2 * half);
    context.shadowColor = "transparent";
    context.shadowBlur = 0;
    context.shadowOffsetY = 0;
    const picture = half * 0.84;
    context.drawImage(this.#piece, ground.x - picture, ground.y - picture, 2 * picture, 2 * picture);
    // Four signatures, one of each painter.
    const seal = half * 0.055;
    for (const [seat, colour] of ink.shares.entries()) {
      context.fillStyle = colour;
      context.fillRect(ground.x + half * 0.84 - (4 - seat) * seal * 1.7 + seal * 0.7, ground.y + half * 0.9, seal, seal);
    }
    context.globalAlpha = 1;
  }

  /** @param {Ink} ink */
  #noiseIn(ink) {
    if (this.#noise?.ink === ink) return this.#noise.canvas;
    const canvas = new OffscreenCanvas(GRAIN * NOISES, GRAIN);
    const context = canvas.getContext("2d");
    for (let x = 0; context && x < GRAIN * NOISES; x += 1) {
      for (let y = 0; y < GRAIN; y += 1) {
        const random = scatter(x * GRAIN + y);
        context.fillStyle = faint(ink.shares[Math.floor(random * 4) % 4] ?? ink.edge, 0.25 + 0.75 * scatter(x * 3 + y * 57));
        context.fillRect(x, y, 1, 1);
      }
    }
    this.#noise = { canvas, ink };
    return canvas;
  }
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Ground} ground @param {string} note */
function drawNote(context, ink, ground, note) {
  const [first = "", ...rest] = note.split("\n");
  const size = ground.unit * 0.27;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = ink.ink;
  context.font = `400 ${size}px ${ink.serif}`;
  context.fillText(first, ground.x, ground.y + (rest.length > 0 ? size * 0.12 : size * 0.3));
  context.fillStyle = ink.soft;
  const small = Math.max(12, ground.unit * 0.066);
  context.font = `400 ${small}px ${ink.sans}`;
  for (const [i, line] of rest.entries()) context.fillText(line, ground.x, ground.y + size * 0.12 + small * 1.45 * (i + 1));
}

/** Columns of the smallest square grid that a batch fits in. @param {number} count */
const columnsFor = (count) => Math.ceil(Math.sqrt(count));

/**
 * Which cells of a square grid a batch takes: the corners are left out where that fits, which makes it rounder.
 *
 * @param {number} count
 * @param {number} columns
 */
export function cellsOf(count, columns) {
  const cells = Array.from({ length: columns * columns }, (_, cell) => cell);
  const last = columns - 1;
  const corners = [0, last, columns * last, columns * columns - 1];
  const round = cells.filter((cell) => !corners.includes(cell));
  return (round.length >= count ? round : cells).slice(0, count);
}

/** The same number from 0 to 1 for the same index, unlike its neighbours'. @param {number} index */
export function scatter(index) {
  const value = Math.sin(index * 12.9898 + 4.1414) * 43758.5453;
  return value - Math.floor(value);
}

/** Starts and ends softly. @param {number} t 0 to 1 */
export const ease = (t) => t * t * (3 - 2 * t);
