/**
 * Writes the code section anew with its edits. What is not edited is copied as it is.
 *
 * Where fuel is taken, the cost is a load, a store and a branch that the compiler is told is hardly ever taken. In
 * a loop even those would be felt, so a function with loops counts in a local (p) and settles it when it comes to
 * `settleMin`, and at its end. A function that counts its depth (weight w) keeps what was left of the stack in a
 * local (s). Either gets a block around its code: branches to the function's own label thereby lead behind that
 * block, as does every return, so there is one place where accounts are settled:
 *
 * ```
 *  no loop:    fuel -= cost; if (fuel < 0) spent()       (*)
 *  loops:      p = cost
 *  depth:      s = stack; stack = s - w; if (stack < 0) trap
 *              block (results)
 *   in loops:    p += cost; if (p > settleMin) { settle(p); p = 0 }
 *              end
 *  depth:      stack = s
 *  loops:      fuel -= p; if (fuel < 0) spent()          (*)
 * ```
 * (*) A function that calls nothing leaves looking at the fuel to its callers, which look after at most `settleMin`
 * units of their own: without the call it stays small enough for the compiler to put it where it is called.
 */
import {
  ByteWriter,
  readUnsignedLeb,
  signedLebLength,
  unsignedLebLength,
  writeLeb,
} from "../../bytes/index.ts";
import type { Additions } from "../additions.ts";
import { functionTypeAt, type ModuleInfo } from "../module.ts";
import type { Section } from "../section.ts";
import { encodeValueType } from "../value-type.ts";
import { BranchHints } from "./branch-hints.ts";
import type { CodeFacts } from "./code-scan.ts";
import { editKind } from "./edits.ts";

/** What the edits name. */
export interface MeterIndices {
  /** Globals of fuel and of stack that are left. */
  readonly fuel: number;
  readonly stack: number;
  /** Functions: called when the fuel, and when the stack, is used up. */
  readonly spent: number;
  readonly overflowed: number;
  /** Takes an amount of fuel: (i32) → (). */
  readonly settle: number;
}

/** From so much on a local account is settled: far less than a slice, far more than settling costs. */
const settleMin = 1000;

/** No edit is longer: a caught one and a charge, each index and figure in five bytes. */
const editBytesMax = 80;

/** What counting the depth adds to a function: far more than its fixed parts take. */
const countedBytesMax = 160;

export interface WrittenCode {
  readonly code: Uint8Array;
  /** A custom section that goes before the code. */
  readonly hints: Section;
}

/** The payload of the code section, without what passes add behind it. */
export function writeCode(
  module: ModuleInfo,
  facts: CodeFacts,
  weights: Uint32Array,
  indices: MeterIndices,
  additions: Additions,
): WrittenCode {
  return new CodeWriter(module, facts, weights, indices, additions).write();
}

class CodeWriter {
  readonly #module: ModuleInfo;
  readonly #facts: CodeFacts;
  readonly #weights: Uint32Array;
  readonly #indices: MeterIndices;
  readonly #additions: Additions;
  readonly #imported: number;
  readonly #out: Uint8Array;
  readonly #blockTypes = new Map<number, Uint8Array>();
  readonly #hints = new BranchHints();
  #at = 0;
  /** Of the function that is written: what it takes of the stack, and the local that knows what was left. */
  #weight = 0;
  /** Its local for what was left of the stack, and for fuel that is not yet settled; -1 for none. */
  #saved = -1;
  #pending = -1;
  /** Whether it looks at its fuel where it begins or ends. */
  #looks = true;

