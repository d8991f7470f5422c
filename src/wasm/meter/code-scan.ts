/**
 * The one walk over a module's code: finds where it has to change (`edits`), how large the frame of each function
 * is and whom it calls. Linear in the bytes, except that a `br_table` costs what it lists.
 *
 * It does not validate, which is the engine's business, with one exception: indices of functions, globals, tables,
 * types, locals and labels are held against what the module itself has. Passes add things behind those, and a guest
 * must not name them (a global that holds its fuel, for one).
 */
import { DecodeError, readUnsignedLeb } from "../../bytes/index.ts";
import { codeLocalsMax } from "../../limits.ts";
import { shapeOf } from "../instruction.ts";
import { functionTypeAt, type ModuleInfo } from "../module.ts";
import { sectionId } from "../section.ts";
import { Blocks, blockKind } from "./blocks.ts";
import { Charges, chargeSpanMax, unreached } from "./charges.ts";
import { EditList, editKind } from "./edits.ts";
import { shortFuel } from "./long-operations.ts";
import { heightChanges, prefixedHeightChange } from "./operand-counts.ts";

/** Facts about each function that the module defines, in columns. */
export interface CodeFacts {
  /** The payload of the code section, in which all offsets count. */
  readonly bytes: Uint8Array;
  readonly edits: EditList;
  /** How many edits there are up to and with this function's. */
  readonly editEnds: Uint32Array;
  /** Where its locals are declared, where its code begins, and behind its last `end`. */
  readonly bodyStarts: Uint32Array;
  readonly codeStarts: Uint32Array;
  readonly bodyEnds: Uint32Array;
  /** Values that a call of it may keep on the stack: parameters, locals, and operands at their highest. */
  readonly frameValues: Uint32Array;
  /** Parameters and locals. */
  readonly localCounts: Uint32Array;
  /** Functions of the module that it calls by name, and where its part of that list ends. */
  readonly callees: readonly number[];
  readonly calleeEnds: Uint32Array;
  /** Globals that it writes, some of them if they are many, and where its part of that list ends. */
  readonly written: readonly number[];
  readonly writtenEnds: Uint32Array;
  /** Calls what only running tells (a table's entry, a reference). */
  readonly callsAnything: Uint8Array;
  /** Has loops; calls anything at all (long operations included). */
  readonly loops: Uint8Array;
  readonly calls: Uint8Array;
  /** Has handlers of exceptions. */
  readonly catches: Uint8Array;
}

/** Which function does an instruction's work instead; asked once for each place. */
export interface Replacements {
  /** @param op the opcode, prefixes in three digits; `indices` are its immediates in their order. */
  of(op: number, indices: readonly number[]): number;
}

const step = { plain: 0, local: 1, global: 2, four: 3, eight: 4, memarg: 5, leb: 6, special: 7 } as const;

const steps: Uint8Array = Uint8Array.from({ length: 256 }, (_, op) => {
  if (op >= 0x20 && op <= 0x22) return step.local;
  if (op === 0x23 || op === 0x24) return step.global;
  const own = [0x00, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1c, 0x25, 0x26, 0x40, 0xd2, 0xd5, 0xd6];
  if (own.includes(op) || (op >= 0x02 && op <= 0x18) || op >= 0xfb) return step.special;
  const byShape: Readonly<Record<string, number>> = {
    "": step.plain,
    u: step.leb,
    i: step.leb,
    l: step.leb,
    h: step.leb,
    f: step.four,
    d: step.eight,
    m: step.memarg,
  };
  return byShape[shapeOf(op, 0) ?? "unknown"] ?? step.special;
});

/** Globals that a function writes are noted up to here. */
const writtenMax = 8;

/** What an instruction costs, in fuel, where that is not 1. */
const cost = {
  /** An exception is an object, and finding its handler walks the stack: 1 to 2 µs. */
  throw: 2000,
  /** Behind so many locals each further one costs as much as an instruction: a call makes them zero. */
  freeLocals: 64,
} as const;

