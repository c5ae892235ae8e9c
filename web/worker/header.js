/**
 * What a picture file says about itself, read from its first bytes without decoding it, so that a picture
 * that is too large is refused before it costs memory.
 *
 * PNG (W3C PNG, third edition), GIF89a, JPEG (ITU-T T.81, annex B), WebP (RFC 9649).
 */

/**
 * @typedef {object} Header
 * @property {"PNG" | "GIF" | "JPEG" | "WebP"} format
 * @property {number} width in pixels, as stored (before any rotation that the file asks for)
 * @property {number} height in pixels
 * @property {boolean} animated
 */

/**
 * @param {Uint8Array} bytes the whole file
 * @returns {Header | "foreign" | "damaged"} `foreign` is no format that we know; `damaged` begins like one
 *   but does not say its size
 */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header;
  try {
    if (startsWith(bytes, 0, "\x89PNG\r\n\x1a\n")) header = png(view, bytes);
    else if (startsWith(bytes, 0, "GIF87a") || startsWith(bytes, 0, "GIF89a")) header = gif(view);
    else if (startsWith(bytes, 0, "\xff\xd8\xff")) header = jpeg(view);
    else if (startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP")) header = webp(view, bytes);
    else return "foreign";
  } catch (error) {
    // A DataView throws this where the file ends too soon.
    if (error instanceof RangeError) return "damaged";
    throw error;
  }
  return header && header.width > 0 && header.height > 0 ? header : "damaged";
}

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
function startsWith(bytes, at, text) {
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** @param {DataView} view @param {Uint8Array} bytes @returns {Header | null} */
function png(view, bytes) {
  if (!startsWith(bytes, 12, "IHDR")) return null;
  const header = /** @type {Header} */ ({
    format: "PNG",
    width: view.getUint32(16),
    height: view.getUint32(20),
    animated: false,
  });
  // An animated PNG has an acTL chunk before its first IDAT.
  for (let at = 8; at + 8 <= bytes.length && !startsWith(bytes, at + 4, "IDAT"); ) {
    if (startsWith(bytes, at + 4, "acTL")) header.animated = true;
    at += 12 + view.getUint32(at);
  }
  return header;
}

/** @param {DataView} view @returns {Header} */
function gif(view) {
  const header = /** @type {Header} */ ({
    format: "GIF",
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    animated: false,
  });
  const table = (/** @type {number} */ flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + table(view.getUint8(10));
  const skipBlocks = () => {
    for (let length = view.getUint8(at); length > 0; length = view.getUint8(at)) at += 1 + length;
    at += 1;
  };
  let frames = 0;
  try {
    while (frames < 2) {
      const kind = view.getUint8(at);
      if (kind === 0x21) {
        at += 2;
        skipBlocks();
      } else if (kind === 0x2c) {
        frames += 1;
        at += 10 + table(view.getUint8(at + 9)) + 1;
        skipBlocks();
      } else {
        break;
      }
    }
  } catch (error) {
    // The size is known; the decoder judges the rest.
    if (!(error instanceof RangeError)) throw error;
  }
  header.animated = frames > 1;
  return header;
}

/** @param {DataView} view @returns {Header | null} */
function jpeg(view) {
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
    } else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
    } else if (marker === 0xd9 || marker === 0xda) {
      return null;
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { format: "JPEG", width: view.getUint16(at + 7), height: view.getUint16(at + 5), animated: false };
    } else {
      const length = view.getUint16(at + 2);
      if (length < 2) return null;
      at += 2 + length;
    }
  }
}

/** @param {DataView} view @param {Uint8Array} bytes @returns {Header | null} */
function webp(view, bytes) {
  const format = "WebP";
  if (startsWith(bytes, 12, "VP8X")) {
    const three = (/** @type {number} */ at) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    return { format, width: three(24) + 1, height: three(27) + 1, animated: (view.getUint8(20) & 2) !== 0 };
  }
  if (startsWith(bytes, 12, "VP8L")) {
    if (view.getUint8(20) !== 0x2f) return null;
    const bits = view.getUint32(21, true);
    return { format, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, animated: false };
  }
  if (startsWith(bytes, 12, "VP8 ")) {
    if (!startsWith(bytes, 23, "\x9d\x01\x2a")) return null;
    const side = (/** @type {number} */ at) => view.getUint16(at, true) & 0x3fff;
    return { format, width: side(26), height: side(28), animated: false };
  }
  return null;
}
