/**
 * The one walk over a module's code: finds where it has to change (`edits`), how large the frame of each function
 * is and whom it calls. Linear in the bytes, except that a `br_table` costs what it lists.
 *
 * It does not validate, which is the engine's business, with one exception: indices of functions, globals, tables,
 * types, locals and labels are held against what the module itself has. Passes add things behind those, and a guest
 * must not name them (a global that holds its fuel, for one).
 *
 * Most instructions are stepped over right here, by a table; `SpecialInstructions` takes the others.
 */
import { readUnsignedLeb } from "../../bytes/index.ts";
import { codeLocalsMax } from "../../limits.ts";
import type { ModuleInfo } from "../module.ts";
import { sectionId } from "../section.ts";
import { chargeSpanMax } from "./charges.ts";
import { blankFacts, type CodeFacts } from "./code-facts.ts";
import { CodePlace } from "./code-place.ts";
import { behindMemarg, step, steps } from "./code-steps.ts";
import { ControlFlow } from "./control-flow.ts";
import { heightChanges } from "./operand-counts.ts";
import { type Replacements, SpecialInstructions } from "./special-instructions.ts";

/** Globals that a function writes are noted up to here. */
const writtenMax = 8;

/** Behind so many locals each further one costs as much as an instruction: a call makes them zero. */
const freeLocals = 64;

export function scanCodeSection(module: ModuleInfo, replacements: Replacements): CodeFacts {
  return new CodeScan(module, replacements).scan();
}

class CodeScan {
  readonly #module: ModuleInfo;
  readonly #facts: CodeFacts;
  readonly #place: CodePlace;
  readonly #flow: ControlFlow;
  readonly #special: SpecialInstructions;

  constructor(module: ModuleInfo, replacements: Replacements) {
    const code = module.sections.find((section) => section.id === sectionId.code);
    const facts = blankFacts(code?.payload ?? new Uint8Array(1), module.bodies.length);
    const { edits, callees } = facts;
    const place = new CodePlace(facts.bytes);
    const flow = new ControlFlow(module, place, edits);
    this.#module = module;
    this.#facts = facts;
    this.#place = place;
    this.#flow = flow;
    this.#special = new SpecialInstructions({ module, replacements, place, flow, edits, callees });
  }

  scan(): CodeFacts {
    const { bodies, functions } = this.#module;
    const imported = functions.length - bodies.length;
    for (let i = 0; i < bodies.length; i++) this.#scanFunction(i, bodies[i]!, functions[imported + i]!);
    return this.#facts;
  }

  #scanFunction(i: number, body: Uint8Array, type: number): void {
    const [facts, place, special] = [this.#facts, this.#place, this.#special];
    const start = body.byteOffset - facts.bytes.byteOffset;
    place.at = start;
    place.end = start + body.length;
    special.begin();
    const locals = this.#readLocals() + this.#flow.paramsOf(type);
    facts.bodyStarts[i] = start;
    facts.codeStarts[i] = place.at;
    facts.bodyEnds[i] = place.end;
    facts.localCounts[i] = locals;
    this.#flow.begin(type, 1 + Math.max(0, locals - freeLocals));
    facts.frameValues[i] = locals + this.#scanBody(locals);
    facts.editEnds[i] = facts.edits.count;
    facts.calleeEnds[i] = facts.callees.length;
    facts.writtenEnds[i] = facts.written.length;
    facts.callsAnything[i] = special.callsAnything;
    facts.catches[i] = special.catches;
    facts.loops[i] = special.loops;
    facts.calls[i] = special.calls;
  }

  #readLocals(): number {
    const place = this.#place;
    let count = 0;
    for (let groups = place.u32(); groups > 0; groups--) {
      count += place.u32();
      place.skipValueType();
      if (count > codeLocalsMax)
        place.fail(`a function with ${count} locals; at most ${codeLocalsMax} are allowed`);
    }
    return count;
  }

  /** Returns how high the operands stand at most. */
  #scanBody(locals: number): number {
    const [place, flow, special] = [this.#place, this.#flow, this.#special];
    const { bytes, end } = place;
    const { charges, blocks } = flow;
    const globals = this.#module.globals.length;
    const writtenBefore = this.#facts.written.length;
    let { at } = place;
    let height = 0;
    let highest = 0;
    while (at < end) {
      if (charges.cost >= chargeSpanMax) charges.split(at, blocks.top, blocks.regions[blocks.top]!);
      const op = bytes[at]!;
      charges.cost++;
      height += heightChanges[op]!;
      if (height > highest) highest = height;
      switch (steps[op]) {
        case step.plain:
          at++;
          break;
        case step.local: {
          const first = ++at;
          while (bytes[at++]! >= 0x80);
          const index = at - first === 1 ? bytes[first]! : readUnsignedLeb(bytes, first, at);
          if (index >= locals) place.fail(`local ${index} of ${locals}`, first);
          break;
        }
        case step.global: {
          const start = ++at;
          while (bytes[at++]! >= 0x80);
          const index = readUnsignedLeb(bytes, start, at);
          if (index >= globals) place.fail(`global ${index} of ${globals}`, start);
          if (op === 0x24) this.#noteWritten(index, writtenBefore);
          break;
        }
        case step.leb:
          at++;
          while (bytes[at++]! >= 0x80);
          break;
        case step.memarg:
          at = behindMemarg(bytes, at + 1);
          break;
        case step.four:
          at += 5;
          break;
        case step.eight:
          at += 9;
          break;
        default:
          place.at = at + 1;
          flow.height = height;
          special.take(op, at);
          ({ at } = place);
          ({ height } = flow);
          if (height > highest) highest = height;
          if (blocks.top < 0) {
            if (at !== end) place.fail("code behind the end of its function", at);
            return highest;
          }
      }
    }
    return this.#place.fail("a function without its end", end);
  }

  #noteWritten(global: number, before: number): void {
    const { written } = this.#facts;
    if (written.length < before + writtenMax && !written.includes(global, before)) written.push(global);
  }
}
