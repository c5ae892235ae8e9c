/** Stands in for `web/pkg/abraham_window.js`: a network node that reaches nobody. */

export default async function init() {}

/** @param {unknown} _options @param {MessagePort} port */
export function start(_options, port) {
  return { stop: () => port.close() };
}
