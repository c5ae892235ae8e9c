/** What `worker/pictures.js` and the worker that decodes say to each other. */

/** Why a file is left out. Those up to `clear` are names that the decoder gives, the others are said of it. */
export type Refusal =
  | "empty"
  | "file-too-large"
  | "no-picture"
  | "heic"
  | "avif"
  | "jxl"
  | "svg"
  | "tiff"
  | "bmp"
  | "video"
  | "other-picture"
  | "other-file"
  | "too-large"
  | "too-many-scans"
  | "damaged"
  | "ends-too-soon"
  | "clear"
  /** It could not be read: moved, deleted or changed since it was chosen, or a folder. */
  | "gone"
  /** It took too long. */
  | "too-slow"
  /** It ended the decoder, by what it wanted of memory or by a mistake of ours. */
  | "too-much";

export interface DecodingRequest {
  /** `decode` makes one square of a picture, `cut` many of a sheet. */
  type: "decode" | "cut";
  bytes: Uint8Array;
  /** Of a square, in pixels. */
  side: number;
}

export type Decoded =
  | {
      /** RGBA, opaque. */
      pixels: Uint8Array;
      /** Which frame it is, where the file is an animation. */
      frame?: "first" | "later" | undefined;
      /** Who asks, in the file, that it is not learnt from. */
      reservation?: Reservation | undefined;
    }
  | { refusal: Refusal; megapixels?: number | undefined };

/** By PLUS's property DataMining, which IPTC's standard has as well; or by an assertion of C2PA. */
export type Reservation = "plus" | "c2pa";

export type DecodingAnswer =
  | { ready: true }
  /** It could not begin: a code of the interface. */
  | { failed: string; message: string }
  /** It failed on this file and can do no more. */
  | { trapped: string }
  /** With the bytes of memory that it holds. */
  | (Decoded & { memory: number });

/** What `pkg/abraham_decoder.js` exports. */
export interface DecoderModule {
  default(options: { module_or_path: Response }): Promise<{ memory: WebAssembly.Memory }>;
  /** Where its wasm is. */
  program: URL;
  decode(
    bytes: Uint8Array,
    side: number,
  ): {
    pixels(): Uint8Array | undefined;
    refusal: Refusal | undefined;
    megapixels: number | undefined;
    frame: "first" | "later" | undefined;
    reservation: Reservation | undefined;
    free(): void;
  };
  cut(bytes: Uint8Array, side: number): Uint8Array | undefined;
}
