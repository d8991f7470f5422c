/**
 * A pass: makes the state of an instance reachable from outside, without touching a body that is there.
 *
 * - Every memory is exported.
 * - Every mutable global gets a shadow; `capture` copies globals into shadows, `restore` copies them back.
 *   That serves all types (v128 cannot even be read from JavaScript) in one call.
 * - The start function becomes an export: it would run before the exports exist that the host needs.
 */
import { ByteWriter } from "../bytes/index.ts";
import { invariant } from "../errors.ts";
import { Additions } from "./additions.ts";
import type { ModuleInfo } from "./module.ts";
import { type Section, sectionId } from "./section.ts";
import { nullableHeapType } from "./value-type.ts";

/** Names of the exports that the pass added; undefined where there was no need for one. */
export interface StateExports {
  readonly memories: readonly string[];
  readonly capture: string | undefined;
  readonly restore: string | undefined;
  readonly start: string | undefined;
}

export interface ExposedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly exports: StateExports;
}

/** Rewrites a module whose globals all are defaultable (see `unrestorableState`), or none are to be put back. */
export function exposeState(module: ModuleInfo, options: { readonly globals: boolean }): ExposedModule {
  const additions = new Additions(module);
  const exports = addStateExports(module, additions, options);
  return { bytes: additions.encode(withoutStart(module.sections)), exports };
}

/** The pass as additions to a module whose start section is left out, for use with others. */
export function addStateExports(
  module: ModuleInfo,
  additions: Additions,
  options: { readonly globals: boolean },
): StateExports {
  const memories = module.memories.map((_, index) => additions.export(`memory${index}`, "memory", index));
  const start = module.start === undefined ? undefined : additions.export("start", "function", module.start);
  const globals = options.globals ? mutableGlobals(module) : [];
  if (globals.length === 0) return { memories, capture: undefined, restore: undefined, start };

  const pairs = globals.map((each) => [each.index, additions.global(each.shadowDeclaration)] as const);
  const type = additions.type([], []);
  const capture = additions.func(type, copyBody(pairs));
  const restore = additions.func(type, copyBody(pairs.map(([global, shadow]) => [shadow, global])));
  return {
    memories,
    capture: additions.export("capture", "function", capture),
    restore: additions.export("restore", "function", restore),
    start,
  };
}

/** The sections without the one that would start the module by itself. */
export function withoutStart(sections: readonly Section[]): Section[] {
  return sections.filter((section) => section.id !== sectionId.start);
}

interface MutableGlobal {
  readonly index: number;
  /** Type, `mut`, and an initialiser of zero or null. */
  readonly shadowDeclaration: Uint8Array;
}

/** Type, `mut` and zero initialiser by type; other references are written out in `shadowDeclaration`. */
const zeros: Readonly<Record<string, readonly number[]>> = {
  i32: [0x7f, 1, 0x41, 0, 0x0b],
  i64: [0x7e, 1, 0x42, 0, 0x0b],
  f32: [0x7d, 1, 0x43, 0, 0, 0, 0, 0x0b],
  f64: [0x7c, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b],
  v128: [0x7b, 1, 0xfd, 0x0c, ...new Array<number>(16).fill(0), 0x0b],
  funcref: [0x70, 1, 0xd0, 0x70, 0x0b],
  externref: [0x6f, 1, 0xd0, 0x6f, 0x0b],
};

function mutableGlobals(module: ModuleInfo): MutableGlobal[] {
  return module.globals.flatMap((global, index) =>
    global.mutable ? [{ index, shadowDeclaration: shadowDeclaration(global.type) }] : [],
  );
}

function shadowDeclaration(type: string): Uint8Array {
  const simple = zeros[type];
  if (simple !== undefined) return Uint8Array.from(simple);
  const heapType = nullableHeapType(type);
  invariant(heapType !== undefined, `a global of type ${type} can begin as null`);
  return new ByteWriter().u8(0x63).s32(heapType).u8(1, 0xd0).s32(heapType).u8(0x0b).finish();
}

/** A body without locals: `global.get from, global.set to` for each pair. */
function copyBody(pairs: readonly (readonly [from: number, to: number])[]): Uint8Array {
  const body = new ByteWriter().u32(0);
  for (const [from, to] of pairs) body.u8(0x23).u32(from).u8(0x24).u32(to);
  return body.u8(0x0b).finish();
}
