/**
 * The living picture: who is in the collective and what it does right now, drawn so that one would rather watch it
 * than read it. In the middle is what is being painted, around it the four painters' seats, around those everyone
 * else. Sparks run where messages run.
 */

import { calm } from "../../../shared/dom.js";
import { Mosaic } from "./mosaic.js";
import { Sparks } from "./sparks.js";
import { Figures } from "./figures.js";
import { inkOf } from "./ink.js";

/** @import { Ink } from "./ink.js" */

/**
 * @typedef {object} Person somebody who is here
 * @property {string} id
 * @property {string} name
 * @property {number | null} seat 0 to 3 for a painter
 * @property {boolean} teaches asked to teach in this round
 * @property {boolean} lends has pictures to teach from
 * @property {boolean} me
 * @property {boolean} reachable linked with this tab
 */

/** @typedef {"waiting" | "ready" | "settingUp" | "painting" | "teaching" | "agreeing" | "learning" | "piece" | "working" | "resting"} Act */

/**
 * @typedef {object} Scene
 * @property {Person[]} people
 * @property {[string, string][]} links who is linked with whom, by id
 * @property {Act} act
 * @property {string} note what the middle says while nothing is painted
 */

/** A longer time than this between two frames is a pause. */
const PAUSE_MS = 1_000;
const CORES = navigator.hardwareConcurrency || 2;
/**
 * Milliseconds from one frame to asking for the next. Sparks look alike at 25 and at 60 a second; a frame costs some 8 ms
 * of a processor where no graphics card helps, and where there are few of those, the artist needs them more.
 */
const FRAME_MS = CORES > 4 ? 28 : CORES > 2 ? 55 : 90;
/** The same while there is little to see. */
const QUIET_MS = 90;
/** Acts before there is anything to paint, which need less room. @type {ReadonlySet<Act>} */
const QUIET = new Set(["waiting", "resting"]);

/** Height that the page needs beside the drawing, so that its caption is in sight, and the least the drawing has. */
const BESIDE = 330;
const LEAST = 330;

/** @param {number} width in CSS pixels @param {Act} act @returns {number} the height of the drawing */
function heightOf(width, act) {
  if (QUIET.has(act)) return Math.round(Math.min(LEAST, width * 0.78));
  if (width < 520) return Math.round(width * 1.02);
  return Math.round(Math.min(width * 0.68, Math.max(LEAST, innerHeight - BESIDE)));
}

/** Where things are, in CSS pixels. */
export class Ground {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.x = width / 2;
    this.y = height / 2;
    /** Half of the shorter side. */
    this.unit = Math.min(width, height) / 2;
    /** How much wider than high the rings are. */
    this.stretch = Math.min(1.42, width / height);
  }

  /** A point on a ring. @param {number} angle @param {number} radius in units @returns {{ x: number, y: number }} */
  on(angle, radius) {
    return {
      x: this.x + Math.cos(angle) * radius * this.unit * this.stretch,
      y: this.y + Math.sin(angle) * radius * this.unit,
    };
  }
}

