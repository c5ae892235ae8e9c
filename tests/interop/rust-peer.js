/** Our own node in a tab, with the calls that every test peer has; `js-peer.js` has the same. */
import init, { Probe } from "./pkg/abraham_tab_probe.js";

let probe;
const ready = init();

// Others see at once that the page has gone.
addEventListener("pagehide", () => probe?.close());

globalThis.peer = {
  async start(relay) {
    await ready;
    probe = await Probe.start(relay);
    return probe.id();
  },
  connect: async (relay, peer) => probe.connect(relay, peer),
  links: async (peer) => probe.links(peer),
  ping: async (peer) => probe.ping(peer),
  echo: async (peer, text) => probe.echo(peer, text),
  count: async (peer, bytes) => probe.count(peer, bytes),
  streams: async (peer, streams, atOnce) => [...(await probe.streams(peer, streams, atOnce))],
  stop: async () => probe.stop(),
};
