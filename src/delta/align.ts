/**
 * Decides, byte for byte of a target, what it is made from: a place in the source that it resembles, or
 * nothing. Between long exact matches a dynamic program weighs what a changed byte, a new byte and a
 * jump will cost once they are coded, and takes the cheapest path over the few diagonals (source offset
 * minus target offset) that occur there. bsdiff extends each match by majority instead; choosing
 * alignments by dynamic programming is the idea of bsdiff6 (doi 10.14722/spacesec.2026.23070).
 */
import { type Matches, scan } from "./scan.ts";
import type { SourceIndex } from "./source-index.ts";

/** `add` bytes of the source from `sourceOffset` on, plus differences; then `copy` bytes of the target's own. */
export interface Stretch {
  readonly sourceOffset: number;
  readonly add: number;
  readonly copy: number;
}

/** Estimated costs in bits after coding, by which paths are compared. */
export interface AlignCosts {
  /** A jump to another diagonal, and for each bit of the distance to it. */
  readonly jump: number;
  readonly jumpBit: number;
  /** Going over from source bytes to own bytes. */
  readonly enterCopy: number;
  readonly copiedByte: number;
  readonly equalByte: number;
  /** A changed byte after an equal one. */
  readonly changedByte: number;
  /** A changed byte after a changed one. */
  readonly changedAgain: number;
  /** A byte changed by the same amount as the changed byte before it, as in tables of shifted addresses. */
  readonly changedAlike: number;
}

/** Found by trying on the pairs of scripts/bench/delta.ts; flat around these values. */
export const alignCosts: AlignCosts = {
  jump: 30,
  jumpBit: 0.8,
  enterCopy: 8,
  copiedByte: 6,
  equalByte: 0.06,
  changedByte: 13,
  changedAgain: 9,
  changedAlike: 5,
};

/** For what changes in one way all over, as the mappings of a source map: a change costs little, a jump much. */
export const steadyCosts: AlignCosts = {
  ...alignCosts,
  jump: 60,
  changedByte: 6,
  changedAgain: 5,
  changedAlike: 3,
};

/** The stretches that make `target` from the index's source, in order; their lengths add up to the target's. */
export function align(index: SourceIndex, target: Uint8Array, costs: AlignCosts = alignCosts): Stretch[] {
  return new Aligner(index.source, target, scan(index, target), costs).run();
}

/** A match this long is taken as on the best path: the program begins and ends at such matches. */
const anchorBytesMin = 48;
/** Diagonals weighed at once. */
const slots = 8;
/** The state beside the slots: bytes of the target's own. */
const own = slots;
const states = slots + 1;
/** A diagonal is tried so many bytes before the place that `Matches.from` gives. */
const lookaheadBytes = 64;
/** The program decides at the latest after so many bytes, which bounds its memory. */
const windowBytes = 16_384;

/** A diagonal that was of no use for so many bytes is not followed any further. */
const idleBytes = 1024;

class Aligner {
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  readonly #matches: Matches;
  readonly #costs: AlignCosts;
  readonly #path = new Path();
  /** Per slot: its diagonal (NaN: empty), where it was last of use, its last difference, whether it just changed. */
  readonly #diagonal: Float64Array = new Float64Array(slots).fill(Number.NaN);
  readonly #used: Float64Array = new Float64Array(slots).fill(-1);
  readonly #difference: Uint8Array = new Uint8Array(slots);
  readonly #changed: Uint8Array = new Uint8Array(slots);
  /** Bits spent by the cheapest path that ends in each state. */
  readonly #spent: Float64Array = new Float64Array(states).fill(Number.POSITIVE_INFINITY);
  /** For each byte since #windowStart and each state: the state before. */
  readonly #before: Uint8Array = new Uint8Array(states * windowBytes);
  #windowStart = 0;
  #at = 0;
  /** The diagonal from which the cheapest path came to bytes of its own. */
  #left = 0;

