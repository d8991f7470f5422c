/** A module made ready to run: checked, its state exposed, compiled, and linked to what it imports. */
import { EmendError, messageOf } from "../errors.ts";
import { guestMemoryPagesMax, guestTableEntriesMax, pageBytes, tableEntryBytes } from "../limits.ts";
import {
  type ExposedModule,
  exposeState,
  type MeterLimits,
  type ModuleInfo,
  meterModule,
  unrestorableState,
} from "../wasm/index.ts";
import { checkCommand, refuseMalformed } from "./check-module.ts";
import { type Link, linksOf } from "./link-module.ts";
import type { Metering } from "./meter.ts";

/**
 * Everything that instances are made from: plain data and the engine's module, so that a thread can compile it and hand
 * it to another (structured clone).
 */
export interface CompiledModule {
  readonly name: string;
  readonly sizeBytes: number;
  /** Memories and tables of an instance to begin with. */
  readonly memoryBytes: number;
  readonly tableBytes: number;
  readonly module: WebAssembly.Module;
  /** What it wants of its host, one for each ABI that it imports from. */
  readonly links: readonly Link[];
  readonly exports: ExposedModule["exports"];
  /** Exports that run before the snapshot is taken, in order. */
  readonly initializers: readonly string[];
  /** Why an instance cannot be put back after a run, empty when it can. */
  readonly unrestorable: readonly string[];
  /** How its instances are metered; undefined for ones that nothing limits. */
  readonly metering: Metering | undefined;
}

export interface CompileOptions {
  /** Whether its instances run once: then nothing is prepared for putting them back, which takes as long as compiling. */
  readonly once?: true;
  /** Meters the module: its instances need a `Meter`, and can neither run nor grow nor call without bounds. */
  readonly limits?: MeterLimits;
}

/**
 * Checks and compiles a command.
 *
 * @throws EmendError `module.invalid`, `module.import`, `module.limit`.
 */
export async function compileCommand(
  bytes: Uint8Array,
  name: string,
  options: CompileOptions = {},
): Promise<CompiledModule> {
  const info = checkCommand(bytes, name);
  const unrestorable = options.once ? ["it runs once"] : refuseMalformed(name, () => unrestorableState(info));
  const { exposed, metering } = rewrite(info, name, options.limits, unrestorable.length === 0);
  const exported = new Set(info.exports.flatMap((each) => (each.kind === "function" ? each.name : [])));
  const initializers = ["_initialize", "wizer.initialize"].filter((each) => exported.has(each));
  return {
    name,
    sizeBytes: bytes.length,
    memoryBytes: info.memories.reduce((sum, { min }) => sum + min * pageBytes, 0),
    tableBytes: info.tables.reduce((sum, { limits }) => sum + limits.min * tableEntryBytes, 0),
    module: await compile(exposed.bytes, name),
    links: linksOf(info.imports),
    exports: exposed.exports,
    initializers:
      exposed.exports.start === undefined ? initializers : [exposed.exports.start, ...initializers],
    unrestorable,
    metering,
  };
}

/** What any guest of a site may have at the most. What one really may is its route's, and looked at each time that it grows. */
const siteLimits: MeterLimits = {
  memoryPagesMax: guestMemoryPagesMax,
  tableEntriesMax: guestTableEntriesMax,
};

/** Compiles a command that answers for a site, as `compileCommand` does: metered, and to be put back after each run. */
export function compileHandler(bytes: Uint8Array, name: string): Promise<CompiledModule> {
  return compileCommand(bytes, name, { limits: siteLimits });
}

function rewrite(
  info: ModuleInfo,
  name: string,
  limits: MeterLimits | undefined,
  globals: boolean,
): { exposed: ExposedModule; metering: Metering | undefined } {
  if (limits === undefined) return { exposed: exposeState(info, { globals }), metering: undefined };
  try {
    const { bytes, state, exports, tableEntries } = refuseMalformed(name, () =>
      meterModule(info, limits, { globals }),
    );
    return { exposed: { bytes, exports: state }, metering: { exports, tableEntries, limits } };
  } catch (error) {
    if (!(error instanceof EmendError) || error.message.startsWith(`${name}:`)) throw error;
    throw new EmendError(error.code, `${name}: ${error.message}`);
  }
}

/** Below this size compiling in place is quicker than the way to the compiler's threads and back. */
const compileInPlaceBytes = 64 * 1024;

async function compile(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<WebAssembly.Module> {
  try {
    return bytes.length < compileInPlaceBytes
      ? new WebAssembly.Module(bytes)
      : await WebAssembly.compile(bytes);
  } catch (error) {
    throw new EmendError("module.invalid", `${name}: not a valid WebAssembly module: ${messageOf(error)}`);
  }
}
