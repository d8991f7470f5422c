/** A release made of one module that answers every path (`emend serve --preload FILE.wasm`). */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { checkPath, contentDigest, sha256Hex } from "../bytes/index.ts";
import { singleModuleConfig } from "../config/defaults.ts";
import { withIoErrorsAsync } from "./io-error.ts";
import type { Release } from "./release.ts";

/**
 * Reads the module into memory; what it is checked for comes later.
 *
 * @throws EmendError `io` when it cannot be read, `patch.path` when its name can be no path of a release.
 */
export async function singleModuleRelease(file: string): Promise<Release> {
  const bytes = await readModule(file);
  const path = basename(file).endsWith(".wasm") ? basename(file) : `${basename(file)}.wasm`;
  checkPath(path);
  const entry = { path, size: bytes.length, sha256: sha256Hex(bytes), blob: new Blob([bytes]) };
  return {
    digest: contentDigest([entry]),
    config: singleModuleConfig(path),
    files: new Map([[path, entry]]),
  };
}

function readModule(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return withIoErrorsAsync("read the module", file, async () => {
    if (!statSync(file).isFile()) throw new Error("it is no regular file");
    return await Bun.file(file).bytes();
  });
}
