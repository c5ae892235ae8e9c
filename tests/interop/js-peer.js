/** A js-libp2p node in a tab. */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { peerIdFromString } from "@libp2p/peer-id";
import { ping as pings } from "@libp2p/ping";
import { webRTC } from "@libp2p/webrtc";
import { webSockets } from "@libp2p/websockets";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const ECHO = "/abraham-test/echo/1.0.0";
const COUNT = "/abraham-test/count/1.0.0";
const CHUNK = 64 * 1024;
/** Milliseconds for anything that it waits for: its own seconds are too few where two browsers share a busy machine. */
const TIMEOUT = 120_000;
/** Milliseconds for the first try of a dial. */
const DIAL_PATIENCE = 25_000;

let node;

/** Answers what comes with the same, as it comes. */
async function answerWithSame(stream) {
  for await (const chunk of stream) {
    if (!stream.send(chunk)) await stream.onDrain();
  }
  await stream.close();
}

/** Answers with the number of bytes that came before the end, and only then. */
async function answerWithCount(stream) {
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
  const found = open(peer).find((connection) => connection.limits === undefined);
  if (!found) throw new Error(`no direct connection to ${peer}`);
  return found;
}

function open(peer) {
  return node.getConnections(peerIdFromString(peer)).filter((connection) => connection.status === "open");
}

/** Starts a node that others can dial through the relay, and returns its id. */
export async function start(relay) {
  node = await createLibp2p({
    privateKey: await generateKeyPair("secp256k1"),
    addresses: { listen: [`${relay}/p2p-circuit`, "/webrtc"] },
    transports: [
      webSockets(),
      webRTC({ rtcConfiguration: { iceServers: [] } }),
      circuitRelayTransport({ reservationCompletionTimeout: TIMEOUT }),
    ],
    connectionManager: {
      dialTimeout: TIMEOUT,
      addressDialTimeout: TIMEOUT,
      inboundUpgradeTimeout: TIMEOUT,
      inboundStreamProtocolNegotiationTimeout: TIMEOUT,
      outboundStreamProtocolNegotiationTimeout: TIMEOUT,
    },
    // It closes connections that answer its pings late.
    connectionMonitor: { enabled: false },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // A browser's node dials no loopback address otherwise.
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify({ timeout: TIMEOUT }), ping: pings({ timeout: TIMEOUT }) },
  });
  await node.handle(ECHO, answerWithSame);
  await node.handle(COUNT, answerWithCount);
  await node.start();
  while (!node.getMultiaddrs().some((address) => address.toString().includes("/webrtc"))) {
    await new Promise((resolve) => node.addEventListener("self:peer:update", resolve, { once: true }));
  }
  return node.peerId.toString();
}

/**
 * Makes a direct connection to `peer` by way of the relay and returns the milliseconds it took. Between two nodes of its
 * own, a dial of js-libp2p now and then never ends (three in seven on one day, none in sixty on the same; @libp2p/webrtc
 * 6.0.33), so one that takes long is given up and tried again. What each did until then is told if none succeeds.
 */
export async function connect(relay, peer) {
  const start = performance.now();
  const failures = [];
  for (let patience = DIAL_PATIENCE; patience <= TIMEOUT; patience *= 2) {
    const steps = [];
    try {
      await node.dial(multiaddr(`${relay}/p2p-circuit/webrtc/p2p/${peer}`), {
        signal: AbortSignal.timeout(patience),
        onProgress: ({ type }) => steps.push(`${type} at ${Math.round(performance.now() - start)} ms`),
      });
      return performance.now() - start;
    } catch (error) {
      failures.push(`${error.message}, after ${steps.join(", ")}`);
    }
  }
  throw new Error(failures.join("; "));
}

/** Direct and relayed connections to `peer`. */
export function links(peer) {
  const found = open(peer);
  const relayed = found.filter((connection) => connection.limits !== undefined).length;
  return { direct: found.length - relayed, relayed };
}

/** Milliseconds of a ping on the direct connection. */
export async function ping(peer) {
  direct(peer);
  return node.services.ping.ping(peerIdFromString(peer));
}

/** What `peer` answers to `text` on a stream that our side ends after it. */
export async function echo(peer, text) {
  return ask(await direct(peer).newStream(ECHO), new TextEncoder().encode(text));
}

/** Sends `bytes` bytes, closes its side, and returns how many the other side counted. */
export async function count(peer, bytes) {
  return Number(await ask(await direct(peer).newStream(COUNT), new Uint8Array(bytes)));
}
