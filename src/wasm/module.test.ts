import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { createRandom, type Random } from "../../test/support/random.ts";
import { sampleModules } from "../../test/support/sample-modules.ts";
import { DecodeError } from "../bytes/index.ts";
import { exposeState } from "./expose-state.ts";
import { decodeModule, functionTypeAt } from "./module.ts";
import { unrestorableState } from "./state.ts";

const samples = await sampleModules();
const valid = samples.filter(({ bytes }) => WebAssembly.validate(bytes));
const small = valid.filter(({ bytes }) => bytes.length < 100_000);

/** Reads all that emend ever reads of a module. Whether it could be read; throws whatever is no DecodeError. */
function reads(bytes: Uint8Array): boolean {
  try {
    const module = decodeModule(bytes);
    for (const typeIndex of module.functions) functionTypeAt(module, typeIndex);
    const globals = unrestorableState(module).length === 0;
    exposeState(module, { globals });
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

describe("decodeModule", () => {
  test("reads what the engine reads: imports and exports of every module at hand", () => {
    expect(valid.length).toBeGreaterThan(30);
    for (const { name, bytes } of valid) {
      const module = decodeModule(bytes);
      const compiled = new WebAssembly.Module(bytes);
      const imports = module.imports.map((each) => ({
        module: each.module,
        name: each.name,
        kind: each.kind,
      }));
      const exports = module.exports.map((each) => ({ name: each.name, kind: each.kind }));
      expect([name, imports as unknown[]]).toEqual([
        name,
        plain(WebAssembly.Module.imports(compiled), "module", "name", "kind"),
      ]);
      expect([name, exports as unknown[]]).toEqual([
        name,
        plain(WebAssembly.Module.exports(compiled), "name", "kind"),
      ]);
    }
  }, 60_000);

  test("reads declarations of every kind", async () => {
    const module = decodeModule(
      await assembleText(`(module
        (import "env" "f" (func (param i64) (result f32)))
        (import "env" "t" (table 1 9 externref)) (import "env" "m" (memory 2 3))
        (import "env" "g" (global (mut v128))) (import "env" "e" (tag (param i32)))
        (memory 1) (memory 1 1) (table 3 funcref)
        (global i32 (i32.add (i32.const 1) (i32.const 2))) (global (mut f64) (f64.const 0))
        (export "again" (func 0)) (export "second" (memory 2))
        (func $main) (start $main))`),
    );
    const { kind, ...type } = module.types[module.functions[0]!]! as { kind: string };
    expect([kind, type as unknown]).toEqual(["function", { params: ["i64"], results: ["f32"] }]);
    expect(module.imports.map((each) => each.kind)).toEqual(["function", "global", "tag", "memory", "table"]);
    expect(module.memories.map(({ min, max }) => [min, max])).toEqual([
      [2, 3],
      [1, undefined],
      [1, 1],
    ]);
    expect(module.tables.map(({ type, limits }) => [type, limits.min, limits.max])).toEqual([
      ["externref", 1, 9],
      ["funcref", 3, undefined],
    ]);
    expect(module.globals).toEqual([
      { type: "v128", mutable: true },
      { type: "i32", mutable: false },
      { type: "f64", mutable: true },
    ]);
    expect(module.exports).toEqual([
      { name: "again", kind: "function", index: 0 },
      { name: "second", kind: "memory", index: 2 },
    ]);
    expect([module.start, module.bodies.length]).toEqual([1, 1]);
  });

  test("tells 64-bit and shared memories apart from plain ones", async () => {
    const text = "(module (memory i64 1 2)) (module (memory 1 2 shared))";
    const [wide, shared] = await Promise.all(text.split(/(?<=\)\)) /).map(assembleText));
    expect(decodeModule(wide!).memories[0]).toMatchObject({ wide: true, shared: false });
    expect(decodeModule(shared!).memories[0]).toMatchObject({ wide: false, shared: true, max: 2 });
  });

  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const most = [0xff, 0xff, 0xff, 0xff, 0x0f];
  const refused: [name: string, sections: number[], message: string][] = [
    ["2^32-1 types", [1, 5, ...most], "4294967295 entries in a section at offset 10"],
    ["2^32-1 imports", [2, 5, ...most], "4294967295 entries"],
    ["2^32-1 functions", [3, 5, ...most], "4294967295 entries"],
    ["a million exports that are not there", [7, 3, 0xc0, 0x84, 0x3d], "unexpected end at offset 13"],
    ["a name of 4 GiB", [2, 6, 1, ...most], "4294967295 bytes missing at offset 16"],
    ["a body of 4 GiB", [10, 6, 1, ...most], "4294967295 bytes missing at offset 16"],
    ["bytes behind the last entry", [5, 4, 1, 0, 1, 9], "bytes left over in section 5 at offset 13"],
    ["a function without a body", [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0], "1 functions but 0 bodies"],
    [
      "a function of a type that is not there",
      [3, 2, 1, 7, 10, 4, 1, 2, 0, 0x0b],
      "type 7 is no function type",
    ],
    [
      "an export of a function that is not there",
      [7, 5, 1, 1, 0x66, 0, 3],
      "function 3 is named, 0 are there",
    ],
    ["a start function that is not there", [8, 1, 0], "function 0 is named, 0 are there"],
    ["an unknown import kind", [2, 4, 1, 0, 0, 9], "an unknown import kind at offset 13"],
    ["an unknown export kind", [7, 4, 1, 0, 9, 0], "an unknown export kind at offset 12"],
    ["an unknown mutability", [6, 3, 1, 0x7f, 2], "mutability 2 at offset 12"],
    ["limits with unknown flags", [5, 3, 1, 8, 1], "unknown limits 0x8 at offset 11"],
    ["a custom section whose name breaks off", [0, 1, 5], "5 bytes missing at offset 11"],
  ];
  for (const [name, sections, message] of refused) {
    test(`refuses ${name}`, () => {
      const decode = (): unknown => decodeModule(Uint8Array.from([...header, ...sections]));
      expect(decode).toThrow(DecodeError);
      expect(decode).toThrow(message);
    });
  }
});

