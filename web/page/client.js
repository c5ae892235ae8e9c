/** The page's end of the line to the worker. */

/** @import { Failure } from "../generated/page.js" */
/** @import { Answer, Answers, Event, Request } from "../shared/messages.js" */

import { reasonFor, reasonInWords } from "../shared/fetching.js";

/** A failure that the worker answered with. */
export class StudioError extends Error {
  /** @param {Failure} failure */
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** How long stopping may take before the worker is ended; a round takes seconds at most. */
const STOP_MS = 15_000;

const WORKER = new URL("../worker.js", import.meta.url);
const DECODER = new URL("../worker/decoding.js", import.meta.url);
/** What the worker is made of before it can speak for itself. */
const PARTS = [
  WORKER,
  new URL("../generated/sizes.js", import.meta.url),
  ...["collective", "lessons", "pictures", "pieces", "shelf", "solo", "talk", "wasm", "windows"].map((name) => new URL(`../worker/${name}.js`, import.meta.url)),
];

export class StudioClient {
  #worker = new Worker(WORKER, { type: "module", name: "abraham-studio" });
  /** Reads pictures for the worker; there is one while there are pictures to read. @type {Worker | null} */
  #decoder = null;
  #next = 1;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: StudioError) => void }>} */
  #waiting = new Map();

  /** Why the worker answers nothing any more. @type {Failure | null} */
  #over = null;

  /** @param {(event: Event) => void} listener */
  constructor(listener) {
    this.#worker.onmessage = (/** @type {MessageEvent<Answer | Event>} */ { data }) => {
      if ("event" in data) {
        if (data.event === "decoder") this.#beginDecoder(data.port);
        else if (data.event === "decoderEnds") this.#endDecoder();
        else listener(data);
        return;
      }
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.ok) waiting?.resolve(data.value);
      else waiting?.reject(new StudioError(data.error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message, listener);
    };
  }

  /**
   * The worker does not begin its decoder itself: in Firefox a worker that begins another sometimes waits for ever
   * (docs/adr/0015).
   *
   * @param {MessagePort} port to the worker
   */
  #beginDecoder(port) {
    this.#endDecoder();
    if (this.#over) return;
    const decoder = new Worker(DECODER, { type: "module", name: "abraham-decoder" });
    decoder.onerror = (event) => {
      event.preventDefault();
      if (this.#decoder === decoder) this.ask({ type: "decoderFailed", message: event.message ?? "" }).catch(() => {});
    };
    decoder.postMessage(port, [port]);
    this.#decoder = decoder;
  }

  #endDecoder() {
    this.#decoder?.terminate();
    this.#decoder = null;
  }

  /** The worker threw, or did not start at all. @param {string | undefined} message what it threw @param {(event: Event) => void} listener */
  async #fail(message, listener) {
    /** @type {Failure} */
    let failure = { code: "internal", message: message ?? "" };
    if (!message) {
      // Browsers say nothing where a part of a worker could not be fetched.
      const reason = await reasonFor(PARTS);
      failure = { code: reason, message: reasonInWords(reason) };
    }
    if (this.#over) return;
    this.#drop(failure);
    listener({ event: "failure", ...failure });
  }

  /**
   * @template {Request["type"]} T
   * @param {Extract<Request, { type: T }>} request
   * @param {Transferable[]} transfer
   * @returns {Promise<Answers[T]>}
   * @throws {StudioError} by rejection
   */
  ask(request, transfer = []) {
    if (this.#over) return Promise.reject(new StudioError(this.#over));
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request }, transfer);
    });
  }

  /** Saves, frees the artist and ends the worker; ends it anyway where saving hangs. */
  async stop() {
    let timer;
    const tooLong = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    try {
      await Promise.race([this.ask({ type: "stop" }), tooLong]);
    } finally {
      clearTimeout(timer);
      this.end();
    }
  }

  /** Ends the worker at once. What was not saved is lost. */
  end() {
    this.#worker.terminate();
    const code = "studio-closed";
    this.#drop({ code, message: code });
  }

  /** @param {Failure} failure */
  #drop(failure) {
    this.#endDecoder();
    this.#over ??= failure;
    for (const { reject } of this.#waiting.values()) reject(new StudioError(failure));
    this.#waiting.clear();
  }
}
