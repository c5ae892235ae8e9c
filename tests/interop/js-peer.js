/**
 * A js-libp2p node in a tab, with the calls that every test peer has; `rust-peer.js` has the same.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { peerIdFromString } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { webRTC } from "@libp2p/webrtc";
import { webSockets } from "@libp2p/websockets";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const ECHO = "/abraham-test/echo/1.0.0";
const COUNT = "/abraham-test/count/1.0.0";
const CHUNK = 64 * 1024;

let node;
const heard = [];

/** Answers what comes with the same, as it comes. */
async function echo(stream) {
  for await (const chunk of stream) {
    if (!stream.send(chunk)) await stream.onDrain();
  }
  await stream.close();
}

/** Answers with the number of bytes that came before the end, and only then. */
async function count(stream) {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.byteLength;
  stream.send(new TextEncoder().encode(`${bytes}`));
  await stream.close();
}

/** Says `bytes`, then nothing more, and returns what comes back until its end. */
async function ask(stream, bytes) {
  for (let sent = 0; sent < bytes.length; sent += CHUNK) {
    if (!stream.send(bytes.subarray(sent, sent + CHUNK))) await stream.onDrain();
  }
  const closed = stream.close();
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) text += decoder.decode(chunk.subarray(), { stream: true });
  await closed;
  return text;
}

/** The direct connection to `peer`. */
function direct(peer) {
  const found = links(peer).find((connection) => connection.limits === undefined);
  if (!found) throw new Error(`no direct connection to ${peer}`);
  return found;
}

function links(peer) {
  return node.getConnections(peerIdFromString(peer)).filter((connection) => connection.status === "open");
}

globalThis.peer = {
  /** Starts a node that others can dial through the relay, and returns its id. */
  async start(relay) {
    node = await createLibp2p({
      privateKey: await generateKeyPair("secp256k1"),
      addresses: { listen: [`${relay}/p2p-circuit`, "/webrtc"] },
      transports: [webSockets(), webRTC({ rtcConfiguration: { iceServers: [] } }), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // A browser's node dials no loopback address otherwise.
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify(), ping: ping(), pubsub: gossipsub() },
    });
    await node.handle(ECHO, echo);
    await node.handle(COUNT, count);
    node.services.pubsub.addEventListener("message", ({ detail }) =>
      heard.push(new TextDecoder().decode(detail.data)),
    );
    await node.start();
    while (!node.getMultiaddrs().some((address) => address.toString().includes("/webrtc"))) {
      await new Promise((resolve) => node.addEventListener("self:peer:update", resolve, { once: true }));
    }
    return node.peerId.toString();
  },
  /** Makes a direct connection to `peer` by way of the relay and returns the milliseconds it took. */
  async connect(relay, peer) {
    const start = performance.now();
    await node.dial(multiaddr(`${relay}/p2p-circuit/webrtc/p2p/${peer}`));
    return performance.now() - start;
  },
  /** Direct and relayed connections to `peer`. */
  async links(peer) {
    const found = links(peer);
    const relayed = found.filter((connection) => connection.limits !== undefined).length;
    return { direct: found.length - relayed, relayed };
  },
  async ping(peer) {
    direct(peer);
    return node.services.ping.ping(peerIdFromString(peer));
  },
  async echo(peer, text) {
    return ask(await direct(peer).newStream(ECHO), new TextEncoder().encode(text));
  },
  /** Sends `bytes` bytes, closes its side, and returns how many the other side counted. */
  async count(peer, bytes) {
    return Number(await ask(await direct(peer).newStream(COUNT), new Uint8Array(bytes)));
  },
  /** Echoes on `streams` new streams, `atOnce` of them at a time; milliseconds of each tenth. */
  async streams(peer, streams, atOnce) {
    const tenths = [];
    const connection = direct(peer);
    const one = async (index) => {
      const text = await ask(await connection.newStream(ECHO), new TextEncoder().encode(`stream ${index}`));
      if (text !== `stream ${index}`) throw new Error(`stream ${index} answered ${text}`);
    };
    for (let tenth = 0; tenth < 10; tenth++) {
      const start = performance.now();
      for (let done = 0; done < streams / 10; done += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, index) => one(tenth * streams + done + index)));
      }
      tenths.push(performance.now() - start);
    }
    return tenths;
  },
  async subscribe(topic) {
    node.services.pubsub.subscribe(topic);
  },
  async publish(topic, text) {
    await node.services.pubsub.publish(topic, new TextEncoder().encode(text));
  },
  heard,
  async stop() {
    await node.stop();
  },
};
