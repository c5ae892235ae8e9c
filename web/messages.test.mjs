// Reads `tests/vectors/messages.json` as another implementation does: with none of the project's code.
//
// Gossip and control are a version byte, then postcard (https://postcard.jamesmunns.com/wire-format): integers as
// LEB128, a variant by its number, fields in order, arrays without a length. Keys and signatures are byte strings, so
// they have one. Frames and bulk have fixed headers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const VERSION = 4;
const BYTES = { frame: 32 << 20, bulk: 8 << 20, gossip: 16 << 10, presence: 2 << 10, control: 64 << 10 };
/** Rounds, and times that shares were made anew. */
const COUNTED = 2 ** 48;
const FRAME_KINDS =
  "keys joint_input multiply sine truncate open transcript verdict update abort".split(" ");

/** Why bytes are refused. */
class Refused extends Error {}

class Reader {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.rest = bytes;
  }

  /** @param {number} count */
  take(count) {
    if (count > this.rest.length) throw new Refused("truncated");
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return taken;
  }

  hex(count = this.rest.length) {
    return this.take(count).toString("hex");
  }

  u8() {
    return this.take(1).readUInt8();
  }

  /** An integer in LEB128. @param {bigint} bits */
  varint(bits) {
    for (let value = 0n, shift = 0n; shift < bits; shift += 7n) {
      const byte = BigInt(this.u8());
      value |= (byte & 127n) << shift;
      if (byte < 128n && value >> bits === 0n) return shown(value);
      if (byte < 128n) break;
    }
    throw new Refused("malformed");
  }
}

/** An integer as the vectors have it: as text, where no double holds it. @param {bigint} value */
const shown = (value) => (value > Number.MAX_SAFE_INTEGER ? String(value) : Number(value));

/** @typedef {(reader: Reader) => any} Type Reads a value. */

/** @type {Type} */
const u8 = (reader) => reader.u8();
/** @type {Type} */
const u32 = (reader) => reader.varint(32n);
/** @type {Type} */
const u64 = (reader) => reader.varint(64n);
/** @type {Type} */
const digest = (reader) => reader.hex(32);

/** @type {Type} */
function flag(reader) {
  const byte = reader.u8();
  if (byte > 1) throw new Refused("malformed");
  return byte === 1;
}

/** @type {(type: Type) => Type} */
const option = (type) => (reader) => (flag(reader) ? type(reader) : null);

/** @type {(count: number, type: Type) => Type} */
const array = (count, type) => (reader) => Array.from({ length: count }, () => type(reader));

/** @type {(...types: Type[]) => Type} */
const tuple = (...types) => (reader) => types.map((type) => type(reader));

/**
 * A length before its items, each of which has a byte at least.
 * @type {(type: Type, field: string, most: number) => Type}
 */
const list = (type, field, most) => (reader) => {
  const count = u64(reader);
  if (count > reader.rest.length) throw new Refused("malformed");
  return bounded(array(count, type)(reader), count, field, most);
};

/** @type {<T>(value: T, measure: number, field: string, most: number) => T} */
function bounded(value, measure, field, most) {
  if (measure > most) throw new Refused(`unknown-value: ${field}`);
  return value;
}

/** @type {(type: Type, field: string, most: number) => Type} */
const upTo = (type, field, most) => (reader) => {
  const value = type(reader);
  return bounded(value, Number(value), field, most);
};

/** A string of bytes with its length before it. @type {Type} */
const string = (reader) => reader.take(Number(u64(reader)));

/** @type {(count: number) => Type} */
const exactly = (count) => (reader) => {
  const bytes = string(reader);
  if (bytes.length !== count) throw new Refused("malformed");
  return bytes.toString("hex");
};

/** @type {(fields: Record<string, Type>) => Type} */
const struct = (fields) => (reader) =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, type(reader)]));

/** By number; without a value where it has no type. @type {(...variants: [string, Type?][]) => Type} */
const oneOf = (...variants) => (reader) => {
  const variant = variants[u32(reader)];
  if (variant === undefined) throw new Refused("malformed");
  const [name, type] = variant;
  return type === undefined ? name : { [name]: type(reader) };
};

/** @type {Type} */
function address(reader) {
  const bytes = string(reader);
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw new Refused("malformed");
  return bounded(text, bytes.length, "address length", 256);
}

/** @type {Type} */
const content = (reader) => {
  const bytes = string(reader);
  return bounded(bytes.toString("hex"), bytes.length, "content length", 12 << 10);
};

const key = exactly(33);
const signature = exactly(65);
const seats = array(4, key);
const seat = upTo(u8, "seat", 3);
const round = upTo(u64, "round", COUNTED);
const generation = upTo(u64, "generation", COUNTED);

