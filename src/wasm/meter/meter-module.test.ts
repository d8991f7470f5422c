import { describe, expect, test } from "bun:test";
import { assembleText } from "../../../test/support/assemble-text.ts";
import { Cursor } from "../../bytes/index.ts";
import { decodeModule } from "../module.ts";
import { meterModule } from "./index.ts";

const limits = { memoryPagesMax: 100, tableEntriesMax: 200_000 };

type Host = (...args: number[]) => number;
type Functions = Readonly<Record<string, (...args: number[]) => number>>;

/** The functions behind the gate have to be WebAssembly's: these hand on to JavaScript. */
const gateText = `(module (import "js" "spent" (func $spent (param i32) (result i32)))
  (import "js" "growMemory" (func $m (param i32 i32 i32) (result i32)))
  (import "js" "growTable" (func $t (param i32 i32 i32) (result i32)))
  (export "spent" (func $spent)) (export "growMemory" (func $m)) (export "growTable" (func $t)))`;

/** A metered instance with much fuel, and all that it asked for. */
async function metered(text: string, host: Partial<Record<"spent" | "growMemory" | "growTable", Host>> = {}) {
  const { bytes, exports: names } = meterModule(decodeModule(await assembleText(text)), limits, {
    globals: true,
  });
  const heard: string[] = [];
  const note =
    (name: string, otherwise: Host): Host =>
    (...args) => {
      heard.push(`${name}(${args})`);
      return ((host as Record<string, Host>)[name] ?? otherwise)(...args);
    };
  const js = {
    spent: note("spent", () => 1_000_000),
    growMemory: note("growMemory", () => 1),
    growTable: note("growTable", () => 1),
  };
  const gate = new WebAssembly.Instance(new WebAssembly.Module(await assembleText(gateText)), { js }).exports;
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Functions;
  const table = (exports as unknown as Record<string, WebAssembly.Table>)[names.gate]!;
  ["spent", "growMemory", "growTable"].forEach((name, index) => {
    table.set(index, gate[name]);
  });
  const begin = (fuel = 1_000_000_000, stack = 1_000_000): void => void exports[names.begin]!(fuel, stack);
  begin();
  return { exports, heard, begin, fuel: () => exports[names.fuel]!(), stack: () => exports[names.stack]!() };
}

/** Whether a section is the one with branch hints; the cursor is then behind its name. */
function isHints(payload: Cursor): boolean {
  const text = "metadata.code.branch_hint";
  return payload.bytes[payload.offset] === text.length && payload.name() === text;
}

describe("fuel", () => {
  const used: readonly (readonly [what: string, units: number, body: string])[] = [
    ["an empty function", 1, ""],
    ["four instructions", 5, "(drop (i32.add (local.get 0) (local.get 0)))"],
    ["ten turns of a loop", 52, "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"],
    [
      "the longer of two ways",
      9,
      "(if (local.get 0) (then (nop) (nop) (nop)) (else (nop) (nop) (nop) (nop) (nop) (nop)))",
    ],
    ["nothing behind a return", 2, "(return) (nop) (nop) (nop)"],
    ["the path to a label that is left early", 6, "(block $b (br_if $b (local.get 0)) (nop) (nop))"],
  ];
  for (const [what, units, body] of used) {
    test(`${what} takes ${units}`, async () => {
      const { exports, begin, fuel } = await metered(`(module (func (export "f") (param i32) ${body}))`);
      begin(1000);
      exports.f!(10);
      expect(1000 - fuel()).toBe(units);
    });
  }

  test("is asked for with what is left, below 0, and goes on with the answer", async () => {
    const { exports, begin, heard, fuel } = await metered(
      `(module (func $g) (func (export "f") ${"(call $g) ".repeat(10)}))`,
      { spent: (left) => 100 + left! },
    );
    begin(5);
    exports.f!();
    expect(heard).toEqual(["spent(-6)"]);
    expect(fuel()).toBe(100 - 6 - 10);
  });

  /** A loop with something in it; each call of `$g` takes 5 units. */
  const turns = (call: string): string => `(module (tag $e) (global $n (mut i32) (i32.const 0))
    (func $g (global.set $n (i32.add (global.get $n) (i32.const 1))))
    (func $h (throw $e))
    (func $f (export "f") (param i32) (result i32)
      (loop $l ${call} (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (global.get $n))
    (func (export "caught") (param i32) (try (do (drop (call $f (local.get 0)))) (catch_all))))`;

  test("is handed to callees from loops that hold it, and back", async () => {
    const alone = await metered(turns("(nop)"));
    const calling = await metered(turns("(call $g)"));
    for (const { exports, begin } of [alone, calling]) {
      begin(1000);
      exports.f!(10);
    }
    expect(alone.fuel() - calling.fuel()).toBe(10 * 5);
    calling.begin(7);
    expect(calling.exports.f!(10)).toBe(20);
    expect(calling.heard).toEqual(["spent(-2)"]);
  });

  test("is not lost with a loop that an exception ends", async () => {
    const { exports, begin, fuel } = await metered(turns("(call $h)"));
    begin(10_000);
    exports.caught!(10);
    // The exception alone takes 2,000.
    expect(fuel()).toBeLessThan(10_000 - 2000 - 10);
  });

  test("is taken in loops of functions with handlers, whichever way they go", async () => {
    const { exports, begin, fuel } = await metered(`(module (tag $e)
      (func $g (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e))))
      (func (export "f") (param i32) (loop $l (block $b (try_table (catch_all $b) (call $g (local.get 0))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`);
    begin(100_000);
    exports.f!(20);
    expect(100_000 - fuel()).toBeGreaterThan(10 * 2000 + 20 * 8);
    expect(100_000 - fuel()).toBeLessThan(20 * 2000 + 20 * 20);
  });

  test("is looked at where the engine expects it least: hints count functions without imports", async () => {
    const bytes = await assembleText(
      '(module (import "m" "f" (func)) (func (export "f") (param i32) (loop $l (br_if $l (local.get 0)))))',
    );
    const { sections } = decodeModule(meterModule(decodeModule(bytes), limits, { globals: true }).bytes);
    const hints = sections.map(({ payload }) => new Cursor(payload)).find(isHints);
    // One function, which is 0, with one hint.
    expect([hints?.u32(), hints?.u32(), hints?.u32()]).toEqual([1, 0, 1]);
  });
});

