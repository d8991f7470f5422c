/**
 * Which functions count how deep calls go, and by how much. The engine ends a recursion by itself, in a way that no
 * guest can catch, but it may do so in the middle of a host call. So some functions take the stack that they may need
 * from a budget and give it back: enough of them that no chain of calls gets around.
 *
 * Those that close a circle when the calls are walked depth first count (every circle has one), those that call what
 * only running tells, and those at the top of a chain of `uncountedBytesMax`. What a function takes covers the longest
 * chain of functions below it that do not count.
 */
import type { CodeFacts } from "./code-scan.ts";

/** Longest chain of frames that is not counted, in bytes of stack. */
const uncountedBytesMax = 4096;

/** What a frame has beside its values: 190 bytes in the engine's interpreter, measured with functions that have none. */
const frameBytes = 192;

/** What a value takes: 16 bytes in the interpreter, 8 or 16 in compiled code. */
const valueBytes = 16;

const [unseen, open, done] = [0, 1, 2];

/** Bytes of stack that each function takes from the budget when it is called, 0 for one that does not count. */
export function stackWeights(facts: CodeFacts): Uint32Array {
  return new DepthFirstWalk(facts).walk();
}

class DepthFirstWalk {
  readonly #facts: CodeFacts;
  readonly #weights: Uint32Array;
  /** Bytes of the longest uncounted chain that begins with a function, as its callers see it. */
  readonly #chains: Uint32Array;
  readonly #states: Uint8Array;
  readonly #closesCircle: Uint8Array;
  /** The next of a function's calls to follow. */
  readonly #nexts: Uint32Array;
  /** The functions that are open, each called by the one before. */
  readonly #way: Uint32Array;
  #depth = -1;

  constructor(facts: CodeFacts) {
    const count = facts.frameValues.length;
    this.#facts = facts;
    this.#weights = new Uint32Array(count);
    this.#chains = new Uint32Array(count);
    this.#states = new Uint8Array(count);
    this.#closesCircle = new Uint8Array(count);
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
    const [states, chains] = [this.#states, this.#chains];
    for (let next = this.#nexts[index]!; next < calleeEnds[index]!; next++) {
      const callee = callees[next]!;
      if (states[callee] === unseen) {
        this.#nexts[index] = next;
        this.#enter(callee);
        return;
      }
      if (states[callee] === open) this.#closesCircle[index] = 1;
      else if (chains[callee]! > chains[index]!) chains[index] = chains[callee]!;
    }
    this.#leave(index);
  }

  #leave(index: number): void {
    const { frameValues, callsAnything, catches } = this.#facts;
    const bytes = frameBytes + frameValues[index]! * valueBytes + this.#chains[index]!;
    const hasTo = this.#closesCircle[index] === 1 || callsAnything[index] === 1 || catches[index] === 1;
    const isCounted = hasTo || bytes > uncountedBytesMax;
    this.#weights[index] = isCounted ? bytes : 0;
    this.#chains[index] = isCounted ? 0 : bytes;
    this.#states[index] = done;
    this.#depth--;
  }
}
