/** This tab's part in the collective: joining, showing how it stands, holding back, leaving. */

import { toast } from "../../shared/ask.js";
import { hangCollectivePiece, takeDownCollectivePieces } from "./pieces.js";
import { ADDRESS_COPIED, ALONE, APART, FINDING, addressInWords, notJoinedInWords, pictureInWords, unsupportedInWords } from "./words.js";
import { box, button, element } from "../../shared/dom.js";
import { LivingPicture } from "./living/picture.js";
import { Apart, isWalledIn, refreshRelays, startNetwork } from "./network.js";
import { sceneOf, sceneOfNobody } from "./scene.js";
import { forgetWho, showTraffic, showWho } from "./who.js";
import { sentence } from "../../shared/words.js";

/** @import { Snapshot, Traffic, WebGpu } from "../../generated/page.js" */
/** @import { Event } from "../../shared/messages.js" */
/** @import { StudioClient, StudioError } from "../client.js" */
/** @import { Network } from "../../pkg/abraham_window.js" */

/** How long the worker may take to say goodbye; it may be amid a round. */
const GOODBYE_MS = 1_500;
/** How often the server is asked for its relays while none of them is there. */
const REFRESH_MS = 5_000;

/**
 * One membership, from joining to its end. Whoever awaits something on its behalf looks afterwards whether it is still
 * the one.
 *
 * @typedef {object} Membership
 * @property {Network | null} network the window's node, once it runs
 * @property {Snapshot | null} snapshot how the collective stands, once that is known
 * @property {Map<string, number>} carried bytes over each link at the last report
 * @property {number} frame in which the snapshot is shown
 * @property {number} refreshing the interval in which the server is asked for its relays, while none of them is there
 */

/**
 * This tab as its visitor offers it, from donating it to stopping. It may be a member many times.
 *
 * @typedef {object} Offer
 * @property {StudioClient} client
 * @property {WebGpu} webgpu
 * @property {(holds: boolean) => void} changed told when the collective takes this tab over, and when it lets it go
 * @property {boolean} held whether the collective has taken it over
 * @property {LivingPicture} picture
 * @property {Membership | null} membership
 * @property {Apart | null} apart why it is no member, where it cannot be one
 */

/**
 * @typedef {object} State
 * @property {Offer | null} offer
 * @property {string | null} resting why this tab holds back, where it does
 * @property {number} share of the time that rounds may take
 */

/** @type {State} */
const state = { offer: null, resting: null, share: 0.5 };

/**
 * Offers this tab to the collective, with a solo studio or without. Never throws: what hinders it is shown.
 *
 * @param {StudioClient} client
 * @param {WebGpu} webgpu
 * @param {(holds: boolean) => void} changed
 * @returns {Promise<boolean>} whether this tab is a member now
 */
export async function joinCollective(client, webgpu, changed) {
  const picture = new LivingPicture(element("living", HTMLCanvasElement));
  /** @type {Offer} */
  const offer = { client, webgpu, changed, held: false, picture, membership: null, apart: null };
  state.offer = offer;
  return join(offer);
}

/** @param {Offer} offer @returns {Promise<boolean>} whether it is a member now */
async function join(offer) {
  endMembership(offer);
  /** @type {Membership} */
  const membership = { network: null, snapshot: null, carried: new Map(), frame: 0, refreshing: 0 };
  const isCurrent = () => state.offer === offer && offer.membership === membership;
  offer.membership = membership;
  offer.apart = null;
  forgetWho();
  render();
  try {
    const { network, port, iceServers } = await startNetwork();
    if (!isCurrent()) {
      network.stop();
      return false;
    }
    membership.network = network;
    isWalledIn(iceServers).then((walled) => {
      if (walled && isCurrent()) standApart(new Apart(APART.walledIn, true));
    });
    await offer.client.ask({ type: "join", port, share: state.share, webgpu: offer.webgpu }, [port]);
    if (isCurrent() && state.resting !== null) tellPace();
    return isCurrent();
  } catch (error) {
    if (isCurrent()) standApart(error instanceof Apart ? error : new Apart(notJoinedInWords(sentence(/** @type {StudioError} */ (error))), true));
    return false;
  }
}

/** The network node found out that it cannot work in this browser. @param {string} reason */
export function setApart(reason) {
  standApart(new Apart(unsupportedInWords(reason), false));
}

/** @param {Apart} apart */
function standApart(apart) {
  const { offer } = state;
  if (!offer) return;
  endMembership(offer);
  offer.apart = apart;
  render();
  hold(offer, false);
}

