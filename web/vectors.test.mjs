// Checks pieces, states and notices in `tests/vectors` as another implementation does: with none of the project's code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

const TYPES = {
  EIP712Domain: "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
  Piece:
    "Piece(bytes32 artist,bytes32 recipe,uint64 round,bytes32 latent,bytes32 state,bytes32 content,bytes32 seal," +
    "bytes32 record,bytes32 credits)",
  State:
    "State(bytes32 artist,uint64 round,uint64 generation,bytes32[4] commitments,bytes32 term,bytes[4] painters)",
  Notice: "Notice(bytes32 term,uint32 cycle,bytes[4] painters,bytes32 artist,uint64 round,bytes32 batch)",
};
const DOMAIN = { name: "Abraham", version: "1", chainId: 0, verifyingContract: 0 };
const ROUNDS = 2 ** 48;
const CONTENT_BYTES = 12 * 1024;

/**
 * @typedef {Record<string, any>} Fields
 * @typedef {{ painter: string, signature: string }} PainterSignature
 * @typedef {{ piece: Fields, content: string, signatures: PainterSignature[] }} SignedPiece
 */

/** @param {string} name */
const vectors = (name) => JSON.parse(readFileSync(new URL(`../tests/vectors/${name}`, import.meta.url), "utf8"));
const pieces = vectors("pieces.json");
const statements = vectors("statements.json");

/** @param {string} text */
const unhex = (text) => Buffer.from(text, "hex");
/** @param {Uint8Array} bytes */
const hex = (bytes) => Buffer.from(bytes).toString("hex");
/** @param {number | bigint} value @param {number} length */
const bigEndian = (value, length) => unhex(BigInt(value).toString(16).padStart(2 * length, "0"));
/** @param {Uint8Array<ArrayBuffer>} bytes */
const sha256 = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

/** A member as EIP-712's `encodeData` has it. @param {string} type @param {any} value @returns {Uint8Array} */
function encodeMember(type, value) {
  const items = /^(.+)\[4\]$/.exec(type);
  if (items !== null) {
    assert.equal(value.length, 4);
    return keccak_256(Buffer.concat(value.map((/** @type {any} */ item) => encodeMember(items[1] ?? "", item))));
  }
  if (type === "string") return keccak_256(Buffer.from(value));
  if (type === "bytes") return keccak_256(unhex(value));
  if (type !== "bytes32") return bigEndian(value, 32);
  assert.match(value, /^[0-9a-f]{64}$/);
  return unhex(value);
}

/** @param {keyof typeof TYPES} name @param {Fields} fields */
function hashStruct(name, fields) {
  const type = TYPES[name];
  const members = type.slice(name.length + 1, -1).split(",").map((member) => member.split(" "));
  assert.deepEqual(members.map(([, field]) => field).sort(), Object.keys(fields).sort(), name);
  const data = members.map(([kind = "", field = ""]) => encodeMember(kind, fields[field]));
  return keccak_256(Buffer.concat([keccak_256(Buffer.from(type)), ...data]));
}

const DOMAIN_SEPARATOR = hashStruct("EIP712Domain", DOMAIN);

/** @param {keyof typeof TYPES} name @param {Fields} fields */
const digest = (name, fields) =>
  keccak_256(Buffer.concat([Buffer.of(0x19, 0x01), DOMAIN_SEPARATOR, hashStruct(name, fields)]));

/** The compressed key that made a signature, or null. @param {Uint8Array} digest @param {string} signature */
function recover(digest, signature) {
  const [r, s, v] = [signature.slice(0, 64), signature.slice(64, 128), signature.slice(128)];
  if (v !== "1b" && v !== "1c") return null;
  try {
    const read = new secp256k1.Signature(BigInt(`0x${r}`), BigInt(`0x${s}`), v === "1b" ? 0 : 1);
    return read.hasHighS() ? null : hex(read.recoverPublicKey(digest).toBytes(true));
  } catch {
    return null;
  }
}

/** What is wrong with a signed piece, or null. @param {SignedPiece} signed */
async function whyRefused({ piece, content, signatures }) {
  if (piece.round > ROUNDS || signatures.length > 4 || content.length > 2 * CONTENT_BYTES) return "record";
  if (signatures.length !== 1 && signatures.length !== 4) return "signature-count";
  if ((await sha256(unhex(content))) !== piece.content) return "content";
  const signed = digest("Piece", piece);
  const painters = new Set();
  for (const { painter, signature } of signatures) {
    if (painters.has(painter)) return "painter-twice";
    if (recover(signed, signature) !== painter) return "signature";
    painters.add(painter);
  }
  return null;
}

