/**
 * A pass: a module that cannot run, grow or call deeper than its host allows. What that needs is added behind
 * everything in the module, the code is rewritten in one walk (`code-scan.ts`), and nothing in it is renumbered.
 *
 * What the host has to do with a metered instance:
 *
 * 1. Fill the exported table `gate` before anything runs, with functions of WebAssembly (not of JavaScript):
 *    - 0 `spent (fuel) → fuel`: the slice is used up (`fuel` is below 0). Answers what the next slice has, suspends
 *      first, or traps. Called at any place of any function, also while an initialiser runs.
 *    - 1 `growMemory (index, pages, more) → allowed`: before a memory grows by `more` > 0 pages. 0 makes
 *      `memory.grow` answer -1. An allowed growth can still fail in the engine for lack of memory: look at sizes.
 *    - 2 `growTable (index, entries, more) → allowed`: likewise for tables.
 * 2. Call `begin(fuel, stack)` before each run and before each initialiser: fuel of the first slice, and bytes of
 *    stack that the guest may use. An exit leaves both as they were, and so does a trap, except for what the loops
 *    that it came from had taken out.
 * 3. Read `fuel()` for what is left of the slice, and `stack()`: it is below 0 when the guest trapped for calling
 *    too deep.
 *
 * Fuel is charged before the work that it is for, so it can go below 0 by a charge. One unit is about one
 * instruction; where paths divide, the longest one is charged, at most `chargeSpanMax` too much.
 */
import { ByteWriter, Cursor } from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { Additions } from "../additions.ts";
import { addStateExports, type StateExports, withoutStart } from "../expose-state.ts";
import type { ModuleInfo } from "../module.ts";
import { makeSection, replaceSection, type Section, sectionId } from "../section.ts";
import { stackWeights } from "./call-depth.ts";
import { checkIndices } from "./check-indices.ts";
import { scanCodeSection } from "./code-scan.ts";
import { addGate, type Gate } from "./gate.ts";
import { LongOperations } from "./long-operations.ts";
import { clampSizes } from "./sizes.ts";
import { type WrittenCode, writeCode } from "./write-code.ts";

/** What a module may declare; growth beyond is refused by the declaration, growth below by the host. */
export interface MeterLimits {
  /** All memories of the module together at first, and each at most; below 65,536. */
  readonly memoryPagesMax: number;
  /** Likewise the entries of its tables. */
  readonly tableEntriesMax: number;
}

/** Names of the exports that the pass added. */
export interface MeterExports {
  /** Table of three functions for the host to fill. */
  readonly gate: string;
  /** (fuel: i32, stack: i32) → () */
  readonly begin: string;
  /** () → i32 */
  readonly fuel: string;
  /** () → i32 */
  readonly stack: string;
}

export interface MeteredModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly state: StateExports;
  readonly exports: MeterExports;
  /** Entries of all its tables when it begins. */
  readonly tableEntries: number;
}

/**
 * Meters a module whose imports are functions, and makes its state reachable as `exposeState` does.
 *
 * @throws EmendError `module.invalid` for what cannot be counted (shared or 64-bit memories, GC), `module.limit`
 * for a module that begins above its limits.
 * @throws DecodeError for malformed code, or indices that are out of range.
 */
export function meterModule(
  module: ModuleInfo,
  limits: MeterLimits,
  options: { readonly globals: boolean },
): MeteredModule {
  refuseUncountable(module);
  checkIndices(module);
  const sections = clampSizes(withoutStart(module.sections), {
    memoryPages: limits.memoryPagesMax,
    tableEntries: limits.tableEntriesMax,
  });
  const additions = new Additions(module);
  const gate = addGate(additions);
  const facts = scanCodeSection(module, new LongOperations(module, additions, gate));
  const written = writeCode(module, facts, stackWeights(facts), gate, additions);
  const state = addStateExports(module, additions, options);
  const exports = addMeterExports(additions, gate);
  return {
    bytes: additions.encode(withCode(sections, written)),
    state,
    exports,
    tableEntries: module.tables.reduce((sum, table) => sum + table.limits.min, 0),
  };
}

/** Metadata that names places in the code named other ones. */
function withCode(sections: readonly Section[], { code, hints }: WrittenCode): Section[] {
  const kept = sections.filter((each) => each.id !== sectionId.custom || !namesPlaces(each));
  const replaced = replaceSection(kept, makeSection(sectionId.code, code));
  const at = replaced.findIndex((each) => each.id === sectionId.code);
  return replaced.toSpliced(at, 0, hints);
}

function namesPlaces(section: Section): boolean {
  return new Cursor(section.payload).name().startsWith("metadata.code.");
}

function addMeterExports(additions: Additions, { fuel, stack, table }: Gate): MeterExports {
  const begin = new ByteWriter().u8(0, 0x20, 0, 0x24).u32(fuel).u8(0x20, 1, 0x24).u32(stack).u8(0x0b);
  const getter = (global: number): number =>
    additions.func(additions.type([], ["i32"]), new ByteWriter().u8(0, 0x23).u32(global).u8(0x0b).finish());
  return {
    gate: additions.export("gate", "table", table),
    begin: additions.export(
      "begin",
      "function",
      additions.func(additions.type(["i32", "i32"], []), begin.finish()),
    ),
    fuel: additions.export("fuel", "function", getter(fuel)),
    stack: additions.export("stack", "function", getter(stack)),
  };
}

function refuseUncountable({ memories, tables, types }: ModuleInfo): void {
  const what = memories.some((each) => each.shared)
    ? "a shared memory"
    : [...memories, ...tables.map((each) => each.limits)].some((each) => each.wide)
      ? "a 64-bit memory or table"
      : types.some((type) => type.kind !== "function")
        ? "types of the GC proposal"
        : undefined;
  if (what !== undefined) throw new EmendError("module.invalid", `it has ${what}, which is not supported`);
}
