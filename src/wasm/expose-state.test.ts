import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { sampleModules } from "../../test/support/sample-modules.ts";
import { type ExposedModule, exposeState } from "./expose-state.ts";
import { decodeModule } from "./module.ts";
import { unrestorableState } from "./state.ts";

type Call = (...args: unknown[]) => unknown;

async function exposed(text: string): Promise<ExposedModule> {
  return exposeState(decodeModule(await assembleText(text)), { globals: true });
}

function instantiate({ bytes }: ExposedModule, imports = {}): Readonly<Record<string, Call>> {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Record<string, Call>;
}

describe("exposeState", () => {
  test("keeps every module at hand valid, with the exports it had", async () => {
    for (const { name, bytes } of await sampleModules()) {
      if (!WebAssembly.validate(bytes)) continue;
      const module = decodeModule(bytes);
      const made = exposeState(module, { globals: unrestorableState(module).length === 0 });
      expect([name, WebAssembly.validate(made.bytes)]).toEqual([name, true]);
      const exports = decodeModule(made.bytes).exports;
      expect([name, exports.slice(0, module.exports.length)]).toEqual([name, [...module.exports]]);
    }
  }, 60_000);

  test("changes nothing where there is nothing to reach", async () => {
    const bytes = await assembleText("(module (func $f) (global i32 (i32.const 1)))");
    const made = exposeState(decodeModule(bytes), { globals: true });
    expect(made).toEqual({
      bytes,
      exports: { memories: [], capture: undefined, restore: undefined, start: undefined },
    });
  });

  const globals: [type: string, first: string, second: string, differs: string][] = [
    ["i32", "(i32.const -7)", "(i32.const 9)", "i32.ne"],
    ["i64", "(i64.const -7)", "(i64.const 9)", "i64.ne"],
    ["f32", "(f32.const 1.5)", "(f32.const nan)", "f32.ne"],
    ["f64", "(f64.const -1.5)", "(f64.const nan)", "f64.ne"],
    ["v128", "(v128.const i64x2 -1 5)", "(v128.const i64x2 5 -1)", "v128.any_true (v128.xor"],
    ["funcref", "(ref.func $first)", "(ref.null func)", "ref.is_null"],
    ["externref", "(ref.null extern)", "(local.get $given)", "i32.eqz (ref.is_null"],
    ["anyref", "(ref.null any)", "(ref.i31 (i32.const 5))", "i32.eqz (ref.is_null"],
    ["i31ref", "(ref.i31 (i32.const 3))", "(ref.null i31)", "ref.is_null"],
    ["exnref", "(ref.null exn)", "(ref.null exn)", "i32.eqz (ref.is_null"],
    ["(ref null $void)", "(ref.func $first)", "(ref.null nofunc)", "ref.is_null"],
  ];
  for (const [type, first, second, differs] of globals) {
    test(`puts back a mutable global of type ${type}`, async () => {
      const compared = differs.includes("is_null") ? "(global.get $g)" : `(global.get $g) ${first}`;
      const made = await exposed(`(module
        (type $void (func)) (func $first (type $void)) (elem declare func $first)
        (global $before i32 (i32.const 1)) (global $g (mut ${type}) ${first}) (global $after (mut i32) (i32.const 4))
        (func (export "change") (param $given externref)
          (global.set $g ${second}) (global.set $after (i32.const 8)))
        (func (export "changed") (result i32)
          (i32.or (i32.ne (global.get $after) (i32.const 4)) (${differs} ${compared}${")".repeat(differs.split("(").length)})))`);
      const {
        change,
        changed,
        [made.exports.capture!]: capture,
        [made.exports.restore!]: restore,
      } = instantiate(made);
      expect(changed!()).toBe(0);
      capture!();
      change!({});
      expect(changed!()).toBe(1);
      restore!();
      expect(changed!()).toBe(0);
    });
  }

  test("exports every memory, each under its index", async () => {
    const made = await exposed(`(module (memory $a 1) (memory $b 2) (memory (export "third") 3))`);
    const exports = instantiate(made) as unknown as Record<string, WebAssembly.Memory>;
    const pages = made.exports.memories.map((name) => exports[name]!.buffer.byteLength / 65_536);
    expect(pages).toEqual([1, 2, 3]);
  });

  test("turns the start function into an export that has not run", async () => {
    const made = await exposed(`(module (global $ran (mut i32) (i32.const 0))
      (func $init (global.set $ran (i32.const 1))) (start $init)
      (func (export "ran") (result i32) (global.get $ran)))`);
    const { ran, [made.exports.start!]: start } = instantiate(made);
    expect(ran!()).toBe(0);
    start!();
    expect(ran!()).toBe(1);
  });

  test("takes names that the module has not taken", async () => {
    const taken = ["memory0", "memory0'", "capture", "restore", "start"].map(
      (each) => `(export "emend:${each}" (func $f))`,
    );
    const made = await exposed(
      `(module (memory 1) (global (mut i32) (i32.const 0)) (func $f) (start $f) ${taken.join(" ")})`,
    );
    expect(made.exports).toEqual({
      memories: ["emend:memory0''"],
      capture: "emend:capture'",
      restore: "emend:restore'",
      start: "emend:start'",
    });
    expect(WebAssembly.validate(made.bytes)).toBe(true);
  });

  test("counts the members of a recursive group of types", async () => {
    const text = `(module (rec (type $a (func (param (ref null $b)))) (type $b (func (param (ref null $a)))))
      (global $g (mut i32) (i32.const 1)) (func (type $a)) (func (export "set") (global.set $g (i32.const 2)))
      (func (export "get") (result i32) (global.get $g)))`;
    const made = await exposed(text);
    const {
      get,
      set,
      [made.exports.capture!]: capture,
      [made.exports.restore!]: restore,
    } = instantiate(made);
    capture!();
    set!();
    restore!();
    expect(get!()).toBe(1);
  });

  test("leaves globals alone when they are not to be put back", async () => {
    const bytes = await assembleText("(module (memory 1) (global (mut i32) (i32.const 0)))");
    const { exports } = exposeState(decodeModule(bytes), { globals: false });
    expect(exports).toMatchObject({ memories: ["emend:memory0"], capture: undefined, restore: undefined });
  });
});
