/**
 * A reactor on emend's host calls: a module that is initialised once and whose exports are then called as often as
 * wanted. None of its calls may wait.
 */
import { bindCalls, type HostCall, type Run, WasiHost } from "../../src/wasi/index.ts";
import { preview1Layout } from "../../src/wasi/layout.ts";

/** Calls an export by its name. */
export type CallExport = (name: string, args: readonly number[]) => unknown;

type Imports = NonNullable<ConstructorParameters<typeof WebAssembly.Instance>[1]>;
type Exports = Readonly<Record<string, (...args: readonly number[]) => unknown>>;

/** Instantiates a reactor and runs its `_initialize`. What its exports see and write is `run`'s. */
export async function startReactor(bytes: Uint8Array, run: Run): Promise<CallExport> {
  const host = new WasiHost({ value: 0 });
  const module = await WebAssembly.compile(new Uint8Array(bytes));
  const { exports } = new WebAssembly.Instance(module, importsOf(module, host));
  host.memory.attach(exports.memory as WebAssembly.Memory);
  host.begin(run);
  const functions = exports as unknown as Exports;
  functions._initialize!();
  return (name, args) => functions[name]!(...args);
}

/** Every call that the module imports, without the link module: nothing here can wait or be ended. */
function importsOf(module: WebAssembly.Module, host: WasiHost): Imports {
  const calls = bindCalls(host, preview1Layout);
  const wanted = WebAssembly.Module.imports(module).map(({ name }) => [name, plain(calls[name]!)]);
  return { wasi_snapshot_preview1: Object.fromEntries(wanted) };
}

/** The engine hands an i64 over as one BigInt; host calls take its two halves. */
function plain(call: HostCall): (...args: readonly (number | bigint)[]) => number {
  return (...args) =>
    call(
      ...args.flatMap((value) =>
        typeof value === "bigint"
          ? [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))]
          : [value],
      ),
    );
}
