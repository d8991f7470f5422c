/**
 * Which functions count how deep calls go, and by how much. The engine ends a recursion by itself, in a way that no
 * guest can catch, but it may do so in the middle of a host call. So some functions take the stack that they may need
 * from a budget and give it back: enough of them that no chain of calls gets around.
 *
 * Those count that are met again from below when the calls are walked depth first (every circle has one), those that
 * call what only running tells, and those at the top of a chain of `uncountedBytesMax`. What a function takes covers
 * its own frame and the longest chain of functions that do not count on the way to one that does. The last chain,
 * from which nothing goes on, is the budget's to leave room for.
 */
import type { CodeFacts } from "./code-facts.ts";

/** Longest chain of frames that is not counted, in bytes of stack. */
const uncountedBytesMax: number = 16 * 1024;

/**
 * What a frame has beside its values. Measured by recursions to the end of the engine's stack (4.9 MB): frames took 475
 * bytes without values, 630 with 12, 1,244 with 51 and 2,012 with 102, in whichever of its compilers takes most.
 */
const frameBytes = 480;

/** What a value takes: 16 bytes in the interpreter, 8 or 16 in compiled code. Two more locals may be added. */
const [valueBytes, addedValues] = [16, 2];

/** What of the code tells it. */
type CallFacts = Pick<CodeFacts, "frameValues" | "callees" | "calleeEnds" | "callsAnything" | "catches">;

const [unseen, open, done] = [0, 1, 2];

/** Bytes of stack that each function takes from the budget when it is called, 0 for one that does not count. */
export function stackWeights(facts: CallFacts): Uint32Array {
  return new DepthFirstWalk(facts).walk();
}

class DepthFirstWalk {
  readonly #facts: CallFacts;
  readonly #weights: Uint32Array;
  /** Bytes of the longest uncounted chain that begins with a function, as its callers see it. */
  readonly #chains: Uint32Array;
  /** Bytes of the longest uncounted chain from a function to a counted one; -1 where none leads there. */
  readonly #leads: Float64Array;
  readonly #states: Uint8Array;
  /** Whether a function that it leads to calls it. */
  readonly #isMet: Uint8Array;
  /** The next of a function's calls to follow. */
  readonly #nexts: Uint32Array;
  /** The functions that are open, each called by the one before. */
  readonly #way: Uint32Array;
  #depth = -1;

  constructor(facts: CallFacts) {
    const count = facts.frameValues.length;
    this.#facts = facts;
    this.#weights = new Uint32Array(count);
    this.#chains = new Uint32Array(count);
    this.#leads = new Float64Array(count).fill(-1);
    this.#states = new Uint8Array(count);
    this.#isMet = new Uint8Array(count);
    this.#nexts = new Uint32Array(count);
    this.#way = new Uint32Array(count);
  }

  walk(): Uint32Array {
    for (let root = 0; root < this.#states.length; root++) {
      if (this.#states[root] === unseen) this.#enter(root);
      while (this.#depth >= 0) this.#step(this.#way[this.#depth]!);
    }
    return this.#weights;
  }

  #enter(index: number): void {
    this.#states[index] = open;
    this.#nexts[index] = index === 0 ? 0 : this.#facts.calleeEnds[index - 1]!;
    this.#way[++this.#depth] = index;
  }

  #step(index: number): void {
    const { callees, calleeEnds } = this.#facts;
    const [states, chains, leads] = [this.#states, this.#chains, this.#leads];
    for (let next = this.#nexts[index]!; next < calleeEnds[index]!; next++) {
      const callee = callees[next]!;
      if (states[callee] === unseen) {
        this.#nexts[index] = next;
        this.#enter(callee);
        return;
      }
      if (states[callee] === open) {
        // It counts, and so its whole circle, which is known when the walk leaves it.
        this.#isMet[callee] = 1;
        if (leads[index]! < 0) leads[index] = 0;
      } else {
        if (chains[callee]! > chains[index]!) chains[index] = chains[callee]!;
        if (leads[callee]! > leads[index]!) leads[index] = leads[callee]!;
      }
    }
    this.#leave(index);
  }

  #leave(index: number): void {
    const { frameValues, callsAnything, catches } = this.#facts;
    const frame = frameBytes + (frameValues[index]! + addedValues) * valueBytes;
    const lead = this.#leads[index]!;
    const hasTo = this.#isMet[index] === 1 || callsAnything[index] === 1 || catches[index] === 1;
    const isCounted = hasTo || frame + this.#chains[index]! > uncountedBytesMax;
    this.#weights[index] = isCounted ? frame + Math.max(lead, 0) : 0;
    this.#chains[index] = isCounted ? 0 : frame + this.#chains[index]!;
    this.#leads[index] = isCounted ? 0 : lead < 0 ? -1 : frame + lead;
    this.#states[index] = done;
    this.#depth--;
  }
}
