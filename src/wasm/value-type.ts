/** Value types and heap types of the binary format (core spec §5.3), in the text form that people read. */
import { type ByteWriter, type Cursor, DecodeError } from "../bytes/index.ts";

/** A value type in text form: `i32`, `i64`, `f32`, `f64`, `v128`, `funcref`, `externref`, `(ref null 3)` … */
export type ValueType = string;

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

/** Writes a value type that `readValueType` gave. */
export function encodeValueType(out: ByteWriter, type: ValueType): void {
  const simple = numberBytes.get(type);
  if (simple !== undefined) {
    out.u8(simple);
    return;
  }
  const nullable = type.startsWith("(ref null ");
  const name = type.slice(nullable ? 10 : 5, -1);
  const byte = heapBytes.get(name);
  out.u8(nullable ? 0x63 : 0x64).s32(byte === undefined ? Number(name) : byte - 0x80);
}

const numberBytes: ReadonlyMap<string, number> = bytesByName(numberTypes);
const heapBytes: ReadonlyMap<string, number> = bytesByName(heapTypes);

function bytesByName(names: Readonly<Record<number, string>>): Map<string, number> {
  return new Map(Object.entries(names).map(([byte, name]) => [name, Number(byte)]));
}

/** The heap type of a nullable reference as the s33 that encodes it; undefined for any other value type. */
export function nullableHeapType(type: ValueType): number | undefined {
  const name = /^\(ref null (\w+)\)$/.exec(type)?.[1];
  if (name === undefined) return undefined;
  const byte = Object.entries(heapTypes).find(([, each]) => each === name)?.[0];
  return byte === undefined ? Number(name) : Number(byte) - 0x80;
}
