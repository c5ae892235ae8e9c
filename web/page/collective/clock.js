/**
 * The time, as the server has it. Relays say until when a place is reserved, in the time of day, and a device whose
 * clock is wrong by more than that would never meet anybody.
 */

/** Differences that do not matter; a busy line alone makes seconds. */
const TOLERATED_MS = 30_000;

/**
 * How far this device's clock is behind the server's.
 *
 * @param {unknown} said what the server says: milliseconds since 1970
 * @param {string | null} date the head `Date` of its answer, where it does not say it
 * @param {number} asked when it was asked, by this device's clock
 * @param {number} answered when it answered
 * @returns {number} ms, negative where this device's is ahead; 0 where it is not known or does not matter
 */
export function behindOf(said, date, asked, answered) {
  const server = typeof said === "number" && Number.isFinite(said) && said > 0 ? said : Date.parse(date ?? "");
  const behind = Math.round(server - (asked + answered) / 2);
  return Number.isFinite(behind) && Math.abs(behind) > TOLERATED_MS ? behind : 0;
}

const ofDevice = Date.now;

/** The device's own clock. */
export const deviceNow = () => ofDevice.call(Date);

/**
 * From now on whatever in this window asks for the time of day is told the server's: the network node is a program that
 * knows the browser's clock only.
 *
 * @param {number} behind ms
 */
export function correctClock(behind) {
  Date.now = behind === 0 ? ofDevice : () => deviceNow() + behind;
}
