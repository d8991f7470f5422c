/** A module made ready to run: rewritten, compiled, and with what it wants of its host. */
import { EmendError, messageOf } from "../errors.ts";
import type { RewriteOptions, RewrittenModule } from "./rewritten-module.ts";

/**
 * Everything that instances are made from: plain data and the engine's module, so that a thread can compile it and hand
 * it to another (structured clone).
 */
export interface CompiledModule extends Omit<RewrittenModule, "bytes"> {
  readonly module: WebAssembly.Module;
}

/**
 * Checks, rewrites and compiles a command.
 *
 * @throws EmendError `module.invalid`, `module.import`, `module.limit`.
 */
export async function compileCommand(
  bytes: Uint8Array,
  name: string,
  options: RewriteOptions = {},
): Promise<CompiledModule> {
  const { rewriteCommand } = await import("./rewrite-command.ts");
  return compileRewritten(rewriteCommand(bytes, name, options));
}

/** Compiles a command that answers for a site, as `compileCommand` does: metered, and to be put back after each run. */
export async function compileHandler(bytes: Uint8Array, name: string): Promise<CompiledModule> {
  const { rewriteHandler } = await import("./rewrite-command.ts");
  return compileRewritten(rewriteHandler(bytes, name));
}

/** Compiles what was rewritten before. @throws EmendError `module.invalid` for code that the engine refuses. */
export async function compileRewritten({ bytes, ...rewritten }: RewrittenModule): Promise<CompiledModule> {
  return { ...rewritten, module: await compile(bytes, rewritten.name) };
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
