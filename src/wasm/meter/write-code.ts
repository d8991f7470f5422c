/**
 * Writes the code section anew with its edits. What is not edited is copied as it is.
 *
 * A function that counts its depth (weight w) gets a block around its code. Branches to the function's own label
 * thereby lead behind that block, as does every return, so there is one place where the depth is given back:
 *
 * ```
 *  depth -= w; if (depth < 0) trap
 *  block (results)  … the code, with `return` as a branch to this block …  end
 *  depth += w
 * ```
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
import { encodeValueType } from "../value-type.ts";
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
}

/** No edit is longer: a caught one and a charge, each index and figure in five bytes. */
const editBytesMax = 64;

/** What counting the depth adds to a function: far more than its fixed parts take. */
const countedBytesMax = 160;

/** The payload of the code section, without what passes add behind it. */
export function writeCode(
  module: ModuleInfo,
  facts: CodeFacts,
  weights: Uint32Array,
  indices: MeterIndices,
  additions: Additions,
): Uint8Array {
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
  #at = 0;
  /** Of the function that is written: what it takes of the stack, and the local that knows what was left. */
  #weight = 0;
  #saved = -1;

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

  write(): Uint8Array {
    const { bodyStarts, bytes } = this.#facts;
    // The count stays as it was written.
    const head = bodyStarts.length === 0 ? bytes.length : behindLeb(bytes, 0);
    this.#copy(0, head);
    for (let index = 0; index < bodyStarts.length; index++) this.#function(index);
    return this.#out.subarray(0, this.#at);
  }

  #function(index: number): void {
    const { codeStarts, bodyStarts, bodyEnds, catches, localCounts } = this.#facts;
    this.#weight = this.#weights[index]!;
    this.#saved = catches[index] === 1 ? localCounts[index]! : -1;
    // The size is not known before the body is written: its place is as wide as any size.
    const sizeAt = this.#at;
    this.#at += 5;
    this.#locals(bodyStarts[index]!, codeStarts[index]!);
    if (this.#weight > 0) this.#takeStack(index);
    this.#code(index, codeStarts[index]!, bodyEnds[index]!);
    if (this.#weight > 0) {
      this.#giveStackBack();
      this.#out[this.#at++] = 0x0b;
    }
    writeLeb(this.#out, sizeAt, this.#at - sizeAt - 5, 5);
  }

  #locals(start: number, end: number): void {
    if (this.#saved < 0) {
      this.#copy(start, end);
      return;
    }
    const { bytes } = this.#facts;
    const groups = behindLeb(bytes, start);
    this.#u32(readUnsignedLeb(bytes, start, groups) + 1);
    this.#copy(groups, end);
    this.#u8(1, 0x7f);
  }

  #code(index: number, start: number, end: number): void {
    const { editEnds, edits } = this.#facts;
    let from = start;
    for (let i = index === 0 ? 0 : editEnds[index - 1]!; i < editEnds[index]!; i++) {
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
        this.#u8(0x10);
        this.#u32(value);
        return true;
      case editKind.delegate:
        this.#u8(0x18);
        this.#u32(value + 1);
        return true;
      case editKind.leave:
        if (this.#weight === 0) return false;
        this.#u8(0x0c);
        this.#u32(value);
        return true;
      case editKind.tailCall:
        if (this.#weight > 0) this.#giveStackBack();
        return true;
      case editKind.caught:
        this.#setStackFromSaved();
        return true;
      case editKind.caughtCharge:
        this.#setStackFromSaved();
        this.#charge(value);
        return true;
      default:
        throw new Error(`invariant violated: edit ${kind} is known`);
    }
  }

  /** `fuel -= amount; if (fuel < 0) spent()` */
  #charge(amount: number): void {
    if (amount === 0) return;
    const { fuel, spent } = this.#indices;
    this.#subtract(fuel, amount);
    this.#ifNegative(fuel, spent);
  }

  #takeStack(index: number): void {
    const { stack, overflowed } = this.#indices;
    this.#subtract(stack, this.#weight);
    this.#ifNegative(stack, overflowed);
    if (this.#saved >= 0) {
      this.#global(0x23, stack);
      this.#u8(0x21);
      this.#u32(this.#saved);
    }
    this.#u8(0x02);
    this.#raw(this.#blockType(index));
  }

  #giveStackBack(): void {
    const { stack } = this.#indices;
    if (this.#saved >= 0) this.#setStackFromSaved();
    this.#global(0x23, stack);
    this.#u8(0x41);
    this.#s32(this.#weight);
    this.#u8(0x6a);
    this.#global(0x24, stack);
  }

  #setStackFromSaved(): void {
    this.#u8(0x20);
    this.#u32(this.#saved);
    this.#global(0x24, this.#indices.stack);
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
    this.#u8(0x41, 0, 0x48, 0x04, 0x40, 0x10);
    this.#u32(call);
    this.#u8(0x0b);
  }

  #global(op: number, index: number): void {
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