export function scanCodeSection(module: ModuleInfo, replacements: Replacements): CodeFacts {
  return new CodeScan(module, replacements).scan();
}

class CodeScan {
  readonly #module: ModuleInfo;
  readonly #replacements: Replacements;
  readonly #bytes: Uint8Array;
  readonly #edits = new EditList();
  readonly #charges = new Charges(this.#edits);
  readonly #blocks = new Blocks();
  readonly #callees: number[] = [];
  readonly #written: number[] = [];
  /** Parameters and results of each type; -1 for what is no function type. */
  readonly #params: Int32Array;
  readonly #results: Int32Array;
  readonly #functions: Uint32Array;
  readonly #imported: number;
  #at = 0;
  #end = 0;
  #height = 0;
  #highest = 0;
  #callsAnything = 0;
  #catches = 0;
  #loops = 0;
  #calls = 0;

  constructor(module: ModuleInfo, replacements: Replacements) {
    this.#module = module;
    this.#replacements = replacements;
    const code = module.sections.find((section) => section.id === sectionId.code);
    this.#bytes = code?.payload ?? new Uint8Array(1);
    const types = module.types.map((type) => (type.kind === "function" ? type : undefined));
    this.#params = Int32Array.from(types, (type) => type?.params.length ?? -1);
    this.#results = Int32Array.from(types, (type) => type?.results.length ?? -1);
    this.#functions = Uint32Array.from(module.functions);
    this.#imported = module.functions.length - module.bodies.length;
  }

  scan(): CodeFacts {
    const { bodies } = this.#module;
    const column = (): Uint32Array<ArrayBuffer> => new Uint32Array(bodies.length);
    const facts = {
      bytes: this.#bytes,
      edits: this.#edits,
      editEnds: column(),
      bodyStarts: column(),
      codeStarts: column(),
      bodyEnds: column(),
      frameValues: column(),
      localCounts: column(),
      callees: this.#callees,
      calleeEnds: column(),
      written: this.#written,
      writtenEnds: column(),
      callsAnything: new Uint8Array(bodies.length),
      catches: new Uint8Array(bodies.length),
      loops: new Uint8Array(bodies.length),
      calls: new Uint8Array(bodies.length),
    };
    for (let i = 0; i < bodies.length; i++) {
      const start = bodies[i]!.byteOffset - this.#bytes.byteOffset;
      const type = this.#functions[this.#imported + i]!;
      this.#at = start;
      this.#end = start + bodies[i]!.length;
      this.#highest = this.#callsAnything = this.#catches = this.#loops = this.#calls = 0;
      const locals = this.#readLocals() + this.#params[type]!;
      facts.bodyStarts[i] = start;
      facts.codeStarts[i] = this.#at;
      facts.bodyEnds[i] = this.#end;
      facts.localCounts[i] = locals;
      this.#scanBody(locals, this.#results[type]!);
      facts.frameValues[i] = locals + this.#highest;
      facts.editEnds[i] = this.#edits.count;
      facts.calleeEnds[i] = this.#callees.length;
      facts.writtenEnds[i] = this.#written.length;
      facts.callsAnything[i] = this.#callsAnything;
      facts.catches[i] = this.#catches;
      facts.loops[i] = this.#loops;
      facts.calls[i] = this.#calls;
    }
    return facts;
  }

