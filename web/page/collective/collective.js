/** This tab's part in the collective: joining, showing how it stands, holding back, leaving. */

import { toast } from "../../shared/ask.js";
import { hangCollectivePiece, takeDownCollectivePieces } from "./pieces.js";
import { pictureInWords } from "./words.js";
import { box, button, element } from "../../shared/dom.js";
import { LivingPicture } from "./living/picture.js";
import { Apart, isWalledIn, refreshRelays, startNetwork } from "./network.js";
import { sceneOf } from "./scene.js";
import { forgetWho, showApart, showFinding, showTraffic, showWho } from "./who.js";
import { capital, sentence } from "../../shared/words.js";

/** @import { Snapshot, Traffic, WebGpu } from "../../generated/page.js" */
/** @import { Event } from "../../shared/messages.js" */
/** @import { StudioClient, StudioError } from "../client.js" */
/** @import { Network } from "../../pkg/abraham_window.js" */

/** How long the worker may take to say goodbye; it may be amid a round. */
const GOODBYE_MS = 1_500;
/** How often the server is asked for its relays while none of them is there. */
const REFRESH_MS = 5_000;

/** @type {StudioClient | null} */
let client = null;
/** @type {Network | null} */
let network = null;
/** Counts up with every joining and leaving, so that what belongs to an earlier one is dropped. */
let turn = 0;
/** @type {Snapshot | null} */
let snapshot = null;
/** @type {string | null} why this tab holds back, where it does */
let resting = null;
let share = 0.5;
/** @type {WebGpu} */
let webgpu = "auto";
/** @type {(holds: boolean) => void} told when the collective takes this tab over, and when it lets it go */
let changed = () => {};
let held = false;
let frame = 0;
let refreshing = 0;
/** @type {Map<string, number>} bytes over each link at the last report */
let carried = new Map();

/** @type {LivingPicture | null} */
let picture = null;

/**
 * Offers this tab to the collective, with a solo studio or without. Never throws: what hinders it is shown.
 *
 * @param {StudioClient} studio
 * @param {WebGpu} backend
 * @param {(holds: boolean) => void} whenChanged
 * @returns {Promise<boolean>} whether this tab is a member now
 */
export async function joinCollective(studio, backend, whenChanged) {
  client = studio;
  webgpu = backend;
  changed = whenChanged;
  turn += 1;
  const mine = turn;
  snapshot = null;
  carried = new Map();
  showFinding();
  picture ??= new LivingPicture(element("living", HTMLCanvasElement));
  picture.show({ people: [], links: [], act: "waiting", note: "…\nlooking around" }, "Nobody else is here yet.");
  try {
    const started = await startNetwork();
    if (mine !== turn) {
      started.network.stop();
      return false;
    }
    network = started.network;
    isWalledIn(started.iceServers).then((walled) => {
      if (walled && mine === turn) setWalledIn();
    });
    await studio.ask({ type: "join", port: started.port, share, webgpu }, [started.port]);
    if (mine === turn && resting !== null) tellPace();
    return mine === turn;
  } catch (error) {
    if (mine === turn) standApart(error instanceof Apart ? error : new Apart("This tab cannot join", sentence(/** @type {StudioError} */ (error)), true));
    return false;
  }
}

/** The network node found out that it cannot work in this browser. @param {string} reason */
export function setApart(reason) {
  turn += 1;
  standApart(new Apart("This browser cannot join others", capital(reason), false));
}

/** This browser finds no way by which other tabs could reach it. */
function setWalledIn() {
  turn += 1;
  standApart(
    new Apart(
      "This browser allows no direct links",
      "A policy, a VPN or an extension blocks its links to other tabs. Your own artist continues. Remove the block, then try again.",
      true,
    ),
  );
}

/** @param {Apart} apart */
function standApart({ title, message, again }) {
  snapshot = null;
  endNetwork();
  picture?.show({ people: [], links: [], act: "waiting", note: "Alone\nwith its own artist" }, "This tab is on its own.");
  showApart(title, message, again);
  hold(false);
}