export class LivingPicture {
  #canvas;
  #context;
  /** @type {Ink} */
  #ink;
  #ground = new Ground(1, 1);
  #mosaic = new Mosaic();
  #sparks = new Sparks();
  #figures = new Figures();
  /** @type {Scene} */
  #scene = { people: [], links: [], act: "waiting", note: "" };
  #ratio = 1;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #drawnAt = 0;
  #seen = true;
  #gone = new AbortController();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser gives no canvas to draw on.");
    this.#context = context;
    this.#ink = inkOf(canvas);
    const { signal } = this.#gone;
    const sizes = new ResizeObserver(() => this.#fit());
    sizes.observe(/** @type {Element} */ (canvas.parentElement));
    const sight = new IntersectionObserver(([entry]) => {
      this.#seen = entry?.isIntersecting ?? true;
      this.#wake();
    });
    sight.observe(canvas);
    signal.addEventListener("abort", () => {
      sizes.disconnect();
      sight.disconnect();
      this.#rest();
    });
    const repaint = () => {
      this.#ink = inkOf(canvas);
      this.#wake();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint, { signal });
    calm.addEventListener("change", repaint, { signal });
    document.addEventListener("visibilitychange", () => this.#wake(), { signal });
    addEventListener("resize", () => this.#fit(), { signal });
    this.#fit();
  }

  /** @param {Scene} scene @param {string} description for those who do not see it */
  show(scene, description) {
    const before = this.#scene.act;
    this.#scene = scene;
    this.#canvas.setAttribute("aria-label", description);
    this.#figures.show(scene);
    if (before !== scene.act) {
      this.#mosaic.turn(scene.act);
      this.#sparks.turn(scene.act);
      this.#fit();
    }
    this.#wake();
  }

  /** The batch that was just painted. @param {Uint8Array} tiles of SIDE×SIDE RGBA */
  paint(tiles) {
    this.#mosaic.paint(tiles);
    this.#wake();
  }

  /** A finished piece, which hangs in the middle for a while. @param {ImageBitmap} picture */
  hang(picture) {
    this.#mosaic.hang(picture);
    this.#wake();
  }

  /** Bytes that went over this tab's link with somebody lately. @param {string} id @param {number} bytes */
  carry(id, bytes) {
    this.#figures.carry(id, bytes);
  }

  /** Ends it; the canvas may be given to another. */
  end() {
    this.#gone.abort();
    this.#mosaic.clear();
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #fit() {
    const width = this.#canvas.parentElement?.clientWidth ?? 0;
    if (width === 0) return;
    const height = heightOf(width, this.#scene.act);
    // A screen of three pixels a CSS pixel shows no more of soft lights than one of two.
    this.#ratio = Math.min(2, devicePixelRatio || 1);
    if (width === this.#ground.width && height === this.#ground.height) return;
    this.#ground = new Ground(width, height);
    this.#canvas.width = Math.round(width * this.#ratio);
    this.#canvas.height = Math.round(height * this.#ratio);
    this.#figures.settle();
    this.#draw(performance.now());
    this.#wake();
  }

  #rest() {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
  }

  #wake() {
    this.#rest();
    if (!this.#seen || document.hidden || this.#gone.signal.aborted) return;
    this.#frame = requestAnimationFrame((now) => this.#step(now));
  }

  /** @param {number} now */
  #step(now) {
    this.#draw(now);
    // Where movement is unwelcome, a new frame is drawn for each change only.
    if (calm.matches) return;
    // A timer in between: asking for each of the screen's frames costs as much as drawing in it.
    this.#timer = setTimeout(
      () => {
        this.#frame = requestAnimationFrame((next) => this.#step(next));
      },
      QUIET.has(this.#scene.act) ? QUIET_MS : FRAME_MS,
    );
  }

  /** @param {number} now */
  #draw(now) {
    const still = calm.matches;
    const since = now - this.#drawnAt;
    // After a pause, as in a hidden tab, everything is where it belongs at once.
    const passed = still || since > PAUSE_MS ? Infinity : since;
    this.#drawnAt = now;
    const context = this.#context;
    const ground = this.#ground;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, ground.width, ground.height);
    this.#figures.move(ground, now, passed);
    this.#figures.drawLinks(context, this.#ink, ground, this.#scene, now, still);
    const sparks = () => {
      if (still) return;
      this.#sparks.emit(this.#scene, this.#figures, this.#mosaic, ground, now);
      this.#sparks.draw(context, this.#ink, this.#mosaic, now);
    };
    const middle = () => this.#mosaic.draw(context, this.#ink, ground, now, still, this.#scene.note);
    // A piece swallows the sparks that bring it about; copies of a batch fly out over it.
    for (const layer of this.#scene.act === "piece" ? [sparks, middle] : [middle, sparks]) layer();
    this.#figures.draw(context, this.#ink, ground, this.#scene, now, still);
  }
}
