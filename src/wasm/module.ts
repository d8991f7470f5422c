/** What a module declares, decoded section by section. Bodies stay bytes; `scanCode` walks them. */
import { Cursor, DecodeError } from "../bytes/index.ts";
import { moduleEntriesMax } from "../limits.ts";
import { type Opcode, readInstruction } from "./instruction.ts";
import { decodeSections, type Section, sectionId } from "./section.ts";
import { type Limits, readLimits } from "./size-limits.ts";
import { type DefinedType, type FunctionType, readDefinedTypes } from "./type-section.ts";
import { readValueType, type ValueType } from "./value-type.ts";

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

export interface TableType {
  readonly type: ValueType;
  readonly limits: Limits;
}

export type ImportKind =
  | { readonly kind: "function"; readonly typeIndex: number }
  | { readonly kind: "table"; readonly table: TableType }
  | { readonly kind: "memory"; readonly limits: Limits }
  | { readonly kind: "global"; readonly global: GlobalType }
  | { readonly kind: "tag"; readonly typeIndex: number };

export type Import = { readonly module: string; readonly name: string } & ImportKind;

export type ExportKind = "function" | "table" | "memory" | "global" | "tag";

export interface Export {
  readonly name: string;
  readonly kind: ExportKind;
  readonly index: number;
}