  #readLocals(): number {
    let count = 0;
    for (let groups = this.#u32(); groups > 0; groups--) {
      count += this.#u32();
      this.#skipValueType();
      if (count > codeLocalsMax)
        this.#fail(`a function with ${count} locals; at most ${codeLocalsMax} are allowed`);
    }
    return count;
  }

  #scanBody(locals: number, results: number): void {
    const [bytes, charges, blocks, end] = [this.#bytes, this.#charges, this.#blocks, this.#end];
    const globals = this.#module.globals.length;
    const writtenBefore = this.#written.length;
    blocks.top = -1;
    blocks.push(blockKind.function, 0, 0, results, 0, 0);
    charges.begin(this.#at, 1 + Math.max(0, locals - cost.freeLocals));
    let at = this.#at;
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
          if (index >= locals) this.#failAt(first, `local ${index} of ${locals}`);
          break;
        }
        case step.global: {
          const start = ++at;
          while (bytes[at++]! >= 0x80);
          const index = readUnsignedLeb(bytes, start, at);
          if (index >= globals) this.#failAt(start, `global ${index} of ${globals}`);
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
          this.#at = at + 1;
          this.#height = height;
          this.#special(op, at);
          at = this.#at;
          height = this.#height;
          if (height > highest) highest = height;
          if (blocks.top < 0) {
            if (at !== end) this.#failAt(at, "code behind the end of its function");
            this.#highest = highest;
            return;
          }
      }
    }
    this.#failAt(end, "a function without its end");
  }

  #noteWritten(global: number, before: number): void {
    const written = this.#written;
    if (written.length < before + writtenMax && !written.includes(global, before)) written.push(global);
  }

  /** Everything that has a type, a label or an index of its own. `start` is where the opcode is. */
  #special(op: number, start: number): void {
    switch (op) {
      case 0x02:
        this.#open(blockKind.block);
        return;
      case 0x03:
        this.#openLoop();
        return;
      case 0x04:
        this.#height--;
        this.#open(blockKind.if);
        return;
      case 0x05:
        this.#else(start);
        return;
      case 0x06:
        this.#catches = 1;
        this.#open(blockKind.try);
        return;
      case 0x1f:
        this.#openTryTable();
        return;
      case 0x07:
        this.#catch(this.#tagParams());
        return;
      case 0x19:
        this.#catch(0);
        return;
      case 0x18:
        this.#delegate(this.#u32(), start);
        return;
      case 0x0b:
        this.#charges.cost--;
        this.#close();
        return;
      case 0x08:
      case 0x09:
        this.#u32();
        this.#throw(start);
        return;
      case 0x0a:
        this.#throw(start);
        return;
      case 0x00:
        this.#endPath();
        return;
      case 0x0c:
        this.#join(this.#u32());
        this.#endPath();
        return;
      case 0x0d:
        this.#height--;
        this.#join(this.#u32());
        return;
      case 0x0e:
        this.#height--;
        for (let count = this.#u32() + 1; count > 0; count--) this.#join(this.#u32());
        this.#endPath();
        return;
      case 0xd5:
      case 0xd6:
        this.#join(this.#u32());
        return;
      case 0x0f:
        this.#edits.push(editKind.leave, start, 1, this.#blocks.top);
        this.#endPath();
        return;
      default:
        this.#other(op, start);
        return;
    }
  }

  #other(op: number, start: number): void {
    switch (op) {
      case 0x10:
      case 0x12:
        this.#call(this.#functionIndex());
        break;
      case 0x11:
      case 0x13:
        this.#height--;
        this.#callAnything(this.#u32());
        this.#tableIndex();
        break;
      case 0x14:
      case 0x15:
        this.#height--;
        this.#callAnything(this.#u32());
        break;
      case 0x1c:
        for (let count = this.#u32(); count > 0; count--) this.#skipValueType();
        return;
      case 0x25:
      case 0x26:
        this.#tableIndex();
        return;
      case 0x40:
        this.#replace(op, start, [this.#u32()]);
        return;
      case 0xd2:
        this.#functionIndex();
        return;
      case 0xfb:
        this.#fail("an instruction of the GC proposal, which is not supported");
        break;
      case 0xfc:
      case 0xfd:
      case 0xfe:
        this.#prefixed(op, start);
        return;
      default:
        this.#failAt(start, `an unknown instruction 0x${op.toString(16)}`);
        break;
    }
    if (op === 0x12 || op === 0x13 || op === 0x15) {
      this.#edits.push(editKind.tailCall, start, 0, 0);
      this.#endPath();
    } else this.#edits.push(editKind.call, start, this.#at - start, 0);
  }

  #prefixed(prefix: number, start: number): void {
    const second = this.#u32();
    this.#height += prefixedHeightChange(prefix, second);
    const shape = shapeOf(prefix, second);
    const bytes = this.#bytes;
    switch (shape) {
      case "":
        return;
      case "m":
        this.#at = behindMemarg(bytes, this.#at);
        return;
      case "m1":
        this.#at = behindMemarg(bytes, this.#at) + 1;
        return;
      case "1":
        this.#at += 1;
        return;
      case "k":
        this.#at += 16;
        return;
      case "u":
      case "uu": {
        const indices = [...shape].map(() => this.#u32());
        if (prefix !== 0xfc || second === 9 || second === 13) return;
        this.#checkTables(second, indices);
        if (second !== 15 && second !== 16) this.#charges.cost += shortFuel;
        if (second !== 16) this.#replace(prefix * 0x1000 + second, start, indices);
        return;
      }
      default:
        this.#failAt(start, `an unknown instruction 0x${prefix.toString(16)} ${second}`);
        break;
    }
  }

  /** table.init (12) names a segment first; table.copy (14) two tables; table.grow, size and fill (15 to 17) one. */
  #checkTables(second: number, indices: readonly number[]): void {
    if (second < 12) return;
    for (const index of second === 12 ? indices.slice(1) : indices) this.#checkTable(index);
  }

  #replace(op: number, start: number, indices: readonly number[]): void {
    this.#calls = 1;
    this.#edits.push(editKind.replace, start, this.#at - start, this.#replacements.of(op, indices));
  }

  #call(index: number): void {
    if (index >= this.#imported) this.#callees.push(index - this.#imported);
    this.#applyType(this.#functions[index]!);
  }

  #callAnything(type: number): void {
    this.#callsAnything = 1;
    this.#applyType(type);
  }

  #applyType(type: number): void {
    const params = this.#params[type] ?? -1;
    if (params < 0) this.#fail(`type ${type} is no function type of the module`);
    this.#calls = 1;
    this.#height += this.#results[type]! - params;
  }

  #open(kind: number): void {
    const { top, cost: now } = this.#charges;
    this.#push(kind, top, now);
  }

  #openLoop(): void {
    const { top } = this.#charges;
    this.#loops = 1;
    this.#push(blockKind.loop, top, 0);
    this.#charges.open(this.#at, this.#blocks.top);
  }

  /** Reads a block type and opens the block. */
  #push(kind: number, region: number, outerCost: number): void {
    const first = this.#bytes[this.#at]!;
    if (first >= 0x80 || first < 0x40) {
      const type = this.#u32();
      const params = this.#params[type] ?? -1;
      if (params < 0) this.#fail(`type ${type} is no function type of the module`);
      this.#blocks.push(kind, this.#height, params, this.#results[type]!, region, outerCost);
      return;
    }
    if (first === 0x40) this.#at++;
    else this.#skipValueType();
    this.#blocks.push(kind, this.#height, 0, first === 0x40 ? 0 : 1, region, outerCost);
  }

  #openTryTable(): void {
    const { top: region, cost: now } = this.#charges;
    const [blocks, height] = [this.#blocks, this.#height];
    this.#catches = 1;
    const outer = blocks.top;
    this.#push(blockKind.tryTable, region, now);
    for (let count = this.#u32(); count > 0; count--) {
      const kind = this.#bytes[this.#at++]!;
      if (kind > 3) this.#fail(`an unknown catch clause ${kind}`);
      if (kind < 2) this.#u32();
      // Labels of catch clauses count from outside of the block that they belong to.
      const target = outer - this.#u32();
      if (target < 0) this.#fail("a label that is not there");
      blocks.caught[target] = true;
      if (blocks.kinds[target] === blockKind.loop)
        this.#edits.kinds[this.#charges.chargeOf(blocks.regions[target]! + 1)] = editKind.caughtCharge;
    }
    this.#height = height;
  }

  #else(start: number): void {
    const { top, kinds } = this.#blocks;
    if (kinds[top] !== blockKind.if) this.#failAt(start, "an else without its if");
    kinds[top] = blockKind.else;
    this.#charges.cost--;
    this.#endArm(top);
    this.#charges.cost = this.#blocks.outerCosts[top]!;
    this.#height = this.#blocks.heights[top]! + this.#blocks.params[top]!;
  }

  /** A handler begins: an exception may come from anywhere in the block, so all of it counts as having run. */
  #catch(values: number): void {
    const { top, kinds, regions, heights } = this.#blocks;
    if (kinds[top] !== blockKind.try) this.#fail("a catch without its try");
    this.#endArm(top);
    this.#charges.cost = this.#charges.largestIn(regions[top]!);
    this.#height = heights[top]! + values;
    this.#edits.push(editKind.caught, this.#at, 0, 0);
  }

  /** To the function's own label means to its caller: the block around the code is not meant. */
  #delegate(label: number, start: number): void {
    if (label === this.#blocks.top - 1) this.#edits.push(editKind.delegate, start, this.#at - start, label);
    this.#close();
  }

  /** The end of one way through a block; the others begin anew. */
  #endArm(block: number): void {
    const { regions, costs } = this.#blocks;
    this.#charges.closeTo(regions[block]!);
    if (this.#charges.cost > costs[block]!) costs[block] = this.#charges.cost;
  }

  #close(): void {
    const [blocks, charges] = [this.#blocks, this.#charges];
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
      this.#edits.push(editKind.caught, this.#at, 0, 0);
    }
    this.#height = blocks.heights[block]! + blocks.results[block]!;
  }

  /** A branch to a label: its cost goes on behind that block's end. One to a loop ends in the loop's own charge. */
  #join(label: number): void {
    const [blocks, charges] = [this.#blocks, this.#charges];
    const block = blocks.top - label;
    if (block < 0) this.#fail(`label ${label} of ${blocks.top + 1}`);
    if (blocks.kinds[block] === blockKind.loop) return;
    const now = charges.costIn(blocks.regions[block]!);
    if (now > blocks.costs[block]!) blocks.costs[block] = now;
  }

  /** Nothing behind this runs, until a label. */
  #endPath(): void {
    this.#charges.note();
    this.#charges.cost = unreached;
    this.#height = this.#blocks.heights[this.#blocks.top]!;
  }

  #throw(start: number): void {
    this.#charges.cost += cost.throw;
    this.#calls = 1;
    this.#edits.push(editKind.call, start, this.#at - start, 0);
    this.#endPath();
  }

  #functionIndex(): number {
    const index = this.#u32();
    if (index >= this.#functions.length) this.#fail(`function ${index} of ${this.#functions.length}`);
    return index;
  }

  #tableIndex(): void {
    this.#checkTable(this.#u32());
  }

  #checkTable(index: number): void {
    const { length } = this.#module.tables;
    if (index >= length) this.#fail(`table ${index} of ${length}`);
  }

  #tagParams(): number {
    const type = this.#module.tags[this.#u32()];
    if (type === undefined) return this.#fail("a tag that is not there");
    return functionTypeAt(this.#module, type).params.length;
  }

  #u32(): number {
    const [bytes, start] = [this.#bytes, this.#at];
    let at = start;
    while (bytes[at++]! >= 0x80);
    this.#at = at;
    if (at > this.#end) this.#fail("an instruction over the end of its function");
    return readUnsignedLeb(bytes, start, at);
  }

  #skipValueType(): void {
    const type = this.#bytes[this.#at++]!;
    if (type === 0x63 || type === 0x64) while (this.#bytes[this.#at++]! >= 0x80);
  }

  #fail(what: string): never {
    throw new DecodeError(this.#at, what);
  }

  #failAt(at: number, what: string): never {
    throw new DecodeError(at, what);
  }
}

/** Alignment, with bit 6 a memory index, then the offset. */
function behindMemarg(bytes: Uint8Array, start: number): number {
  let at = start;
  const first = bytes[at]!;
  while (bytes[at++]! >= 0x80);
  if (first & 0x40) while (bytes[at++]! >= 0x80);
  while (bytes[at++]! >= 0x80);
  return at;
}
