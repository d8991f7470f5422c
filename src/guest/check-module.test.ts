import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitFile, kitGuest } from "../../test/support/guests.ts";
import { EmendError, type ErrorCode } from "../errors.ts";
import { moduleBytesMax } from "../limits.ts";
import { abis, preview1 } from "../wasi/index.ts";
import { abiSignature, checkCommand, checkImports, decode } from "./check-module.ts";

function refusal(bytes: Uint8Array): string {
  try {
    checkCommand(bytes, "guest.wasm");
  } catch (error) {
    if (error instanceof EmendError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "accepted";
}

describe("checkCommand refuses", () => {
  const files: [path: string, code: ErrorCode, message: string][] = [
    ["bad-binary/text.wasm", "module.invalid", 'no wasm magic ("\\0asm") at offset 0'],
    ["bad-binary/empty.wasm", "module.invalid", "an empty file at offset 0"],
    ["bad-binary/truncated.wasm", "module.invalid", "bytes missing at offset"],
    ["bad-binary/badversion.wasm", "module.invalid", "wasm version 2 (1 was expected) at offset 4"],
    ["bad-binary/component.wasm", "module.invalid", "a component (a core module was expected"],
    ["bad-binary/badtype.wasm", "module.invalid", "at offset"],
    [
      "bad-empty/bad-empty.wasm",
      "module.invalid",
      'no "_start" function is exported, so it is no WASI command',
    ],
    ["bad-env/bad-env.wasm", "module.import", 'import "env"."nope" (i32) -> (i32) is unknown'],
    ["bad-env/bad-env.wasm", "module.import", 'import "env"."table" is a table'],
    ["bad-env/bad-env.wasm", "module.import", 'import "env"."g" is a global'],
    ["bad-sig/bad-sig.wasm", "module.import", '"proc_exit" has the type (i64) -> (); expected (i32) -> ()'],
  ];
  for (const [path, code, message] of files) {
    test(`${path}: ${message}`, () => {
      const said = refusal(kitFile(path)!);
      expect(said).toStartWith(`${code} guest.wasm: `);
      expect(said).toContain(message);
    });
  }

  test("what needs many other imports, naming the first of them and counting the rest", async () => {
    const names = Array.from({ length: 9 }, (_, i) => `call${i}`);
    const imports = (count: number): string =>
      names
        .slice(0, count)
        .map((name) => `(import "js" "${name}" (func))`)
        .join("");
    const few = refusal(await assembleText(`(module ${imports(4)})`));
    expect(few).toContain('"call3"');
    expect(few).not.toContain("more like these");
    const many = refusal(await assembleText(`(module ${imports(9)})`));
    expect(many).toContain('"call3"');
    expect(many).not.toContain('"call4"');
    expect(many).toEndWith("; and 5 more like these");
  });

  const wasi = "wasi_snapshot_preview1";
  const texts: [name: string, text: string, said: string][] = [
    [
      "an unknown function of preview 1",
      `(import "${wasi}" "fd_nope" (func (param i32 i64) (result i32)))`,
      `module.import guest.wasm: import "${wasi}"."fd_nope" (i32, i64) -> (i32) is unknown: ${wasi} has no such function`,
    ],
    [
      "what preview 1 has and snapshot 0 has not",
      '(import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))',
      'import "wasi_unstable"."sock_accept" (i32, i32, i32) -> (i32) is unknown: wasi_unstable has no such function',
    ],
    [
      "a wrong type of a function of snapshot 0",
      '(import "wasi_unstable" "fd_seek" (func (param i32 i32 i32 i32) (result i32)))',
      '"wasi_unstable"."fd_seek" has the type (i32, i32, i32, i32) -> (i32); expected (i32, i64, i32, i32) -> (i32)',
    ],
    [
      "an ABI that no compiler emits",
      '(import "wasi_ephemeral_fd" "close" (func (param i32)))',
      'import "wasi_ephemeral_fd"."close" (i32) -> () is unknown; emend offers wasi_snapshot_preview1 and wasi_unstable: no compiler emits that ABI; build',
    ],
    [
      "a component's import",
      '(import "wasi:io/poll@0.2.0" "poll" (func))',
      "emend offers wasi_snapshot_preview1 and wasi_unstable: that is a component's import",
    ],
    [
      "every wrong import at once",
      `(import "${wasi}" "fd_close" (func (param i32))) (import "gojs" "now" (func))`,
      `"fd_close" has the type (i32) -> (); expected (i32) -> (i32); import "gojs"."now" () -> () is unknown`,
    ],
    [
      "an import module named like a property of objects",
      '(import "toString" "f" (func))',
      "offers wasi_snapshot_preview1",
    ],
    [
      "a memory to import",
      '(import "env" "memory" (memory 1))',
      "is a memory; emend offers functions of wasi_snapshot_preview1 and wasi_unstable only",
    ],
    ["no entry", '(func (export "main")) (memory (export "memory") 1)', "(it exports: main, memory)"],
    ["nothing exported", "(func)", "(it exports: nothing)"],
    ["an entry that is no function", '(global (export "_start") i32 (i32.const 0))', 'no "_start" function'],
    [
      "an entry with a type",
      '(func (export "_start") (param i32))',
      '"_start" has the type (i32) -> (); expected () -> ()',
    ],
    [
      "host calls without a memory",
      `(import "${wasi}" "sched_yield" (func (result i32))) (func (export "_start"))`,
      'exports no memory named "memory"',
    ],
    [
      "something else called memory",
      `(import "${wasi}" "sched_yield" (func (result i32))) (func (export "_start")) (func (export "memory"))`,
      'exports no memory named "memory"',
    ],
    [
      "a 64-bit memory",
      '(memory (export "memory") i64 1) (func (export "_start"))',
      "64-bit and shared memories",
    ],
    [
      "a shared memory",
      '(memory (export "memory") 1 1 shared) (func (export "_start"))',
      "64-bit and shared memories",
    ],
  ];
  for (const [name, text, said] of texts) {
    test(`${name}`, async () => {
      expect(refusal(await assembleText(`(module ${text})`))).toContain(said);
    });
  }

  test("a module over the limit, before it is read", () => {
    const said = refusal(new Uint8Array(moduleBytesMax + 1));
    expect(said).toBe(
      `module.limit guest.wasm: ${moduleBytesMax + 1} bytes, at most ${moduleBytesMax} are allowed for a module`,
    );
  });
});

describe("checkCommand accepts", () => {
  for (const name of ["c-hello", "rust-api", "as-raw", "zig-hello", "c-kv", "c-sock", "bad-unstable"]) {
    test(`${name} of the kit`, () => {
      expect(refusal(kitGuest(name))).toBe("accepted");
    });
  }

  test("a module that imports nothing and has no memory", async () => {
    expect(refusal(await assembleText('(module (func (export "_start")))'))).toBe("accepted");
  });
});

test("checkImports lists what is needed, what is offered and what is not there", () => {
  const checked = checkImports(decode(kitGuest("bad-env"), "x"));
  expect(checked.map(({ problem: _, ...each }) => each)).toEqual([
    { module: "env", name: "nope", kind: "function", signature: "(i32) -> (i32)", offered: undefined },
    { module: "env", name: "table", kind: "table", signature: undefined, offered: undefined },
    { module: "env", name: "g", kind: "global", signature: undefined, offered: undefined },
  ]);
  expect(checked.every(({ problem }) => problem !== undefined)).toBe(true);
  expect(checkImports(decode(kitGuest("bad-sig"), "x"))).toMatchObject([
    { name: "proc_exit", signature: "(i64) -> ()", offered: "(i32) -> ()" },
  ]);
  const served = checkImports(decode(kitGuest("c-echo"), "x"));
  expect(served.filter((each) => each.problem !== undefined || each.signature !== each.offered)).toEqual([]);
});

test("abiSignature writes out the letters of the ABI", () => {
  expect(abiSignature(preview1.fd_seek!)).toEqual({
    params: ["i32", "i64", "i32", "i32"],
    results: ["i32"],
  });
  expect(abiSignature(preview1.proc_exit!)).toEqual({ params: ["i32"], results: [] });
  const letters = abis.flatMap(({ functions }) => Object.values(functions).map(({ params }) => params));
  expect(letters.join("")).toMatch(/^[iI]+$/);
});