  constructor(source: Uint8Array, target: Uint8Array, matches: Matches, costs: AlignCosts) {
    this.#source = source;
    this.#target = target;
    this.#matches = matches;
    this.#costs = costs;
    // A decoder starts at the source's first byte, so diagonal 0 is free to begin on.
    this.#diagonal[0] = 0;
    this.#spent[0] = 0;
    this.#spent[own] = 0;
  }

  run(): Stretch[] {
    const { target, length, diagonal, from } = this.#matches;
    const count = target.length;
    const arrivals = Array.from({ length: count }, (_, i) => i).sort((a, b) => from[a]! - from[b]! || a - b);
    let arrival = 0;
    let next = 0;
    while (this.#at < this.#target.length) {
      for (; arrival < count; arrival++) {
        const i = arrivals[arrival]!;
        if (from[i]! - lookaheadBytes > this.#at) break;
        if (target[i]! + length[i]! > this.#at) this.#open(diagonal[i]!, target[i]! + length[i]!);
      }
      while (next < count && (target[next]! < this.#at || length[next]! < anchorBytesMin)) next++;
      const anchor = next < count ? target[next]! : this.#target.length;
      if (anchor === this.#at) {
        this.#anchor(this.#open(diagonal[next]!, this.#at), length[next]!);
        continue;
      }
      const opens = arrival < count ? from[arrivals[arrival]!]! - lookaheadBytes : anchor;
      this.#walk(Math.min(anchor, Math.max(opens, this.#at + 1)));
    }
    this.#commit(this.#cheapest());
    return this.#path.stretches;
  }

  /** The slot of a diagonal; the one longest out of use makes room for a new one. */
  #open(diagonal: number, usedUntil: number): number {
    let slot = this.#diagonal.indexOf(diagonal);
    if (slot < 0) {
      const cheapest = this.#cheapest();
      slot = cheapest === 0 ? 1 : 0;
      for (let k = 0; k < slots; k++) if (k !== cheapest && this.#used[k]! < this.#used[slot]!) slot = k;
      // Paths remember slots, not diagonals: before a slot changes its meaning, what is behind is decided.
      if (!Number.isNaN(this.#diagonal[slot]!)) this.#commit(cheapest);
      this.#diagonal[slot] = diagonal;
      this.#spent[slot] = Number.POSITIVE_INFINITY;
      this.#changed[slot] = 0;
      this.#difference[slot] = 0;
    }
    this.#used[slot] = Math.max(this.#used[slot]!, usedUntil);
    return slot;
  }

  /** The path goes through `length` equal bytes on the slot's diagonal. */
  #anchor(slot: number, length: number): void {
    const cheapest = this.#cheapest();
    const jumped = this.#spent[cheapest]! + this.#jumpCost(cheapest, slot);
    this.#commit(this.#spent[slot]! <= jumped ? slot : cheapest);
    this.#path.push(this.#diagonal[slot]!, this.#at, length);
    this.#at += length;
    this.#windowStart = this.#at;
    this.#spent.fill(Number.POSITIVE_INFINITY);
    this.#spent[slot] = 0;
    this.#used[slot] = this.#at;
    this.#changed.fill(0);
  }

  /** Prolongs the cheapest path of each state up to `until`. */
  #walk(until: number): void {
    const { jump, enterCopy, copiedByte, equalByte, changedByte, changedAgain, changedAlike } = this.#costs;
    const source = this.#source;
    const target = this.#target;
    const spent = this.#spent;
    const before = this.#before;
    const diagonal = this.#diagonal;
    const differences = this.#difference;
    const changed = this.#changed;
    while (this.#at < until) {
      const cheapest = this.#cheapest();
      if (this.#at - this.#windowStart === windowBytes) this.#commit(cheapest);
      if (cheapest !== own) this.#used[cheapest] = Math.max(this.#used[cheapest]!, this.#at);
      else if (this.#skipIdle(until)) return;
      const row = (this.#at - this.#windowStart) * states;
      const least = spent[cheapest]!;
      const byte = target[this.#at]!;
      for (let k = 0; k < slots; k++) {
        const offset = this.#at + diagonal[k]!;
        if (!(offset >= 0 && offset < source.length)) {
          spent[k] = Number.POSITIVE_INFINITY;
          continue;
        }
        let bits = spent[k]!;
        before[row + k] = k;
        if (least + jump < bits) {
          const jumped = least + this.#jumpCost(cheapest, k);
          if (jumped < bits) {
            bits = jumped;
            before[row + k] = cheapest;
          }
        }
        const difference = (byte - source[offset]!) & 0xff;
        if (difference === 0) {
          bits += equalByte;
          changed[k] = 0;
        } else {
          if (difference === differences[k]) bits += changedAlike;
          else bits += changed[k] === 1 ? changedAgain : changedByte;
          changed[k] = 1;
          differences[k] = difference;
        }
        spent[k] = bits;
      }
      const enters = cheapest !== own && least + enterCopy < spent[own]!;
      before[row + own] = enters ? cheapest : own;
      if (enters) this.#left = diagonal[cheapest]!;
      spent[own] = (enters ? least + enterCopy : spent[own]!) + copiedByte;
      this.#at++;
    }
  }

  /** Where nothing in the source has been of use for long: all up to `until` is the target's own. */
  #skipIdle(until: number): boolean {
    if (until - this.#at < idleBytes) return false;
    for (let k = 0; k < slots; k++) if (this.#used[k]! + idleBytes > this.#at) return false;
    this.#commit(own);
    this.#path.push(undefined, this.#at, until - this.#at);
    this.#at = until;
    this.#windowStart = until;
    return true;
  }

  /** What going over from one state to another slot costs: the farther, the more bits has the seek. */
  #jumpCost(state: number, slot: number): number {
    const from = state === own ? this.#left : this.#diagonal[state]!;
    const distance = Math.abs(this.#diagonal[slot]! - from);
    return this.#costs.jump + this.#costs.jumpBit * (32 - Math.clz32(distance));
  }

  #cheapest(): number {
    let best: number = own;
    for (let k = 0; k < slots; k++) if (this.#spent[k]! < this.#spent[best]!) best = k;
    return best;
  }

  /** Writes down the path that ends here in `state`; from now on no other one counts. */
  #commit(state: number): void {
    const runs: { state: number; start: number; end: number }[] = [];
    let run = { state, start: this.#windowStart, end: this.#at };
    for (let at = this.#at - 1; at >= this.#windowStart; at--) {
      const before = this.#before[(at - this.#windowStart) * states + run.state]!;
      if (before === run.state) continue;
      runs.push({ ...run, start: at });
      run = { state: before, start: this.#windowStart, end: at };
    }
    runs.push(run);
    for (const { state, start, end } of runs.reverse()) {
      this.#path.push(state === own ? undefined : this.#diagonal[state]!, start, end - start);
    }
    this.#windowStart = this.#at;
    const spent = this.#spent[state]!;
    this.#spent.fill(Number.POSITIVE_INFINITY);
    this.#spent[state] = spent;
  }
}

/** Joins what belongs together into stretches. */
class Path {
  readonly stretches: { sourceOffset: number; add: number; copy: number }[] = [];
  #diagonal = 0;

  /** `length` target bytes from `start` on, along a diagonal or, without one, the target's own. */
  push(diagonal: number | undefined, start: number, length: number): void {
    if (length === 0) return;
    const last = this.stretches.at(-1);
    if (diagonal === undefined) {
      if (last) last.copy += length;
      else this.stretches.push({ sourceOffset: 0, add: 0, copy: length });
    } else if (last && last.copy === 0 && this.#diagonal === diagonal) {
      last.add += length;
    } else {
      this.stretches.push({ sourceOffset: start + diagonal, add: length, copy: 0 });
      this.#diagonal = diagonal;
    }
  }
}