describe("a damaged module", () => {
  const cut = small.filter(({ bytes }) => bytes.length < 8000);

  test("is refused by DecodeError or read, wherever it breaks off", () => {
    expect(cut.length).toBeGreaterThan(8);
    for (const { name, bytes } of cut) {
      let read = 0;
      for (let length = 0; length < bytes.length; length++) if (reads(bytes.subarray(0, length))) read++;
      // Only where a section ends can a module end, and functions need their code.
      expect([name, read <= decodeModule(bytes).sections.length]).toEqual([name, true]);
      expect([name, reads(bytes)]).toEqual([name, true]);
    }
  }, 60_000);

  const random = createRandom();
  test(`is refused by DecodeError or read, whatever bits are wrong (EMEND_SEED=${random.seed})`, () => {
    let refused = 0;
    for (let round = 0; round < 3000; round++) if (!reads(damaged(random, random.pick(cut).bytes))) refused++;
    expect(refused).toBeGreaterThan(300);
  }, 60_000);

  test("costs no more memory than it has bytes, however many entries it promises", () => {
    const beforeBytes = process.memoryUsage().heapUsed;
    const startMs = performance.now();
    for (let id = 1; id <= 13; id++) {
      for (const count of [
        [0xc0, 0x84, 0x3d],
        [0xff, 0xff, 0xff, 0xff, 0x0f],
      ]) {
        reads(Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, id, count.length, ...count]));
      }
    }
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(16 * 1024 * 1024);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let hits = 1 + random.below(3); hits > 0; hits--) {
    const at = random.below(copy.length);
    copy[at] = random.pick([copy[at]! ^ (1 << random.below(8)), 0, 0xff, 0x80, random.below(256)]);
  }
  return copy;
}

/** Only these properties: some engines tell more. */
function plain<T extends object>(values: readonly T[], ...keys: readonly (keyof T)[]): unknown[] {
  return values.map((value) => Object.fromEntries(keys.map((key) => [key, value[key]])));
}
