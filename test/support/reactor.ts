/**
 * A reactor on emend's host calls: a module that is initialised once and whose exports are then called as often as
 * wanted. None of its calls may wait.
 */
import { encodeLinkModule, linkImports } from "../../src/guest/link-module.ts";
import { abis, bindCalls, type Run, WasiHost } from "../../src/wasi/index.ts";

/** Calls an export by its name. */
export type CallExport = (name: string, args: readonly number[]) => unknown;

type Exports = Readonly<Record<string, (...args: readonly number[]) => unknown>>;

/** Instantiates a reactor and runs its `_initialize`. What its exports see and write is `run`'s. */
export async function startReactor(bytes: Uint8Array, run: Run): Promise<CallExport> {
  const stop = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  const host = new WasiHost(stop);
  const module = await WebAssembly.compile(new Uint8Array(bytes));
  const { exports } = new WebAssembly.Instance(module, importsOf(module, host, stop));
  host.memory.attach(exports.memory as WebAssembly.Memory);
  host.begin(run);
  const functions = exports as unknown as Exports;
  functions._initialize!();
  return (name, args) => functions[name]!(...args);
}

function importsOf(
  module: WebAssembly.Module,
  host: WasiHost,
  stop: WebAssembly.Global,
): NonNullable<ConstructorParameters<typeof WebAssembly.Instance>[1]> {
  const wanted = WebAssembly.Module.imports(module);
  return Object.fromEntries(
    abis.map((abi) => {
      const names = [...new Set(wanted.filter((each) => each.module === abi.module).map(({ name }) => name))];
      const calls = bindCalls(host, abi.layout);
      const link = new WebAssembly.Module(encodeLinkModule(abi, names));
      const { exports } = new WebAssembly.Instance(link, {
        [linkImports.call]: calls,
        [linkImports.wait]: calls,
        [linkImports.host]: { stop },
      });
      return [abi.module, exports];
    }),
  );
}
