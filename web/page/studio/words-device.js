/** What the page says about the device that computes. */

/** @import { DeviceStatus, NoGraphics } from "../../generated/page.js" */

/** @type {Record<NoGraphics, string>} */
const REFUSED = {
  "switched-off": "The graphics card is switched off here.",
  "no-adapter": "The browser offers no graphics card. Allow hardware acceleration in its settings to use one.",
  refused: "The graphics card refused to work. A newer driver may help.",
  software: "There is only a software imitation of a graphics card, and the processor is faster.",
  disagrees: "The graphics card gets wrong results, so it is not used. A newer driver may help.",
  failed: "The graphics card failed when this page tried to use it.",
  lost: "The graphics card stopped responding, so the processor took over.",
};

/** @param {DeviceStatus} device @returns {{ name: string, why: string, detail: string }} */
export function deviceInWords({ adapter, refused, detail }) {
  return {
    name: adapter ?? "the processor",
    why: refused === null ? "It computes exactly what the processor would." : REFUSED[refused],
    detail: detail ?? "",
  };
}