/** The declarations of a module. Index spaces begin with the imports, as in the format itself. */
export interface ModuleInfo {
  readonly sections: readonly Section[];
  readonly types: readonly DefinedType[];
  readonly imports: readonly Import[];
  /** Type index of each function, imported ones first. */
  readonly functions: readonly number[];
  readonly tables: readonly TableType[];
  readonly memories: readonly Limits[];
  readonly globals: readonly GlobalType[];
  /** Type index of each tag (exception handling proposal). */
  readonly tags: readonly number[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  /** The code section's bodies, locals included, without their sizes. */
  readonly bodies: readonly Uint8Array[];
  readonly customNames: readonly string[];
}

const kinds: readonly ExportKind[] = ["function", "table", "memory", "global", "tag"];

/**
 * Decodes what a module declares.
 *
 * @throws DecodeError when the bytes are not a well-formed module as far as they are read.
 */
export function decodeModule(bytes: Uint8Array): ModuleInfo {
  const sections = decodeSections(bytes);
  const types: DefinedType[] = [];
  const imports: Import[] = [];
  const functions: number[] = [];
  const tables: TableType[] = [];
  const memories: Limits[] = [];
  const globals: GlobalType[] = [];
  const tags: number[] = [];
  const exports: Export[] = [];
  const bodies: Uint8Array[] = [];
  const customNames: string[] = [];
  let start: number | undefined;

  const addImport = (entry: Import): void => {
    imports.push(entry);
    if (entry.kind === "function") functions.push(entry.typeIndex);
    else if (entry.kind === "table") tables.push(entry.table);
    else if (entry.kind === "memory") memories.push(entry.limits);
    else if (entry.kind === "global") globals.push(entry.global);
    else tags.push(entry.typeIndex);
  };

  const readers: Readonly<Record<number, (cursor: Cursor) => void>> = {
    [sectionId.type]: (c) => eachOf(c, () => readDefinedTypes(c, types)),
    [sectionId.import]: (c) => eachOf(c, () => addImport(readImport(c))),
    [sectionId.function]: (c) => eachOf(c, () => functions.push(c.u32())),
    [sectionId.table]: (c) => eachOf(c, () => tables.push(readTable(c))),
    [sectionId.memory]: (c) => eachOf(c, () => memories.push(readLimits(c))),
    [sectionId.global]: (c) =>
      eachOf(c, () => {
        globals.push(readGlobalType(c));
        skipExpression(c);
      }),
    [sectionId.tag]: (c) => eachOf(c, () => tags.push(readTagType(c))),
    [sectionId.export]: (c) => eachOf(c, () => exports.push(readExport(c))),
    [sectionId.start]: (c) => {
      start = c.u32();
    },
    [sectionId.code]: (c) => eachOf(c, () => bodies.push(c.take(c.u32()))),
  };

  for (const section of sections) {
    const cursor = new Cursor(bytes, section.payloadOffset, section.payloadOffset + section.payload.length);
    if (section.id === sectionId.custom) {
      customNames.push(cursor.name());
      continue;
    }
    const read = readers[section.id];
    if (read === undefined) continue;
    read(cursor);
    if (!cursor.atEnd) throw new DecodeError(cursor.offset, `bytes left over in section ${section.id}`);
  }
  const imported = imports.filter((entry) => entry.kind === "function").length;
  if (functions.length - imported !== bodies.length) {
    throw new DecodeError(0, `${functions.length - imported} functions but ${bodies.length} bodies`);
  }
  const module = {
    sections,
    types,
    imports,
    functions,
    tables,
    memories,
    globals,
    tags,
    exports,
    start,
    bodies,
    customNames,
  };
  checkFunctionIndices(module);
  return module;
}

/** Whoever holds a decoded module may follow its functions to their types. */
function checkFunctionIndices(module: ModuleInfo): void {
  for (const typeIndex of module.functions) functionTypeAt(module, typeIndex);
  const named = module.exports.flatMap((each) => (each.kind === "function" ? each.index : []));
  if (module.start !== undefined) named.push(module.start);
  const unknown = named.find((index) => index >= module.functions.length);
  if (unknown !== undefined) {
    throw new DecodeError(0, `function ${unknown} is named, ${module.functions.length} are there,`);
  }
}

/** The signature behind a type index. @throws DecodeError when it is no function type. */
export function functionTypeAt(module: Pick<ModuleInfo, "types">, typeIndex: number): FunctionType {
  const type = module.types[typeIndex];
  if (type?.kind !== "function") throw new DecodeError(0, `type ${typeIndex} is no function type`);
  return type;
}

/** Every opcode of every body, in order; stops early when `visit` returns false. */
export function scanCode(
  module: Pick<ModuleInfo, "bodies">,
  visit: (op: Opcode, cursor: Cursor) => boolean,
): void {
  for (const body of module.bodies) {
    const cursor = new Cursor(body);
    for (let groups = cursor.u32(); groups > 0; groups--) {
      cursor.u32();
      readValueType(cursor);
    }
    while (!cursor.atEnd) if (!visit(readInstruction(cursor), cursor)) return;
  }
}

function eachOf(cursor: Cursor, read: () => void): void {
  const start = cursor.offset;
  const count = cursor.u32();
  if (count > moduleEntriesMax) throw new DecodeError(start, `${count} entries in a section`);
  for (let i = 0; i < count; i++) read();
}

function readImport(cursor: Cursor): Import {
  const [module, name] = [cursor.name(), cursor.name()];
  return { module, name, ...readImportKind(cursor) };
}

function readImportKind(cursor: Cursor): ImportKind {
  const start = cursor.offset;
  switch (cursor.u8()) {
    case 0:
      return { kind: "function", typeIndex: cursor.u32() };
    case 1:
      return { kind: "table", table: { type: readValueType(cursor), limits: readLimits(cursor) } };
    case 2:
      return { kind: "memory", limits: readLimits(cursor) };
    case 3:
      return { kind: "global", global: readGlobalType(cursor) };
    case 4:
      return { kind: "tag", typeIndex: readTagType(cursor) };
    default:
      throw new DecodeError(start, "an unknown import kind");
  }
}

/** An attribute that is always 0 (an exception), then the type of what it carries. */
function readTagType(cursor: Cursor): number {
  cursor.u8();
  return cursor.u32();
}

function readTable(cursor: Cursor): TableType {
  // 0x40 0x00 announces a table with an initialiser (typed function references).
  const initialised = cursor.bytes[cursor.offset] === 0x40;
  if (initialised) cursor.skip(2);
  const table = { type: readValueType(cursor), limits: readLimits(cursor) };
  if (initialised) skipExpression(cursor);
  return table;
}

function readGlobalType(cursor: Cursor): GlobalType {
  const type = readValueType(cursor);
  const start = cursor.offset;
  const flag = cursor.u8();
  if (flag > 1) throw new DecodeError(start, `mutability ${flag}`);
  return { type, mutable: flag === 1 };
}

function readExport(cursor: Cursor): Export {
  const name = cursor.name();
  const start = cursor.offset;
  const kind = kinds[cursor.u8()];
  if (kind === undefined) throw new DecodeError(start, "an unknown export kind");
  return { name, kind, index: cursor.u32() };
}

/** Steps behind the `end` of a constant expression. */
export function skipExpression(cursor: Cursor): void {
  const end = 0x0b;
  while (readInstruction(cursor) !== end) {
    // Constant expressions do not nest.
  }
}
