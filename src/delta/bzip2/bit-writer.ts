/** Appends bits, the most significant first, as bzip2 does. */
import { ByteWriter } from "../../bytes/index.ts";

export class BitWriter {
  readonly #bytes = new ByteWriter();
  #pending = 0;
  #count = 0;

  /** The lowest `count` bits of `value`, at most 24 at once. */
  bits(count: number, value: number): void {
    this.#pending = (this.#pending << count) | value;
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.#bytes.u8((this.#pending >>> this.#count) & 0xff);
    }
    this.#pending &= (1 << this.#count) - 1;
  }

  /** 32 bits. */
  word(value: number): void {
    this.bits(16, value >>> 16);
    this.bits(16, value & 0xffff);
  }

  /** The bytes, the last one filled up with zeros. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.bits(8 - this.#count, 0);
    return this.#bytes.finish();
  }
}