/** Says goodbye and closes every connection. */
export async function leaveCollective() {
  const { offer } = state;
  if (!offer) return;
  state.offer = null;
  try {
    if (offer.membership?.network) {
      await Promise.race([offer.client.ask({ type: "leave" }), new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
    }
  } catch {
    // The connections are closed below, which says goodbye as well.
  }
  endMembership(offer);
  offer.picture.end();
  forgetWho();
  takeDownCollectivePieces();
  hold(offer, false);
}

/** @param {Offer} offer */
function endMembership(offer) {
  const { membership } = offer;
  offer.membership = null;
  if (!membership) return;
  cancelAnimationFrame(membership.frame);
  clearInterval(membership.refreshing);
  membership.network?.stop();
}

/** @param {Membership} membership @param {boolean} there whether a relay carries its presence, or nobody needs one */
function keepRelays(membership, there) {
  if (there) {
    clearInterval(membership.refreshing);
    membership.refreshing = 0;
  } else {
    membership.refreshing ||= setInterval(() => membership.network && refreshRelays(membership.network), REFRESH_MS);
  }
}

/** @param {string | null} reason why this tab holds back from now on, or null where it does not */
export function restCollective(reason) {
  if (reason === state.resting) return;
  state.resting = reason;
  tellPace();
  render();
}

/** @param {number} share of the time that rounds may take */
export function paceCollective(share) {
  state.share = share;
  tellPace();
}

function tellPace() {
  const { offer, share, resting } = state;
  if (offer?.membership?.network) offer.client.ask({ type: "pace", share, resting: resting !== null }).catch(() => {});
}

/** @param {Event} event */
export function handleCollectiveEvent(event) {
  const { offer } = state;
  // What a membership still says that has ended is dropped.
  if (!offer?.membership) return;
  const { membership, picture } = offer;
  switch (event.event) {
    case "collective": {
      const { snapshot } = event;
      membership.snapshot = snapshot;
      keepRelays(membership, snapshot.connection.state === "online");
      hold(offer, snapshot.term !== null && (snapshot.role === "painter" || snapshot.role === "teacher"));
      cancelAnimationFrame(membership.frame);
      // A hidden tab gets no frames, and nobody looks; its title still says what it is.
      if (document.hidden) render();
      else membership.frame = requestAnimationFrame(render);
      break;
    }
    case "collectiveBatch":
      picture.paint(event.tiles);
      break;
    case "collectivePiece":
      hangCollectivePiece(event);
      hangInPicture(offer, event.png);
      break;
    case "traffic":
      showTraffic(event);
      light(picture, membership, event);
      break;
  }
}

/** @param {Offer} offer @param {Uint8Array} png */
async function hangInPicture(offer, png) {
  try {
    const made = await createImageBitmap(new Blob([new Uint8Array(png)], { type: "image/png" }));
    if (state.offer === offer) offer.picture.hang(made);
    else made.close();
  } catch {
    // It hangs in the list all the same, as a picture that this browser cannot decode.
  }
}

/** Lights each of this tab's links by the bytes that went over it since the last report. @param {LivingPicture} picture @param {Membership} membership @param {Traffic} traffic */
function light(picture, { carried }, { links }) {
  for (const { key, sent, received } of links) {
    const before = carried.get(key) ?? 0;
    picture.carry(key, sent + received - before);
    carried.set(key, sent + received);
  }
}

/** Shows how it stands, in words and as the living picture. */
function render() {
  const { offer, resting } = state;
  if (!offer) return;
  const snapshot = offer.membership?.snapshot ?? null;
  showWho({ snapshot, apart: offer.apart, resting });
  const { note, picture } = offer.apart ? ALONE : FINDING;
  if (snapshot) offer.picture.show(sceneOf(snapshot, resting !== null), pictureInWords(snapshot));
  else offer.picture.show(sceneOfNobody(note), picture);
}

/** @param {Offer} offer @param {boolean} holds */
function hold(offer, holds) {
  if (offer.held === holds) return;
  offer.held = holds;
  box("studio").dataset.collective = String(holds);
  offer.changed(holds);
}

button("copy-address").addEventListener("click", async () => {
  const address = new URL("./", location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    toast(ADDRESS_COPIED);
  } catch {
    toast(addressInWords(address));
  }
});
button("begin-another").addEventListener("click", () => {
  const { offer } = state;
  // The next snapshot says what came of it, and presses the button.
  offer?.client.ask({ type: "beginAnother", begins: !offer.membership?.snapshot?.waiting?.begins }).catch(() => {});
});
button("join-again").addEventListener("click", () => {
  box("standing").focus();
  if (state.offer) join(state.offer);
});
// Peers notice at once where the connections are closed before the page is gone.
addEventListener("pagehide", () => {
  if (state.offer) endMembership(state.offer);
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && state.offer) join(state.offer);
});
