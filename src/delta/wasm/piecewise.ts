/**
 * A map of integers that adds to each value what the piece it lies in says: before the first piece nothing,
 * from `starts[k]` on `shifts[k]`, until the next piece begins. Code and data that move in blocks give maps
 * of few pieces.
 */
import type { SpaceMap } from "./space.ts";

export class Piecewise implements SpaceMap {
  /** Ascending. */
  readonly starts: Float64Array;
  readonly shifts: Float64Array;
  /** Values are cut into equal buckets; a value of bucket b lies in a piece from `#first[b]` to `#first[b + 1]`. */
  readonly #first: Int32Array;
  readonly #perValue: number;
  readonly #low: number;
  readonly #high: number;
  readonly #highShift: number;

  constructor(starts: Float64Array, shifts: Float64Array) {
    this.starts = starts;
    this.shifts = shifts;
    const count = starts.length;
    const buckets = Math.min(2 * count, bucketsMax);
    this.#low = count > 0 ? starts[0]! : Number.POSITIVE_INFINITY;
    this.#high = count > 0 ? starts[count - 1]! : Number.POSITIVE_INFINITY;
    this.#highShift = count > 0 ? shifts[count - 1]! : 0;
    this.#perValue = count > 1 ? (buckets - 1) / (this.#high - this.#low) : 0;
    this.#first = new Int32Array(buckets + 1).fill(count - 1);
    let bucket = 0;
    for (let piece = 0; piece < count; piece++) {
      const own = Math.floor((starts[piece]! - this.#low) * this.#perValue);
      while (bucket <= own) this.#first[bucket++] = Math.max(0, piece - 1);
    }
  }

  get isEmpty(): boolean {
    return this.starts.length === 0;
  }

  get(value: number): number {
    if (value < this.#low) return value;
    if (value >= this.#high) return value + this.#highShift;
    const starts = this.starts;
    const first = this.#first;
    const bucket = ((value - this.#low) * this.#perValue) | 0;
    let low = first[bucket]!;
    let high = first[bucket + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= value) low = middle;
      else high = middle - 1;
    }
    return value + this.shifts[low]!;
  }
}

/** 256 KiB of index at most. */
const bucketsMax = 65_536;
