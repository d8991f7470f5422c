/**
 * The guest's memory as host calls see it: every access goes through a check of the range first, so a bad
 * pointer is an EFAULT and never an exception. Pointers and lengths arrive signed from wasm and are made
 * unsigned here, once.
 */

/** What carries the bytes; a `WebAssembly.Memory` in practice. Growing replaces `buffer`. */
export interface MemoryBuffer {
  readonly buffer: ArrayBufferLike;
}

export class GuestMemory {
  #memory: MemoryBuffer = { buffer: new ArrayBuffer(0) };
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Binds to an instance's memory. */
  attach(memory: MemoryBuffer): void {
    this.#memory = memory;
    this.#refresh();
  }

  /** Whether `length` bytes at `pointer` are all inside the memory. Every call asks this before it touches any. */
  has(pointer: number, length: number): boolean {
    // Growing detaches the buffer that was there before (JS API, "refresh the memory buffer").
    if (this.#bytes.length === 0) this.#refresh();
    return (pointer >>> 0) + length <= this.#bytes.length;
  }

  /** All of it, for a call that knows which part it may touch; `has` must hold for that. Not to be kept beyond the call. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A view of `length` (unsigned) bytes; `has` must hold. Not to be kept beyond the call. */
  slice(pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0;
    return this.#bytes.subarray(start, start + length);
  }

  u8(pointer: number): number {
    return this.#view.getUint8(pointer >>> 0);
  }

  u16(pointer: number): number {
    return this.#view.getUint16(pointer >>> 0, true);
  }

  u32(pointer: number): number {
    return this.#view.getUint32(pointer >>> 0, true);
  }

  u64(pointer: number): bigint {
    return this.#view.getBigUint64(pointer >>> 0, true);
  }

  setU8(pointer: number, value: number): void {
    this.#view.setUint8(pointer >>> 0, value);
  }

  setU16(pointer: number, value: number): void {
    this.#view.setUint16(pointer >>> 0, value, true);
  }

  setU32(pointer: number, value: number): void {
    this.#view.setUint32(pointer >>> 0, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.#view.setBigUint64(pointer >>> 0, value, true);
  }

  /** Copies a few bytes from `from` on: making views of them would take longer. */
  putFew(pointer: number, source: Uint8Array, from: number, length: number): void {
    const bytes = this.#bytes;
    const start = pointer >>> 0;
    for (let i = 0; i < length; i++) bytes[start + i] = source[from + i]!;
  }

  fill(pointer: number, length: number, value: number): void {
    const start = pointer >>> 0;
    this.#bytes.fill(value, start, start + length);
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }
}
