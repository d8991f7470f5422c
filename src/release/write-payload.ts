/**
 * Writes an executable that carries a site: a copy of another one up to the end of its runtime, then the payload
 * (payload.ts). Needs no compiler and no network, so an emend can make the next emend on the device itself.
 */
import { constants, promises } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { createSha256, encodeHex, randomBytes, sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { withIoErrorsAsync } from "./io-error.ts";
import { type Executable, encodePayloadEnd, type Payload } from "./payload.ts";
import type { RewrittenEntry } from "./payload-index.ts";
import type { Release, ReleaseFile } from "./release.ts";

/** What the new executable is made from: another one, and how much of it is runtime. */
export type Base = Executable &
  Pick<Payload, "runtime" | "runtimeBytes"> & {
    /** Whether the base's runtime is of the same build as the code that runs now: then it takes its parsed config. */
    readonly isSameBuild: boolean;
  };

/** What was made of modules for the engine, by the SHA-256 of the module. */
type RewrittenModules = ReadonlyMap<string, Uint8Array>;

/**
 * Writes `output` (replacing it by rename, so a running one is not disturbed) and returns its length in bytes. The
 * operator's keys are these and no others: those of the base are not taken over. `rewritten` is what was made of
 * modules, by the SHA-256 of each; a base of another build gets none of it.
 * Throws `io`, and `release.changed` when a file of the release is no longer what was hashed.
 */
export async function writePayload(
  base: Base,
  release: Release,
  output: string,
  operatorKeys: readonly string[] = [],
  rewritten: RewrittenModules = new Map(),
): Promise<number> {
  const target = resolve(output);
  const draft = join(dirname(target), `.${basename(target)}.${encodeHex(randomBytes(6))}`);
  try {
    return await withIoErrorsAsync("write", target, async () => {
      await promises.copyFile(base.file, draft, constants.COPYFILE_FICLONE);
      const bytes = await writeDraft(
        base,
        release,
        draft,
        operatorKeys,
        base.isSameBuild ? rewritten : new Map(),
      );
      await promises.rename(draft, target);
      await syncDirectory(dirname(target));
      return bytes;
    });
  } catch (error) {
    await promises.rm(draft, { force: true });
    throw error;
  }
}

async function writeDraft(
  base: Base,
  release: Release,
  draft: string,
  operatorKeys: readonly string[],
  modules: RewrittenModules,
): Promise<number> {
  const files = [...release.files.values()];
  const handle = await promises.open(draft, "r+");
  try {
    await handle.truncate(base.runtimeBytes);
    let end = base.runtimeBytes;
    for (const file of files) end = await appendFile(handle, end, file);
    const rewritten: RewrittenEntry[] = [];
    for (const [source, bytes] of modules) {
      rewritten.push({ source, size: bytes.length, sha256: sha256Hex(bytes) });
      end = await append(handle, end, bytes);
    }
    const config = base.isSameBuild ? release.config : null;
    const index = { ...base, digest: release.digest, files, config, rewritten, operatorKeys };
    end = await append(handle, end, encodePayloadEnd(index));
    await handle.chmod(0o755);
    await handle.sync();
    return end;
  } finally {
    await handle.close();
  }
}

/** Appends the bytes of one file, hashing them once more: they may have changed since they were collected. */
async function appendFile(handle: FileHandle, offset: number, file: ReleaseFile): Promise<number> {
  const hash = createSha256();
  let end = offset;
  for await (const piece of file.blob.stream()) {
    hash.update(piece);
    end = await append(handle, end, piece);
  }
  if (hash.hex() === file.sha256) return end;
  throw new EmendError("release.changed", `${file.path}: was written to while it was read; try again`);
}

async function append(handle: FileHandle, offset: number, bytes: Uint8Array): Promise<number> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
  }
  return offset + bytes.length;
}

/** Makes the rename itself durable. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await promises.open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
