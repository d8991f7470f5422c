/**
 * Instructions that have a type, a label or an index of their own: what they do to the flow of a function, and the
 * places among them where the code has to change.
 */
import { shapeOf } from "../instruction.ts";
import { functionTypeAt, type ModuleInfo } from "../module.ts";
import { blockKind } from "./blocks.ts";
import type { CodePlace } from "./code-place.ts";
import { behindMemarg } from "./code-steps.ts";
import type { ControlFlow } from "./control-flow.ts";
import { type EditList, editKind } from "./edits.ts";
import { shortFuel } from "./long-operations.ts";
import { prefixedHeightChange } from "./operand-counts.ts";

/** Which function does an instruction's work instead; asked once for each place. */
export interface Replacements {
  /** @param op the opcode, prefixes in three digits; `indices` are its immediates in their order. */
  of(op: number, indices: readonly number[]): number;
}

export interface SpecialInstructionsOptions {
  readonly module: ModuleInfo;
  readonly replacements: Replacements;
  readonly place: CodePlace;
  readonly flow: ControlFlow;
  readonly edits: EditList;
  /** Gets the functions of the module that are called by name. */
  readonly callees: number[];
}

/** Fuel: an exception is an object, and finding its handler walks the stack, 1 to 2 µs. */
const throwFuel = 2000;

export class SpecialInstructions {
  /** What a function was found to do since `begin`: 0 or 1, as in `CodeFacts`. */
  callsAnything = 0;
  catches = 0;
  loops = 0;
  calls = 0;
  readonly #module: ModuleInfo;
  readonly #replacements: Replacements;
  readonly #place: CodePlace;
  readonly #flow: ControlFlow;
  readonly #edits: EditList;
  readonly #callees: number[];
  /** Types of all functions, and how many of them are imported. */
  readonly #functions: Uint32Array;
  readonly #imported: number;

  constructor({ module, replacements, place, flow, edits, callees }: SpecialInstructionsOptions) {
    this.#module = module;
    this.#replacements = replacements;
    this.#place = place;
    this.#flow = flow;
    this.#edits = edits;
    this.#callees = callees;
    this.#functions = Uint32Array.from(module.functions);
    this.#imported = module.functions.length - module.bodies.length;
  }

  /** Another function. */
  begin(): void {
    this.callsAnything = this.catches = this.loops = this.calls = 0;
  }

  /** Takes the walk behind an instruction. Its opcode is at `start`, and the place behind that. */
  take(op: number, start: number): void {
    const place = this.#place;
    const flow = this.#flow;
    switch (op) {
      case 0x02:
        flow.open(blockKind.block);
        return;
      case 0x03:
        this.loops = 1;
        flow.openLoop();
        return;
      case 0x04:
        flow.height--;
        flow.open(blockKind.if);
        return;
      case 0x05:
        flow.else(start);
        return;
      case 0x06:
        this.catches = 1;
        flow.open(blockKind.try);
        return;
      case 0x1f:
        this.catches = 1;
        flow.openTryTable();
        return;
      case 0x07:
        flow.catch(this.#tagParams());
        return;
      case 0x19:
        flow.catch(0);
        return;
      case 0x18:
        flow.delegate(place.u32(), start);
        return;
      case 0x0b:
        flow.charges.cost--;
        flow.close();
        return;
      case 0x08:
      case 0x09:
        place.u32();
        this.#throw(start);
        return;
      case 0x0a:
        this.#throw(start);
        return;
      case 0x00:
        flow.endPath();
        return;
      case 0x0c:
        flow.join(place.u32());
        flow.endPath();
        return;
      case 0x0d:
        flow.height--;
        flow.join(place.u32());
        return;
      case 0x0e:
        flow.height--;
        for (let count = place.u32() + 1; count > 0; count--) flow.join(place.u32());
        flow.endPath();
        return;
      case 0xd5:
      case 0xd6:
        flow.join(place.u32());
        return;
      case 0x0f:
        this.#edits.push(editKind.leave, start, 1, flow.blocks.top);
        flow.endPath();
        return;
      default:
        this.#other(op, start);
        return;
    }
  }

  #other(op: number, start: number): void {
    const place = this.#place;
    const flow = this.#flow;
    switch (op) {
      case 0x10:
      case 0x12:
        this.#call(this.#functionIndex());
        break;
      case 0x11:
      case 0x13:
        flow.height--;
        this.#callAnything(place.u32());
        this.#tableIndex();
        break;
      case 0x14:
      case 0x15:
        flow.height--;
        this.#callAnything(place.u32());
        break;
      case 0x1c:
        for (let count = place.u32(); count > 0; count--) place.skipValueType();
        return;
      case 0x25:
      case 0x26:
        this.#tableIndex();
        return;
      case 0x40:
        this.#replace(op, start, [place.u32()]);
        return;
      case 0xd2:
        this.#functionIndex();
        return;
      case 0xfb:
        place.fail("an instruction of the GC proposal, which is not supported");
        break;
      case 0xfc:
      case 0xfd:
      case 0xfe:
        this.#prefixed(op, start);
        return;
      default:
        place.fail(`an unknown instruction 0x${op.toString(16)}`, start);
        break;
    }
    if (op === 0x12 || op === 0x13 || op === 0x15) {
      this.#edits.push(editKind.tailCall, start, 0, 0);
      flow.endPath();
    } else this.#edits.push(editKind.call, start, place.at - start, 0);
  }

