/**
 * Reads bytes from front to back and never past the end. Every read that does not fit throws
 * `DecodeError` with the offset, so a decoder built on it needs no bounds check of its own.
 */

/** Malformed bytes. `offset` counts from the start of the buffer that the cursor reads. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(`${message} at offset ${offset}`);
    this.offset = offset;
  }
}

/** A position in a byte buffer, with the readers of the wasm binary format (core spec §5.2). */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    if (this.offset >= this.end) throw new DecodeError(this.offset, "unexpected end");
    return this.bytes[this.offset++]!;
  }

  /** Unsigned LEB128 of at most 32 bits, non-minimal forms included. */
  u32(): number {
    const start = this.offset;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new DecodeError(start, "an integer longer than 32 bits");
  }

  /** Signed LEB128 of at most 33 bits (s32 and the s33 of block types). */
  s33(): number {
    const start = this.offset;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      const signed = byte & 0x40 ? value - 2 ** (shift + 7) : value;
      if (signed < -(2 ** 32) || signed >= 2 ** 32) break;
      return signed;
    }
    throw new DecodeError(start, "an integer longer than 33 bits");
  }

  /** Steps over a LEB128 of at most `bytesMax` bytes (5 for 32 bits, 10 for 64). */
  skipLeb(bytesMax: number): void {
    const start = this.offset;
    for (let count = 0; count < bytesMax; count++) if (this.u8() < 0x80) return;
    throw new DecodeError(start, `an integer longer than ${bytesMax} bytes`);
  }

  skip(length: number): void {
    if (length > this.end - this.offset) throw new DecodeError(this.offset, `${length} bytes missing`);
    this.offset += length;
  }

  /** A view, not a copy, of the next `length` bytes. */
  take(length: number): Uint8Array {
    const start = this.offset;
    this.skip(length);
    return this.bytes.subarray(start, this.offset);
  }

  /** A name: length, then UTF-8 that must be valid. */
  name(): string {
    const start = this.offset;
    const bytes = this.take(this.u32());
    try {
      return utf8.decode(bytes);
    } catch {
      throw new DecodeError(start, "a name that is not UTF-8");
    }
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
