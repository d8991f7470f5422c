/**
 * The memories of an instance as they were before its first run. Most of a young memory is zeros: those
 * are filled instead of copied, which needs no second memory and half the bandwidth.
 */

interface Piece {
  readonly start: number;
  readonly end: number;
  /** What belongs there; undefined for zeros. */
  readonly bytes: Uint8Array | undefined;
}

interface MemorySnapshot {
  readonly memory: WebAssembly.Memory;
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
}

/** Granularity at which zeros are looked for, in bytes. Smaller pieces cost more calls than they save. */
const blockBytes = 4096;

export class Snapshot {
  readonly sizeBytes: number;
  readonly #memories: readonly MemorySnapshot[];

  constructor(memories: readonly WebAssembly.Memory[]) {
    this.#memories = memories.map(takeMemory);
    this.sizeBytes = this.#memories.reduce((sum, each) => sum + each.sizeBytes, 0);
  }

  /** Puts the memories back; false when one has grown, which nothing can undo. */
  restore(): boolean {
    for (const { memory, sizeBytes } of this.#memories) {
      if (memory.buffer.byteLength !== sizeBytes) return false;
    }
    for (const { memory, pieces } of this.#memories) {
      const bytes = new Uint8Array(memory.buffer);
      for (const piece of pieces) {
        if (piece.bytes === undefined) bytes.fill(0, piece.start, piece.end);
        else bytes.set(piece.bytes, piece.start);
      }
    }
    return true;
  }
}

function takeMemory(memory: WebAssembly.Memory): MemorySnapshot {
  const bytes = new Uint8Array(memory.buffer);
  const pieces: Piece[] = [];
  const push = (start: number, end: number, zero: boolean): void => {
    if (end > start) pieces.push({ start, end, bytes: zero ? undefined : bytes.slice(start, end) });
  };
  let start = 0;
  let zero = true;
  for (let block = 0; block < bytes.length; block += blockBytes) {
    const isZero = zeroBlock(bytes, block);
    if (isZero === zero) continue;
    push(start, block, zero);
    [start, zero] = [block, isZero];
  }
  push(start, bytes.length, zero);
  return { memory, sizeBytes: bytes.length, pieces };
}

function zeroBlock(bytes: Uint8Array, start: number): boolean {
  return new BigUint64Array(bytes.buffer, start, blockBytes / 8).every((word) => word === 0n);
}
