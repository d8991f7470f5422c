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

/** What is tried for each run of bytes of a delta. */
export interface CodingPlan {
  readonly coders: readonly Exclude<Coder, "none">[];
  readonly brotliQuality: (bytes: number) => number;
}

/**
 * `best` tries all. Brotli's hardest takes 3 s a MB, ten times what zstd takes to come within 3 % of it, so it is
 * for a part of the file's size: compression does not outweigh the rest of the work. `fast` takes the coder
 * that alone comes within 2 % of the smallest.
 */
export function codingPlan(effort: Effort, fileBytes: number): CodingPlan {
  if (effort === "fast") return { coders: ["brotli"], brotliQuality: () => 5 };
  const hardBytesMax = Math.max(16 * 1024, fileBytes / 24);
  return {
    coders: ["deflate", "brotli", "zstd"],
    brotliQuality: (bytes) => (bytes <= hardBytesMax ? 11 : 9),
  };
}

const encoders: Record<Exclude<Coder, "none">, (bytes: Uint8Array, plan: CodingPlan) => Uint8Array> = {
  deflate: (bytes) => deflateRawSync(bytes, { level: 9, memLevel: 9 }),
  brotli: (bytes, { brotliQuality }) =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: brotliQuality(bytes.length),
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

/** `bytes` by the coder of the plan that makes them smallest, or by none; at equal size by the first. */
export function encodeSmallest(bytes: Uint8Array, plan: CodingPlan): Coded {
  let smallest: Coded = { coder: "none", bytes };
  for (const coder of plan.coders) {
    const coded = encoders[coder](bytes, plan);
    if (coded.length < smallest.bytes.length) smallest = { coder, bytes: coded };
  }
  return smallest;
}

/** About how long the coded bytes will be, for weighing alternatives: a fast coder's word. */
export function estimateSize(bytes: Uint8Array): number {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 6 } }).length;
}
