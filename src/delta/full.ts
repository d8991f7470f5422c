/** A file without a source: by whichever of the methods of a patch's full files makes it smallest. */
import { EmendError } from "../errors.ts";
import { gunzip } from "./gzip.ts";
import { inflate } from "./inflate.ts";
import { fileBytesMax, fullWindowLogMax } from "./limits.ts";
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

/**
 * A size that no form of `bytes` is below, by experience: a quarter of what a quick look for repetitions comes to. The
 * smallest form of 10 MB takes 20 s and more to find out, this a tenth of one.
 */
export function fullBytesMin(bytes: Uint8Array): number {
  const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_enableLongDistanceMatching } = constants;
  const params = {
    [ZSTD_c_compressionLevel]: 1,
    [ZSTD_c_windowLog]: 22,
    [ZSTD_c_enableLongDistanceMatching]: 1,
  };
  return Math.min(bytes.length, Math.floor(zstdCompressSync(bytes, { params }).length / 4));
}

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

const decoders: Record<FullMethod, (payload: Uint8Array, size: number) => Uint8Array<ArrayBuffer>> = {
  none: (payload, size) => {
    if (payload.length === size) return new Uint8Array(payload);
    throw new EmendError("delta.bounds", `a whole file of ${payload.length} bytes, expected ${size}`);
  },
  gzip: gunzip,
  brotli: (payload, size) => inflate("brotli", "brotli", payload, size, fullWindowLogMax),
  zstd: (payload, size) => inflate("zstd", "zstd", payload, size, fullWindowLogMax),
};

/**
 * The `size` bytes that were sent whole; the payload must end where they do.
 *
 * @throws EmendError `delta.format`, `delta.truncated`, `delta.bounds`, `delta.bomb`.
 */
export function decodeFull(method: FullMethod, payload: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size <= fileBytesMax) return decoders[method](payload, size);
  throw new EmendError("delta.bomb", `a file of ${size} bytes, at most ${fileBytesMax}`);
}
