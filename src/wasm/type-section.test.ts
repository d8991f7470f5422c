import { expect, test } from "bun:test";
import { Cursor, DecodeError } from "../bytes/index.ts";
import { type DefinedType, formatSignature, readDefinedTypes } from "./type-section.ts";

function read(...bytes: number[]): DefinedType[] {
  const cursor = new Cursor(Uint8Array.from(bytes));
  const types: DefinedType[] = [];
  readDefinedTypes(cursor, types);
  expect(cursor.atEnd).toBe(true);
  return types;
}

const shown = (types: readonly DefinedType[]): string[] =>
  types.map((type) => (type.kind === "function" ? formatSignature(type) : type.kind));

const forms: [name: string, bytes: number[], types: string[]][] = [
  ["a function", [0x60, 2, 0x7f, 0x7e, 1, 0x7d], ["(i32, i64) -> (f32)"]],
  [
    "every simple value type",
    [0x60, 4, 0x7c, 0x7b, 0x70, 0x6f, 0],
    ["(f64, v128, funcref, externref) -> ()"],
  ],
  [
    "short and long references",
    [0x60, 3, 0x6e, 0x63, 0x70, 0x64, 3, 0],
    ["((ref null any), (ref null func), (ref 3)) -> ()"],
  ],
  ["a struct with a packed field", [0x5f, 2, 0x78, 1, 0x7f, 0], ["struct"]],
  ["an array", [0x5e, 0x77, 1], ["array"]],
  ["a subtype", [0x50, 1, 0, 0x60, 0, 0], ["() -> ()"]],
  ["a final subtype without supertypes", [0x4f, 0, 0x5f, 0], ["struct"]],
  ["a group, an index for each member", [0x4e, 2, 0x60, 0, 0, 0x50, 0, 0x5e, 0x7f, 0], ["() -> ()", "array"]],
  ["an empty group", [0x4e, 0], []],
];
for (const [name, bytes, types] of forms) {
  test(`readDefinedTypes reads ${name}`, () => {
    expect(shown(read(...bytes))).toEqual(types);
  });
}

const refused: [name: string, bytes: number[], message: string][] = [
  ["an unknown form", [0x61], "an unknown type form 0x61 at offset 0"],
  ["an unknown value type", [0x60, 1, 0x01, 0], "an unknown value type 0x1 at offset 2"],
  ["an unknown heap type", [0x60, 1, 0x63, 0x40, 0], "an unknown heap type at offset 3"],
  ["a function that breaks off", [0x60, 1], "unexpected end at offset 2"],
  [
    "a group of 2^32-1 types",
    [0x4e, 0xff, 0xff, 0xff, 0xff, 0x0f],
    "a group of 4294967295 types at offset 0",
  ],
  ["2^32-1 parameters", [0x60, 0xff, 0xff, 0xff, 0xff, 0x0f], "4294967295 parameters or results at offset 1"],
  ["a group in a group", [0x4e, 1, 0x4e, 1, 0x60, 0, 0], "an unknown type form 0x4e at offset 2"],
  ["groups nested 100,000 deep", Array(200_000).fill([0x4e, 1]).flat(), "an unknown type form 0x4e"],
  ["subtypes nested 100,000 deep", Array(200_000).fill([0x50, 0]).flat(), "an unknown type form 0x50"],
];
for (const [name, bytes, message] of refused) {
  test(`readDefinedTypes refuses ${name}`, () => {
    expect(() => read(...bytes)).toThrow(DecodeError);
    expect(() => read(...bytes)).toThrow(message);
  });
}
