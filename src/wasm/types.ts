/** The types of the binary format (core spec §5.3), as far as emend looks at them. */
import { type Cursor, DecodeError } from "../bytes/index.ts";

/** A value type in text form: `i32`, `i64`, `f32`, `f64`, `v128`, `funcref`, `externref`, `(ref null 3)` … */
export type ValueType = string;

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** An entry of the type index space; structs and arrays only tell that the module uses the GC proposal. */
export type DefinedType =
  | ({ readonly kind: "function" } & FunctionType)
  | { readonly kind: "struct" | "array" };

/** Units are pages of 64 KiB for memories and entries for tables. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
  readonly shared: boolean;
  readonly wide: boolean;
}

const numberTypes: Readonly<Record<number, ValueType>> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
  112: "funcref",
  111: "externref",
};

/** Abstract heap types by their byte. */
const heapTypes: Readonly<Record<number, string>> = {
  116: "noexn",
  115: "nofunc",
  114: "noextern",
  113: "none",
  112: "func",
  111: "extern",
  110: "any",
  109: "eq",
  108: "i31",
  107: "struct",
  106: "array",
  105: "exn",
};

/** Reads one value type. @throws DecodeError for a byte that no type has. */
export function readValueType(cursor: Cursor): ValueType {
  const start = cursor.offset;
  const byte = cursor.u8();
  const simple = numberTypes[byte];
  if (simple !== undefined) return simple;
  if (byte === 0x63) return `(ref null ${readHeapType(cursor)})`;
  if (byte === 0x64) return `(ref ${readHeapType(cursor)})`;
  const abstract = heapTypes[byte];
  if (abstract !== undefined) return `(ref null ${abstract})`;
  throw new DecodeError(start, `an unknown value type 0x${byte.toString(16)}`);
}

/** Reads a heap type: a type index or the name of an abstract one. */
export function readHeapType(cursor: Cursor): string {
  const start = cursor.offset;
  const value = cursor.s33();
  if (value >= 0) return String(value);
  const name = heapTypes[value + 0x80];
  if (name === undefined) throw new DecodeError(start, "an unknown heap type");
  return name;
}

export function readLimits(cursor: Cursor): Limits {
  const start = cursor.offset;
  const flags = cursor.u8();
  if (flags > 0x07) throw new DecodeError(start, `unknown limits 0x${flags.toString(16)}`);
  const [hasMax, shared, wide] = [(flags & 1) !== 0, (flags & 2) !== 0, (flags & 4) !== 0];
  if (wide) {
    // 64-bit limits do not fit a number; emend refuses such memories by name, so the sizes are not needed.
    cursor.skipLeb(10);
    if (hasMax) cursor.skipLeb(10);
    return { min: 0, max: undefined, shared, wide };
  }
  const min = cursor.u32();
  return { min, max: hasMax ? cursor.u32() : undefined, shared, wide };
}

/** One entry of the type section: a (recursive group of) function, struct or array. Adds to `types`. */
export function readDefinedTypes(cursor: Cursor, types: DefinedType[]): void {
  const start = cursor.offset;
  const byte = cursor.u8();
  switch (byte) {
    case 0x4e: {
      for (let count = cursor.u32(); count > 0; count--) readDefinedTypes(cursor, types);
      return;
    }
    case 0x50:
    case 0x4f: {
      for (let count = cursor.u32(); count > 0; count--) cursor.u32();
      readDefinedTypes(cursor, types);
      return;
    }
    case 0x60:
      types.push({ kind: "function", params: readValueTypes(cursor), results: readValueTypes(cursor) });
      return;
    case 0x5f:
      for (let count = cursor.u32(); count > 0; count--) skipFieldType(cursor);
      types.push({ kind: "struct" });
      return;
    case 0x5e:
      skipFieldType(cursor);
      types.push({ kind: "array" });
      return;
    default:
      throw new DecodeError(start, `an unknown type form 0x${byte.toString(16)}`);
  }
}

function readValueTypes(cursor: Cursor): ValueType[] {
  const types: ValueType[] = [];
  for (let count = cursor.u32(); count > 0; count--) types.push(readValueType(cursor));
  return types;
}

function skipFieldType(cursor: Cursor): void {
  const storage = cursor.bytes[cursor.offset];
  if (storage === 0x78 || storage === 0x77) cursor.skip(1);
  else readValueType(cursor);
  cursor.skip(1);
}

/** `(i32, i64) -> (i32)`, the way people write signatures. */
export function formatSignature(type: FunctionType): string {
  return `(${type.params.join(", ")}) -> (${type.results.join(", ")})`;
}
