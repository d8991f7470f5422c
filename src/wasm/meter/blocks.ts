/** The blocks that are open where a walk through code is, outermost (the function) first; labels count from the inside. */

export const blockKind = { function: 0, block: 1, loop: 2, if: 3, else: 4, try: 5, tryTable: 6 } as const;

/** Blocks in columns, used again for the next function. */
export class Blocks {
  /** The innermost block. */
  top = -1;
  kinds: number[] = [];
  /** Height of the operand stack below its parameters. */
  heights: number[] = [];
  /** Type: how many parameters and results. */
  params: number[] = [];
  results: number[] = [];
  /** The charged region in which it begins. */
  regions: number[] = [];
  /** The largest cost, in that region, of any path that branches to its end. */
  costs: number[] = [];
  /** What the path to an `if` had cost. */
  outerCosts: number[] = [];
  /** Whether a catch clause leads to its label. */
  caught: boolean[] = [];

  push(kind: number, height: number, params: number, results: number, region: number, cost: number): void {
    const index = ++this.top;
    this.kinds[index] = kind;
    this.heights[index] = height - params;
    this.params[index] = params;
    this.results[index] = results;
    this.regions[index] = region;
    this.costs[index] = -1;
    this.outerCosts[index] = cost;
    this.caught[index] = false;
  }
}
