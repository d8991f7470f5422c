/** Makes a release ready beside the running one: its new modules are compiled on the update thread, the rest is the lane's. */
import type { CompiledModule } from "../guest/index.ts";
import type { Release, ReleaseFile } from "../release/index.ts";
import { ticketOf } from "./held-files.ts";
import { dropTickets } from "./shared-blob.ts";
import type { ReadyRelease, SiteLane } from "./site-lane.ts";
import type { Live } from "./tenure.ts";
import type { UpdateThread } from "./update-thread.ts";

/** Throws `module.*`, `site.config`, `site.limit`, `update.failed`. `running` is the release whose modules are compiled. */
export async function prepareRelease<Ready extends ReadyRelease>(
  release: Release,
  running: Release,
  lane: SiteLane<Ready>,
  thread: UpdateThread,
): Promise<Live<Ready>> {
  const known = new Set(modulesOf(running).map(({ sha256 }) => sha256));
  const modules = modulesOf(release).filter(({ sha256 }) => !known.has(sha256));
  const checked = { ...release, modulesChecked: true };
  return { release, ready: await lane.prepare(checked, await compile(modules, thread)) };
}

async function compile(
  modules: readonly ReleaseFile[],
  thread: UpdateThread,
): Promise<ReadonlyMap<string, CompiledModule>> {
  if (modules.length === 0) return new Map();
  const tickets = modules.map((file) => {
    const { path, size, sha256 } = file;
    return { path, size, sha256, ...ticketOf(file) };
  });
  try {
    return await thread.ask("compile", [tickets]);
  } finally {
    dropTickets(tickets.map(({ ticket }) => ticket));
  }
}

/** The modules that routes name, each content once; that one is missing is for the lane to say. */
function modulesOf({ config, files }: Release): ReleaseFile[] {
  const modules = config.routes.flatMap(({ module }) => files.get(module) ?? []);
  return [...new Map(modules.map((file) => [file.sha256, file])).values()];
}
