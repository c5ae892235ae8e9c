/** A second tab of one browser: another has the solo studio, this one is here for the collective. */

/** The lock that the tab with the studio holds; its worker takes it. */
const LOCK = "abraham-studio";

/** @type {AbortController | null} */
let waiting = null;

/** Calls `free` once no other tab has the studio any more. @param {() => void} free */
export async function awaitStudio(free) {
  waiting?.abort();
  const mine = new AbortController();
  waiting = mine;
  try {
    await navigator.locks.request(LOCK, { signal: mine.signal }, () => {});
  } catch {
    // Given up, or this browser has no locks.
    return;
  }
  if (!mine.signal.aborted) free();
}

export function stopAwaiting() {
  waiting?.abort();
  waiting = null;
}
