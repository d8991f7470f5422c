/**
 * `zstd-dictionary`: the target as one zstd frame (RFC 8878) with the source as raw dictionary, behind a
 * head (head.ts) with the magic "EMZ1". Best for text, where what moved is found at any distance.
 */
import { EmendError, messageOf } from "../errors.ts";
import { type Head, readHead, writeHead } from "./head.ts";
import { dictionaryBytesMax } from "./limits.ts";
import { zlib } from "./zlib.ts";

const { constants, zstdCompressSync, zstdDecompressSync } = zlib;

export const dictionaryMagic = "EMZ1";

/** Level of zstd: 19 is within 1 % of 22 on bundles and takes half its memory. */
const level = 19;

/** The delta, or undefined where source or target is too long for the method. */
export function encodeDictionary(
  head: Head,
  source: Uint8Array,
  target: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  if (Math.max(source.length, target.length) > dictionaryBytesMax) return undefined;
  const frame = zstdCompressSync(target, {
    dictionary: source,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowLogFor(source.length + target.length),
      [constants.ZSTD_c_contentSizeFlag]: 0,
      [constants.ZSTD_c_checksumFlag]: 0,
      [constants.ZSTD_c_dictIDFlag]: 0,
    },
  });
  return writeHead(dictionaryMagic, head).raw(frame).finish().slice();
}

/** A window that reaches from the last byte of the target back to the first of the source. */
function windowLogFor(length: number): number {
  return Math.min(27, Math.max(10, 32 - Math.clz32(Math.max(1, length - 1))));
}

/** The head and what applies the delta. Throws `delta.*`. */
export function decodeDictionary(bytes: Uint8Array): {
  head: Head;
  apply: (source: Uint8Array) => Uint8Array<ArrayBuffer>;
} {
  const { head, end } = readHead(bytes);
  const longest = Math.max(head.sourceSize, head.targetSize);
  if (longest > dictionaryBytesMax) {
    throw new EmendError(
      "delta.bomb",
      `a file of ${longest} bytes, at most ${dictionaryBytesMax} with a dictionary`,
    );
  }
  return {
    head,
    apply: (source) => inflateWithDictionary(source, bytes.subarray(end), head.targetSize),
  };
}

function inflateWithDictionary(source: Uint8Array, frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  let result: { buffer: Uint8Array<ArrayBuffer>; engine: { bytesWritten: number } };
  try {
    // `info` is documented for every method of zlib but missing in its types.
    result = zstdDecompressSync(frame, {
      dictionary: source,
      maxOutputLength: Math.max(size, 1),
      params: { [constants.ZSTD_d_windowLogMax]: 27 },
      info: true,
    } as object) as unknown as typeof result;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new EmendError("delta.bomb", `the frame inflates to more than the ${size} bytes expected`);
    }
    throw new EmendError("delta.format", `the frame cannot be inflated: ${messageOf(thrown)}`);
  }
  if (result.buffer.length !== size) {
    throw new EmendError("delta.truncated", `the frame has ${result.buffer.length} bytes, expected ${size}`);
  }
  if (result.engine.bytesWritten !== frame.length) {
    throw new EmendError(
      "delta.format",
      `${frame.length - result.engine.bytesWritten} bytes behind the frame`,
    );
  }
  return result.buffer;
}
