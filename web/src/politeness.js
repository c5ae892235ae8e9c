/**
 * Reasons to hold back for now: the tab is hidden, or the device runs on battery. Others count on a member of the
 * collective, so a hidden tab stays with them unless its visitor chooses otherwise; the solo studio rests.
 */

import { box, element } from "./dom.js";

/** What Chromium's Battery Status API gives; it is in no standard library of types. */
/** @typedef {EventTarget & { charging: boolean }} Battery */

/** @typedef {{ solo: string | null, collective: string | null }} Reasons null where there is none */

/** Remembers the choices that a visitor made. */
const KEY = "abraham-manners";

/** @param {(reasons: Reasons) => void} changed told at every change */
export function watchPoliteness(changed) {
  const stayHidden = element("stay-hidden", HTMLInputElement);
  const whileHidden = element("while-hidden", HTMLInputElement);
  const onBattery = element("on-battery", HTMLInputElement);
  /** @type {Battery | null} */
  let battery = null;
  const judge = () => {
    const drained = battery !== null && !battery.charging && !onBattery.checked;
    changed({
      solo:
        document.hidden && !whileHidden.checked
          ? "Paused while this tab is hidden."
          : drained
            ? "Paused while this device runs on battery."
            : null,
      collective:
        document.hidden && !stayHidden.checked
          ? "This tab is hidden, and you chose that it then rests."
          : drained
            ? "This device runs on battery."
            : null,
    });
  };
  const choices = { stayHidden, whileHidden, onBattery };
  recall(choices);
  document.addEventListener("visibilitychange", judge);
  for (const choice of Object.values(choices)) {
    choice.addEventListener("change", () => {
      note(choices);
      judge();
    });
  }
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

/** @param {Record<string, HTMLInputElement>} choices */
function recall(choices) {
  try {
    const noted = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [name, choice] of Object.entries(choices)) {
      if (typeof noted?.[name] === "boolean") choice.checked = noted[name];
    }
  } catch {
    // Storage denied, or not ours: the choices stand as the page has them.
  }
}

/** @param {Record<string, HTMLInputElement>} choices */
function note(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(choices).map(([name, { checked }]) => [name, checked]))));
  } catch {
    // Storage denied: they hold for this visit.
  }
}
