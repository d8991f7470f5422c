/** Code that is being written: a buffer that grows, with what an edit needs. `ByteWriter` is half as fast for this. */
import { signedLebLength, unsignedLebLength, writeLeb } from "../../bytes/index.ts";

/** Room that is made at once: more than any instruction takes. */
const instructionBytesMax = 16;

/** Up to here a loop is quicker than making a view. */
const copyByBytesMax = 64;

/** Width of a size that is filled in later: as wide as any. */
const sizeBytes = 5;

export class CodeOutput {
  /** How much is written. */
  length = 0;
  #bytes: Uint8Array;

  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** An opcode and bytes that follow it. */
  op(code: number, first?: number, second?: number): this {
    this.#reserve(instructionBytesMax);
    this.#bytes[this.length++] = code;
    if (first !== undefined) this.#bytes[this.length++] = first;
    if (second !== undefined) this.#bytes[this.length++] = second;
    return this;
  }

  /** An opcode and the index that it names. */
  opIndex(code: number, index: number): this {
    return this.op(code).u32(index);
  }

  /** `i32.const` */
  const(value: number): this {
    this.op(0x41);
    this.length = writeLeb(this.#bytes, this.length, value, signedLebLength(value));
    return this;
  }

  u32(value: number): this {
    this.#reserve(instructionBytesMax);
    this.length = writeLeb(this.#bytes, this.length, value, unsignedLebLength(value));
    return this;
  }

  raw(bytes: Uint8Array): this {
    return this.copy(bytes, 0, bytes.length);
  }

  copy(from: Uint8Array, start: number, end: number): this {
    this.#reserve(end - start);
    if (end - start > copyByBytesMax) {
      this.#bytes.set(from.subarray(start, end), this.length);
      this.length += end - start;
    } else for (let i = start; i < end; i++) this.#bytes[this.length++] = from[i]!;
    return this;
  }

  /** Leaves room for the size of what follows and returns what fills it in at the end. */
  beginSized(): () => void {
    this.#reserve(sizeBytes);
    const at = this.length;
    this.length += sizeBytes;
    return () => {
      writeLeb(this.#bytes, at, this.length - at - sizeBytes, sizeBytes);
    };
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
