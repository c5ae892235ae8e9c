/** Typed access to the page's elements. */

/**
 * The element with this id, of this class. A missing one is a mistake in index.html, so it throws.
 *
 * @template {Element} T
 * @param {string} id
 * @param {abstract new (...args: never[]) => T} kind
 * @returns {T}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} with id ${id}.`);
  return found;
}

/** @param {string} id */
export const button = (id) => element(id, HTMLButtonElement);

/** @param {string} id */
export const box = (id) => element(id, HTMLElement);

/** What was last written where. @type {WeakMap<HTMLElement, string>} */
const written = new WeakMap();

/**
 * Writes only what changed, so that nobody's selection or reading place is lost. What a translator made of it since then
 * stays, for the same words would only be translated again.
 *
 * @param {string} id
 * @param {string} text
 */
export function write(id, text) {
  const place = box(id);
  if (written.get(place) === text) return;
  written.set(place, text);
  place.textContent = text;
}

/** @param {string} id */
export const image = (id) => element(id, HTMLImageElement);

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Whether less movement is wanted: `matches` says it now, and `change` is told when that may have changed. */
class Calm extends EventTarget {
  #asked = matchMedia("(prefers-reduced-motion: reduce)");
  #chosen = false;

  constructor() {
    super();
    this.#asked.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  get matches() {
    return this.#asked.matches || this.#chosen;
  }

  /** The visitor chooses it for this page, whatever the device asks for. @param {boolean} still */
  choose(still) {
    if (still === this.#chosen) return;
    this.#chosen = still;
    document.documentElement.toggleAttribute("data-still", still);
    this.dispatchEvent(new Event("change"));
  }
}

export const calm = new Calm();
