/** The type section (core spec §5.5.4): function types, and of the GC proposal's types that they are there. */
import { type Cursor, DecodeError } from "../bytes/index.ts";
import { moduleEntriesMax, moduleParametersMax } from "../limits.ts";
import { readValueType, type ValueType } from "./value-type.ts";

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** An entry of the type index space; structs and arrays only tell that the module uses the GC proposal. */
export type DefinedType =
  | ({ readonly kind: "function" } & FunctionType)
  | { readonly kind: "struct" | "array" };

/** Leading bytes of the forms that a type can have. */
const form = { recursive: 0x4e, final: 0x4f, sub: 0x50, array: 0x5e, struct: 0x5f, function: 0x60 } as const;

/** One entry of the type section: a type, or a recursive group of them. Adds to `types`. */
export function readDefinedTypes(cursor: Cursor, types: DefinedType[]): void {
  if (cursor.bytes[cursor.offset] !== form.recursive) {
    types.push(readSubType(cursor));
    return;
  }
  const start = cursor.offset;
  cursor.skip(1);
  const count = cursor.u32();
  if (types.length + count > moduleEntriesMax) throw new DecodeError(start, `a group of ${count} types`);
  for (let i = 0; i < count; i++) types.push(readSubType(cursor));
}

/** A type with or without the list of its supertypes. Neither these nor groups nest, so nor do the readers. */
function readSubType(cursor: Cursor): DefinedType {
  const byte = cursor.bytes[cursor.offset];
  if (byte === form.sub || byte === form.final) {
    cursor.skip(1);
    for (let count = cursor.u32(); count > 0; count--) cursor.u32();
  }
  return readCompositeType(cursor);
}

function readCompositeType(cursor: Cursor): DefinedType {
  const start = cursor.offset;
  const byte = cursor.u8();
  switch (byte) {
    case form.function:
      return { kind: "function", params: readValueTypes(cursor), results: readValueTypes(cursor) };
    case form.struct:
      for (let count = cursor.u32(); count > 0; count--) skipFieldType(cursor);
      return { kind: "struct" };
    case form.array:
      skipFieldType(cursor);
      return { kind: "array" };
    default:
      throw new DecodeError(start, `an unknown type form 0x${byte.toString(16)}`);
  }
}

function readValueTypes(cursor: Cursor): ValueType[] {
  const start = cursor.offset;
  const count = cursor.u32();
  if (count > moduleParametersMax) throw new DecodeError(start, `${count} parameters or results`);
  const types: ValueType[] = [];
  for (let i = 0; i < count; i++) types.push(readValueType(cursor));
  return types;
}

/** A field: a value type or one of the packed ones (i8, i16), then whether it is mutable. */
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