const stateName = struct({ round, generation, state: digest });
const statement = struct({ artist: digest, round, generation, commitments: array(4, digest), term: digest, seats });
const certificate = struct({ statement, signatures: array(4, option(signature)) });
const presence = struct({
  sequence: u64,
  recipe: digest,
  paint: flag,
  pictures: u32,
  backend: oneOf(["Gpu"], ["Cpu"]),
  addresses: list(address, "addresses", 3),
  links: list(key, "links", 24),
  holding: option(struct({ artist: digest, seat, states: list(stateName, "states", 2) })),
  seated: option(struct({ term: digest, number: u64, seat, artist: digest, round })),
  known_term: u64,
});
const hashes = "latent state content seal record credits".split(" ").map((name) => [name, digest]);
const piece = struct({ artist: digest, recipe: digest, round, ...Object.fromEntries(hashes) });
const signatures = list(struct({ painter: key, signature }), "signatures", 4);
const gossip = oneOf(
  ["Presence", presence],
  ["Leave", struct({ sequence: u64 })],
  ["Piece", struct({ piece, content, signatures })],
);

const continued = struct({ artist: digest, from: stateName, holders: array(4, flag) });
const proposal = struct({ number: u64, recipe: digest, seats, origin: oneOf(["Genesis"], ["Continue", continued]), nonce: digest });
const teachers = list(struct({ peer: key, pictures: u32 }), "teachers", 24);
const step = oneOf(
  ["Ready", struct({ leaves: flag, piece_due: flag, teachers })],
  ["Planned", struct({ readies: digest })],
  ["Have", struct({ batch: digest, updates: u32 })],
  ["Counted", struct({ haves: digest })],
  ["Held", struct({ commitments: array(4, option(digest)) })],
  ["Certify", struct({ helds: digest, signature })],
  ["Sign", signature],
);
const farewell = oneOf(
  ["Refuse"],
  ["Leave"],
  ["Silent", seat],
  ["Suspects", array(2, seat)],
  ["Disagreement"],
  ["Dissolve"],
);
const artist = struct({ states: list(certificate, "states", 2), chain: list(certificate, "chain", 8) });
const holds = struct({
  artists: list(artist, "artists", 4),
  seats: list(tuple(digest, seat), "seats", 16),
  begins: flag,
});
const notice = struct({ term: digest, cycle: u32, seats, artist: digest, round, batch: digest });
const control = oneOf(
  ["Presence", presence],
  ["Proposal", proposal],
  ["Accept", struct({ term: digest, certificate: option(certificate) })],
  ["Farewell", struct({ term: digest, why: farewell })],
  ["Step", struct({ term: digest, cycle: u32, step })],
  ["Notice", struct({ notice, signature })],
  ["Holds", holds],
  ["Sits", struct({ proposal, certificate })],
);

/** @param {Reader} reader @param {Type} type */
function postcard(reader, type) {
  try {
    const value = type(reader);
    if (reader.rest.length > 0) throw new Refused("bytes-left-over");
    return value;
  } catch (error) {
    const isCut = error instanceof Refused && error.message === "truncated";
    throw isCut ? new Refused("malformed") : error;
  }
}

/** @param {Reader} reader */
function version(reader) {
  if (reader.u8() !== VERSION) throw new Refused("unknown-value: version");
}

/** @template T @param {T[]} names @param {number} number @param {string} field */
function named(names, number, field) {
  const name = names[number - 1];
  if (name === undefined) throw new Refused(`unknown-value: ${field}`);
  return name;
}

/** What a message says. @param {keyof typeof BYTES} kind @param {Buffer} bytes */
function read(kind, bytes) {
  const reader = new Reader(bytes);
  if (bytes.length > BYTES[kind]) throw new Refused("too-long");
  if (kind === "frame") {
    const kind = named(FRAME_KINDS, reader.u8(), "frame kind");
    return { kind, sequence: shown(reader.take(8).readBigUInt64LE()), payload: reader.hex() };
  }
  version(reader);
  if (kind === "bulk") {
    const kind = named(["Batch", "Update"], reader.u8(), "bulk kind");
    return { kind, term: reader.hex(8), cycle: reader.take(4).readUInt32LE(), payload: reader.hex() };
  }
  if (kind === "control") return postcard(reader, control);
  if (bytes[1] === 0 && bytes.length > BYTES.presence) throw new Refused("too-long");
  return postcard(reader, gossip);
}

/** @type {{ good: any[], bad: any[] }} */
const { good, bad } = JSON.parse(readFileSync(new URL("../tests/vectors/messages.json", import.meta.url), "utf8"));

test("good messages and frames say what their vectors say", () => {
  assert.deepEqual(new Set(good.map(({ kind }) => kind)), new Set(["frame", "gossip", "control", "bulk"]));
  for (const { name, kind, hex, fields } of good) {
    assert.deepEqual(read(kind, Buffer.from(hex, "hex")), fields, `${kind}: ${name}`);
  }
});

test("bad ones are refused for the same reason", () => {
  assert.ok(bad.length > 0);
  for (const { name, kind, hex, why } of bad) {
    assert.throws(() => read(kind, Buffer.from(hex, "hex")), new Refused(why), `${kind}: ${name}`);
  }
});
