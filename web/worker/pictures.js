/** Files to tiles: checks a file, decodes it, and scales its middle square to the artist's size. */

import { readHeader } from "./header.js";

/** Side of the artist's pictures in pixels. */
export const SIDE = 32;
/** Bytes of one file. */
export const FILE_BYTES = 20 * 1024 * 1024;
/** Pixels of one picture: 40 megapixels are 160 MB decoded, which a phone still has. */
export const PIXELS = 40_000_000;

/** Why a file is left out: a code of the interface, and a sentence. */
export class Refusal extends Error {
  /** @param {"not-an-image" | "too-large" | "corrupt-image"} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {File} file
 * @returns {Promise<{ rgba: Uint8Array, note: string | null }>} SIDE×SIDE RGBA over white, and a remark on
 *   what was done to the picture
 * @throws {Refusal}
 */
export async function decode(file) {
  if (file.size === 0) throw new Refusal("not-an-image", "The file is empty.");
  if (file.size > FILE_BYTES) {
    throw new Refusal("too-large", `The file has ${megabytes(file.size)}. Files up to ${megabytes(FILE_BYTES)} are taken.`);
  }
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Refusal("corrupt-image", "The file could not be read. It may have been moved or deleted, or it is a folder.");
  }
  const header = readHeader(bytes);
  if (header === "foreign") {
    throw new Refusal("not-an-image", "This is not a PNG, JPEG, GIF or WebP picture.");
  }
  if (header === "damaged") {
    throw new Refusal("corrupt-image", "The picture is damaged: it does not say how large it is.");
  }
  if (header.width * header.height > PIXELS) {
    const size = Math.round((header.width * header.height) / 1e6).toLocaleString("en");
    throw new Refusal("too-large", `The picture has ${size} megapixels. Up to ${PIXELS / 1e6} are taken.`);
  }
  const type = `image/${header.format.toLowerCase()}`;
  let picture;
  try {
    picture = await createImageBitmap(new Blob([bytes], { type }));
  } catch {
    throw new Refusal("corrupt-image", "The picture is damaged: this browser cannot decode it.");
  }
  try {
    return {
      rgba: await tile(picture),
      note: header.animated ? "This one moves; its first frame is used." : null,
    };
  } finally {
    picture.close();
  }
}

/** @param {ImageBitmap} picture @returns {Promise<Uint8Array>} */
async function tile(picture) {
  const side = Math.min(picture.width, picture.height);
  const scaled = await createImageBitmap(
    picture,
    Math.floor((picture.width - side) / 2),
    Math.floor((picture.height - side) / 2),
    side,
    side,
    { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "high" },
  );
  const context = canvas(SIDE, SIDE);
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(scaled, 0, 0);
  scaled.close();
  return new Uint8Array(context.getImageData(0, 0, SIDE, SIDE).data.buffer);
}

/**
 * Cuts a sheet of tiles.
 *
 * @param {ImageBitmap} sheet
 * @param {number} columns
 * @param {number} count
 * @returns {Uint8Array[]} `count` tiles of SIDE×SIDE RGBA, row by row
 */
export function cut(sheet, columns, count) {
  const context = canvas(sheet.width, sheet.height);
  context.drawImage(sheet, 0, 0);
  return Array.from({ length: count }, (_, i) => {
    const x = (i % columns) * SIDE;
    const y = Math.floor(i / columns) * SIDE;
    return new Uint8Array(context.getImageData(x, y, SIDE, SIDE).data.buffer);
  });
}

/** @param {number} width @param {number} height */
function canvas(width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser gives no canvas to scale pictures on.");
  return context;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 1024 / 1024).toLocaleString("en")} MB`;
}
