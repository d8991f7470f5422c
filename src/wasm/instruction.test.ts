import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { sampleModules } from "../../test/support/sample-modules.ts";
import { Cursor, DecodeError } from "../bytes/index.ts";
import { opcode, readInstruction } from "./instruction.ts";
import { decodeModule, scanCode } from "./module.ts";

/** One instruction of each shape: its opcode and all of its bytes. */
const shapes: [name: string, op: number, bytes: number[]][] = [
  ["unreachable", 0x00, [0x00]],
  ["block with no type", 0x02, [0x02, 0x40]],
  ["loop with a value type", 0x03, [0x03, 0x7f]],
  ["if with a reference type", 0x04, [0x04, 0x63, 0x70]],
  ["block with a type index", 0x02, [0x02, 0x05]],
  ["block with a type index of two bytes", 0x02, [0x02, 0x80, 0x01]],
  ["legacy try", 0x06, [0x06, 0x40]],
  ["throw", 0x08, [0x08, 0x81, 0x00]],
  ["throw_ref", 0x0a, [0x0a]],
  ["br_table with no targets", 0x0e, [0x0e, 0, 9]],
  ["br_table", 0x0e, [0x0e, 2, 0, 0x81, 0x00, 9]],
  ["call with a padded index", 0x10, [0x10, 0x81, 0x80, 0x80, 0x80, 0x00]],
  ["call_indirect", 0x11, [0x11, 3, 0]],
  ["return_call_indirect", 0x13, [0x13, 3, 0]],
  ["catch_all", 0x19, [0x19]],
  ["select with types", 0x1c, [0x1c, 2, 0x7f, 0x63, 0x70]],
  ["try_table with every clause", 0x1f, [0x1f, 0x40, 4, 0, 9, 0, 1, 9, 0, 2, 0, 3, 0]],
  ["table.set", opcode.tableSet, [0x26, 1]],
  ["i32.load", 0x28, [0x28, 2, 0x80, 0x01]],
  ["i64.store of a 64-bit offset", 0x37, [0x37, 3, ...Array(9).fill(0xff), 0x01]],
  ["i32.load of another memory", 0x28, [0x28, 0x42, 1, 8]],
  ["memory.grow", opcode.memoryGrow, [0x40, 0]],
  ["i32.const", 0x41, [0x41, 0xff, 0xff, 0xff, 0xff, 0x07]],
  ["i64.const", 0x42, [0x42, ...Array(9).fill(0xff), 0x00]],
  ["f32.const", 0x43, [0x43, 0x0b, 0x0b, 0x0b, 0x0b]],
  ["f64.const", 0x44, [0x44, ...Array(8).fill(0x0b)]],
  ["i64.extend32_s", 0xc4, [0xc4]],
  ["ref.null of a type index", 0xd0, [0xd0, 0x83, 0x00]],
  ["ref.func", 0xd2, [0xd2, 4]],
  ["struct.get", 0xfb002, [0xfb, 2, 0, 1]],
  ["br_on_cast", 0xfb018, [0xfb, 24, 3, 0, 0x6e, 0x6b]],
  ["ref.test", 0xfb014, [0xfb, 20, 0x6b]],
  ["i31.get_u", 0xfb01e, [0xfb, 30]],
  ["i64.trunc_sat_f64_u", 0xfc007, [0xfc, 7]],
  ["memory.init", opcode.memoryInit, [0xfc, 8, 0, 0]],
  ["memory.init with a padded opcode", opcode.memoryInit, [0xfc, 0x88, 0x80, 0x00, 0, 0]],
  ["data.drop", opcode.dataDrop, [0xfc, 9, 0]],
  ["table.init", opcode.tableInit, [0xfc, 12, 0, 0]],
  ["elem.drop", opcode.elemDrop, [0xfc, 13, 0]],
  ["table.copy", opcode.tableCopy, [0xfc, 14, 0, 0]],
  ["table.grow", opcode.tableGrow, [0xfc, 15, 0]],
  ["table.fill", opcode.tableFill, [0xfc, 17, 0]],
  ["i64.add128", 0xfc013, [0xfc, 19]],
  ["i64.mul_wide_u", 0xfc016, [0xfc, 22]],
  ["v128.load", 0xfd000, [0xfd, 0, 4, 0]],
  ["v128.const", 0xfd00c, [0xfd, 12, ...Array(16).fill(0x0b)]],
  ["i8x16.shuffle", 0xfd00d, [0xfd, 13, ...Array(16).fill(0x0b)]],
  ["i8x16.extract_lane_s", 0xfd015, [0xfd, 21, 15]],
  ["v128.load8_lane", 0xfd054, [0xfd, 0x54, 0, 0, 15]],
  ["v128.load32_zero", 0xfd05c, [0xfd, 0x5c, 2, 0]],
  ["a relaxed one", 0xfd113, [0xfd, 0x93, 0x02]],
  ["memory.atomic.wait32", 0xfe001, [0xfe, 1, 2, 0]],
  ["atomic.fence", 0xfe003, [0xfe, 3, 0]],
  ["i64.atomic.rmw32.cmpxchg_u", 0xfe04e, [0xfe, 0x4e, 2, 0]],
];

