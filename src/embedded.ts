/**
 * What this binary carries: the only file that knows. A compiled emend holds its site behind its own program
 * (release/payload.ts). Run from its sources, `bun src/main.ts`, it has none, and the repository's `assets/`, which
 * `npm run build` would append, stand in for it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { collectDirectory, type EmbeddedRelease, type Executable, openPayload } from "./release/index.ts";

/** The embedded release. Throws `payload.*` when the executable is damaged, `io` and `site.config`. */
export async function openEmbedded(): Promise<EmbeddedRelease> {
  const executable = ownExecutable();
  if (executable !== null) return openPayload(executable);
  return { ...(await collectDirectory(join(import.meta.dir, "..", "assets"))), operatorKeys: [] };
}

/** The executable that is running, or null when emend runs from its sources. */
export function ownExecutable(): Executable | null {
  if (!Bun.isStandaloneExecutable) return null;
  // On Linux this link leads to the running file even after another one was put in its place.
  const self = "/proc/self/exe";
  return { file: existsSync(self) ? self : process.execPath, name: process.execPath };
}
