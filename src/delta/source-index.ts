/**
 * An index of a source file in which the longest match for any place of a target is found. Built once,
 * it serves any number of targets.
 *
 * Memory: 4 bytes for each source byte (the suffix array), 256 KiB for the ranges of byte pairs and
 * one bit for each of 8 to 16 times as many hash values as there are source bytes.
 */
import { suffixArray } from "./suffix-array.ts";

/** Matches shorter than this are not looked for. */
export const matchBytesMin = 8;

export class SourceIndex {
  readonly source: Uint8Array;
  /** Where the last `find` that returned a length found its match. */
  matchOffset = 0;
  readonly #order: Int32Array;
  /** Suffixes that begin with the byte pair `p` are `#order[#pairs[p], #pairs[p + 1])`. */
  readonly #pairs: Int32Array;
  /** Bit h is set when some `matchBytesMin` bytes of the source have the hash h. */
  readonly #seen: Uint32Array;
  readonly #hashShift: number;

  constructor(source: Uint8Array) {
    this.source = source;
    this.#order = suffixArray(source);
    this.#pairs = pairRanges(source);
    const bits = Math.min(31, Math.max(10, 35 - Math.clz32(source.length)));
    this.#hashShift = 32 - bits;
    this.#seen = new Uint32Array(2 ** (bits - 5));
    for (let at = 0; at + matchBytesMin <= source.length; at++) {
      const hash = hashAt(source, at) >>> this.#hashShift;
      this.#seen[hash >>> 5]! |= 1 << (hash & 31);
    }
  }

  /**
   * Length of the longest match in the source for the bytes of `target` at `at`, 0 when none has
   * `matchBytesMin` bytes; `matchOffset` is then its place. Of several the choice is arbitrary but
   * always the same. Costs O(length + log(source length)).
   */
  find(target: Uint8Array, at: number): number {
    if (at + matchBytesMin > target.length) return 0;
    const hash = hashAt(target, at) >>> this.#hashShift;
    if (((this.#seen[hash >>> 5]! >>> (hash & 31)) & 1) === 0) return 0;
    const pair = (target[at]! << 8) | target[at + 1]!;
    const order = this.#order;
    let low = this.#pairs[pair]!;
    let high = this.#pairs[pair + 1]!;
    // The bytes that the needle shares with the suffix below `low` and with the one at `high`.
    let lowShared = 2;
    let highShared = 2;
    let best = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const offset = order[middle]!;
      const shared = matchLength(this.source, offset, target, at, Math.min(lowShared, highShared));
      if (shared > best) {
        best = shared;
        this.matchOffset = offset;
      }
      const [a, b] = [this.source[offset + shared], target[at + shared]];
      if (b === undefined) break;
      if (a === undefined || a < b) {
        low = middle + 1;
        lowShared = shared;
      } else {
        high = middle;
        highShared = shared;
      }
    }
    return best < matchBytesMin ? 0 : best;
  }
}

/** How many bytes are equal from `a[i]` and `b[j]` on; the first `known` are taken for equal. */
export function matchLength(a: Uint8Array, i: number, b: Uint8Array, j: number, known = 0): number {
  const end = Math.min(a.length - i, b.length - j);
  let length = known;
  while (length < end && a[i + length] === b[j + length]) length++;
  return length;
}

function hashAt(bytes: Uint8Array, at: number): number {
  const head = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const tail = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
  return Math.imul(Math.imul(head, 0x9e3779b1) ^ tail, 0x85ebca6b);
}

/** Where in suffix order the suffixes of each byte pair begin, with one more entry for the end. */
function pairRanges(source: Uint8Array): Int32Array {
  const starts = new Int32Array(0x10001);
  for (let i = 0; i + 1 < source.length; i++) starts[(source[i]! << 8) | source[i + 1]!]!++;
  // The last suffix has one byte and sorts before all pairs that begin with it.
  const single = source.length > 0 ? source[source.length - 1]! << 8 : 0x10000;
  let sum = 0;
  for (let pair = 0; pair <= 0x10000; pair++) {
    if (pair === single) sum++;
    const count = starts[pair]!;
    starts[pair] = sum;
    sum += count;
  }
  return starts;
}
