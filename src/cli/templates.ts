/**
 * What `emend init` writes, as data. Imported `with { type: "macro" }`: the bundler runs this module and puts
 * its result into the code, so the executable carries the templates and no path is looked up at run time.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Text by path, per folder of `templates/`, and the prebuilt handler in base64. */
export interface Templates {
  readonly folders: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly prebuilt: string;
}

/** Reads `templates/` and the handler that `scripts/build-assets.ts` compiled from its AssemblyScript. */
export function readTemplates(): Templates {
  const root = join(import.meta.dir, "templates");
  const folders: Record<string, Record<string, string>> = {};
  for (const folder of readdirSync(root).sort()) {
    folders[folder] = {};
    for (const path of filesBelow(join(root, folder))) {
      folders[folder][relative(join(root, folder), path)] = readFileSync(path, "utf8");
    }
  }
  const prebuilt = join(import.meta.dir, "../../dist/templates/hello.wasm");
  return { folders, prebuilt: readFileSync(prebuilt).toString("base64") };
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
