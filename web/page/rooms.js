/** The page's two rooms: the welcome and the studio. One of them is shown. */

import { box, button } from "../shared/dom.js";
import { greet } from "./note.js";
import { drawPainters } from "./painters.js";
import { ELSEWHERE } from "./studio/words-studio.js";
import { sentence } from "../shared/words.js";

/** @import { Failure } from "../generated/page.js" */

export function showStudio() {
  box("welcome").hidden = true;
  box("studio").hidden = false;
  drawPainters();
  scrollTo({ top: 0 });
  box("studio-title").focus({ preventScroll: true });
}

/** @param {Failure} [failure] @param {string} text of the failure */
export function showWelcome(failure, text = failure ? sentence(failure) : "") {
  box("studio").hidden = true;
  box("welcome").hidden = false;
  button("reset").hidden = true;
  greet();
  box("welcome-error").hidden = !failure;
  box("welcome-said").hidden = true;
  const damaged = failure?.code.startsWith("checkpoint-") ?? false;
  const lost = failure?.code === "device-lost";
  box("welcome-remedies").hidden = !damaged && !lost;
  button("start-over").hidden = !damaged;
  button("processor-only").hidden = !lost;
  box("welcome-error").textContent = text;
  if (failure?.code === "studio-elsewhere") {
    box("returning").dataset.said = "elsewhere";
    box("returning").textContent = ELSEWHERE;
  }
  scrollTo({ top: 0 });
  button("wake").focus({ preventScroll: true });
}
