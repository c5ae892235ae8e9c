/** As much of a browser as the worker's storage needs, in memory. For tests. */

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
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  let quota = Infinity;
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

  /** @param {string} name */
  const handle = (name) => ({
    getFile: async () => new File([new Uint8Array(files.get(name) ?? [])], name),
    createSyncAccessHandle: async () => ({
      getSize: () => files.get(name)?.length ?? 0,
      /** @param {Uint8Array} bytes @param {{ at: number }} where */
      write(bytes, { at }) {
        const room = Math.max(0, Math.min(bytes.length, quota - at));
        const before = files.get(name) ?? new Uint8Array();
        const after = new Uint8Array(Math.max(before.length, at + room));
        after.set(before);
        after.set(bytes.subarray(0, room), at);
        files.set(name, after);
        return room;
      },
      /** @param {number} size */
      truncate: (size) => files.set(name, (files.get(name) ?? new Uint8Array()).slice(0, size)),
      flush() {},
      close() {},
    }),
  });
  const missing = () => Promise.reject(new DOMException("It is not there.", "NotFoundError"));
  const top = {
    /** @param {string} name @param {{ create?: boolean }} [options] */
    async getFileHandle(name, options) {
      if (!files.has(name)) {
        if (!options?.create) return missing();
        files.set(name, new Uint8Array());
      }
      return handle(name);
    },
    /** @param {string} name */
    async removeEntry(name) {
      if (!files.delete(name)) return missing();
    },
  };
  const navigator = { onLine: true, locks, storage: { getDirectory: () => (denied ? refuse() : Promise.resolve(top)) } };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  Object.assign(globalThis, { BroadcastChannel: Channel });
  return {
    files,
    /** @param {number} bytes */
    limit: (bytes) => {
      quota = bytes;
    },
    /** Every window but the one that asks is closed. */
    closeAll: () => {
      held = [];
    },
  };
}
