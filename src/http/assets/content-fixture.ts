/** Sites for the tests of this room. */
import { statSync } from "node:fs";
import { sha256Hex } from "../../bytes/index.ts";
import type { AssetsConfig } from "../../config/index.ts";
import type { SiteContent, SiteFile } from "../content.ts";

/** A file whose bytes are in memory. */
export function memoryFile(path: string, data: string | Uint8Array<ArrayBuffer>): SiteFile {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return { path, size: bytes.length, sha256: sha256Hex(bytes), blob: new Blob([bytes]) };
}

/** A file on disk, as a served directory has it; `sha256` where hashing it would take long. */
export function diskFile(path: string, onDisk: string, sha256: string): SiteFile {
  const { size, mtimeMs } = statSync(onDisk);
  const unchanged = () => {
    const now = statSync(onDisk, { throwIfNoEntry: false });
    return now?.size === size && now.mtimeMs === mtimeMs;
  };
  return { path, size, sha256, blob: Bun.file(onDisk), unchanged };
}

/** A site whose assets lie in `public`. */
export function siteOf(files: readonly SiteFile[], assets: Partial<AssetsConfig> = {}): SiteContent {
  return {
    digest: `sha256:${"0".repeat(64)}`,
    config: { routes: [], assets: { dir: "public", spa: false, cache: {}, headers: {}, ...assets } },
    files: new Map(files.map((file) => [file.path, file])),
  };
}
