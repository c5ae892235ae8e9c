/** What is said of what a visitor allows this tab. No page in here. */

/** What each choice of the throttle means for what the tab computes. @type {Readonly<Record<string, string>>} */
export const EFFORTS = {
  "0.2": "It computes for about a fifth of the time, and rests in between.",
  "0.5": "It computes for about half of the time, and rests in between.",
  "1": "It computes without a rest, round after round.",
};

/** Why the visitor's own artist and this tab's part in the collective are held back. */
export const HIDDEN = { solo: "Paused while this tab is hidden.", collective: "This tab is hidden, and you chose that it rests while hidden." };
export const DRAINED = { solo: "Paused while this device runs on battery.", collective: "This device runs on battery." };
