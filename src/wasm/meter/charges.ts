/**
 * How much fuel is taken where. The code of a function is divided into regions. A region begins at the function's
 * entry, at a loop's head, at a catch handler, or after `chargeSpanMax` instructions in a row, and every path that
 * enters it meets its charge first. The charge is the longest path through the region without the regions inside:
 * whatever a guest does, it has paid for each instruction before that ran, and never more than a span too much.
 *
 * ```
 *  entry ─ charge 4 ─ i i i i ─ loop ─ charge 3 ─ i i i ─ br_if loop ─ end ─ i
 *                               └───────── its own region ─────────┘
 * ```
 * Regions nest as blocks do, so all of this is found in one walk: a region's cost stands still while one inside
 * it is open, and where paths meet the larger cost goes on.
 */
import { type EditList, editKind } from "./edits.ts";

/** After so many instructions in a row the next charge is due, so a charge is never more than this too much. */
export const chargeSpanMax = 256;

/** Cost of a path that no code reaches: whatever is added to it, it stays below 0. */
export const unreached = -0x4000_0000;

export class Charges {
  /** Cost of the path that is being walked, within the innermost region. */
  cost = 0;
  /** The innermost region, counted from the function's, which is 0. */
  top = -1;
  readonly #edits: EditList;
  /** By region, outermost first: cost where the region inside begins, the largest cost, its charge, its block. */
  #costs: number[] = [];
  #largest: number[] = [];
  #charges: number[] = [];
  #blocks: number[] = [];

  constructor(edits: EditList) {
    this.#edits = edits;
  }

  begin(start: number, cost: number): void {
    this.top = -1;
    this.open(start, 0);
    this.cost = cost;
  }

  /** Opens a region inside block `block` with a charge at `start`. */
  open(start: number, block: number): void {
    if (this.top >= 0) {
      this.note();
      this.#costs[this.top] = this.cost;
    }
    this.top++;
    this.#largest[this.top] = 0;
    this.#blocks[this.top] = block;
    this.#charges[this.top] = this.#edits.push(editKind.charge, start, 0, 0);
    if (this.cost >= 0) this.cost = 0;
  }

  /** Begins a new region in the middle of block `block`; one that was begun there before ends here. */
  split(start: number, block: number, blockRegion: number): void {
    if (this.top > blockRegion && this.#blocks[this.top] === block) this.closeTo(this.top - 1);
    this.open(start, block);
  }

  /** Closes all regions inside `region`; the path goes on with what it had cost there. */
  closeTo(region: number): void {
    this.note();
    if (this.top === region) return;
    while (this.top > region) this.#close();
    if (this.cost >= 0) this.cost = this.#costs[region]!;
  }

  /** The function's end. */
  finish(): void {
    this.closeTo(0);
    this.#close();
  }

  /** The edit that charges for a region. */
  chargeOf(region: number): number {
    return this.#charges[region]!;
  }

  /** The end of a path: what it cost has to be covered. */
  note(): void {
    if (this.cost > this.#largest[this.top]!) this.#largest[this.top] = this.cost;
  }

  /** What the walked path has cost within `region`, which is the innermost one or around it. */
  costIn(region: number): number {
    return region === this.top || this.cost < 0 ? this.cost : this.#costs[region]!;
  }

  /** The largest cost of any path so far within `region`. */
  largestIn(region: number): number {
    return this.#largest[region]!;
  }

  #close(): void {
    this.#edits.values[this.#charges[this.top]!] = this.#largest[this.top]!;
    this.top--;
  }
}
