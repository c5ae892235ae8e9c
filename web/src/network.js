/** The window's half of a member: its network node, which workers cannot have, for WebRTC is the window's. */

/** @typedef {{ setRelays(relays: string[]): void, stop(): void }} Network */

/**
 * @typedef {object} WindowModule what `pkg/abraham_window.js` exports
 * @property {() => Promise<unknown>} default
 * @property {(options: { relays: string[], iceServers: RTCIceServer[] }, port: MessagePort) => Network} start
 */

/** Why this tab cannot meet others, for a person. */
export class Apart extends Error {
  /** @param {string} title @param {string} why @param {boolean} again whether trying again may help */
  constructor(title, why, again) {
    super(why);
    this.title = title;
    this.again = again;
  }
}

/**
 * @returns {Promise<{ network: Network, port: MessagePort }>} the running node, and the port that the worker speaks
 *   with it on
 * @throws {Apart} by rejection
 */
export async function startNetwork() {
  const { relays, iceServers } = await settings();
  checkAbilities(relays);
  const { port1, port2 } = new MessageChannel();
  try {
    // Not a literal: the module is built, and does not exist where types are checked.
    const path = "../pkg/abraham_window.js";
    /** @type {WindowModule} */
    const module = await import(path);
    await module.default();
    return { network: module.start({ relays, iceServers }, port1), port: port2 };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Apart("This tab cannot join", `The network part could not be started (${text}). Check your connection and try again.`, true);
  }
}

/** @param {string[]} relays @throws {Apart} */
function checkAbilities(relays) {
  if (typeof WebSocket !== "function" && !relays.some((address) => address.includes("/webrtc-direct/"))) {
    throw new Apart("This browser keeps to itself", "It has no WebSocket, or a policy blocks it, so it cannot find the relay that introduces tabs to each other.", false);
  }
  try {
    const trial = new RTCPeerConnection();
    trial.createDataChannel("trial");
    trial.close();
  } catch {
    throw new Apart("This browser keeps to itself", "It has no WebRTC, or a policy or an extension blocks it, so its tabs cannot reach other visitors’ tabs.", false);
  }
}

/** @returns {Promise<{ relays: string[], iceServers: RTCIceServer[] }>} @throws {Apart} by rejection */
async function settings() {
  let found;
  try {
    const answer = await fetch("api/v1/config");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    found = await answer.json();
  } catch {
    throw new Apart("The server does not answer", "So this tab does not know where others meet. Check your connection and try again.", true);
  }
  // A relay that can be reached in both ways is tried by WebSocket first: it passes more firewalls.
  const relays = [found.relays, found.webrtcDirect].flatMap((list) => (Array.isArray(list) ? list : []));
  if (relays.length === 0) {
    throw new Apart("Nobody can meet here", "The server that this page came from runs no relay, so tabs cannot find each other.", true);
  }
  return { relays, iceServers: Array.isArray(found.iceServers) ? found.iceServers : [] };
}

/**
 * Asks the server for its relays again and tells the node: a relay that was started anew may have another name. For
 * as long as the server does not answer, nothing changes.
 *
 * @param {Network} network
 */
export async function refreshRelays(network) {
  try {
    network.setRelays((await settings()).relays);
  } catch {
    // It is asked again while no relay is there.
  }
}
