import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitGuest, ownGuest } from "../../test/support/guests.ts";
import { decodeModule } from "./module.ts";
import { unrestorableState } from "./state.ts";

describe("unrestorableState", () => {
  const guests: [name: string, reasons: string[]][] = [
    ["table-set", ["it changes tables (table.set)"]],
    ["table-grow", ["it changes tables (table.grow)"]],
    ["elem-drop", ["it changes tables (table.init)", "it drops element segments (elem.drop)"]],
    ["data-drop", ["it drops data segments (data.drop)"]],
    ["secret", []],
    ["reader", []],
  ];
  for (const [name, reasons] of guests) {
    test(`of the guest ${name}: ${reasons.join(", ") || "nothing"}`, async () => {
      expect(unrestorableState(decodeModule(await ownGuest(name)))).toEqual(reasons);
    });
  }

  test("is empty for what compilers make of plain commands", () => {
    for (const name of ["c-echo", "rust-hello", "zig-hello", "as-api"]) {
      expect([name, unrestorableState(decodeModule(kitGuest(name)))]).toEqual([name, []]);
    }
  });

  const modules: [name: string, text: string, reasons: string[]][] = [
    [
      "table.copy",
      "(table 2 funcref) (func (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))",
      ["it changes tables (table.copy)"],
    ],
    [
      "table.fill",
      "(table 2 funcref) (func (table.fill 0 (i32.const 0) (ref.null func) (i32.const 1)))",
      ["it changes tables (table.fill)"],
    ],
    ["data.drop that nothing could notice", '(memory 1) (data $d "x") (func (data.drop $d))', []],
    [
      "memory.init of a segment that stays",
      '(memory 1) (data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))',
      [],
    ],
    [
      "a table that is only read",
      "(table 2 funcref) (func (drop (table.get 0 (i32.const 0))) (call_indirect (i32.const 0)))",
      [],
    ],
    [
      "mutable globals of every defaultable type",
      "(global (mut v128) (v128.const i64x2 0 0)) (global (mut externref) (ref.null extern)) (global (mut i64) (i64.const 0))",
      [],
    ],
    [
      "a mutable global that is never null",
      "(func $f) (elem declare func $f) (global (mut (ref func)) (ref.func $f))",
      ["it has a mutable global of type (ref func)"],
    ],
    [
      "an immutable global that is never null",
      "(func $f) (elem declare func $f) (global (ref func) (ref.func $f))",
      [],
    ],
    [
      "a struct",
      "(type $s (struct (field (mut i32)))) (global (mut (ref null $s)) (ref.null none))",
      ["it keeps objects of the GC proposal"],
    ],
  ];
  for (const [name, text, reasons] of modules) {
    test(`with ${name}: ${reasons.join(", ") || "nothing"}`, async () => {
      const found = unrestorableState(decodeModule(await assembleText(`(module ${text})`)));
      // Binaryen writes a reference to a function with its exact type.
      expect(found.map((each) => each.replace(/\(ref \d+\)/, "(ref func)"))).toEqual(reasons);
    });
  }
});
