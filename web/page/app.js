/**
 * The page's first module: the gallery and the invitation. Everything else is fetched when the artist is woken.
 *
 * Handles for tests (`data-testid`, the same as the ids). `?webgpu=on|off` forces the backend; default `auto`.
 *   welcome   wall wall-main wake now returning welcome-error welcome-said processor-only start-over
 *   here      elsewhere collective (data-standing, data-role, data-state) standing standing-why lack living
 *             living-caption steps (li[data-act]) connection leaving rounds-painted rounds-taught pieces-signed lent
 *             sent received outgoing here here-list stay-hidden another-tab copy-address join-again solo-rests
 *             collective-live collective-pieces-list collective-piece (each)
 *   told      told (data-why) storage-stays teach-missing yours-unsaved
 *   studio    studio phase (data-phase) trouble rewake batch run (data-action=start|pause) paint stop
 *             throttle-light throttle-medium throttle-full while-hidden on-battery still
 *             round pictures time pace backend storage genesis bytes kinds
 *   teach     drop-zone teach-demo teach-choose teach-files (input) teach-folder (input) yours forget
 *             refused refused-list (li[data-kind]) asking asking-list (li[data-kind]) asking-teach asking-leave
 *   pieces    easel easel-image easel-check (data-verdict) keep paint-another download-png download-json delete
 *             easel-close check-choose check-file (input)
 *             pieces-none pieces-list piece (each) toast undo
 *   other     reset sure sure-yes sure-no
 */

import { box, button, element, make } from "../shared/dom.js";
import { keepPageOnDrop } from "./drop.js";
import { reasonFor, reasonInWords } from "../shared/fetching.js";
import { hangGallery } from "./gallery.js";
import { greet } from "./note.js";
import { showNow } from "./now.js";
import { pieceIn } from "./provenance/piece-file.js";
import { lackOf } from "./start.js";
import { NO_PIECE } from "./words.js";

/** What is fetched at the press of the button, first of all. */
const STUDIO = "./studio/studio.js";
/** How the collective and pieces look: fetched with what needs it. */
const STYLE = new URL("./collective/collective.css", import.meta.url);

/** @param {Partial<import("../generated/page.js").OpenOptions>} options */
async function wake(options = {}) {
  for (const id of ["wake", "processor-only"]) button(id).disabled = true;
  box("welcome-error").hidden = true;
  box("welcome-said").hidden = true;
  try {
    const lack = await lackOf({ isSecureContext, href: location.href, WebAssembly: globalThis.WebAssembly });
    if (lack !== null) return refuse(lack);
    const [{ openStudio }] = await Promise.all([import("./studio/studio.js"), dress()]);
    await openStudio(options);
  } catch {
    // The studio reports its own failures; this one is that it could not be fetched.
    const parts = [new URL(STUDIO, import.meta.url), STYLE];
    refuse(reasonInWords(await reasonFor(parts)));
  } finally {
    for (const id of ["wake", "processor-only"]) button(id).disabled = false;
  }
}

/** @param {string} text why the artist cannot wake */
function refuse(text) {
  box("welcome-error").textContent = text;
  box("welcome-error").hidden = false;
}

/** Fetches how the collective looks, once. @returns {Promise<unknown>} */
function dress() {
  if (document.querySelector(`link[href='${STYLE}']`)) return Promise.resolve();
  const link = make("link", { rel: "stylesheet", href: STYLE.href });
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error(`${STYLE} could not be fetched.`));
    };
    document.head.append(link);
  });
}

/** Shows who signed a piece's file. @param {File} file @returns {Promise<boolean>} whether it says that it is a piece */
async function look(file) {
  const png = await pieceIn(file);
  if (png === null) return false;
  try {
    const [{ lookAt }] = await Promise.all([import("./provenance/pieces.js"), dress()]);
    lookAt({ png }, "file");
  } catch {
    const parts = [new URL("./provenance/pieces.js", import.meta.url), STYLE];
    say(reasonInWords(await reasonFor(parts)));
  }
  return true;
}

/** Something that is no failure, beside the button. @param {string} text */
function say(text) {
  if (box("studio").hidden) {
    box("welcome-said").textContent = text;
    box("welcome-said").hidden = false;
  } else {
    import("../shared/ask.js").then(({ toast }) => toast(text));
  }
}

// A reload leads from the studio back to the welcome page, where the studio's place on the page means nothing.
history.scrollRestoration = "manual";
greet();
hangGallery();
showNow();
keepPageOnDrop(() => !box("studio").hidden, say, look);
const picker = element("check-file", HTMLInputElement);
button("check-choose").addEventListener("click", () => picker.click());
picker.addEventListener("change", async () => {
  const [file] = picker.files ?? [];
  // The same file may be chosen again.
  picker.value = "";
  if (file && !(await look(file))) say(NO_PIECE);
});
button("wake").addEventListener("click", () => wake());
button("processor-only").addEventListener("click", () => wake({ webgpu: "off" }));
