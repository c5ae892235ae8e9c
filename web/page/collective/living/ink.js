/** The living picture's colours, which are the page's. */

/**
 * @typedef {object} Ink
 * @property {string} ink
 * @property {string} soft
 * @property {string} line
 * @property {string} edge
 * @property {string} panel
 * @property {string} wall
 * @property {string} accent
 * @property {string} good
 * @property {string} mat
 * @property {readonly [string, string, string, string]} shares one colour for each of the four shares
 * @property {string} serif
 * @property {string} sans
 * @property {boolean} dark
 */

/** @param {Element} element whose colours they are @returns {Ink} */
export function inkOf(element) {
  const style = getComputedStyle(element);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    soft: colour("soft"),
    line: colour("line"),
    edge: colour("edge"),
    panel: colour("panel"),
    wall: colour("wall"),
    accent: colour("accent"),
    good: colour("good"),
    mat: colour("mat"),
    shares: [colour("share-0"), colour("share-1"), colour("share-2"), colour("share-3")],
    serif: colour("serif"),
    sans: colour("sans"),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

/** A colour of the page with less of itself. @param {string} hex `#rrggbb` @param {number} alpha */
export function faint(hex, alpha) {
  return `${hex}${Math.round(Math.min(1, Math.max(0, alpha)) * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
