/** The batch as it emerges: a grid of tiles, each pixel a whole number of the screen's pixels. */

import { SIDE, TILE_BYTES } from "../../generated/sizes.js";
import { calm } from "../../shared/dom.js";

const FADE_MS = 450;
/** Space between tiles in the screen's pixels. */
const GAP = 4;

export class BatchView {
  /** @type {ImageBitmap[]} */
  #tiles = [];
  /** @type {ImageBitmap[]} */
  #before = [];
  #canvas;
  #context;
  #frame = 0;
  #turn = 0;
  /** Room for the grid in CSS pixels. */
  #available = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser gives no canvas to draw on.");
    this.#context = context;
    new ResizeObserver(([entry]) => {
      this.#available = entry?.contentRect.width ?? 0;
      this.#draw(1);
    }).observe(/** @type {Element} */ (canvas.parentElement));
  }

  /** @param {Uint8Array} batch tiles of SIDE×SIDE RGBA @param {string} description for those who do not see it */
  async show(batch, description) {
    this.#turn += 1;
    const turn = this.#turn;
    const tiles = await Promise.all(
      Array.from({ length: Math.floor(batch.length / TILE_BYTES) }, (_, i) =>
        createImageBitmap(new ImageData(new Uint8ClampedArray(batch.slice(i * TILE_BYTES, (i + 1) * TILE_BYTES)), SIDE, SIDE)),
      ),
    );
    if (turn !== this.#turn) {
      for (const tile of tiles) tile.close();
      return;
    }
    for (const tile of this.#before) tile.close();
    this.#before = this.#tiles;
    this.#tiles = tiles;
    this.#canvas.setAttribute("aria-label", description);
    cancelAnimationFrame(this.#frame);
    if (calm.matches || document.hidden || this.#before.length === 0) {
      this.#draw(1);
      return;
    }
    const began = performance.now();
    const step = (/** @type {number} */ now) => {
      const progress = Math.min(1, Math.max(0, now - began) / FADE_MS);
      this.#draw(progress);
      if (progress < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  clear() {
    this.#turn += 1;
    cancelAnimationFrame(this.#frame);
    for (const tile of [...this.#tiles, ...this.#before]) tile.close();
    this.#tiles = [];
    this.#before = [];
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** @param {number} progress of the fade, 0 to 1 */
  #draw(progress) {
    const count = this.#tiles.length;
    if (this.#available === 0 || count === 0) return;
    const ratio = devicePixelRatio || 1;
    const columns = this.#available < 480 ? 4 : 8;
    const rows = Math.ceil(count / columns);
    const scale = Math.max(1, Math.floor((this.#available * ratio - GAP * (columns - 1)) / (columns * SIDE)));
    const tile = scale * SIDE;
    const width = columns * tile + (columns - 1) * GAP;
    const height = rows * tile + (rows - 1) * GAP;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#canvas.style.width = `${width / ratio}px`;
      this.#canvas.style.height = `${height / ratio}px`;
    }
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < count; i += 1) {
      const x = (i % columns) * (tile + GAP);
      const y = Math.floor(i / columns) * (tile + GAP);
      const [old, fresh] = [this.#before[i], this.#tiles[i]];
      context.globalAlpha = 1;
      if (old && progress < 1) context.drawImage(old, x, y, tile, tile);
      context.globalAlpha = old ? progress : 1;
      if (fresh) context.drawImage(fresh, x, y, tile, tile);
    }
    context.globalAlpha = 1;
  }
}
