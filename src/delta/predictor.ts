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
  /** A free slot holds a context that belongs elsewhere, so that one comparison tells. */
  readonly #contexts: Int32Array = new Int32Array(slotCount);
  readonly #differences: Uint8Array = new Uint8Array(slotCount);
  /** 0: the slot is free. */
  readonly #trust: Uint8Array = new Uint8Array(slotCount);
  #context = 0;
  #slot = 0;

  constructor(source: Uint8Array, trustMin: number) {
    this.#contexts[0] = vacancyOf(0);
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
    const slot = slotOf(context);
    this.#context = context;
    this.#slot = slot;
    return this.#contexts[slot] === context && this.#trust[slot]! >= this.#trustMin
      ? this.#differences[slot]!
      : 0;
  }

  /** What the difference asked for last really was. */
  learn(difference: number): void {
    const slot = this.#slot;
    const trust = this.#trust[slot]!;
    if (this.#contexts[slot] === this.#context) {
      if (this.#differences[slot] === difference) {
        if (trust < trustMax) this.#trust[slot] = trust + 1;
      } else if (trust > 1 || difference === 0) {
        this.#trust[slot] = trust >> 1;
        if (trust === 1) this.#contexts[slot] = vacancyOf(slot);
      } else {
        this.#differences[slot] = difference;
      }
    } else if (difference !== 0) {
      this.#contexts[slot] = this.#context;
      this.#differences[slot] = difference;
      this.#trust[slot] = 1;
    }
  }

  /**
   * Adds the guesses to `length` bytes of the target that are source bytes so far, where every guess is
   * right. Returns the last difference. What `guess` and `learn` do, in one loop without calls: it runs
   * over every byte that is added.
   */
  follow(target: Uint8Array, at: number, offset: number, length: number, previous: number): number {
    const source = this.#source;
    const contexts = this.#contexts;
    const differences = this.#differences;
    const trusts = this.#trust;
    const trustMin = this.#trustMin;
    let around = ((offset > 0 ? source[offset - 1]! : 0) << 8) | (source[offset] ?? 0);
    let last = previous;
    // The last byte of the source has no right neighbour; it is left to the two methods.
    const end = Math.min(length, source.length - 1 - offset);
    for (let i = 0; i < end; i++) {
      around = ((around << 8) | source[offset + i + 1]!) & 0xffffff;
      const context = (last << 24) | around;
      const slot = slotOf(context);
      last = 0;
      if (contexts[slot] !== context) continue;
      const trust = trusts[slot]!;
      if (trust >= trustMin) {
        last = differences[slot]!;
        target[at + i]! += last;
        if (trust < trustMax) trusts[slot] = trust + 1;
      } else {
        // Below the trust that guesses need, which is 2 at most: it was 1.
        trusts[slot] = 0;
        contexts[slot] = vacancyOf(slot);
      }
    }
    if (end < length) {
      last = this.guess(offset + end, last);
      target[at + end]! += last;
      this.learn(last);
    }
    return last;
  }
}

function slotOf(context: number): number {
  return Math.imul(context, 0x9e3779b1) >>> (32 - slotBits);
}

/** A context that belongs to another slot: 0 belongs to slot 0. */
function vacancyOf(slot: number): number {
  return slot === 0 ? 1 : 0;
}
