/** Stands in for `web/pkg/abraham_window.js`: a network node that reaches nobody. */

/** @import { NetworkOptions } from "../../web/generated/page.js" */
/** @import { Network } from "../../web/pkg/abraham_window.js" */

export default async function init() {}

/** @param {NetworkOptions} _options @param {MessagePort} port @returns {Pick<Network, "setRelays" | "stop">} */
export function start(_options, port) {
  return { setRelays() {}, stop: () => port.close() };
}
