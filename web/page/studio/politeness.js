/**
 * What a visitor allows this tab, and reasons to hold back for now: the tab is hidden, or the device runs on battery.
 * Others count on a member of the collective, so a hidden tab stays with them unless its visitor chooses otherwise; the
 * solo studio rests.
 */

import { box, calm, element } from "../../shared/dom.js";
import { DRAINED, EFFORTS, HIDDEN } from "./words-politeness.js";

/** What Chromium's Battery Status API gives; it is in no standard library of types. */
/** @typedef {EventTarget & { charging: boolean }} Battery */

/** @typedef {{ solo: string | null, collective: string | null }} Reasons null where there is none */

/** Remembers the choices that a visitor made. */
const KEY = "abraham-manners";

/** The share of the time that rounds may take, as the visitor chose. @returns {number} */
export function chosenShare() {
  const chosen = document.querySelector("input[name=throttle]:checked");
  return chosen instanceof HTMLInputElement ? Number(chosen.value) : 1;
}

/**
 * @param {(reasons: Reasons) => void} changed told at every change of what holds back
 * @param {() => void} shareChanged told when the visitor chooses another share of the time
 */
export function watchPoliteness(changed, shareChanged) {
  const stayHidden = element("stay-hidden", HTMLInputElement);
  const whileHidden = element("while-hidden", HTMLInputElement);
  const onBattery = element("on-battery", HTMLInputElement);
  const still = element("still", HTMLInputElement);
  /** @type {Battery | null} */
  let battery = null;
  const judge = () => {
    const drained = battery !== null && !battery.charging && !onBattery.checked;
    changed({
      solo: document.hidden && !whileHidden.checked ? HIDDEN.solo : drained ? DRAINED.solo : null,
      collective: document.hidden && !stayHidden.checked ? HIDDEN.collective : drained ? DRAINED.collective : null,
    });
  };
  const choices = { stayHidden, whileHidden, onBattery, still };
  const pace = () => {
    box("effort").textContent = EFFORTS[String(chosenShare())] ?? "";
  };
  recall(choices);
  pace();
  calm.choose(still.checked);
  document.addEventListener("visibilitychange", judge);
  for (const choice of Object.values(choices)) {
    choice.addEventListener("change", () => {
      note(choices);
      calm.choose(still.checked);
      judge();
    });
  }
  for (const choice of document.querySelectorAll("input[name=throttle]")) {
    choice.addEventListener("change", () => {
      note(choices);
      pace();
      shareChanged();
    });
  }
  const { getBattery } = /** @type {{ getBattery?: () => Promise<Battery> }} */ (navigator);
  const unknown = () => {
    box("battery-unknown").hidden = false;
  };
  if (!getBattery) unknown();
  getBattery?.call(navigator).then((found) => {
    battery = found;
    battery.addEventListener("chargingchange", judge);
    box("on-battery-choice").hidden = false;
    judge();
  }, unknown);
  judge();
}

/** @param {Record<string, HTMLInputElement>} choices */
function recall(choices) {
  try {
    const noted = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [name, choice] of Object.entries(choices)) {
      if (typeof noted?.[name] === "boolean") choice.checked = noted[name];
    }
    for (const choice of document.querySelectorAll("input[name=throttle]")) {
      if (choice instanceof HTMLInputElement && Number(choice.value) === noted?.share) choice.checked = true;
    }
  } catch {
    // Storage denied, or not ours: the choices stand as the page has them.
  }
}

/** @param {Record<string, HTMLInputElement>} choices */
function note(choices) {
  const noted = Object.fromEntries(Object.entries(choices).map(([name, { checked }]) => [name, checked]));
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...noted, share: chosenShare() }));
  } catch {
    // Storage denied: they hold for this visit.
  }
}
