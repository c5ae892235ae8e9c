/** What a test can ask of a peer in a tab. `?js` runs js-libp2p, `?rust` our own node; both export the same calls. */

const kind = location.search.slice(1);
document.title = `${kind}-libp2p`;
const loaded = import(`./${kind}-peer.js`);

const CALLS = ["start", "connect", "links", "ping", "echo", "count"];

globalThis.peer = {
  ...Object.fromEntries(CALLS.map((name) => [name, async (...given) => (await loaded)[name](...given)])),
  /** Echoes on `streams` new streams, `atOnce` of them at a time; milliseconds of each tenth. */
  async streams(peer, streams, atOnce) {
    const { echo } = await loaded;
    const one = async (index) => {
      const text = await echo(peer, `stream ${index}`);
      if (text !== `stream ${index}`) throw new Error(`stream ${index} answered ${text}`);
    };
    const tenths = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      const start = performance.now();
      for (let done = 0; done < streams / 10; done += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, index) => one(tenth * streams + done + index)));
      }
      tenths.push(performance.now() - start);
    }
    return tenths;
  },
};