describe("readInstruction", () => {
  for (const [name, op, bytes] of shapes) {
    test(`steps over ${name}`, () => {
      const cursor = new Cursor(Uint8Array.from([...bytes, 0x0b]));
      expect([readInstruction(cursor), cursor.offset]).toEqual([op, bytes.length]);
    });

    test(`refuses ${name} when it breaks off anywhere`, () => {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => readInstruction(new Cursor(Uint8Array.from(bytes.slice(0, length))))).toThrow(
          DecodeError,
        );
      }
    });
  }

  const unknown = [
    [0x16],
    [0x17],
    [0x1d],
    [0x27],
    [0xc5],
    [0xd7],
    [0xff],
    [0xfb, 31],
    [0xfc, 18],
    [0xfc, 23],
    [0xfd, 0x94, 0x02],
    [0xfe, 0x4f],
  ];
  for (const bytes of unknown) {
    test(`refuses the unknown ${bytes.map((byte) => byte.toString(16)).join(" ")}`, () => {
      const read = (): unknown => readInstruction(new Cursor(Uint8Array.from([...bytes, 0, 0, 0, 0])));
      expect(read).toThrow(DecodeError);
      expect(read).toThrow("an unknown instruction");
    });
  }

  test("refuses a br_table of 2^32-1 targets without making room for them", () => {
    const read = (): unknown =>
      readInstruction(new Cursor(Uint8Array.of(0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)));
    expect(read).toThrow("unexpected end");
  });
});

describe("scanCode", () => {
  test("ends with the last byte of every body of every module at hand", async () => {
    // A step of the wrong length ends in the middle of an instruction: sooner or later in an unknown one, or not at `end`.
    for (const { name, bytes } of await sampleModules()) {
      if (!WebAssembly.validate(bytes)) continue;
      let [last, instructions] = [0x0b, 0];
      scanCode(decodeModule(bytes), (op, cursor) => {
        instructions++;
        if (cursor.atEnd) expect([name, op]).toEqual([name, 0x0b]);
        last = op;
        return true;
      });
      if (decodeModule(bytes).bodies.length > 0)
        expect([name, instructions > 0, last]).toEqual([name, true, 0x0b]);
    }
  }, 60_000);

  const proposals: [name: string, ops: number[], body: string][] = [
    [
      "GC",
      [0xfb000, 0xfb003, 0xfb007, 0xfb00f, 0xfb014],
      `(local $pair (ref null $pair))
        (local.set $pair (struct.new $pair (i32.const 1) (i32.const 2)))
        (drop (struct.get_s $pair 0 (local.get $pair)))
        (drop (array.len (array.new_default $list (i32.const 3))))
        (drop (ref.test (ref i31) (ref.i31 (i32.const 1))))`,
    ],
    [
      "SIMD",
      [0xfd00c, 0xfd00d, 0xfd101],
      `(local $v v128)
        (local.set $v (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $v) (v128.const i64x2 1 2)))
        (drop (i32x4.relaxed_trunc_f32x4_s (local.get $v)))`,
    ],
    ["atomics", [0xfe01e], "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"],
    ["bulk memory", [0xfc00b], "(memory.fill (i32.const 0) (i32.const 0) (i32.const 8))"],
    [
      "legacy exceptions",
      [0x06, 0x07, 0x08, 0x19],
      "(try (do (throw $t (i32.const 1))) (catch $t (drop (pop i32))) (catch_all))",
    ],
    [
      "exceptions",
      [0x08, 0x1f],
      "(drop (block $caught (result i32) (try_table (catch $t $caught) (throw $t (i32.const 2))) (i32.const 3)))",
    ],
    [
      "tables and tail calls",
      [0x26, 0x12],
      "(table.set $table (i32.const 0) (ref.null func)) (return_call $all)",
    ],
  ];
  for (const [name, ops, body] of proposals) {
    test(`walks ${name} as the engine does`, async () => {
      const module = await assembleText(`(module
        (memory 1) (tag $t (param i32)) (table $table 2 funcref)
        (type $pair (struct (field (mut i8)) (field (mut i32)))) (type $list (array (mut i64)))
        (func $all ${body}))`);
      expect(WebAssembly.validate(module)).toBe(true);
      const seen: number[] = [];
      scanCode(decodeModule(module), (op) => seen.push(op) > 0);
      expect(ops.filter((op) => !seen.includes(op))).toEqual([]);
      expect(seen.at(-1)).toBe(0x0b);
    });
  }

  test("stops when it is told to", async () => {
    const module = await assembleText("(module (func (nop) (nop)) (func (nop)))");
    let visits = 0;
    scanCode(decodeModule(module), () => ++visits < 2);
    expect(visits).toBe(2);
  });
});
