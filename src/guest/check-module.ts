/**
 * Decides from a module's bytes whether emend can run it, before the engine sees it. The engine would not
 * do: it links any JavaScript function to any import type, so `proc_exit(i64)` would load and then misbehave.
 */
import { DecodeError } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { moduleBytesMax, moduleProblemsShownMax } from "../limits.ts";
import { type AbiFunction, abis, findAbi, findFunction } from "../wasi/index.ts";
import {
  decodeModule,
  type FunctionType,
  formatSignature,
  functionTypeAt,
  type Import,
  type ModuleInfo,
} from "../wasm/index.ts";

/** One import held against what emend offers. `problem` is a sentence, undefined when it is served. */
export interface CheckedImport {
  readonly module: string;
  readonly name: string;
  readonly kind: Import["kind"];
  /** What the module needs; undefined for what is no function. */
  readonly signature: string | undefined;
  /** What emend has under that name; undefined where it has nothing. */
  readonly offered: string | undefined;
  readonly problem: string | undefined;
}

/**
 * Decodes a command module and checks that it can be served.
 *
 * @throws EmendError `module.invalid` (no module, no entry, no memory), `module.import` (an import that
 * emend does not have, or with another type), `module.limit`.
 */
export function checkCommand(bytes: Uint8Array, name: string): ModuleInfo {
  if (bytes.length > moduleBytesMax) {
    throw new EmendError(
      "module.limit",
      `${name}: ${bytes.length} bytes, at most ${moduleBytesMax} are allowed for a module`,
    );
  }
  const module = decode(bytes, name);
  const problems = checkImports(module).flatMap((each) => each.problem ?? []);
  if (problems.length > 0) throw new EmendError("module.import", `${name}: ${listed(problems)}`);
  if (module.memories.some((memory) => memory.wide || memory.shared)) {
    throw new EmendError("module.invalid", `${name}: 64-bit and shared memories are not supported`);
  }
  checkEntry(module, name);
  return module;
}

/** As a sentence; a module made for another host has dozens. */
function listed(problems: readonly string[]): string {
  const rest = problems.length - moduleProblemsShownMax;
  const shown = problems.slice(0, moduleProblemsShownMax).join("; ");
  return rest > 0 ? `${shown}; and ${rest} more like these` : shown;
}

/** Decodes a module. @throws EmendError `module.invalid` */
export function decode(bytes: Uint8Array, name: string): ModuleInfo {
  return refuseMalformed(name, () => decodeModule(bytes));
}

/** What `read` finds in a module's bytes. @throws EmendError `module.invalid` where they are malformed */
export function refuseMalformed<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new EmendError(
      "module.invalid",
      `${name}: not a WebAssembly module that emend can run: ${error.message}`,
    );
  }
}

/** Holds every import against the ABI. */
export function checkImports(module: ModuleInfo): CheckedImport[] {
  return module.imports.map((entry) => {
    const type = entry.kind === "function" ? functionTypeAt(module, entry.typeIndex) : undefined;
    const signature = type === undefined ? undefined : formatSignature(type);
    return {
      module: entry.module,
      name: entry.name,
      kind: entry.kind,
      signature,
      offered: offeredSignature(entry),
      problem: importProblem(entry, signature),
    };
  });
}

/** The signature of a function of an ABI. */
export function abiSignature({ params, result }: AbiFunction): FunctionType {
  return {
    params: [...params].map((letter) => (letter === "I" ? "i64" : "i32")),
    results: result === "errno" ? ["i32"] : [],
  };
}

/** What to do about import modules that people meet; the text ends a sentence. */
const advice: Readonly<Record<string, string>> = {
  wasi_ephemeral_preview: "no compiler emits that ABI; build the module for wasi_snapshot_preview1",
  wasi: "build the module for wasi_snapshot_preview1 (wasm32-wasip1)",
  env: "build the module for WASI (wasm32-wasip1) so that it needs nothing else from its host",
  http_handler: "http-wasm guests are not served by this version",
  wbg: "the module was made by wasm-bindgen for a browser; build it for wasm32-wasip1",
  gojs: "the module was built with GOOS=js; use GOOS=wasip1",
  go: "the module was built with GOOS=js; use GOOS=wasip1",
};

/** `wasi_ephemeral_preview` was split into one module a call family: `wasi_ephemeral_fd`, `…_path` and others. */
function adviceOn(module: string): string | undefined {
  const name = module.startsWith("wasi_ephemeral_") ? "wasi_ephemeral_preview" : module;
  if (name.startsWith("wasi:")) return "that is a component's import; build a core module for wasm32-wasip1";
  return Object.hasOwn(advice, name) ? advice[name] : undefined;
}

const abiNames = abis.map(({ module }) => module).join(" and ");

function importProblem(entry: Import, signature: string | undefined): string | undefined {
  const what = `import ${JSON.stringify(entry.module)}.${JSON.stringify(entry.name)}`;
  if (signature === undefined)
    return `${what} is a ${entry.kind}; emend offers functions of ${abiNames} only`;
  if (findAbi(entry.module) === undefined) {
    const hint = adviceOn(entry.module);
    return `${what} ${signature} is unknown; emend offers ${abiNames}${hint === undefined ? "" : `: ${hint}`}`;
  }
  const offered = offeredSignature(entry);
  if (offered === undefined) return `${what} ${signature} is unknown: ${entry.module} has no such function`;
  return signature === offered ? undefined : `${what} has the type ${signature}; expected ${offered}`;
}

function offeredSignature({ module, name }: Import): string | undefined {
  const abi = findAbi(module);
  const found = abi === undefined ? undefined : findFunction(abi, name);
  return found === undefined ? undefined : formatSignature(abiSignature(found));
}

function checkEntry(module: ModuleInfo, name: string): void {
  const start = module.exports.find((each) => each.name === "_start");
  if (start?.kind !== "function") {
    const names = module.exports.map((each) => each.name).join(", ") || "nothing";
    throw new EmendError(
      "module.invalid",
      `${name}: no "_start" function is exported, so it is no WASI command (it exports: ${names})`,
    );
  }
  const signature = formatSignature(functionTypeAt(module, module.functions[start.index] ?? -1));
  if (signature !== "() -> ()") {
    throw new EmendError("module.invalid", `${name}: "_start" has the type ${signature}; expected () -> ()`);
  }
  const memory = module.exports.find((each) => each.name === "memory");
  if (module.imports.length > 0 && memory?.kind !== "memory") {
    throw new EmendError(
      "module.invalid",
      `${name}: it exports no memory named "memory", which host calls need`,
    );
  }
}
