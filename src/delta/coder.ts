/**
 * The coders of emend's containers: which byte names which, and how much smaller each one makes a run
 * of bytes. What is coded is what a decoder with a window of 2^`windowLogMax` can read.
 */
import { windowLogMax } from "./limits.ts";
import { zlib } from "./zlib.ts";

const { brotliCompressSync, constants, deflateRawSync, zstdCompressSync } = zlib;

/** In the order of their numbers in the containers. */
export const coders = ["none", "deflate", "brotli", "zstd"] as const;
export type Coder = (typeof coders)[number];

/** `best` is for what is shipped; `fast` takes a fraction of its time and gives some percent more bytes. */
export type Effort = "fast" | "best";

/**
 * Up to how many bytes brotli tries its hardest, at 3 s a MB, ten times what zstd takes to come within 3 % of
 * it. Relative to the file, so that compression does not outweigh the rest of the work.
 */
export function hardBytesMax(effort: Effort, fileBytes: number): number {
  return effort === "fast" ? 0 : Math.max(16 * 1024, fileBytes / 24);
}

const encoders: Record<Coder, (bytes: Uint8Array, hardMax: number) => Uint8Array> = {
  none: (bytes) => bytes,
  deflate: (bytes) => deflateRawSync(bytes, { level: 9, memLevel: 9 }),
  brotli: (bytes, hardMax) =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: bytes.length <= hardMax ? 11 : 9,
        [constants.BROTLI_PARAM_LGWIN]: windowLogMax,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  zstd: (bytes) =>
    zstdCompressSync(bytes, {
      params: {
        [constants.ZSTD_c_compressionLevel]: 19,
        [constants.ZSTD_c_windowLog]: windowLogMax,
        [constants.ZSTD_c_contentSizeFlag]: 0,
        [constants.ZSTD_c_checksumFlag]: 0,
      },
    }),
};

export interface Coded {
  readonly coder: Coder;
  readonly bytes: Uint8Array;
}

/** `bytes` by the coder that makes them smallest; at equal size by the first of `coders`. `hardMax`: see `hardBytesMax`. */
export function encodeSmallest(bytes: Uint8Array, hardMax: number): Coded {
  let smallest: Coded = { coder: "none", bytes };
  for (const coder of coders.slice(1)) {
    const coded = encoders[coder](bytes, hardMax);
    if (coded.length < smallest.bytes.length) smallest = { coder, bytes: coded };
  }
  return smallest;
}

/** About how long the coded bytes will be, for weighing alternatives: a fast coder's word. */
export function estimateSize(bytes: Uint8Array): number {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 6 } }).length;
}
