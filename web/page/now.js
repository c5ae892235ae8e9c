/** How many donate at this moment, as the server knows, so that a newcomer sees whom there is to join. */

import { box } from "../shared/dom.js";
import { nowInWords } from "./words.js";

export async function showNow() {
  try {
    const answer = await fetch("api/v1/now");
    const { visitors } = await answer.json();
    if (!Number.isSafeInteger(visitors) || visitors < 1) return;
    box("now").textContent = nowInWords(visitors);
    box("now").hidden = false;
  } catch {
    // Nice to know, and no more.
  }
}