describe("calls", () => {
  const text = `(module (func $f (export "f") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 7))))
    (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))`;

  test("give the stack back, and trap where there is none left", async () => {
    const { exports, begin, stack } = await metered(text);
    expect([exports.f!(100), stack()]).toEqual([107, 1_000_000]);
    begin(1_000_000, 10_000);
    expect(() => exports.f!(100)).toThrow("Unreachable");
    expect(stack()).toBeLessThan(0);
  });

  test("give the stack back when an exception comes through them", async () => {
    const { exports, stack } = await metered(`(module (tag $e)
      (func $deep (param i32) (if (i32.eqz (local.get 0)) (then (throw $e))) (call $deep (i32.sub (local.get 0) (i32.const 1))))
      (func (export "f") (result i32) (try (do (call $deep (i32.const 20))) (catch_all)) (i32.const 5)))`);
    expect([exports.f!(), stack()]).toEqual([5, 1_000_000]);
  });

  test("in tail position take no stack, however many there are", async () => {
    const { exports, stack } = await metered(`(module (func $f (export "f") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 3)))) (return_call $f (i32.sub (local.get 0) (i32.const 1)))))`);
    expect([exports.f!(100_000), stack()]).toEqual([3, 1_000_000]);
  });
});

describe("growth", () => {
  const text = `(module (memory 2 1000) (memory $n 1) (table 3 funcref)
    (func (export "m") (param i32) (result i32) (memory.grow 0 (local.get 0)))
    (func (export "n") (param i32) (result i32) (memory.grow $n (local.get 0)))
    (func (export "t") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0))))`;

  test("asks first, and is what memory.grow answers", async () => {
    const { exports, heard } = await metered(text);
    expect([exports.m!(5), exports.m!(0), exports.n!(1), exports.t!(70_000)]).toEqual([2, 7, 1, 3]);
    expect(heard).toEqual(["growMemory(0,2,5)", "growMemory(1,1,1)", "growTable(0,3,70000)"]);
    expect(exports.t!(0)).toBe(70_003);
  });

  test("is -1 where the host says no, and where it says yes beyond the limit", async () => {
    const no = await metered(text, { growMemory: () => 0, growTable: () => 0 });
    expect([no.exports.m!(1), no.exports.t!(1), no.exports.m!(0)]).toEqual([-1, -1, 2]);
    const yes = await metered(text);
    expect(yes.exports.m!(99)).toBe(-1);
  });
});