/** The same with one bit changed. @param {string | number} value @param {number} bit */
function flip(value, bit) {
  if (typeof value === "number") return Number(BigInt(value) ^ (1n << BigInt(bit % 48)));
  const bytes = unhex(value);
  const byte = (bit >> 3) % bytes.length;
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << (bit & 7));
  return hex(bytes);
}

test("the signing domain is the same in both files, and here", () => {
  assert.equal(hex(DOMAIN_SEPARATOR), pieces.domain);
  assert.equal(hex(DOMAIN_SEPARATOR), statements.domain);
});

test("good pieces have the digest that was signed, and are good", async () => {
  assert.deepEqual(pieces.good.map((/** @type {any} */ good) => good.record.signatures.length), [1, 4]);
  for (const { name, record, digest: expected } of pieces.good) {
    assert.equal(hex(digest("Piece", record.piece)), expected, name);
    assert.equal(await whyRefused(record), null, name);
  }
});

test("bad pieces are refused for the same reason", async () => {
  assert.ok(pieces.bad.length > 0);
  for (const { name, record, why } of pieces.bad) assert.equal(await whyRefused(record), why, name);
});

test("a good piece is refused when any field has one other bit", async () => {
  const places = [0, 9, 47, 131, 255];
  for (const { name, record } of pieces.good) {
    const { piece, content, signatures } = /** @type {SignedPiece} */ (record);
    for (const bit of places) {
      const other = { piece, signatures, content: String(flip(content, bit)) };
      assert.equal(await whyRefused(other), "content", `${name}: bit ${bit} of the content`);
      for (const field of Object.keys(piece)) {
        const other = { content, signatures, piece: { ...piece, [field]: flip(piece[field], bit) } };
        const why = field === "content" ? "content" : "signature";
        assert.equal(await whyRefused(other), why, `${name}: bit ${bit} of ${field}`);
      }
    }
    for (const [seat, by] of signatures.entries()) {
      // Bits 512 to 519 are the recovery id's.
      for (const bit of [...places, 512, 513, 519]) {
        for (const field of /** @type {const} */ (["painter", "signature"])) {
          const changed = { ...by, [field]: flip(by[field], bit) };
          const other = { piece, content, signatures: signatures.with(seat, changed) };
          assert.equal(await whyRefused(other), "signature", `${name}: bit ${bit} of ${field} ${seat}`);
        }
      }
    }
  }
});

test("of the two signatures that say the same, the one with the high s is refused", async () => {
  const { piece, content, signatures } = pieces.good[0].record;
  const [{ painter, signature }] = signatures;
  const high = secp256k1.Point.Fn.ORDER - BigInt(`0x${signature.slice(64, 128)}`);
  const other = signature.slice(0, 64) + hex(bigEndian(high, 32)) + (signature.endsWith("1b") ? "1c" : "1b");
  assert.equal(await whyRefused({ piece, content, signatures: [{ painter, signature: other }] }), "signature");
});

test("states and notices have their digests, and one signer's signature", () => {
  for (const [name, { type, fields, hashStruct: struct, digest: expected, signer, signature }] of [
    /** @type {const} */ (["State", statements.state]),
    /** @type {const} */ (["Notice", statements.notice]),
  ]) {
    assert.equal(type, TYPES[name]);
    assert.equal(hex(hashStruct(name, fields)), struct, name);
    assert.equal(hex(digest(name, fields)), expected, name);
    assert.equal(recover(digest(name, fields), signature), signer, name);
  }
});

test("signatures under anything else, or by another, are none of the state", () => {
  const { fields, signer } = statements.state;
  assert.ok(statements.notSignaturesOfState.length > 0);
  for (const { name, signature } of statements.notSignaturesOfState) {
    assert.notEqual(recover(digest("State", fields), signature), signer, name);
  }
});

test("a state is named by its commitments, round and generation, and pieces say it", async () => {
  const { commitments, round, generation } = statements.state.fields;
  const counts = [bigEndian(round, 8), bigEndian(generation, 8)];
  const named = Buffer.concat([Buffer.from("abraham/state/2\0"), ...commitments.map(unhex), ...counts]);
  assert.equal(await sha256(named), statements.stateHash);
  for (const { name, record } of pieces.good) assert.equal(record.piece.state, statements.stateHash, name);
});
