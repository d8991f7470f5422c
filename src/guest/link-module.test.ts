import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { abis, preview1, wouldBlock } from "../wasi/index.ts";
import { decodeModule, formatSignature, functionTypeAt } from "../wasm/index.ts";
import { abiSignature } from "./check-module.ts";
import { encodeLinkModule } from "./link-module.ts";

const abi = abis[0]!;
const names = Object.keys(preview1).sort();
type Call = (...args: (number | bigint)[]) => number;

const { JSTag: tag } = WebAssembly as unknown as { readonly JSTag: WebAssembly.Global };

/** The link module over calls that only note their arguments and answer what they are told, or throw it. */
function linked(answers: Readonly<Record<string, number | Error>> = {}) {
  const stop = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  const thrown = new WebAssembly.Global<"externref">({ value: "externref", mutable: true }, undefined);
  const heard: string[] = [];
  const noting = (kind: string): Record<string, Call> =>
    Object.fromEntries(
      names.map((name) => [
        name,
        (...args) => {
          heard.push(`${kind} ${name}(${args.join(", ")})`);
          const answer = answers[`${kind} ${name}`] ?? 0;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      ]),
    );
  const module = new WebAssembly.Module(encodeLinkModule(abi, names));
  const instance = new WebAssembly.Instance(module, {
    call: noting("call"),
    wait: noting("wait"),
    host: { stop, thrown, tag },
  });
  return { exports: instance.exports as Record<string, Call>, heard, stop, thrown };
}

describe("encodeLinkModule", () => {
  test("exports all 46 functions, each with its type of the ABI", () => {
    const module = decodeModule(encodeLinkModule(abi, names));
    const types = module.exports.map(({ name, index }) => {
      const type = functionTypeAt(module, module.functions[index]!);
      return `${name} ${formatSignature(type)}`;
    });
    expect(types).toEqual(names.map((name) => `${name} ${formatSignature(abiSignature(preview1[name]!))}`));
  });

  test("lets the engine check the types that a guest imports with", async () => {
    const { exports } = linked();
    const importing = async (type: string): Promise<unknown> =>
      new WebAssembly.Instance(
        new WebAssembly.Module(
          await assembleText(`(module (import "${abi.module}" "fd_seek" (func ${type})))`),
        ),
        { [abi.module]: exports },
      );
    expect(await importing("(param i32 i64 i32 i32) (result i32)")).toBeInstanceOf(WebAssembly.Instance);
    await expect(importing("(param i32 i32 i32 i32) (result i32)")).rejects.toThrow(WebAssembly.LinkError);
    await expect(importing("(param i32 i64 i32 i32)")).rejects.toThrow(WebAssembly.LinkError);
  });

  test("an empty one is a module too", () => {
    expect(WebAssembly.validate(encodeLinkModule(abi, []))).toBe(true);
  });

  test("splits an i64 into its low and its high half, in their places", () => {
    const { exports, heard } = linked();
    exports.fd_seek!(1, 0x1122_3344_5566_7788n, 2, 3);
    exports.fd_seek!(1, -1n, 2, 3);
    exports.fd_advise!(9, 2n ** 32n, 5n, 8);
    exports.path_open!(1, 2, 3, 4, 5, 0x1_0000_0002n, 0x8000_0000n, 8, 9);
    expect(heard).toEqual([
      `call fd_seek(1, ${0x5566_7788}, ${0x1122_3344}, 2, 3)`,
      "call fd_seek(1, -1, -1, 2, 3)",
      "call fd_advise(9, 0, 1, 5, 0, 8)",
      `call path_open(1, 2, 3, 4, 5, 2, 1, ${-0x8000_0000}, 0, 8, 9)`,
    ]);
  });

  test("hands every parameter of every function on", () => {
    const { exports, heard } = linked();
    for (const name of names.filter((each) => each !== "proc_exit")) {
      const letters = [...preview1[name]!.params];
      exports[name]!(...letters.map((letter, i) => (letter === "I" ? BigInt(i + 1) : i + 1)));
      const flat = letters.flatMap((letter, i) => (letter === "I" ? [i + 1, 0] : [i + 1]));
      expect(heard.splice(0)).toEqual([`call ${name}(${flat.join(", ")})`]);
    }
  });

  test("asks the suspending import only when the plain one would block", () => {
    const { exports, heard } = linked({ "call fd_read": wouldBlock, "wait fd_read": 6, "call fd_write": 21 });
    expect([exports.fd_read!(0, 1, 2, 3), exports.fd_write!(1, 4, 5, 6)]).toEqual([6, 21]);
    expect(heard).toEqual([
      "call fd_read(0, 1, 2, 3)",
      "wait fd_read(0, 1, 2, 3)",
      "call fd_write(1, 4, 5, 6)",
    ]);
  });

  test("has a suspending import for the calls that may wait, and for no other", () => {
    const module = decodeModule(encodeLinkModule(abi, names));
    const waiting = module.imports.flatMap((each) => (each.module === "wait" ? each.name : []));
    expect(waiting).toEqual(names.filter((name) => preview1[name]?.waits));
    expect(waiting.filter((name) => !/^(fd|path)_/.test(name))).toEqual([
      "poll_oneoff",
      "random_get",
      "sched_yield",
    ]);
  });

  test("traps behind every call once the guest is stopped, and behind proc_exit always", () => {
    const { exports, heard, stop } = linked();
    expect(() => exports.proc_exit!(3)).toThrow(WebAssembly.RuntimeError);
    stop.value = 1;
    for (const name of names) {
      const args = [...preview1[name]!.params].map((letter) => (letter === "I" ? 0n : 0));
      expect(() => exports[name]!(...args)).toThrow(WebAssembly.RuntimeError);
    }
    expect(heard).toHaveLength(47);
  });

  test("traps where a call throws, for real, and keeps what it was", async () => {
    const bug = new Error("a bug");
    const catching = await assembleText(`(module
      (import "${abi.module}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (func (export "f") (result i32)
        (try
          (do (return (call $read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
          (catch_all (return (i32.const 1))))
        (i32.const 2)))`);
    for (const answers of [{ "call fd_read": bug }, { "call fd_read": wouldBlock, "wait fd_read": bug }]) {
      const { exports, thrown } = linked(answers);
      const guest = new WebAssembly.Instance(new WebAssembly.Module(catching), { [abi.module]: exports });
      expect(() => (guest.exports as Record<string, Call>).f!()).toThrow(WebAssembly.RuntimeError);
      expect(thrown.value).toBe(bug);
    }
  });
});
