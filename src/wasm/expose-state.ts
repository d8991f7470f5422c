/**
 * A pass: makes the state of an instance reachable from outside, without touching a body that is there.
 *
 * - Every memory is exported.
 * - Every mutable global gets a shadow; `capture` copies globals into shadows, `restore` copies them back.
 *   That serves all types (v128 cannot even be read from JavaScript) in one call.
 * - The start function becomes an export: it would run before the exports exist that the host needs.
 *
 * Everything added goes to the end of its index space, so no index in the module changes.
 */
import { ByteWriter, Cursor } from "../bytes/index.ts";
import { invariant } from "../errors.ts";
import type { ModuleInfo } from "./module.ts";
import { encodeSections, makeSection, replaceSection, type Section, sectionId } from "./section.ts";
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
  const name = freshNames(module);
  const globals = options.globals ? mutableGlobals(module) : [];
  let sections: Section[] = module.sections.filter((section) => section.id !== sectionId.start);

  const memories = module.memories.map((_, index) => name(`memory${index}`));
  const entries: [string, number, number][] = memories.map((each, index) => [each, 2, index]);
  const start = module.start === undefined ? undefined : name("start");
  if (start !== undefined) entries.push([start, 0, module.start!]);

  let capture: string | undefined;
  let restore: string | undefined;
  if (globals.length > 0) {
    const [first, shadow] = [module.functions.length, module.globals.length];
    capture = name("capture");
    restore = name("restore");
    entries.push([capture, 0, first], [restore, 0, first + 1]);
    // Counted in types: a recursive group is one entry of the section but has an index for each member.
    const voidType = module.types.length;
    sections = append(sections, sectionId.type, 1, (out) => out.u8(0x60, 0, 0));
    sections = append(sections, sectionId.function, 2, (out) => out.u32(voidType).u32(voidType));
    sections = append(sections, sectionId.global, globals.length, (out) => {
      for (const each of globals) out.raw(each.shadowDeclaration);
    });
    const pairs = globals.map((each, i) => ({ global: each.index, shadow: shadow + i }));
    sections = append(sections, sectionId.code, 2, (out) => {
      out.raw(copyBody(pairs.map((pair) => [pair.global, pair.shadow])));
      out.raw(copyBody(pairs.map((pair) => [pair.shadow, pair.global])));
    });
  }
  if (entries.length > 0) {
    sections = append(sections, sectionId.export, entries.length, (out) => {
      for (const [text, kind, index] of entries) out.name(text).u8(kind).u32(index);
    });
  }
  return { bytes: encodeSections(sections), exports: { memories, capture, restore, start } };
}

/** Adds `count` entries behind those of a vector section, which is made if it is not there. */
function append(
  sections: readonly Section[],
  id: number,
  count: number,
  write: (out: ByteWriter) => void,
): Section[] {
  const present = sections.find((section) => section.id === id);
  const cursor = new Cursor(present?.payload ?? Uint8Array.of(0));
  const out = new ByteWriter().u32(cursor.u32() + count).raw(cursor.bytes.subarray(cursor.offset));
  write(out);
  return replaceSection(sections, makeSection(id, out.finish()));
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
  body.u8(0x0b);
  return new ByteWriter().u32(body.length).raw(body.finish()).finish();
}

function freshNames(module: ModuleInfo): (stem: string) => string {
  const taken = new Set(module.exports.map((each) => each.name));
  return (stem) => {
    let name = `emend:${stem}`;
    while (taken.has(name)) name += "'";
    return name;
  };
}
