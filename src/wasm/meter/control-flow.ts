/**
 * Where a walk through a function's code is: the blocks that are open, how high the operands stand, and what the way
 * here has cost. Blocks begin, paths end, and where they meet the larger cost goes on (`Charges`).
 */
import type { ModuleInfo } from "../module.ts";
import { Blocks, blockKind } from "./blocks.ts";
import { Charges, unreached } from "./charges.ts";
import type { CodePlace } from "./code-place.ts";
import { type EditList, editKind } from "./edits.ts";

export class ControlFlow {
  readonly blocks: Blocks = new Blocks();
  readonly charges: Charges;
  /** Operands on the stack. The walk keeps it for itself between two instructions that have a type or a label. */
  height = 0;
  readonly #place: CodePlace;
  readonly #edits: EditList;
  /** Parameters and results of each type; -1 for what is no function type. */
  readonly #params: Int32Array;
  readonly #results: Int32Array;

  constructor(module: ModuleInfo, place: CodePlace, edits: EditList) {
    const types = module.types.map((type) => (type.kind === "function" ? type : undefined));
    this.#params = Int32Array.from(types, (type) => type?.params.length ?? -1);
    this.#results = Int32Array.from(types, (type) => type?.results.length ?? -1);
    this.#place = place;
    this.#edits = edits;
    this.charges = new Charges(edits);
  }

  /** How many parameters a type has. Refuses what is no function type. */
  paramsOf(type: number): number {
    const params = this.#params[type] ?? -1;
    if (params < 0) this.#place.fail(`type ${type} is no function type of the module`);
    return params;
  }

  /** A function of this type begins; `cost` is what it takes before its first instruction. */
  begin(type: number, cost: number): void {
    this.blocks.top = -1;
    this.blocks.push(blockKind.function, 0, 0, this.#results[type]!, 0, 0);
    this.charges.begin(this.#place.at, cost);
    this.height = 0;
  }

  /** Something of this type was called: it took its operands and gave its results. */
  applyType(type: number): void {
    const params = this.paramsOf(type);
    this.height += this.#results[type]! - params;
  }

  open(kind: number): void {
    const { top, cost: now } = this.charges;
    this.#push(kind, top, now);
  }

  openLoop(): void {
    const { top } = this.charges;
    this.#push(blockKind.loop, top, 0);
    this.charges.open(this.#place.at, this.blocks.top);
  }

  openTryTable(): void {
    const { top: region, cost: now } = this.charges;
    const [blocks, height, place] = [this.blocks, this.height, this.#place];
    const outer = blocks.top;
    this.#push(blockKind.tryTable, region, now);
    for (let count = place.u32(); count > 0; count--) {
      const kind = place.bytes[place.at++]!;
      if (kind > 3) place.fail(`an unknown catch clause ${kind}`);
      if (kind < 2) place.u32();
      // Labels of catch clauses count from outside of the block that they belong to.
      const target = outer - place.u32();
      if (target < 0) place.fail("a label that is not there");
      blocks.caught[target] = true;
      if (blocks.kinds[target] === blockKind.loop)
        this.#edits.kinds[this.charges.chargeOf(blocks.regions[target]! + 1)] = editKind.caughtCharge;
    }
    this.height = height;
  }

  /** @param start where the `else` is */
  else(start: number): void {
    const { top, kinds } = this.blocks;
    if (kinds[top] !== blockKind.if) this.#place.fail("an else without its if", start);
    kinds[top] = blockKind.else;
    this.charges.cost--;
    this.#endArm(top);
    this.charges.cost = this.blocks.outerCosts[top]!;
    this.height = this.blocks.heights[top]! + this.blocks.params[top]!;
  }

  /** A handler begins: an exception may come from anywhere in the block, so all of it counts as having run. */
  catch(values: number): void {
    const { top, kinds, regions, heights } = this.blocks;
    if (kinds[top] !== blockKind.try) this.#place.fail("a catch without its try");
    this.#endArm(top);
    this.charges.cost = this.charges.largestIn(regions[top]!);
    this.height = heights[top]! + values;
    this.#edits.push(editKind.caught, this.#place.at, 0, 0);
  }

  /** To the function's own label means to its caller: the block around the code is not meant. */
  delegate(label: number, start: number): void {
    if (label === this.blocks.top - 1)
      this.#edits.push(editKind.delegate, start, this.#place.at - start, label);
    this.close();
  }

  close(): void {
    const [blocks, charges] = [this.blocks, this.charges];
    const block = blocks.top--;
    const [region, caught] = [blocks.regions[block]!, blocks.caught[block]!];
    if (block === 0) {
      charges.finish();
      return;
    }
    charges.closeTo(region);
    if (blocks.costs[block]! > charges.cost) charges.cost = blocks.costs[block]!;
    if (blocks.kinds[block] === blockKind.if && blocks.outerCosts[block]! > charges.cost)
      charges.cost = blocks.outerCosts[block]!;
    if (caught && blocks.kinds[block] !== blockKind.loop) {
      charges.cost = Math.max(charges.cost, charges.largestIn(region));
      this.#edits.push(editKind.caught, this.#place.at, 0, 0);
    }
    this.height = blocks.heights[block]! + blocks.results[block]!;
  }

  /** A branch to a label: its cost goes on behind that block's end. One to a loop ends in the loop's own charge. */
  join(label: number): void {
    const [blocks, charges] = [this.blocks, this.charges];
    const block = blocks.top - label;
    if (block < 0) this.#place.fail(`label ${label} of ${blocks.top + 1}`);
    if (blocks.kinds[block] === blockKind.loop) return;
    const now = charges.costIn(blocks.regions[block]!);
    if (now > blocks.costs[block]!) blocks.costs[block] = now;
  }

  /** Nothing behind this runs, until a label. */
  endPath(): void {
    this.charges.note();
    this.charges.cost = unreached;
    this.height = this.blocks.heights[this.blocks.top]!;
  }

  /** Reads a block type and opens the block. */
  #push(kind: number, region: number, outerCost: number): void {
    const place = this.#place;
    const first = place.bytes[place.at]!;
    if (first >= 0x80 || first < 0x40) {
      const type = place.u32();
      const params = this.paramsOf(type);
      this.blocks.push(kind, this.height, params, this.#results[type]!, region, outerCost);
      return;
    }
    if (first === 0x40) place.at++;
    else place.skipValueType();
    this.blocks.push(kind, this.height, 0, first === 0x40 ? 0 : 1, region, outerCost);
  }

  /** The end of one way through a block; the others begin anew. */
  #endArm(block: number): void {
    const { regions, costs } = this.blocks;
    this.charges.closeTo(regions[block]!);
    if (this.charges.cost > costs[block]!) costs[block] = this.charges.cost;
  }
}
