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

/** A match of so many bytes is not compared with others. */
const enoughBytes = 256;

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
    let head = wordAt(source, 0);
    let tail = wordAt(source, 4);
    for (let at = 0; at + matchBytesMin <= source.length; at++) {
      const hash = hashOf(head, tail) >>> this.#hashShift;
      this.#seen[hash >>> 5]! |= 1 << (hash & 31);
      head = (head >>> 8) | (tail << 24);
      tail = (tail >>> 8) | (source[at + 8]! << 24);
    }
  }

  /**
   * Length of the longest match in the source for the bytes of `target` at `at`, 0 when none has
   * `matchBytesMin` bytes; `matchOffset` is then its place. The first one of `enoughBytes` is taken for the
   * longest. Of several the choice is arbitrary but always the same. Costs O(length + log(source length)).
   */
  find(target: Uint8Array, at: number): number {
    if (at + matchBytesMin > target.length) return 0;
    const hash = hashOf(wordAt(target, at), wordAt(target, at + 4)) >>> this.#hashShift;
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
      // Long enough: looking for a longer one would compare these bytes again and again.
      if (shared >= enoughBytes || at + shared === target.length) break;
      if (offset + shared === this.source.length || this.source[offset + shared]! < target[at + shared]!) {
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

/**
 * How many bytes are equal from `a[i]` and `b[j]` on, 0 outside of `a`. The first `known` are taken for
 * equal, and after `most` nothing is compared any more.
 */
export function matchLength(
  a: Uint8Array,
  i: number,
  b: Uint8Array,
  j: number,
  known = 0,
  most: number = Number.POSITIVE_INFINITY,
): number {
  if (i < 0) return 0;
  const end = Math.min(a.length - i, b.length - j, most);
  let length = known;
  while (length < end && a[i + length] === b[j + length]) length++;
  return length;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Of 8 bytes, as two words. */
function hashOf(head: number, tail: number): number {
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
