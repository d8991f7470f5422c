/** Compiles what a site's routes name, so that a broken module is found where the site is made. */
import { EmendError } from "../errors.ts";
import { compileRewritten, encodeRewritten, rewriteHandler } from "../guest/index.ts";
import type { Release } from "../release/index.ts";

/**
 * What was made of the modules for the engine, in the form that executables keep, by the SHA-256 of each module.
 *
 * @throws EmendError `module.*` for a module that no emend could serve.
 */
export async function checkModules(release: Release): Promise<ReadonlyMap<string, Uint8Array>> {
  const rewritten = new Map<string, Uint8Array>();
  for (const path of new Set(release.config.routes.map((route) => route.module))) {
    const file = release.files.get(path);
    if (file === undefined)
      throw new EmendError("site.config", `${path}: a route names it, but it is not there`);
    const handler = rewriteHandler(await file.blob.bytes(), path);
    await compileRewritten(handler);
    rewritten.set(file.sha256, encodeRewritten(handler));
  }
  return rewritten;
}
