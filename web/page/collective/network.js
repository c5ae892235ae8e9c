/** The window's half of a member: its network node, which workers cannot have, for WebRTC is the window's. */

import { behindOf, correctClock, deviceNow } from "./clock.js";
import { APART, noSettingsInWords, notStartedInWords } from "./words.js";
import { Unfetched, get, reasonFor, reasonInWords } from "../../shared/fetching.js";

/** @import { Network } from "../../pkg/abraham_window.js" */
/** @import { Standing } from "./words.js" */

const PROGRAM = new URL("../../pkg/abraham_window.js", import.meta.url);

/** Why this tab cannot meet others, for a person. */
export class Apart extends Error {
  /** @param {Standing} words @param {boolean} again whether trying again may help */
  constructor({ title, why }, again) {
    super(why);
    this.title = title;
    this.again = again;
  }
}

/**
 * @returns {Promise<{ network: Network, port: MessagePort, iceServers: RTCIceServer[] }>} the running node, the port that
 *   the worker speaks with it on, and the servers that help to find ways to others
 * @throws {Apart} by rejection
 */
export async function startNetwork() {
  const { relays, iceServers, protocols } = await settings();
  checkAbilities(relays);
  const { port1, port2 } = new MessageChannel();
  /** @type {typeof import("../../pkg/abraham_window.js")} */
  let module;
  try {
    module = await import("../../pkg/abraham_window.js");
    await module.default();
  } catch {
    const reason = await reasonFor([PROGRAM]);
    throw new Apart(notStartedInWords(reasonInWords(reason)), true);
  }
  if (!understands(module.protocol?.(), protocols)) {
    throw new Apart(APART.olderPage, false);
  }
  return { network: module.start({ relays, iceServers }, port1), port: port2, iceServers };
}

/** Whether a page that speaks `spoken` and the server's pages understand each other, as far as is known. @param {string | undefined} spoken @param {unknown[]} protocols */
export const understands = (spoken, protocols) => spoken === undefined || protocols.length === 0 || protocols.includes(spoken);

/** Between asking for a way to others and giving up on one. */
const GATHERING_MS = 20_000;

/**
 * Whether this browser finds no way at all by which another tab could reach it: a policy, a VPN or an extension lets no
 * direct link through.
 *
 * @param {RTCIceServer[]} iceServers
 * @returns {Promise<boolean>} false where it finds one, or cannot be asked
 */
export async function isWalledIn(iceServers) {
  /** @type {RTCPeerConnection | null} */
  let trial = null;
  try {
    const asked = new RTCPeerConnection({ iceServers });
    trial = asked;
    asked.createDataChannel("trial");
    const found = new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), GATHERING_MS);
      asked.onicecandidate = ({ candidate }) => {
        // An empty one ends the list.
        if (candidate !== null && candidate.candidate === "") return;
        clearTimeout(timer);
        resolve(candidate !== null);
      };
    });
    await asked.setLocalDescription(await asked.createOffer());
    return !(await found);
  } catch {
    return false;
  } finally {
    trial?.close();
  }
}

/** @param {string[]} relays @throws {Apart} */
function checkAbilities(relays) {
  if (typeof WebSocket !== "function" && !relays.some((address) => address.includes("/webrtc-direct/"))) {
    throw new Apart(APART.noWebSocket, false);
  }
  try {
    const trial = new RTCPeerConnection();
    trial.createDataChannel("trial");
    trial.close();
  } catch {
    throw new Apart(APART.noWebRtc, false);
  }
}

/**
 * @typedef {object} Settings
 * @property {string[]} relays
 * @property {RTCIceServer[]} iceServers
 * @property {unknown[]} protocols that the server's tabs speak with each other
 */

/** Asks the server where others meet, and what time it is. @returns {Promise<Settings>} @throws {Apart} by rejection */
async function settings() {
  const asked = deviceNow();
  let found;
  try {
    const answer = await get("api/v1/config");
    found = await answer.json();
    correctClockBy(found, answer, asked);
  } catch (error) {
    throw new Apart(whyNoSettings(error), true);
  }
  // A relay that can be reached in both ways is tried by WebSocket first: it passes more firewalls.
  const relays = [found.relays, found.webrtcDirect].flatMap((list) => (Array.isArray(list) ? list : []));
  if (relays.length === 0) throw new Apart(APART.noRelay, true);
  const list = (/** @type {unknown} */ value) => (Array.isArray(value) ? value : []);
  return { relays, iceServers: list(found.iceServers), protocols: list(found.protocols) };
}

/** @param {{ now_ms?: unknown } | null} found @param {Response} answer @param {number} asked */
function correctClockBy(found, answer, asked) {
  correctClock(behindOf(found?.now_ms, answer.headers.get("date"), asked, deviceNow()));
}

/** @param {unknown} error @returns {Standing} */
export function whyNoSettings(error) {
  return error instanceof Unfetched ? noSettingsInWords(error.code, error.message) : APART.noSense;
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
