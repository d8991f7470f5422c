/**
 * Inflation with hard limits, over node:zlib alone: in one go up to a size that is known beforehand, or
 * piece by piece as the bytes are used. Either way the compressed bytes must end where the output does.
 */
import { EmendError, messageOf } from "../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import { inflateChunkBytes, windowLogMax } from "./limits.ts";
import { zlib } from "./zlib.ts";

const {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createInflateRaw,
  createZstdDecompress,
  inflateRawSync,
  zstdDecompressSync,
} = zlib;

/** The compressors that Bun has built in; `deflate` is the raw format of RFC 1951. */
export type Deflation = "deflate" | "brotli" | "zstd";

const zstdParams = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
const decodeSync = {
  deflate: inflateRawSync,
  brotli: brotliDecompressSync,
  zstd: (bytes: Uint8Array, options: object) => zstdDecompressSync(bytes, { ...options, params: zstdParams }),
} as const;

const createDecoder = {
  deflate: () => createInflateRaw({ chunkSize: inflateChunkBytes }),
  brotli: () => createBrotliDecompress({ chunkSize: inflateChunkBytes }),
  zstd: () => createZstdDecompress({ chunkSize: inflateChunkBytes, params: zstdParams }),
} as const;

/** Exactly `size` bytes out of `bytes`. Throws `delta.format`, `delta.truncated` or `delta.bomb`. */
export function inflate(name: string, method: Deflation, bytes: Uint8Array, size: number): Uint8Array {
  checkWindow(name, method, bytes);
  let result: { buffer: Uint8Array; engine: { bytesWritten: number } };
  try {
    // `info` is documented for every method of zlib but missing in its types.
    result = decodeSync[method](bytes, {
      maxOutputLength: Math.max(size, 1),
      info: true,
    } as object) as unknown as typeof result;
  } catch (thrown) {
    throw refusal(name, thrown, size);
  }
  checkEnd(name, result.buffer.length, size, result.engine.bytesWritten, bytes.length);
  return result.buffer;
}

/** A reader of `bytes` as they are inflated, of which at most `size` bytes are let through. */
export function inflateReader(
  name: string,
  method: Deflation,
  bytes: Uint8Array,
  size: number,
  onEnd: () => void = () => {},
): ByteReader & AsyncDisposable {
  checkWindow(name, method, bytes);
  const decoder = createDecoder[method]();
  const pieces = decoder[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let length = 0;
  let ended = false;
  decoder.end(bytes);
  const reader = {
    name,
    chunk: new Uint8Array(0) as Uint8Array,
    at: 0,
    async refill(): Promise<boolean> {
      while (!ended) {
        let piece: IteratorResult<Uint8Array>;
        try {
          piece = await pieces.next();
        } catch (thrown) {
          throw refusal(name, thrown, size);
        }
        if (piece.done === true) {
          ended = true;
          checkEnd(name, length, size, decoder.bytesWritten, bytes.length);
          onEnd();
        } else if (piece.value.length > 0) {
          length += piece.value.length;
          if (length > size) throw tooLong(name, size);
          reader.chunk = piece.value;
          reader.at = 0;
          return true;
        }
      }
      return false;
    },
    /** Frees the decoder at once where reading stopped half-way. */
    async [Symbol.asyncDispose](): Promise<void> {
      decoder.on("error", () => {});
      decoder.destroy();
    },
  };
  return reader;
}

function checkEnd(name: string, length: number, size: number, consumed: number, available: number): void {
  if (length !== size) {
    throw new EmendError("delta.truncated", `the ${name} stream has ${length} bytes, expected ${size}`);
  }
  if (consumed !== available) {
    throw new EmendError("delta.format", `${available - consumed} bytes behind the ${name} stream`);
  }
}

function tooLong(name: string, size: number): EmendError {
  return new EmendError("delta.bomb", `the ${name} stream inflates to more than the ${size} bytes expected`);
}

function refusal(name: string, thrown: unknown, size: number): EmendError {
  const code = (thrown as { code?: unknown }).code;
  if (code === "ERR_BUFFER_TOO_LARGE") return tooLong(name, size);
  if (code === "Z_BUF_ERROR") return new EmendError("delta.truncated", `the ${name} stream is cut off`);
  return new EmendError("delta.format", `the ${name} stream cannot be inflated: ${messageOf(thrown)}`);
}

/**
 * A brotli stream says in its first bits how large a window its decoder must hold (RFC 7932 §9.1), and
 * the decoder has no option to refuse it. zstd has one; deflate's window is 32 KiB.
 */
function checkWindow(name: string, method: Deflation, bytes: Uint8Array): void {
  if (method !== "brotli") return;
  const head = bytes[0] ?? 0;
  const windowLog = (head & 1) === 0 ? 16 : (head & 0x0e) !== 0 ? 17 + ((head >> 1) & 7) : 17;
  if (windowLog <= windowLogMax) return;
  throw new EmendError(
    "delta.bomb",
    `a ${name} stream with a window of 2^${windowLog} bytes, at most 2^${windowLogMax}`,
  );
}
