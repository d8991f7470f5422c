/**
 * Inflation with hard limits, over node:zlib: in one go up to a size that is known beforehand, or piece by
 * piece as the bytes are used. Either way the compressed bytes must end where the output does.
 *
 * node:zlib's streams inflate on threads and hand out a new buffer for each piece; its synchronous functions
 * hold the whole result. So the decoder beneath a stream is asked directly: it writes what fits into the
 * buffer that it is given, and not one byte more (src/RATIONALE.md).
 */
import { EmendError, invariant } from "../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import { inflateChunkBytes, windowLogMax } from "./limits.ts";
import { zlib } from "./zlib.ts";

const { constants, createBrotliDecompress, createInflateRaw, createZstdDecompress } = zlib;

/** The compressors that Bun has built in; `deflate` is the raw format of RFC 1951. */
export type Deflation = "deflate" | "brotli" | "zstd";

interface Method {
  /** A stream of node:zlib; `chunkSize` is of the buffer that is never used. */
  readonly open: (windowLog: number) => object;
  /** The flag that says: all input is here, its end is an end. */
  readonly finish: number;
}

const chunkSize = 64;
const methods: Readonly<Record<Deflation, Method>> = {
  deflate: { open: () => createInflateRaw({ chunkSize }), finish: constants.Z_FINISH },
  brotli: {
    open: () => createBrotliDecompress({ chunkSize }),
    finish: constants.BROTLI_OPERATION_FINISH,
  },
  zstd: {
    open: (windowLog) =>
      createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: windowLog } }),
    finish: constants.ZSTD_e_end,
  },
};

/** What every stream of node:zlib has inside, in Node.js as in Bun; not in its types. */
interface ZlibStream {
  readonly _handle: {
    onerror: (message: string, errno: number, code: string) => void;
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputBytes: number,
      output: Uint8Array,
      outputAt: number,
      outputBytes: number,
    ): void;
  };
  /** After each write: bytes left of the output, bytes left of the input. */
  readonly _writeState: Uint32Array;
  destroy(): void;
}

/**
 * Exactly `size` bytes out of `bytes`. Throws `delta.format`, `delta.truncated` or `delta.bomb`.
 *
 * @param windowLog The largest window that a stream may ask for, as a power of two.
 */
export function inflate(
  name: string,
  method: Deflation,
  bytes: Uint8Array,
  size: number,
  windowLog: number = windowLogMax,
): Uint8Array<ArrayBuffer> {
  using inflater = new Inflater(name, method, bytes, size, windowLog);
  const output = new Uint8Array(size);
  for (let at = 0; at < size; ) at += inflater.next(output, at);
  inflater.end();
  return output;
}

/** A reader of `bytes` as they are inflated, of which `size` bytes are let through; `onEnd` is called behind the last. */
export function inflateReader(
  name: string,
  method: Deflation,
  bytes: Uint8Array,
  size: number,
  onEnd: () => void = () => {},
): ByteReader & Disposable {
  const inflater = new Inflater(name, method, bytes, size, windowLogMax);
  const buffer = new Uint8Array(Math.min(size, inflateChunkBytes));
  let left = size;
  let ended = false;
  return {
    name,
    chunk: buffer.subarray(0, 0),
    at: 0,
    refill() {
      if (left === 0) {
        if (!ended) {
          inflater.end();
          onEnd();
        }
        ended = true;
        return false;
      }
      const length = inflater.next(buffer, 0);
      left -= length;
      this.chunk = buffer.subarray(0, length);
      this.at = 0;
      return true;
    },
    [Symbol.dispose]: () => inflater[Symbol.dispose](),
  };
}

/** A decoder at work. Its memory is the method's window, freed by dispose. */
class Inflater implements Disposable {
  readonly #name: string;
  readonly #input: Uint8Array;
  readonly #size: number;
  readonly #stream: ZlibStream;
  readonly #finish: number;
  #failure: { message: string; code: string } | undefined;
  /** Input consumed and output made so far. */
  #at = 0;
  #made = 0;

  constructor(name: string, method: Deflation, bytes: Uint8Array, size: number, windowLog: number) {
    checkWindow(name, method, bytes, windowLog);
    this.#name = name;
    this.#input = bytes;
    this.#size = size;
    this.#finish = methods[method].finish;
    this.#stream = methods[method].open(windowLog) as ZlibStream;
    this.#stream._handle.onerror = (message, _, code) => {
      this.#failure = { message, code };
    };
  }

  /** Fills `output` from `at` on as far as the size goes; returns how many bytes there were, at least one. */
  next(output: Uint8Array, at: number): number {
    const length = this.#write(output, at, Math.min(output.length - at, this.#size - this.#made));
    if (length === 0) {
      throw new EmendError(
        "delta.truncated",
        `the ${this.#name} stream has ${this.#made} bytes, expected ${this.#size}`,
      );
    }
    this.#made += length;
    return length;
  }

  /** Throws unless output and input end here. */
  end(): void {
    if (this.#write(new Uint8Array(1), 0, 1) > 0) {
      throw new EmendError(
        "delta.bomb",
        `the ${this.#name} stream inflates to more than the ${this.#size} bytes expected`,
      );
    }
    const rest = this.#input.length - this.#at;
    if (rest > 0) throw new EmendError("delta.format", `${rest} bytes behind the ${this.#name} stream`);
  }

  /** One call of the decoder, which stops at the end of either side. Returns the bytes of output. */
  #write(output: Uint8Array, at: number, length: number): number {
    const { _handle, _writeState } = this.#stream;
    _handle.writeSync(this.#finish, this.#input, this.#at, this.#input.length - this.#at, output, at, length);
    if (this.#failure !== undefined) throw refusal(this.#name, this.#failure);
    const [outputLeft, inputLeft] = _writeState;
    invariant(outputLeft !== undefined && inputLeft !== undefined, "a decoder says how far it came");
    this.#at = this.#input.length - inputLeft;
    return length - outputLeft;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

function refusal(name: string, { message, code }: { message: string; code: string }): EmendError {
  if (code === "Z_BUF_ERROR") return new EmendError("delta.truncated", `the ${name} stream is cut off`);
  return new EmendError("delta.format", `the ${name} stream cannot be inflated: ${message}`);
}

/**
 * A brotli stream says in its first bits how large a window its decoder must hold (RFC 7932 §9.1), and
 * the decoder has no option to refuse it. zstd has one; deflate's window is 32 KiB.
 */
function checkWindow(name: string, method: Deflation, bytes: Uint8Array, max: number): void {
  if (method !== "brotli") return;
  const head = bytes[0] ?? 0;
  const windowLog = (head & 1) === 0 ? 16 : (head & 0x0e) !== 0 ? 17 + ((head >> 1) & 7) : 17;
  if (windowLog <= max) return;
  throw new EmendError(
    "delta.bomb",
    `a ${name} stream with a window of 2^${windowLog} bytes, at most 2^${max}`,
  );
}