describe("long operations", () => {
  const text = `(module (memory $a (export "a") 40) (memory $b (export "b") 40) (data $d "abcdefgh")
    (func (export "fill") (param i32 i32 i32) (memory.fill $a (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy $a $a (local.get 0) (local.get 1) (local.get 2)))
    (func (export "across") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32 i32) (memory.init $a $d (local.get 0) (local.get 1) (local.get 2))))`;
  const size = 40 * 65_536;
  const cases: readonly (readonly [name: string, at: number, source: number, count: number])[] = [
    ["fill", 3, 7, 1_000_001],
    ["fill", 0, 1, size],
    ["fill", 1, 9, size],
    ["fill", -1, 9, 300_000],
    ["fill", 5, 9, 256 * 1024],
    ["copy", 10, 3, 1_500_000],
    ["copy", 3, 10, 1_500_000],
    ["copy", 262_144, 0, 600_000],
    ["copy", 0, 1, size - 1],
    ["copy", 1, 0, size],
    ["copy", 0, -5, 900_000],
    ["across", 100, 3, 700_000],
    ["across", 3, 100, 700_000],
    ["init", 9, 2, 6],
    ["init", 9, 2, 7],
    ["init", 9, 2, 700_000],
    ["init", size - 3, 0, 8],
  ];
  for (const [name, at, source, count] of cases) {
    test(`${name}(${at}, ${source}, ${count}) does and traps as the instruction`, async () => {
      const bare = new WebAssembly.Instance(new WebAssembly.Module(await assembleText(text)));
      const { exports } = await metered(text);
      const results = [bare.exports as unknown as Functions, exports].map((each) => {
        const memory = (which: string): Uint8Array =>
          new Uint8Array((each as unknown as Record<string, WebAssembly.Memory>)[which]!.buffer);
        memory("a").set(Uint8Array.from({ length: size }, (_, i) => (i * 31) >> 3));
        let ended = "";
        try {
          each[name]!(at, source, count);
        } catch (error) {
          ended = String(error).replace(/ \(evaluating.*/, "");
        }
        return [ended, Bun.hash(memory("a")), Bun.hash(memory("b"))];
      });
      expect(results[1]).toEqual(results[0]);
    });
  }

  test("look at their fuel every 256 KiB", async () => {
    const { exports, heard, begin } = await metered(text, { spent: () => 20_000 });
    begin(20_000);
    exports.fill!(0, 1, size);
    expect(heard.length).toBeGreaterThanOrEqual(size / (256 * 1024) - 1);
  });
});

describe("features", () => {
  test("SIMD, relaxed SIMD, atomics and many memories are metered and compute the same", async () => {
    const text = `(module (memory 1) (memory $b 1) (func (export "f") (param i32) (result i32) (local v128)
      (loop $l
        (local.set 1 (i32x4.relaxed_trunc_f32x4_s (f32x4.convert_i32x4_s (i32x4.add (local.get 1) (i32x4.splat (local.get 0))))))
        (v128.store $b (i32.const 16) (local.get 1))
        (v128.store8_lane $b offset=3 3 (i32.const 40) (local.get 1))
        (drop (i32.atomic.rmw.add (i32.const 8) (i32x4.extract_lane 1 (v128.load $b (i32.const 16)))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.add (i32.atomic.load (i32.const 8)) (i32.load8_u $b (i32.const 43)))))`;
    const bare = new WebAssembly.Instance(new WebAssembly.Module(await assembleText(text)));
    const { exports, fuel } = await metered(text);
    expect(exports.f!(30)).toBe((bare.exports as unknown as Functions).f!(30));
    expect(1_000_000_000 - fuel()).toBeGreaterThan(30 * 15);
  });

  const type = "(type $t (func (result i32)))";
  const seven = "(elem declare func $g) (func $g (result i32) (i32.const 7))";
  const same: readonly (readonly [what: string, before: string, body: string])[] = [
    [
      "an exception that a try delegates",
      "(tag $e)",
      `(try $o (result i32) (do (try (do (throw $e)) (delegate $o)) (i32.const 1)) (catch_all (i32.const 7)))`,
    ],
    [
      "one that is thrown again",
      "(tag $e)",
      `(try (result i32) (do (try $i (result i32) (do (throw $e)) (catch $e (rethrow $i))))
        (catch_all (i32.const 7)))`,
    ],
    [
      "one that is thrown by its reference",
      "(tag $e)",
      `(block $h (try_table (catch_all $h)
          (throw_ref (block $c (result exnref) (try_table (catch_all_ref $c) (throw $e)) (unreachable))))
        (return (i32.const 1))) (i32.const 7)`,
    ],
    ["a call by reference", type + seven, "(call_ref $t (ref.func $g))"],
    ["a tail call by reference", type + seven, "(return_call_ref $t (ref.func $g))"],
    [
      "a branch on null that is not taken",
      type + seven,
      "(block $n (return (call_ref $t (br_on_null $n (ref.func $g))))) (i32.const 9)",
    ],
    [
      "a branch on what is not null that is not taken",
      type,
      `(block $n (result (ref $t)) (br_on_non_null $n (ref.null $t)) (return (i32.const 7)))
        (drop) (i32.const 1)`,
    ],
  ];
  for (const [what, before, body] of same) {
    test(`${what} is metered and computes the same`, async () => {
      const { exports, fuel } = await metered(`(module ${before} (func (export "f") (result i32) ${body}))`);
      expect(exports.f!()).toBe(7);
      expect(1_000_000_000 - fuel()).toBeGreaterThan(2);
    });
  }

  const refused: readonly (readonly [text: string, says: string])[] = [
    ["(module (memory 1 2 shared))", "shared memory"],
    ["(module (func (drop (ref.i31 (i32.const 1)))))", "an instruction of the GC proposal"],
    ["(module (memory i64 1))", "64-bit memory"],
    ["(module (type (struct (field i32))) (global (ref null 0) (ref.null 0)))", "GC proposal"],
    ["(module (memory 101))", "101 pages of 64 KiB; at most 100 are allowed"],
    ["(module (table 200001 funcref))", "200001 entries; at most 200000 are allowed"],
  ];
  for (const [text, says] of refused) {
    test(`refuses ${text}`, async () => {
      await expect(metered(text)).rejects.toThrow(says);
    });
  }
});
