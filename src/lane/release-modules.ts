/** The modules of a release: which files they are, how they come to be compiled, and the pools of their instances. */
import { EmendError } from "../errors.ts";
import {
  type CompiledModule,
  compileHandler,
  compileRewritten,
  decodeRewritten,
  type GuestSite,
  LazyPool,
} from "../guest/index.ts";
import type { SiteContent, SiteFile } from "../http/index.ts";
import type { ModuleLease } from "./module-lease.ts";

/** Compiles the module in a file. @throws EmendError `module.*` */
export type Compile = (file: SiteFile) => Promise<CompiledModule>;

/**
 * Compiles modules of a release. Made here and not where it is needed: the engine keeps for a closure all variables of
 * the async function that it was made in, and there one of them is the release before.
 */
export function compilerOf(modules: ModuleLease, content: SiteContent): Compile {
  return async (file) => {
    const compiled = await modules.compile(file);
    checkBeginning(file.path, compiled.memoryBytes, content);
    return compiled;
  };
}

/** A pool for each module, by path. */
export function poolsOf(
  files: readonly SiteFile[],
  compile: Compile,
  guests: GuestSite,
): ReadonlyMap<string, LazyPool> {
  return new Map(files.map((file) => [file.path, new LazyPool(() => compile(file), guests)]));
}

/**
 * Refuses a module that has more memory to begin with than a route of it may have.
 *
 * @throws EmendError `module.limit`
 */
function checkBeginning(module: string, bytes: number, { config }: SiteContent): void {
  const route = config.routes.find((each) => each.module === module && bytes > each.memoryBytesMax);
  if (route === undefined) return;
  throw new EmendError(
    "module.limit",
    `${module}: its memory begins with ${bytes} bytes; memory_max of route ${route.path} is ${route.memoryBytesMax}`,
  );
}

/** The files that routes name as their modules, each once. */
export function moduleFiles(content: SiteContent): SiteFile[] {
  const paths = [...new Set(content.config.routes.map((route) => route.module))];
  return paths.map((path) => {
    const file = content.files.get(path);
    if (file === undefined)
      throw new EmendError("site.config", `${path}: a route names it, but the site has no such file`);
    return file;
  });
}

/** Compiles what lies in a file, or what was rewritten of it before. */
export async function compileFile(file: SiteFile): Promise<CompiledModule> {
  if (file.rewritten !== undefined) return compileRewritten(decodeRewritten(file.rewritten()));
  return compileHandler(await readFile(file), file.path);
}

async function readFile(file: SiteFile): Promise<Uint8Array> {
  await file.verify?.();
  const bytes = await file.blob.bytes();
  if (file.unchanged?.() === false) {
    throw new EmendError("release.changed", `${file.path}: changed on disk while it was read`);
  }
  return bytes;
}
