/**
 * The accounts of fuel and of stack as code of each function.
 *
 * Where fuel is taken, the cost is a load, a store and a branch that the compiler is told is hardly ever taken. In
 * a loop even those would be felt, so functions with loops hold the fuel in a local (p) and write it back where
 * others are to see it. A function that counts its depth (weight w) keeps what was left of the stack in a local (s).
 * Either gets a block around its code: branches to the function's own label thereby lead behind that block, as does
 * every return, so there is one place where accounts are settled:
 *
 * ```
 *             without loops                       with loops
 *  entry      fuel -= cost                        p = fuel - cost
 *             if (fuel < 0) spent()     (*)       if (p < 0) p = refill(p)     (*)
 *  charge     likewise                            p -= cost; if (p < 0) p = refill(p)
 *  call                                           fuel = p; call; p = fuel
 *  end                                            fuel = p
 *
 *  depth      entry: s = stack; stack = s - w; if (stack < 0) trap                  end: stack = s
 * ```
 * (*) A function that calls nothing leaves looking at the fuel to its callers, if it does not take much: without the
 * call it stays small enough to be put where it is called. One that catches exceptions does not hold its fuel: where
 * one has come from, the local would be wrong.
 *
 * Behind a slow path of a loop the globals that the function writes are read and written back. It changes nothing,
 * but tells the compiler their values, so that it can go on keeping them in registers from turn to turn.
 */
import type { BranchHints } from "./branch-hints.ts";
import { chargeSpanMax } from "./charges.ts";
import type { CodeOutput } from "./code-output.ts";
import type { Gate } from "./gate.ts";

/** What of a function its accounts depend on. */
export interface AccountFacts {
  /** Its first charge. */
  readonly cost: number;
  /** What it takes of the stack, 0 where it does not count. */
  readonly weight: number;
  readonly loops: boolean;
  readonly calls: boolean;
  /** Whether it has handlers of exceptions. */
  readonly catches: boolean;
  /** Parameters and locals of its own. */
  readonly locals: number;
  /** Globals that it writes. */
  readonly written: readonly number[];
}

const none = -1;

export class Accounts {
  readonly #out: CodeOutput;
  readonly #hints: BranchHints;
  readonly #gate: Gate;
  #facts!: AccountFacts;
  /** Whether it looks at the fuel where it begins. */
  #looks = false;
  /** Locals: for fuel, and for what was left of the stack. */
  #fuel: number = none;
  #stack: number = none;

  constructor(out: CodeOutput, hints: BranchHints, gate: Gate) {
    this.#out = out;
    this.#hints = hints;
    this.#gate = gate;
  }

  /** The next function, before its locals are written. */
  begin(facts: AccountFacts): void {
    const { loops, calls, catches, locals, weight, cost } = facts;
    this.#facts = facts;
    this.#looks = calls || cost > chargeSpanMax;
    this.#fuel = loops && !catches ? locals : none;
    this.#stack = weight === 0 ? none : this.#fuel === none ? locals : locals + 1;
  }

  /** How many locals (i32) it needs. */
  get locals(): number {
    return (this.#fuel === none ? 0 : 1) + (this.#stack === none ? 0 : 1);
  }

  /** Whether its code goes into a block, with `end` behind it. */
  get hasBlock(): boolean {
    return this.locals > 0;
  }

  /** Whether it has the fuel in a local. */
  get holds(): boolean {
    return this.#fuel !== none;
  }

  enter(): void {
    const { fuel, stack, spent, overflowed } = this.#gate;
    const out = this.#out;
    out.opIndex(0x23, fuel);
    this.#take(this.#facts.cost);
    if (this.#looks && this.holds) this.#refill();
    const looks = this.#looks && !this.holds;
    if (this.#stack !== none) {
      out.opIndex(0x23, stack).opIndex(0x21, this.#stack);
      this.takeStack();
      out.opIndex(0x23, stack);
      if (looks) out.opIndex(0x23, fuel).op(0x72);
      this.#ifNegative().opIndex(0x10, overflowed).op(0x0b);
    } else if (looks) {
      out.opIndex(0x23, fuel);
      this.#ifNegative().opIndex(0x10, spent).op(0x0b);
    }
  }

  /** A charge on the way. */
  charge(amount: number): void {
    if (amount === 0) return;
    const { fuel, spent } = this.#gate;
    const out = this.#out.opIndex(this.holds ? 0x20 : 0x23, this.holds ? this.#fuel : fuel);
    this.#take(amount);
    if (this.holds) this.#refill();
    else {
      out.opIndex(0x23, fuel);
      this.#ifNegative().opIndex(0x10, spent);
      this.#tellGlobals();
      out.op(0x0b);
    }
  }

  /** In front of what uses the fuel or asks for it. */
  writeBack(): void {
    if (this.holds) this.#out.opIndex(0x20, this.#fuel).opIndex(0x24, this.#gate.fuel);
  }

  /** Behind it. */
  readAgain(): void {
    if (this.holds) this.#out.opIndex(0x23, this.#gate.fuel).opIndex(0x21, this.#fuel);
  }

  /** `stack = s - w`, at the entry and where an exception was caught: callees did not give back what they took. */
  takeStack(): void {
    if (this.#stack === none) return;
    this.#out.opIndex(0x20, this.#stack).const(this.#facts.weight).op(0x6b).opIndex(0x24, this.#gate.stack);
  }

  /** What a function does at its end, however it ends. */
  leave(): void {
    this.writeBack();
    if (this.#stack !== none) this.#out.opIndex(0x20, this.#stack).opIndex(0x24, this.#gate.stack);
  }

  /** Of the fuel that is on the stack takes an amount. */
  #take(amount: number): void {
    this.#out.const(amount).op(0x6b);
    if (this.holds) this.#out.opIndex(0x21, this.#fuel);
    else this.#out.opIndex(0x24, this.#gate.fuel);
  }

  #refill(): void {
    this.#out.opIndex(0x20, this.#fuel);
    this.#ifNegative().opIndex(0x20, this.#fuel).opIndex(0x10, this.#gate.refill).opIndex(0x21, this.#fuel);
    this.#tellGlobals();
    this.#out.op(0x0b);
  }

  #tellGlobals(): void {
    for (const global of this.#facts.written) this.#out.opIndex(0x23, global).opIndex(0x24, global);
  }

  /** Begins what hardly ever happens: what is on the stack is below 0. */
  #ifNegative(): CodeOutput {
    this.#out.const(0).op(0x48);
    this.#hints.unlikely(this.#out.length);
    return this.#out.op(0x04, 0x40);
  }
}
