/** Reasons to hold learning back for now: the tab is hidden, or the device runs on battery. */

import { box, element } from "./dom.js";

/** What Chromium's Battery Status API gives; it is in no standard library of types. */
/** @typedef {EventTarget & { charging: boolean }} Battery */

/**
 * @param {(reason: string | null) => void} changed told the reason, or null where there is none, at every change
 */
export function watchPoliteness(changed) {
  const whileHidden = element("while-hidden", HTMLInputElement);
  const onBattery = element("on-battery", HTMLInputElement);
  /** @type {Battery | null} */
  let battery = null;
  const judge = () => {
    if (document.hidden && !whileHidden.checked) changed("Paused while this tab is hidden.");
    else if (battery && !battery.charging && !onBattery.checked) changed("Paused while this device runs on battery.");
    else changed(null);
  };
  document.addEventListener("visibilitychange", judge);
  whileHidden.addEventListener("change", judge);
  onBattery.addEventListener("change", judge);
  const { getBattery } = /** @type {{ getBattery?: () => Promise<Battery> }} */ (navigator);
  getBattery?.call(navigator).then(
    (found) => {
      battery = found;
      battery.addEventListener("chargingchange", judge);
      box("on-battery-choice").hidden = false;
      judge();
    },
    () => {
      // Denied by a policy: then there is nothing to know.
    },
  );
  judge();
}
