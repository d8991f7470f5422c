/** A file without a source: by whichever of the methods of a patch's full files makes it smallest. */
import { zlib } from "./zlib.ts";

const { brotliCompressSync, constants, gzipSync, zstdCompressSync } = zlib;

/** The methods by the names that manifests use. */
export const fullMethods = ["none", "gzip", "brotli", "zstd"] as const;
export type FullMethod = (typeof fullMethods)[number];

/** Above this size brotli's best quality takes minutes for 100 MB; zstd then comes within some percent of it. */
const brotliBytesMax = 16 * 1024 * 1024;

const encoders: Record<FullMethod, (bytes: Uint8Array) => Uint8Array<ArrayBuffer> | undefined> = {
  none: (bytes) => new Uint8Array(bytes),
  gzip: (bytes) => gzipSync(bytes, { level: 9 }),
  brotli: (bytes) =>
    bytes.length > brotliBytesMax
      ? undefined
      : brotliCompressSync(bytes, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: 11,
            [constants.BROTLI_PARAM_LGWIN]: 22,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
          },
        }),
  zstd: (bytes) =>
    zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: 22 },
    }),
};

/** The smallest form of `bytes`, and the first of equally small ones. */
export function encodeFull(bytes: Uint8Array): { method: FullMethod; payload: Uint8Array<ArrayBuffer> } {
  let smallest: { method: FullMethod; payload: Uint8Array<ArrayBuffer> } | undefined;
  for (const method of fullMethods) {
    const payload = encoders[method](bytes);
    if (payload === undefined) continue;
    if (smallest === undefined || payload.length < smallest.payload.length) smallest = { method, payload };
  }
  return smallest!;
}
