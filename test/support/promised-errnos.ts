/**
 * The errnos that the documentation of the host calls promises, read off the sources: the names in a call's comment,
 * and those in the comment of the calls that it stands among, which hold for each of them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { preview1 } from "../../src/wasi/index.ts";

const calls = join(import.meta.dir, "../../src/wasi/calls");

/** By the name of the call, such as `fd_close`: `EBADF` and so on. */
export function promisedErrnos(): Map<string, Set<string>> {
  const promised = new Map<string, Set<string>>();
  for (const file of readdirSync(calls)) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    let ofAll: string[] = [];
    const text = readFileSync(join(calls, file), "utf8");
    for (const [, comment = "", name = ""] of text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export const )?(\w+)/g,
    )) {
      const errnos = comment.match(/\bE[A-Z]{2,}\b/g) ?? [];
      if (name.endsWith("Calls")) ofAll = errnos;
      if (Object.hasOwn(preview1, name)) promised.set(name, new Set([...ofAll, ...errnos]));
    }
  }
  return promised;
}
