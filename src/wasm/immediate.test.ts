import { describe, expect, test } from "bun:test";
import { Cursor, DecodeError } from "../bytes/index.ts";
import { ImmediateList, immediateKind, scanBody, scanExpression } from "./immediate.ts";
import { readInstruction, shapeOf } from "./instruction.ts";

const kindNames = Object.keys(immediateKind);
const listed = (list: ImmediateList): string[] =>
  Array.from(
    { length: list.count },
    (_, i) => `${kindNames[list.kinds[i]!]} ${list.starts[i]}-${list.ends[i]}`,
  );

describe("scanBody", () => {
  const cases: readonly (readonly [string, readonly number[], readonly string[]])[] = [
    ["call", [0x10, 0x85, 0x01], ["function 2-4"]],
    ["return_call and ref.func", [0x12, 1, 0xd2, 2], ["function 2-3", "function 4-5"]],
    ["global.get", [0x23, 1], ["global 2-3"]],
    ["call_indirect", [0x11, 3, 0], ["type 2-3"]],
    ["constants", [0x41, 0x7f, 0x42, 0x80, 0x01], ["i32 2-3", "i64 4-6"]],
    ["floats", [0x43, 0x10, 0x10, 0x10, 0x10, 0x44, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10], []],
    ["i32.load", [0x28, 2, 0x90, 0x01], ["memoryOffset 3-5"]],
    ["i32.load of memory 1", [0x28, 0x42, 1, 9], ["memoryOffset 4-5"]],
    ["a block with a type", [0x02, 3, 0x0b, 0x03, 0x7f, 0x0b, 0x04, 0x40, 0x0b], ["blockType 2-3"]],
    ["a block of a typed reference", [0x02, 0x63, 0x10, 0x0b], []],
    ["br_table", [0x0e, 2, 0x10, 0x10, 0x10, 0x10, 1], ["function 7-8"]],
    ["select with types", [0x1c, 2, 0x64, 0x10, 0x7f, 0x10, 1], ["function 7-8"]],
    ["try_table", [0x1f, 0x40, 2, 0, 0x10, 0x10, 2, 0x10, 0x0b, 0x10, 1], ["function 11-12"]],
    ["memory.init and copy", [0xfc, 8, 0x10, 0, 0xfc, 0x0a, 0, 0, 0x10, 1], ["function 10-11"]],
    [
      "SIMD",
      [0xfd, 0, 4, 8, 0xfd, 0x54, 0, 9, 0x10, 0xfd, 0x15, 0x10, 0x10, 1],
      ["memoryOffset 4-5", "memoryOffset 8-9", "function 14-15"],
    ],
    ["atomics", [0xfe, 3, 0, 0xfe, 0x10, 2, 7], ["memoryOffset 7-8"]],
    ["GC", [0xfb, 0x11, 4, 5, 0xfb, 0x02, 6, 0x10], ["type 3-4", "type 4-5", "type 7-8"]],
  ];
  for (const [name, code, expected] of cases) {
    test(`finds the immediates of ${name}`, () => {
      const body = Uint8Array.of(0, ...code);
      const list = new ImmediateList();
      scanBody(body, 0, body.length, list);
      expect(listed(list)).toEqual([...expected]);
    });
  }

  test("steps over locals, of reference types too", () => {
    const body = Uint8Array.of(2, 1, 0x7f, 1, 0x63, 0x70, 0x10, 4, 0x0b);
    const list = new ImmediateList();
    scanBody(body, 0, body.length, list);
    expect(listed(list)).toEqual(["function 7-8"]);
  });

  test("ends where readInstruction ends, for every opcode, and refuses those that it refuses", () => {
    const list = new ImmediateList();
    const opcodes = [0, 0xfb, 0xfc, 0xfd, 0xfe].flatMap((prefix) =>
      Array.from({ length: prefix === 0 ? 0xfb : 0x114 }, (_, op) => ({ prefix, op })),
    );
    for (const { prefix, op } of opcodes) {
      const shape = shapeOf(prefix === 0 ? op : prefix, op);
      // Lists of things have their own cases above.
      if (shape !== undefined && /[tvc]/.test(shape)) continue;
      const prefixed = op < 0x80 ? [prefix, op] : [prefix, (op & 0x7f) | 0x80, op >> 7];
      const code = Uint8Array.of(...(prefix === 0 ? [op] : prefixed), ...new Uint8Array(24).fill(1));
      if (shape === undefined) {
        expect(() => readInstruction(new Cursor(code))).toThrow(DecodeError);
        expect(() => scanBody(Uint8Array.of(0, ...code), 0, code.length + 1, list)).toThrow(DecodeError);
        continue;
      }
      const cursor = new Cursor(code);
      readInstruction(cursor);
      const body = Uint8Array.of(0, ...code.subarray(0, cursor.offset));
      expect(() => scanBody(body, 0, body.length, list)).not.toThrow();
      if (cursor.offset > 1) expect(() => scanBody(body, 0, body.length - 1, list)).toThrow(DecodeError);
    }
  });

  const malformed: readonly (readonly [string, readonly number[]])[] = [
    ["an unknown opcode", [0, 0xff]],
    ["an index that does not end", [0, 0x10, 0x80]],
    ["a br_table of four billion labels", [0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]],
    ["four billion groups of locals", [0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
    ["nothing", []],
  ];
  for (const [name, body] of malformed) {
    test(`refuses ${name}`, () => {
      expect(() => scanBody(Uint8Array.from(body), 0, body.length, new ImmediateList())).toThrow(DecodeError);
    });
  }

  test("grows its list", () => {
    const body = Uint8Array.from({ length: 10_001 }, (_, i) => (i === 0 ? 0 : i & 1 ? 0x10 : 3));
    const list = new ImmediateList();
    scanBody(body, 0, body.length, list);
    expect([list.count, list.starts[4_999], list.ends[4_999]]).toEqual([5_000, 10_000, 10_001]);
  });
});

describe("scanExpression", () => {
  test("stops behind its end", () => {
    const list = new ImmediateList();
    expect(scanExpression(Uint8Array.of(0x23, 1, 0x41, 8, 0x6a, 0x0b, 0x10), 0, 7, list)).toBe(6);
    expect(listed(list)).toEqual(["global 1-2", "i32 3-4"]);
  });

  test("refuses one without an end", () => {
    expect(() => scanExpression(Uint8Array.of(0x41, 0x0b), 0, 2, new ImmediateList())).toThrow(DecodeError);
  });
});
