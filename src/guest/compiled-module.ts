/** A module made ready to run: checked, its state exposed, compiled, and linked to what it imports. */
import { EmendError, messageOf } from "../errors.ts";
import { type ExposedModule, exposeState, unrestorableState } from "../wasm/index.ts";
import { checkCommand, refuseMalformed } from "./check-module.ts";
import { type Link, linksOf } from "./link-module.ts";

export interface CompiledModule {
  readonly name: string;
  readonly sizeBytes: number;
  readonly module: WebAssembly.Module;
  /** What stands between it and its host calls, one for each ABI that it imports from. */
  readonly links: readonly Link[];
  readonly exports: ExposedModule["exports"];
  /** Exports that run before the snapshot is taken, in order. */
  readonly initializers: readonly string[];
  /** Why an instance cannot be put back after a run, empty when it can. */
  readonly unrestorable: readonly string[];
}

export interface CompileOptions {
  /** Whether its instances run once: then nothing is prepared for putting them back, which takes as long as compiling. */
  readonly once?: true;
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
  const exposed = exposeState(info, { globals: unrestorable.length === 0 });
  const exported = new Set(info.exports.flatMap((each) => (each.kind === "function" ? each.name : [])));
  const initializers = ["_initialize", "wizer.initialize"].filter((each) => exported.has(each));
  return {
    name,
    sizeBytes: bytes.length,
    module: await compile(exposed.bytes, name),
    links: linksOf(info.imports),
    exports: exposed.exports,
    initializers:
      exposed.exports.start === undefined ? initializers : [exposed.exports.start, ...initializers],
    unrestorable,
  };
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
