/**
 * The bytes of a file in memory. They lie in one piece that grows by half, so a byte written costs about one
 * byte copied; what is counted against the volume is that piece and not the size of the file.
 */
import type { Answer } from "../answer.ts";
import type { FileContent } from "./node.ts";
import type { Volume } from "./volume.ts";

const noBytes: Uint8Array<ArrayBufferLike> = new Uint8Array(0);

export class Content implements FileContent {
  readonly #volume: Volume;
  #bytes: Uint8Array = noBytes;
  #size = 0;

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  get size(): number {
    return this.#size;
  }

  load(): Answer<undefined> {
    return undefined;
  }

  unload(): void {
    // There is no other place to have it from.
  }

  read(into: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(into.length, this.#size - offset));
    into.set(this.#bytes.subarray(offset, offset + count));
    return count;
  }

  /** Writes as many of the bytes as there is room for, over a gap of zeros where one is left; 0 where there is none. */
  write(bytes: Uint8Array, offset: number): number {
    const room = Math.max(0, Math.min(bytes.length, this.#sizeMax() - offset));
    if (room === 0 || !this.#reserve(offset + room)) return 0;
    this.#bytes.set(room === bytes.length ? bytes : bytes.subarray(0, room), offset);
    this.#size = Math.max(this.#size, offset + room);
    return room;
  }

  /** Cuts, or fills up with zeros; false where there is no room. */
  setSize(size: number): boolean {
    if (!this.#reserve(size)) return false;
    // What is cut off must not come back when the file grows again.
    this.#bytes.fill(0, size, this.#size);
    this.#size = size;
    if (size === 0) this.free();
    return true;
  }

  /** Gives all its bytes back to the volume. */
  free(): void {
    this.#volume.giveBack(this.#bytes.length);
    this.#bytes = noBytes;
    this.#size = 0;
  }

  #sizeMax(): number {
    return this.#bytes.length + this.#volume.freeBytes;
  }

  /** Bytes beyond the size are always zero. */
  #reserve(size: number): boolean {
    const had = this.#bytes.length;
    if (size <= had) return true;
    if (size > this.#sizeMax()) return false;
    const wanted = Math.min(Math.max(size, had + (had >>> 1), 64), this.#sizeMax());
    if (!this.#volume.take(wanted - had)) return false;
    const grown = new Uint8Array(wanted);
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
    return true;
  }
}
