/** As much of a browser as windows that share pictures need of it. For tests. */

class Channel {
  /** @type {Set<Channel>} */
  static all = new Set();
  /** @type {((event: { data: unknown }) => void) | null} */
  onmessage = null;

  constructor() {
    Channel.all.add(this);
  }

  /** @param {unknown} data */
  postMessage(data) {
    for (const other of Channel.all) {
      if (other === this) continue;
      setImmediate(() => {
        try {
          other.onmessage?.({ data });
        } catch {
          // A window that fails tells nobody.
        }
      });
    }
  }
}

/** @param {{ denied?: boolean }} [how] */
export function browser({ denied = false } = {}) {
  Channel.all.clear();
  /** @type {Map<string, Promise<unknown>>} */
  const queues = new Map();
  let held = /** @type {string[]} */ ([]);
  const refuse = () => Promise.reject(new DOMException("It may not.", "SecurityError"));

  const locks = {
    /** @param {string} name @param {() => Promise<unknown>} work */
    request(name, work) {
      if (denied) return refuse();
      const mine = (queues.get(name) ?? Promise.resolve()).then(async () => {
        held.push(name);
        try {
          return await work();
        } finally {
          held = held.filter((other) => other !== name);
        }
      });
      queues.set(name, mine.catch(() => {}));
      return mine;
    },
    query: async () => ({ held: held.map((name) => ({ name })) }),
  };

  const navigator = { onLine: true, locks };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  Object.assign(globalThis, { BroadcastChannel: Channel });
  return {
    /** Every window but the one that asks is closed. */
    closeAll: () => {
      held = [];
    },
  };
}
