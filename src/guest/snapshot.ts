/**
 * A memory as it was before its instance's first run, and the way back to it. Most of a young memory is
 * zeros: those need no second memory, and mostly they still are zeros. Of a large one most was never touched.
 */
import { type Clear, clearBlockBytes, clearerOf } from "./clear-module.ts";
import { type PageMap, TouchedPages } from "./touched-pages.ts";

interface Piece {
  readonly start: number;
  readonly end: number;
  /** What belongs there; undefined for zeros. */
  readonly bytes: Uint8Array | undefined;
}

/** The bytes of one memory. Instances that begin alike share one image. */
export interface MemoryImage {
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
}

const zeros = new Uint8Array(clearBlockBytes);

/** From so many zeros on it pays to ask which were touched: below it takes about as long as reading them. */
const trackedZeroBytesMin = 256 * 1024;

/** Copies what is not zero. It reads no page that was never touched: a page that was read is touched. */
export function takeImage(memory: WebAssembly.Memory, pageMap?: PageMap): MemoryImage {
  const bytes = new Uint8Array(memory.buffer);
  const touched = bytes.length < trackedZeroBytesMin ? undefined : TouchedPages.of(bytes, pageMap);
  touched?.update();
  const pieces: Piece[] = [];
  const push = (start: number, end: number, zero: boolean): void => {
    if (end > start) pieces.push({ start, end, bytes: zero ? undefined : bytes.slice(start, end) });
  };
  let start = 0;
  let zero = true;
  for (let block = 0; block < bytes.length; block += clearBlockBytes) {
    const isZero =
      touched?.has(block / clearBlockBytes) === false ||
      Buffer.compare(bytes.subarray(block, block + clearBlockBytes), zeros) === 0;
    if (isZero === zero) continue;
    push(start, block, zero);
    [start, zero] = [block, isZero];
  }
  push(start, bytes.length, zero);
  return { sizeBytes: bytes.length, pieces };
}

/** One instance's memory and the image that it goes back to. */
export class Snapshot {
  readonly image: MemoryImage;
  readonly #memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;
  readonly #clear: Clear;
  /** Undefined for a small memory, and where it cannot be told. */
  readonly #touched: TouchedPages | undefined;

  constructor(memory: WebAssembly.Memory, image: MemoryImage, pageMap?: PageMap) {
    const bytes = new Uint8Array(memory.buffer);
    this.image = image;
    this.#memory = memory;
    this.#bytes = bytes;
    this.#clear = clearerOf(memory) ?? ((start, end) => bytes.fill(0, start, end));
    if (zeroBytesOf(image) >= trackedZeroBytesMin) this.#touched = TouchedPages.of(bytes, pageMap);
  }

  /** Whether only those pages are cleared that were ever touched. */
  get clearsTouchedOnly(): boolean {
    return this.#touched !== undefined;
  }

  /** Whether the memory still has the image's size. No memory shrinks, and growing detaches the buffer. */
  get fits(): boolean {
    const { sizeBytes } = this.image;
    // A detached buffer is empty, and so looks like a memory that had no pages to begin with.
    return this.#bytes.length === sizeBytes && (sizeBytes > 0 || this.#memory.buffer.byteLength === 0);
  }

  /** Makes the memory equal to the image; `fits` must hold. */
  restore(): void {
    this.#touched?.update();
    for (const { start, end, bytes } of this.image.pieces) {
      if (bytes !== undefined) this.#bytes.set(bytes, start);
      else if (this.#touched === undefined) this.#clear(start, end);
      else this.#touched.forEachIn(start, end, this.#clear);
    }
  }
}

/** What an image takes beside the memory that it is of. */
export function imageBytes({ pieces }: MemoryImage): number {
  return pieces.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
}

function zeroBytesOf({ pieces }: MemoryImage): number {
  return pieces.reduce((sum, { start, end, bytes }) => (bytes === undefined ? sum + end - start : sum), 0);
}