/** Says goodbye and closes every connection. */
export async function leaveCollective() {
  const mine = client;
  const wasIn = network !== null;
  turn += 1;
  client = null;
  snapshot = null;
  cancelAnimationFrame(frame);
  try {
    if (wasIn) await Promise.race([mine?.ask({ type: "leave" }), new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
  } catch {
    // The connections are closed below, which says goodbye as well.
  }
  endNetwork();
  picture?.end();
  picture = null;
  forgetWho();
  takeDownCollectivePieces();
  hold(false);
}

function endNetwork() {
  network?.stop();
  network = null;
  keepRelays(true);
}

/** @param {boolean} there whether a relay carries this tab's presence, or nobody needs one */
function keepRelays(there) {
  if (there) {
    clearInterval(refreshing);
    refreshing = 0;
  } else {
    refreshing ||= setInterval(() => network && refreshRelays(network), REFRESH_MS);
  }
}

/** @param {string | null} reason why this tab holds back from now on, or null where it does not */
export function restCollective(reason) {
  if (reason === resting) return;
  resting = reason;
  tellPace();
  show();
}

/** @param {number} time share of the time that rounds may take */
export function paceCollective(time) {
  share = time;
  tellPace();
}

function tellPace() {
  if (network) client?.ask({ type: "pace", share, resting: resting !== null }).catch(() => {});
}

/** @param {Event} event */
export function handleCollectiveEvent(event) {
  if (!client) return;
  switch (event.event) {
    case "collective":
      snapshot = event.snapshot;
      keepRelays(snapshot.connection.state === "online");
      hold(snapshot.term !== null && (snapshot.role === "painter" || snapshot.role === "teacher"));
      cancelAnimationFrame(frame);
      // A hidden tab gets no frames, and nobody looks; its title still says what it is.
      if (document.hidden) show();
      else frame = requestAnimationFrame(show);
      break;
    case "collectiveBatch":
      picture?.paint(event.tiles);
      break;
    case "collectivePiece":
      hangCollectivePiece(event);
      hangInPicture(event.png);
      break;
    case "traffic":
      showTraffic(event);
      light(event);
      break;
  }
}

/** @param {Uint8Array} png */
async function hangInPicture(png) {
  try {
    const made = await createImageBitmap(new Blob([new Uint8Array(png)], { type: "image/png" }));
    if (picture) picture.hang(made);
    else made.close();
  } catch {
    // It hangs in the list all the same, as a picture that this browser cannot decode.
  }
}

/** Lights each of this tab's links by the bytes that went over it since the last report. @param {Traffic} traffic */
function light({ links }) {
  for (const { key, sent, received } of links) {
    const before = carried.get(key) ?? 0;
    picture?.carry(key, sent + received - before);
    carried.set(key, sent + received);
  }
}

function show() {
  if (!snapshot) return;
  showWho(snapshot, resting);
  picture?.show(sceneOf(snapshot, resting !== null), pictureInWords(snapshot));
}

/** @param {boolean} holds */
function hold(holds) {
  if (held === holds) return;
  held = holds;
  box("studio").dataset.collective = String(holds);
  changed(holds);
}

button("copy-address").addEventListener("click", async () => {
  const address = new URL("./", location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    toast("Address copied. Anyone who opens it can join.");
  } catch {
    toast(`Send this address to anyone you want to invite: ${address}`);
  }
});
button("begin-another").addEventListener("click", () => {
  // The next snapshot says what came of it, and presses the button.
  client?.ask({ type: "beginAnother", begins: !snapshot?.waiting?.begins }).catch(() => {});
});
button("join-again").addEventListener("click", () => {
  box("standing").focus();
  if (client) joinCollective(client, webgpu, changed);
});
// Peers notice at once where the connections are closed before the page is gone.
addEventListener("pagehide", endNetwork);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && client) joinCollective(client, webgpu, changed);
});
