/**
 * Indices outside of code that name what the module does not have. The engine would refuse them, were it not for
 * what passes add behind the module's own: an element segment that lists the function which hands out fuel, say.
 * (The walk over the code, `code-scan.ts`, does the same there.)
 */
import { Cursor, DecodeError, readUnsignedLeb } from "../../bytes/index.ts";
import { ImmediateList, immediateKind, scanExpression } from "../immediate.ts";
import type { Export, ModuleInfo } from "../module.ts";
import { sectionId } from "../section.ts";
import { readLimits } from "../size-limits.ts";
import { readValueType } from "../value-type.ts";

/** @throws DecodeError for an index that is out of range in the module as it is. */
export function checkIndices(module: ModuleInfo): void {
  for (const each of module.exports) checkExport(module, each);
  for (const section of module.sections) {
    const cursor = new Cursor(section.payload);
    const check = checks[section.id];
    if (check === undefined) continue;
    for (let count = cursor.u32(); count > 0; count--) check(module, cursor);
  }
}

const spaces = {
  function: (module: ModuleInfo) => module.functions.length,
  table: (module: ModuleInfo) => module.tables.length,
  memory: (module: ModuleInfo) => module.memories.length,
  global: (module: ModuleInfo) => module.globals.length,
  tag: (module: ModuleInfo) => module.tags.length,
} as const;

function checkExport(module: ModuleInfo, { kind, index, name }: Export): void {
  const length = spaces[kind](module);
  if (index >= length)
    throw new DecodeError(0, `export ${JSON.stringify(name)} is ${kind} ${index} of ${length},`);
}

const checks: Readonly<Record<number, (module: ModuleInfo, cursor: Cursor) => void>> = {
  [sectionId.table]: (module, cursor) => {
    const initialised = cursor.bytes[cursor.offset] === 0x40;
    if (initialised) cursor.skip(2);
    readValueType(cursor);
    readLimits(cursor);
    if (initialised) checkExpression(module, cursor);
  },
  [sectionId.global]: (module, cursor) => {
    readValueType(cursor);
    cursor.skip(1);
    checkExpression(module, cursor);
  },
  [sectionId.element]: checkSegment,
};

/** Flags: 1 not active, 2 with a table's index (or declared only), 4 expressions instead of function indices. */
function checkSegment(module: ModuleInfo, cursor: Cursor): void {
  const start = cursor.offset;
  const flags = cursor.u32();
  if (flags > 7) throw new DecodeError(start, `an element segment of kind ${flags}`);
  const isActive = (flags & 1) === 0;
  if (isActive) {
    const table = flags & 2 ? cursor.u32() : 0;
    if (table >= module.tables.length)
      throw new DecodeError(start, `table ${table} of ${module.tables.length}`);
    checkExpression(module, cursor);
  }
  const hasExpressions = (flags & 4) !== 0;
  if (flags & 3) {
    if (hasExpressions) readValueType(cursor);
    else cursor.skip(1);
  }
  for (let count = cursor.u32(); count > 0; count--) {
    if (hasExpressions) checkExpression(module, cursor);
    else checkFunction(module, cursor.u32(), cursor.offset);
  }
}

const found = new ImmediateList();

function checkExpression(module: ModuleInfo, cursor: Cursor): void {
  cursor.offset = scanExpression(cursor.bytes, cursor.offset, cursor.end, found);
  for (let i = 0; i < found.count; i++) {
    if (found.kinds[i] !== immediateKind.function) continue;
    checkFunction(module, readUnsignedLeb(cursor.bytes, found.starts[i]!, found.ends[i]!), cursor.offset);
  }
}

function checkFunction(module: ModuleInfo, index: number, offset: number): void {
  const { length } = module.functions;
  if (index >= length) throw new DecodeError(offset, `function ${index} of ${length}`);
}
