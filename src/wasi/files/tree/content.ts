/**
 * The bytes of a file in memory, in chunks: growing copies next to nothing, what was never written takes no room,
 * and no operation costs more than the bytes that it is asked for and a chunk.
 */
import type { Answer } from "../answer.ts";
import type { FileContent } from "./node.ts";
import type { Volume } from "./volume.ts";

/** The largest chunk: cleared in a few microseconds. A chunk begins small and doubles, for files that are. */
const chunkBytes = 65_536;
const firstBytes = 64;

export class Content implements FileContent {
  readonly #volume: Volume;
  /** By offset; a hole is all zeros, as is what a chunk is too short for. */
  readonly #chunks: (Uint8Array | undefined)[] = [];
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
    for (let done = 0; done < count; ) {
      const [index, start] = place(offset + done);
      const length = Math.min(count - done, chunkBytes - start);
      const there = this.#chunks[index]?.subarray(start, start + length);
      if (there !== undefined) into.set(there, done);
      into.fill(0, done + (there?.length ?? 0), done + length);
      done += length;
    }
    return count;
  }

  write(bytes: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(bytes.length, this.#volume.bytesMax - offset));
    let done = 0;
    while (done < count) {
      const [index, start] = place(offset + done);
      const chunk = this.#reserve(index, Math.min(start + count - done, chunkBytes));
      const length = Math.min(count - done, chunk.length - start);
      if (length <= 0) break;
      chunk.set(bytes.subarray(done, done + length), start);
      done += length;
    }
    if (done > 0) this.#size = Math.max(this.#size, offset + done);
    return done;
  }

  setSize(size: number): boolean {
    if (size > this.#volume.bytesMax) return false;
    if (size < this.#size) this.#cut(size);
    this.#size = size;
    return true;
  }

  allocate(end: number): boolean {
    if (end > this.#volume.bytesMax) return false;
    const count = Math.ceil(end / chunkBytes);
    const wanted = (index: number): number => Math.min(chunkBytes, end - index * chunkBytes);
    let missing = 0;
    for (let index = 0; index < count; index++)
      missing += Math.max(0, wanted(index) - (this.#chunks[index]?.length ?? 0));
    if (missing > this.#volume.freeBytes) return false;
    for (let index = 0; index < count; index++) this.#reserve(index, wanted(index));
    this.#size = Math.max(this.#size, end);
    return true;
  }

  free(): void {
    this.#cut(0);
    this.#size = 0;
  }

  /** What is cut off must not come back when the file grows again. */
  #cut(size: number): void {
    const kept = Math.ceil(size / chunkBytes);
    for (const chunk of this.#chunks.splice(kept)) this.#volume.giveBack(chunk?.length ?? 0);
    if (size % chunkBytes > 0) this.#chunks[kept - 1]?.fill(0, size % chunkBytes);
  }

  /** A chunk with room for `length` bytes, or for as many as the volume has left. */
  #reserve(index: number, length: number): Uint8Array {
    const had = this.#chunks[index] ?? noBytes;
    if (length <= had.length) return had;
    const wanted = Math.min(chunkBytes, Math.max(length, had.length * 2, firstBytes));
    const grown = Math.min(wanted, had.length + this.#volume.freeBytes);
    if (grown === had.length || !this.#volume.take(grown - had.length)) return had;
    const chunk = new Uint8Array(grown);
    chunk.set(had);
    this.#chunks[index] = chunk;
    return chunk;
  }
}

const noBytes = new Uint8Array(0);

/** The chunk of an offset, and where in it that is. */
function place(offset: number): [index: number, start: number] {
  return [Math.floor(offset / chunkBytes), offset % chunkBytes];
}