  #prefixed(prefix: number, start: number): void {
    const place = this.#place;
    const flow = this.#flow;
    const second = place.u32();
    flow.height += prefixedHeightChange(prefix, second);
    const shape = shapeOf(prefix, second);
    const { bytes } = place;
    switch (shape) {
      case "":
        return;
      case "m":
        place.at = behindMemarg(bytes, place.at);
        return;
      case "m1":
        place.at = behindMemarg(bytes, place.at) + 1;
        return;
      case "1":
        place.at += 1;
        return;
      case "k":
        place.at += 16;
        return;
      case "u":
      case "uu": {
        const indices = [...shape].map(() => place.u32());
        if (prefix !== 0xfc || second === 9 || second === 13) return;
        this.#checkTables(second, indices);
        if (second !== 15 && second !== 16) flow.charges.cost += shortFuel;
        if (second !== 16) this.#replace(prefix * 0x1000 + second, start, indices);
        return;
      }
      default:
        place.fail(`an unknown instruction 0x${prefix.toString(16)} ${second}`, start);
        break;
    }
  }

  /** table.init (12) names a segment first; table.copy (14) two tables; table.grow, size and fill (15 to 17) one. */
  #checkTables(second: number, indices: readonly number[]): void {
    if (second < 12) return;
    for (const index of second === 12 ? indices.slice(1) : indices) this.#checkTable(index);
  }

  #replace(op: number, start: number, indices: readonly number[]): void {
    this.calls = 1;
    this.#edits.push(editKind.replace, start, this.#place.at - start, this.#replacements.of(op, indices));
  }

  #call(index: number): void {
    if (index >= this.#imported) this.#callees.push(index - this.#imported);
    this.#applyType(this.#functions[index]!);
  }

  #callAnything(type: number): void {
    this.callsAnything = 1;
    this.#applyType(type);
  }

  #applyType(type: number): void {
    this.calls = 1;
    this.#flow.applyType(type);
  }

  #throw(start: number): void {
    this.#flow.charges.cost += throwFuel;
    this.calls = 1;
    this.#edits.push(editKind.call, start, this.#place.at - start, 0);
    this.#flow.endPath();
  }

  #functionIndex(): number {
    const index = this.#place.u32();
    if (index >= this.#functions.length) this.#place.fail(`function ${index} of ${this.#functions.length}`);
    return index;
  }

  #tableIndex(): void {
    this.#checkTable(this.#place.u32());
  }

  #checkTable(index: number): void {
    const { length } = this.#module.tables;
    if (index >= length) this.#place.fail(`table ${index} of ${length}`);
  }

  #tagParams(): number {
    const type = this.#module.tags[this.#place.u32()];
    if (type === undefined) return this.#place.fail("a tag that is not there");
    return functionTypeAt(this.#module, type).params.length;
  }
}
