/** Compiles what a site's routes name, so that a broken module is found where the site is made. */
import { EmendError } from "../errors.ts";
import { compileCommand } from "../guest/index.ts";
import type { Release } from "../release/index.ts";

/** @throws EmendError `module.*` for a module that no emend could serve. */
export async function checkModules(release: Release): Promise<void> {
  for (const path of new Set(release.config.routes.map((route) => route.module))) {
    const file = release.files.get(path);
    if (file === undefined)
      throw new EmendError("site.config", `${path}: a route names it, but it is not there`);
    await compileCommand(await file.blob.bytes(), path);
  }
}
