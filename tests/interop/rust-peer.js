/** Our own node in a tab. */
import init, { Probe } from "./pkg/abraham_tab_probe.js";

let probe;
const ready = init();

// Others see at once that the page has gone.
addEventListener("pagehide", () => probe?.close());

/** Starts a node that others can dial through the relay, and returns its id. */
export async function start(relay) {
  await ready;
  probe = await Probe.start(relay);
  return probe.id();
}

export const connect = (relay, peer) => probe.connect(relay, peer);
export const links = (peer) => probe.links(peer);
export const ping = (peer) => probe.ping(peer);
export const echo = (peer, text) => probe.echo(peer, text);
export const count = (peer, bytes) => probe.count(peer, bytes);
