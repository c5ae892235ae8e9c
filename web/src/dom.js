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

/** Whether the visitor asked for less movement. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
