/**
 * The body of an upload on its way in: bounded in length and in time. Only the time counts in which the client is
 * waited for; a node that is busy with what it has got is not the client's fault. A client that drips ("slow
 * retrieval" among the attacks on updates) is cut as one that says nothing.
 */
import { EmendError } from "../errors.ts";
import { uploadBytesPerWindowMin, uploadWindowMs } from "../limits.ts";

/** The bounds. */
export interface UploadOptions {
  readonly bytesMax: number;
  readonly windowMs?: number;
  readonly bytesPerWindowMin?: number;
}

/** A body that is read as fast as it is asked for. */
export interface UploadBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Takes no more, whoever is reading. */
  readonly stop: () => void;
}

/** The stream errors with `patch.too-large` or `patch.truncated`. */
export function uploadBody(source: ReadableStream<Uint8Array> | null, options: UploadOptions): UploadBody {
  const { bytesMax, windowMs = uploadWindowMs, bytesPerWindowMin = uploadBytesPerWindowMin } = options;
  const reader = source?.getReader();
  const pace = new Pace(windowMs, bytesPerWindowMin);
  let received = 0;

  const stop = (): void => {
    pace.rest();
    reader?.cancel().catch(ignore);
  };
  const refused = (error: EmendError): never => {
    stop();
    throw error;
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (reader === undefined) {
          controller.close();
          return;
        }
        const chunk = await pace
          .wait(reader.read())
          .catch((error: unknown) =>
            refused(
              new EmendError(
                "patch.truncated",
                error === tooSlow
                  ? `the upload brought under ${bytesPerWindowMin} bytes in ${windowMs} ms and was cut after ${received}`
                  : `the upload broke off after ${received} bytes`,
              ),
            ),
          );
        if (chunk.done) {
          controller.close();
          return;
        }
        received += chunk.value.length;
        if (received > bytesMax) refused(tooLarge(bytesMax));
        pace.took(chunk.value.length);
        controller.enqueue(chunk.value);
      },
      cancel: stop,
    },
    // Nothing is read that nobody asked for.
    { highWaterMark: 0 },
  );
  return { stream, stop };
}

/** The refusal of an upload that is too long, whether it says so beforehand or not. */
export function tooLarge(bytesMax: number): EmendError {
  return new EmendError("patch.too-large", `expected a patch of at most ${bytesMax} bytes (patch_max)`);
}

const tooSlow = Symbol("too slow");

/** Windows of waiting, each of which has to bring some bytes. */
class Pace {
  readonly #windowMs: number;
  readonly #bytesMin: number;
  #waitedMs = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(windowMs: number, bytesMin: number) {
    this.#windowMs = windowMs;
    this.#bytesMin = bytesMin;
  }

  /** The result of the read, or a rejection with `tooSlow` when the window ends without enough. */
  async wait<Result>(read: Promise<Result>): Promise<Result> {
    const startedMs = performance.now();
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const arm = (ms: number): void => {
      this.#timer = setTimeout(() => {
        if (this.#bytes < this.#bytesMin) {
          reject(tooSlow);
          return;
        }
        this.#bytes = 0;
        arm(this.#windowMs);
      }, ms);
    };
    arm(Math.max(0, this.#windowMs - this.#waitedMs));
    try {
      return await Promise.race([read, cut]);
    } finally {
      this.rest();
      this.#waitedMs = (this.#waitedMs + performance.now() - startedMs) % this.#windowMs;
    }
  }

  took(bytes: number): void {
    this.#bytes += bytes;
  }

  rest(): void {
    clearTimeout(this.#timer);
  }
}

function ignore(): void {
  // The client is gone already.
}