  constructor(
    module: ModuleInfo,
    facts: CodeFacts,
    weights: Uint32Array,
    indices: MeterIndices,
    additions: Additions,
  ) {
    this.#module = module;
    this.#facts = facts;
    this.#weights = weights;
    this.#indices = indices;
    this.#additions = additions;
    this.#imported = module.functions.length - weights.length;
    const { bytes, edits } = facts;
    this.#out = new Uint8Array(
      bytes.length + edits.count * editBytesMax + weights.length * countedBytesMax + 8,
    );
  }

  write(): WrittenCode {
    const { bodyStarts, bytes } = this.#facts;
    // The count stays as it was written.
    const head = bodyStarts.length === 0 ? bytes.length : behindLeb(bytes, 0);
    this.#copy(0, head);
    for (let index = 0; index < bodyStarts.length; index++) this.#function(index);
    return { code: this.#out.subarray(0, this.#at), hints: this.#hints.finish() };
  }

  #function(index: number): void {
    const { codeStarts, bodyStarts, bodyEnds, localCounts, calls } = this.#facts;
    const locals = localCounts[index]!;
    this.#looks = calls[index] === 1;
    this.#weight = this.#weights[index]!;
    this.#pending = this.#countsInLocal(index) ? locals : -1;
    this.#saved = this.#weight > 0 ? (this.#pending < 0 ? locals : locals + 1) : -1;
    // The size is not known before the body is written: its place is as wide as any size.
    const sizeAt = this.#at;
    this.#at += 5;
    this.#hints.begin(this.#imported + index, this.#at);
    this.#locals(bodyStarts[index]!, codeStarts[index]!);
    const hasBlock = this.#pending >= 0 || this.#saved >= 0;
    const from = this.#entry(index, hasBlock);
    this.#code(index, from, codeStarts[index]!, bodyEnds[index]!);
    if (hasBlock) {
      this.#settleAll();
      this.#out[this.#at++] = 0x0b;
    }
    writeLeb(this.#out, sizeAt, this.#at - sizeAt - 5, 5);
  }

  /**
   * Whether a function counts in a local. An exception takes a function's locals along, so where there are any,
   * what calls does not.
   */
  #countsInLocal(index: number): boolean {
    const { loops, calls } = this.#facts;
    return loops[index] === 1 && !(this.#module.tags.length > 0 && calls[index] === 1);
  }

  #locals(start: number, end: number): void {
    const { bytes } = this.#facts;
    const more = (this.#pending < 0 ? 0 : 1) + (this.#saved < 0 ? 0 : 1);
    if (more === 0) {
      this.#copy(start, end);
      return;
    }
    const groups = behindLeb(bytes, start);
    this.#u32(readUnsignedLeb(bytes, start, groups) + 1);
    this.#copy(groups, end);
    this.#u8(more, 0x7f);
  }

  /** What comes first; returns the edit to go on with. The first one is the charge for the function itself. */
  #entry(index: number, hasBlock: boolean): number {
    const { editEnds, edits } = this.#facts;
    const first = index === 0 ? 0 : editEnds[index - 1]!;
    const cost = edits.values[first]!;
    const { fuel, stack, spent, overflowed } = this.#indices;
    if (this.#pending >= 0) {
      this.#u8(0x41);
      this.#s32(cost);
      this.#local(0x21, this.#pending);
    } else if (cost > 0) {
      this.#subtract(fuel, cost);
      if (this.#looks) this.#ifNegative(fuel, spent);
    }
    if (this.#saved >= 0) {
      this.#global(0x23, stack);
      this.#local(0x21, this.#saved);
      this.#takeStack();
      this.#ifNegative(stack, overflowed);
    }
    if (hasBlock) {
      this.#u8(0x02);
      this.#raw(this.#blockType(index));
    }
    return first + 1;
  }

  #code(index: number, firstEdit: number, start: number, end: number): void {
    const { editEnds, edits } = this.#facts;
    let from = start;
    for (let i = firstEdit; i < editEnds[index]!; i++) {
      const at = edits.starts[i]!;
      if (at > from) this.#copy(from, at);
      from = this.#edit(edits.kinds[i]!, edits.values[i]!) ? at + edits.lengths[i]! : at;
    }
    this.#copy(from, end);
  }

  /** Writes one edit; false where the instruction that it is about stays. */
  #edit(kind: number, value: number): boolean {
    switch (kind) {
      case editKind.charge:
        this.#charge(value);
        return true;
      case editKind.call:
        this.#call(value);
        return true;
      case editKind.delegate:
        this.#u8(0x18);
        this.#u32(value + 1);
        return true;
      case editKind.leave:
        if (this.#pending < 0 && this.#saved < 0) return false;
        this.#u8(0x0c);
        this.#u32(value);
        return true;
      case editKind.tailCall:
        this.#settleAll();
        return true;
      case editKind.caught:
        this.#takeStack();
        return true;
      case editKind.caughtCharge:
        this.#takeStack();
        this.#charge(value);
        return true;
      default:
        throw new Error(`invariant violated: edit ${kind} is known`);
    }
  }

  #charge(amount: number): void {
    if (amount === 0) return;
    const { fuel, spent, settle } = this.#indices;
    if (this.#pending < 0) {
      this.#subtract(fuel, amount);
      this.#ifNegative(fuel, spent);
      return;
    }
    this.#local(0x20, this.#pending);
    this.#u8(0x41);
    this.#s32(amount);
    this.#u8(0x6a);
    this.#local(0x22, this.#pending);
    this.#u8(0x41);
    this.#s32(settleMin);
    this.#u8(0x4a);
    this.#if();
    this.#local(0x20, this.#pending);
    this.#call(settle);
    this.#u8(0x41, 0);
    this.#local(0x21, this.#pending);
    this.#u8(0x0b);
  }

  /** `stack = s - w` */
  #takeStack(): void {
    this.#local(0x20, this.#saved);
    this.#u8(0x41);
    this.#s32(this.#weight);
    this.#u8(0x6b);
    this.#global(0x24, this.#indices.stack);
  }

  /** What a function does at its end, however it ends. */
  #settleAll(): void {
    const { fuel, stack, spent } = this.#indices;
    if (this.#saved >= 0) {
      this.#local(0x20, this.#saved);
      this.#global(0x24, stack);
    }
    if (this.#pending < 0) return;
    this.#global(0x23, fuel);
    this.#local(0x20, this.#pending);
    this.#u8(0x6b);
    this.#global(0x24, fuel);
    if (this.#looks) this.#ifNegative(fuel, spent);
  }

  #subtract(global: number, amount: number): void {
    this.#global(0x23, global);
    this.#u8(0x41);
    this.#s32(amount);
    this.#u8(0x6b);
    this.#global(0x24, global);
  }

  #ifNegative(global: number, call: number): void {
    this.#global(0x23, global);
    this.#u8(0x41, 0, 0x48);
    this.#if();
    this.#call(call);
    this.#u8(0x0b);
  }

  /** The beginning of what hardly ever happens. */
  #if(): void {
    this.#hints.unlikely(this.#at);
    this.#u8(0x04, 0x40);
  }

  #call(index: number): void {
    this.#u8(0x10);
    this.#u32(index);
  }

  #global(op: number, index: number): void {
    this.#u8(op);
    this.#u32(index);
  }

  #local(op: number, index: number): void {
    this.#u8(op);
    this.#u32(index);
  }

  /** The type of a block that has the function's results and no parameters. */
  #blockType(index: number): Uint8Array {
    const type = this.#module.functions[this.#imported + index]!;
    const known = this.#blockTypes.get(type);
    if (known !== undefined) return known;
    const { results } = functionTypeAt(this.#module, type);
    const out = new ByteWriter();
    if (results.length === 0) out.u8(0x40);
    else if (results.length === 1) encodeValueType(out, results[0]!);
    else out.s32(this.#additions.type([], results));
    const bytes = out.finish();
    this.#blockTypes.set(type, bytes);
    return bytes;
  }

  #copy(start: number, end: number): void {
    const { bytes } = this.#facts;
    if (end - start > copyByBytesMax) this.#raw(bytes.subarray(start, end));
    else for (let i = start; i < end; i++) this.#out[this.#at++] = bytes[i]!;
  }

  #raw(bytes: Uint8Array): void {
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #u8(...values: readonly number[]): void {
    for (const value of values) this.#out[this.#at++] = value;
  }

  #u32(value: number): void {
    this.#at = writeLeb(this.#out, this.#at, value, unsignedLebLength(value));
  }

  #s32(value: number): void {
    this.#at = writeLeb(this.#out, this.#at, value, signedLebLength(value));
  }
}

/** Up to here a loop is quicker than making a view. */
const copyByBytesMax = 64;

function behindLeb(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at++]! >= 0x80);
  return at;
}
