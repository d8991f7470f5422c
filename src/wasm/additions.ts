/**
 * What passes add to a module: types, functions, globals, tables and exports, each behind all that are there,
 * so that no index in the module changes and code that nobody edits keeps its very bytes.
 *
 * Whatever is added lies within reach of an index that was out of range before. A pass that hands out power
 * (fuel, for one) therefore has to refuse such indices itself: see `meter/check-indices.ts`.
 */
import { ByteWriter, Cursor } from "../bytes/index.ts";
import type { ModuleInfo } from "./module.ts";
import { encodeSections, makeSection, replaceSection, type Section, sectionId } from "./section.ts";
import { encodeValueType, type ValueType } from "./value-type.ts";

/** Kinds of exports as the format numbers them. */
const exportKind = { function: 0, table: 1, memory: 2, global: 3 } as const;

class Entries {
  readonly out: ByteWriter = new ByteWriter();
  count = 0;
}

export class Additions {
  readonly #module: ModuleInfo;
  readonly #entries = new Map<number, Entries>();
  readonly #types = new Map<string, number>();
  readonly #names: Set<string>;

  constructor(module: ModuleInfo) {
    this.#module = module;
    this.#names = new Set(module.exports.map((each) => each.name));
  }

  /** Index of a function type, which is added once. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params} -> ${results}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    // Counted in types: a recursive group is one entry of the section but has an index for each member.
    const index = this.#module.types.length + this.#types.size;
    const out = this.#add(sectionId.type).u8(0x60).u32(params.length);
    for (const each of params) encodeValueType(out, each);
    out.u32(results.length);
    for (const each of results) encodeValueType(out, each);
    this.#types.set(key, index);
    return index;
  }

  /** The index that the next function gets. */
  get nextFunction(): number {
    return this.#module.functions.length + this.#count(sectionId.function);
  }

  /** Index of a function with this body: locals and code, without its size. */
  func(type: number, body: Uint8Array): number {
    const index = this.nextFunction;
    this.#add(sectionId.function).u32(type);
    this.#add(sectionId.code).u32(body.length).raw(body);
    return index;
  }

  /** Index of a global; its declaration is type, mutability and initialiser. */
  global(declaration: Uint8Array): number {
    const index = this.#module.globals.length + this.#count(sectionId.global);
    this.#add(sectionId.global).raw(declaration);
    return index;
  }

  /** Index of a table of functions that has this many entries for good. */
  table(entries: number): number {
    const index = this.#module.tables.length + this.#count(sectionId.table);
    this.#add(sectionId.table).u8(0x70, 1).u32(entries).u32(entries);
    return index;
  }

  /** Exports something under a name that nothing has, made from `stem`; returns the name. */
  export(stem: string, kind: keyof typeof exportKind, index: number): string {
    let name = `emend:${stem}`;
    while (this.#names.has(name)) name += "'";
    this.#names.add(name);
    this.#add(sectionId.export).name(name).u8(exportKind[kind]).u32(index);
    return name;
  }

  /** The module with everything added; `sections` are its own, edited or not, without a change in their counts. */
  encode(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
    let all = [...sections];
    for (const [id, { out, count }] of this.#entries) {
      const present = all.find((section) => section.id === id);
      const cursor = new Cursor(present?.payload ?? Uint8Array.of(0));
      const total = cursor.u32() + count;
      const merged = new ByteWriter().u32(total).raw(cursor.bytes.subarray(cursor.offset)).raw(out.finish());
      all = replaceSection(all, makeSection(id, merged.finish()));
    }
    return encodeSections(all);
  }

  #count(id: number): number {
    return this.#entries.get(id)?.count ?? 0;
  }

  #add(id: number): ByteWriter {
    let entries = this.#entries.get(id);
    if (entries === undefined) {
      entries = new Entries();
      this.#entries.set(id, entries);
    }
    entries.count++;
    return entries.out;
  }
}
