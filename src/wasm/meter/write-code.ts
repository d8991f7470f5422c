/**
 * Writes the code section anew with its edits. What is not edited is copied as it is; what the edits say about fuel
 * and stack is in `accounts.ts`.
 */
import { ByteWriter, readUnsignedLeb } from "../../bytes/index.ts";
import type { Additions } from "../additions.ts";
import { functionTypeAt, type ModuleInfo } from "../module.ts";
import type { Section } from "../section.ts";
import { encodeValueType } from "../value-type.ts";
import { Accounts } from "./accounts.ts";
import { BranchHints } from "./branch-hints.ts";
import type { CodeFacts } from "./code-facts.ts";
import { CodeOutput } from "./code-output.ts";
import { editKind } from "./edits.ts";
import type { Gate } from "./gate.ts";

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
  gate: Gate,
  additions: Additions,
): WrittenCode {
  return new CodeWriter(module, facts, weights, gate, additions).write();
}

class CodeWriter {
  readonly #module: ModuleInfo;
  readonly #facts: CodeFacts;
  readonly #weights: Uint32Array;
  readonly #additions: Additions;
  readonly #out: CodeOutput;
  readonly #hints = new BranchHints();
  readonly #accounts: Accounts;
  readonly #blockTypes = new Map<number, Uint8Array>();

  constructor(module: ModuleInfo, facts: CodeFacts, weights: Uint32Array, gate: Gate, additions: Additions) {
    this.#module = module;
    this.#facts = facts;
    this.#weights = weights;
    this.#additions = additions;
    this.#out = new CodeOutput(facts.bytes.length * 2);
    this.#accounts = new Accounts(this.#out, this.#hints, gate);
  }

  write(): WrittenCode {
    const { bodyStarts, bytes } = this.#facts;
    // The count stays as it was written.
    this.#out.copy(bytes, 0, bodyStarts.length === 0 ? bytes.length : behindLeb(bytes, 0));
    for (let index = 0; index < bodyStarts.length; index++) this.#function(index);
    return { code: this.#out.finish(), hints: this.#hints.finish() };
  }

  #function(index: number): void {
    const { bodyStarts, codeStarts, editEnds } = this.#facts;
    const [out, accounts] = [this.#out, this.#accounts];
    const firstEdit = endBefore(editEnds, index);
    this.#beginAccounts(index, firstEdit);
    const finishSize = out.beginSized();
    this.#hints.begin(index, out.length);
    this.#locals(bodyStarts[index]!, codeStarts[index]!);
    accounts.enter();
    if (accounts.hasBlock) out.op(0x02).raw(this.#blockType(index));
    this.#code(index, firstEdit + 1);
    if (accounts.hasBlock) {
      accounts.leave();
      out.op(0x0b);
    }
    finishSize();
  }

  /** The first edit is the charge for the function itself. */
  #beginAccounts(index: number, firstEdit: number): void {
    const { edits, loops, calls, catches, localCounts, written, writtenEnds } = this.#facts;
    this.#accounts.begin({
      cost: edits.values[firstEdit]!,
      weight: this.#weights[index]!,
      loops: loops[index] === 1,
      calls: calls[index] === 1,
      catches: catches[index] === 1,
      locals: localCounts[index]!,
      written: written.slice(endBefore(writtenEnds, index), writtenEnds[index]!),
    });
  }

  #locals(start: number, end: number): void {
    const { bytes } = this.#facts;
    const more = this.#accounts.locals;
    if (more === 0) {
      this.#out.copy(bytes, start, end);
      return;
    }
    const groups = behindLeb(bytes, start);
    this.#out.u32(readUnsignedLeb(bytes, start, groups) + 1).copy(bytes, groups, end);
    this.#out.op(more, 0x7f);
  }

  #code(index: number, firstEdit: number): void {
    const { bytes, editEnds, edits, codeStarts, bodyEnds } = this.#facts;
    let from = codeStarts[index]!;
    for (let i = firstEdit; i < editEnds[index]!; i++) {
      const at = edits.starts[i]!;
      if (at > from) this.#out.copy(bytes, from, at);
      from = this.#edit(i) ? at + edits.lengths[i]! : at;
    }
    this.#out.copy(bytes, from, bodyEnds[index]!);
  }

  /** Writes one edit; false where the instruction that it is about stays. */
  #edit(index: number): boolean {
    const { kinds, values, starts, lengths } = this.#facts.edits;
    const [value, at, length] = [values[index]!, starts[index]!, lengths[index]!];
    const [out, accounts] = [this.#out, this.#accounts];
    switch (kinds[index]) {
      case editKind.charge:
        accounts.charge(value);
        return true;
      case editKind.call:
        if (!accounts.holds) return false;
        accounts.writeBack();
        out.copy(this.#facts.bytes, at, at + length);
        accounts.readAgain();
        return true;
      case editKind.replace:
        accounts.writeBack();
        out.opIndex(0x10, value);
        accounts.readAgain();
        return true;
      case editKind.delegate:
        out.opIndex(0x18, value + 1);
        return true;
      case editKind.leave:
        if (!accounts.hasBlock) return false;
        out.opIndex(0x0c, value);
        return true;
      case editKind.tailCall:
        accounts.leave();
        return true;
      case editKind.caught:
        accounts.takeStack();
        return true;
      case editKind.caughtCharge:
        accounts.takeStack();
        accounts.charge(value);
        return true;
      default:
        throw new Error(`invariant violated: edit ${kinds[index]} is known`);
    }
  }

  /** The type of a block that has the function's results and no parameters. */
  #blockType(index: number): Uint8Array {
    const { functions, bodies } = this.#module;
    const type = functions[functions.length - bodies.length + index]!;
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
}

/** Where the part of function `index` begins in a list whose parts end at `ends`. */
function endBefore(ends: Uint32Array, index: number): number {
  return index === 0 ? 0 : ends[index - 1]!;
}

function behindLeb(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at++]! >= 0x80);
  return at;
}
