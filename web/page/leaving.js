/** The browser's Back: it leads out of the studio, and asks before it gives anything up. */

/** Marks the entry of the history that the studio adds. */
const MARK = { abraham: "studio" };

/** @param {unknown} state */
const isMarked = (state) => typeof state === "object" && state !== null && "abraham" in state;

/**
 * What Back does, told of every move through the history.
 *
 * @param {{ pushState(state: unknown, unused: string): void, back(): void, state: unknown }} history
 * @param {() => Promise<boolean>} mayLeave asks the visitor
 * @param {() => void} leave leaves the studio
 */
export function backOf(history, mayLeave, leave) {
  let inside = false;
  let asking = false;
  return {
    /** The studio opens. */
    enter() {
      if (inside) return;
      inside = true;
      // An entry that an earlier visit to the studio left, as before a reload, does as well.
      if (!isMarked(history.state)) history.pushState(MARK, "");
    },
    /** The studio closes by other means than Back. */
    left() {
      if (!inside) return;
      inside = false;
      if (isMarked(history.state)) history.back();
    },
    /** The visitor moved through the history. @param {unknown} state the entry's */
    async moved(state) {
      if (!inside || isMarked(state)) return;
      // The entry is put back at once, so that Back once more asks again and leads nowhere else.
      history.pushState(MARK, "");
      if (asking) return;
      asking = true;
      const yes = await mayLeave();
      asking = false;
      if (yes && inside) leave();
    },
  };
}
