/**
 * Guesses how bytes of the source change on their way into the target. A renamed variable, a function
 * with another index, a shifted table: each changes the same source bytes in the same way again and
 * again. So the last change of each context is remembered, and a container holds only where the guess
 * fails. Encoder and decoder run this very class over the same bytes; README.md has the rules.
 *
 * A context is the source byte, its two neighbours and the difference of the byte before: 32 bits, which
 * are kept whole, so that only equal contexts meet.
 */

const slotBits = 16;
const slotCount = 2 ** slotBits;
/** Highest trust in a guess. */
const trustMax = 3;

export class Predictor {
  readonly #source: Uint8Array;
  /** Trust from which on a guess counts. */
  readonly #trustMin: number;
  readonly #contexts: Int32Array = new Int32Array(slotCount);
  readonly #differences: Uint8Array = new Uint8Array(slotCount);
  /** 0: the slot is free. */
  readonly #trust: Uint8Array = new Uint8Array(slotCount);
  /** Whether a context with this byte (× 256) and right neighbour was ever remembered: most bytes end here. */
  readonly #touched: Uint8Array = new Uint8Array(2 ** 16);
  #context = 0;
  #slot = 0;

  constructor(source: Uint8Array, trustMin: number) {
    this.#source = source;
    this.#trustMin = trustMin;
  }

  /** The difference expected of `source[offset]`, when that of the byte before was `previous`. */
  guess(offset: number, previous: number): number {
    const source = this.#source;
    const context =
      (previous << 24) |
      ((offset > 0 ? source[offset - 1]! : 0) << 16) |
      (source[offset]! << 8) |
      (offset + 1 < source.length ? source[offset + 1]! : 0);
    const slot = Math.imul(context, 0x9e3779b1) >>> (32 - slotBits);
    this.#context = context;
    this.#slot = slot;
    return this.#contexts[slot] === context && this.#trust[slot]! >= this.#trustMin
      ? this.#differences[slot]!
      : 0;
  }

  /** Whether nothing can be expected of a byte that follows an unchanged one, so that asking may be left out. */
  isQuiet(offset: number): boolean {
    const source = this.#source;
    return offset + 1 < source.length && this.#touched[(source[offset]! << 8) | source[offset + 1]!] === 0;
  }

  /** What the difference asked for last really was. */
  learn(difference: number): void {
    const slot = this.#slot;
    const trust = this.#trust[slot]!;
    if (trust > 0 && this.#contexts[slot] === this.#context) {
      if (this.#differences[slot] === difference) {
        if (trust < trustMax) this.#trust[slot] = trust + 1;
      } else if (trust > 1) {
        this.#trust[slot] = trust >> 1;
      } else {
        this.#differences[slot] = difference;
      }
    } else if (difference !== 0) {
      this.#contexts[slot] = this.#context;
      this.#differences[slot] = difference;
      this.#trust[slot] = 1;
      this.#touched[this.#context & 0xffff] = 1;
    }
  }

  /**
   * Adds the guesses to `length` bytes of the target that are source bytes so far, where every guess is
   * right. Returns the last difference.
   */
  follow(target: Uint8Array, at: number, offset: number, length: number, previous: number): number {
    const source = this.#source;
    const touched = this.#touched;
    const end = offset + length;
    let from = offset;
    let last = previous;
    while (from < end) {
      // Without a touched pair there is no context, so nothing is expected and nothing learnt.
      if (last === 0) from = skipUntouched(source, touched, from, Math.min(end, source.length - 1));
      if (from === end) break;
      last = this.guess(from, last);
      if (last !== 0) target[at + from - offset]! += last;
      this.learn(last);
      from++;
    }
    return last;
  }
}

/** The first place from `from` on whose pair of bytes is touched, at most `end`. One load a byte and one test. */
function skipUntouched(source: Uint8Array, touched: Uint8Array, from: number, end: number): number {
  let at = from;
  if (at >= end) return at;
  let byte = source[at]!;
  while (at < end) {
    const next = source[at + 1]!;
    if (touched[(byte << 8) | next] !== 0) break;
    byte = next;
    at++;
  }
  return at;
}
