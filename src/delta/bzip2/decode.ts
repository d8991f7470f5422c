/** bzip2 decoding with a limit, over seek-bzip, which checks the CRC of every block and of the stream. */
import Bunzip from "seek-bzip";
import { EmendError, messageOf } from "../../errors.ts";

/**
 * The bytes of one bzip2 stream that fills `bytes`, at most `sizeMax` of them.
 * Throws `delta.bomb`, `delta.truncated` or `delta.format`.
 */
export function bunzip2(name: string, bytes: Uint8Array, sizeMax: number): Uint8Array {
  const input = new Input(bytes);
  const output = new Output(name, sizeMax);
  try {
    Bunzip.decode(input, output);
  } catch (thrown) {
    if (thrown instanceof EmendError) throw thrown;
    if (input.pos > bytes.length) throw new EmendError("delta.truncated", `the ${name} stream is cut off`);
    throw new EmendError("delta.format", `the ${name} stream cannot be inflated: ${messageOf(thrown)}`);
  }
  if (input.pos < bytes.length) {
    throw new EmendError("delta.format", `${bytes.length - input.pos} bytes behind the ${name} stream`);
  }
  if (input.pos > bytes.length) throw new EmendError("delta.truncated", `the ${name} stream is cut off`);
  return output.bytes;
}

/** Counts reads beyond the end, which deliver zeros. */
class Input extends Bunzip.Stream {
  override pos = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  override readByte(): number {
    return this.#bytes[this.pos++] ?? 0;
  }

  override seek(position: number): void {
    this.pos = position;
  }

  /** Asked before each block: a stream has an end mark, so an end before it is found by what is read. */
  override eof(): boolean {
    return false;
  }
}

class Output {
  readonly #name: string;
  readonly #sizeMax: number;
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  constructor(name: string, sizeMax: number) {
    this.#name = name;
    this.#sizeMax = sizeMax;
  }

  writeByte(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (this.#length === this.#sizeMax) {
      throw new EmendError(
        "delta.bomb",
        `the ${this.#name} stream inflates to more than ${this.#sizeMax} bytes`,
      );
    }
    this.#bytes[this.#length++] = byte;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
