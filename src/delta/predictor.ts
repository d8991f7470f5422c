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
  /** The difference of the byte before, in this record. */
  #last = 0;
  /** What was asked for last. */
  #context = 0;
  #slot = 0;

  constructor(source: Uint8Array, trustMin: number) {
    this.#contexts[0] = vacancyOf(0);
    this.#source = source;
    this.#trustMin = trustMin;
  }

  /** A record begins: its first byte has none before it. */
  begin(): void {
    this.#last = 0;
  }

  /** The difference expected of `source[offset]`. */
  guess(offset: number): number {
    const source = this.#source;
    const context =
      (this.#last << 24) |
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
    this.#last = difference;
    if (this.#contexts[slot] === this.#context) {
      const trust = this.#trust[slot]!;
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
   * right. What `guess` and `learn` do, in one loop without calls: it runs over every byte that is added.
   */
  follow(target: Uint8Array, at: number, offset: number, length: number): void {
    const source = this.#source;
    const contexts = this.#contexts;
    let around = ((offset > 0 ? source[offset - 1]! : 0) << 8) | (source[offset] ?? 0);
    let last = this.#last;
    // The last byte of the source has no right neighbour; it is left to the two methods.
    const end = Math.min(length, Math.max(0, source.length - 1 - offset));
    for (let i = 0; i < end; i++) {
      around = ((around << 8) | source[offset + i + 1]!) & 0xffffff;
      const context = (last << 24) | around;
      const slot = slotOf(context);
      last = 0;
      if (contexts[slot] !== context) continue;
      last = this.#confirm(slot);
      target[at + i]! += last;
    }
    this.#last = last;
    if (end < length) {
      last = this.guess(offset + end);
      target[at + end]! += last;
      this.learn(last);
    }
  }

  /** How many of `length` bytes of the target are as guessed, from the first one on: the encoder's `follow`. */
  agree(target: Uint8Array, at: number, offset: number, length: number): number {
    const source = this.#source;
    const contexts = this.#contexts;
    let around = ((offset > 0 ? source[offset - 1]! : 0) << 8) | (source[offset] ?? 0);
    let last = this.#last;
    const end = Math.min(length, Math.max(0, source.length - 1 - offset));
    for (let i = 0; i < end; i++) {
      around = ((around << 8) | source[offset + i + 1]!) & 0xffffff;
      const context = (last << 24) | around;
      const slot = slotOf(context);
      const difference = (target[at + i]! - source[offset + i]!) & 0xff;
      if (contexts[slot] !== context) {
        if (difference === 0) {
          last = 0;
          continue;
        }
      } else if (difference === this.#expected(slot)) {
        last = this.#confirm(slot);
        continue;
      }
      this.#last = last;
      return i;
    }
    this.#last = last;
    if (end === length) return length;
    const difference = (target[at + end]! - source[offset + end]!) & 0xff;
    if (this.guess(offset + end) !== difference) return end;
    this.learn(difference);
    return length;
  }

  /** What a slot guesses for the context that it holds. */
  #expected(slot: number): number {
    return this.#trust[slot]! >= this.#trustMin ? this.#differences[slot]! : 0;
  }

  /** The guess of a slot for the context that it holds, after learning that it was right. */
  #confirm(slot: number): number {
    const trust = this.#trust[slot]!;
    if (trust >= this.#trustMin) {
      if (trust < trustMax) this.#trust[slot] = trust + 1;
      return this.#differences[slot]!;
    }
    // Below the trust that guesses need, which is 2 at most, is 1: nothing was guessed, and rightly so.
    this.#trust[slot] = 0;
    this.#contexts[slot] = vacancyOf(slot);
    return 0;
  }
}

function slotOf(context: number): number {
  return Math.imul(context, 0x9e3779b1) >>> (32 - slotBits);
}

/** A context that belongs to another slot: 0 belongs to slot 0. */
function vacancyOf(slot: number): number {
  return slot === 0 ? 1 : 0;
}
